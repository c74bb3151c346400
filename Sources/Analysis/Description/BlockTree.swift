import Graph

/// A network's layers nested by the dotted paths of their labels: `layer1.0.conv1` lies in `layer1.0`, and that in `layer1`.
///
/// A block of which all lies in one block of its own is one block with it, and a layer alone in its block is no block.
public struct BlockTree: Sendable {
    public enum Child: Hashable, Sendable {
        case layer(Int)
        case block(Int)
    }

    public struct Block: Sendable {
        /// The common path of the labels, empty for the whole network.
        public var label: String
        /// The name of the block that the author called under this label, if it was a block.
        public var name: String?
        /// The block around it; nil for the whole network.
        public var parent: Int?
        /// Layers and blocks in order of appearance.
        public var children: [Child] = []
        /// How many blocks stand around it.
        public var depth = 0
        /// The numbers of all layers, those of its blocks too.
        public var layers: [Int] = []
        /// The value that leaves the block last.
        public var type: TensorType?
        public var parameters = 0
        public var macs = 0
        public var activationBytes = 0
    }

    /// The whole network first; a block precedes its blocks.
    public private(set) var blocks: [Block]
    /// The innermost block of each layer.
    public private(set) var blockOfLayer: [Int]

    public var root: Block { blocks[0] }

    /// What of `label` the label of the block around it does not say.
    public func title(_ label: String, in block: Int) -> String {
        let prefix = blocks[block].label + "."
        return block > 0 && label.hasPrefix(prefix) ? String(label.dropFirst(prefix.count)) : label
    }

    /// Labels nest no deeper than this; what lies deeper is one label.
    static let maximumDepth = 64

    init(
        _ layers: [NetworkDescription.Layer], operands: [[NetworkDescription.Source]], outputs: [NetworkDescription.Source],
        names: [String: String]
    ) {
        var paths = PathTree()
        let innermost = Self.innermostPaths(layers, operands, outputs, in: &paths)
        for (layer, path) in innermost.enumerated() { paths.add(.layer(layer), to: path) }

        blocks = [Block(label: "")]
        blockOfLayer = [Int](repeating: 0, count: layers.count)
        var pending: [(path: Int, block: Int, next: Int)] = [(0, 0, 0)]
        while let (path, block, next) = pending.popLast() {
            guard next < paths.children[path].count else { continue }
            pending.append((path, block, next + 1))
            switch paths.children[path][next] {
            case .layer(let layer): place(layer, in: block)
            case .block(var child):
                while paths.children[child].count == 1, case .block(let only) = paths.children[child][0] { child = only }
                if paths.children[child].count == 1, case .layer(let layer) = paths.children[child][0] {
                    place(layer, in: block)
                    continue
                }
                let label = paths.label[child]
                blocks.append(Block(label: label, name: names[label], parent: block, depth: blocks[block].depth + 1))
                blocks[block].children.append(.block(blocks.count - 1))
                pending.append((child, blocks.count - 1, 0))
            }
        }
        sum(layers, operands, outputs)
    }

    private mutating func place(_ layer: Int, in block: Int) {
        blocks[block].children.append(.layer(layer))
        blockOfLayer[layer] = block
    }

    /// The path of each layer without its last part.
    ///
    /// A layer without a label lies where all lies that it stands between; an activation goes with the layer whose only reader it is.
    private static func innermostPaths(
        _ layers: [NetworkDescription.Layer], _ operands: [[NetworkDescription.Source]], _ outputs: [NetworkDescription.Source],
        in paths: inout PathTree
    ) -> [Int] {
        var innermost = layers.map { layer in paths.path(ofLabel: layer.label) }
        func around(_ sources: [NetworkDescription.Source]) -> Int? {
            var common: Int?
            for source in sources {
                guard case .layer(let layer) = source else { return 0 }
                common = common.map { paths.commonPath($0, innermost[layer]) } ?? innermost[layer]
            }
            return common
        }
        var users = [[NetworkDescription.Source]](repeating: [], count: layers.count)
        for (layer, sources) in operands.enumerated() {
            for case .layer(let source) in sources { users[source].append(.layer(layer)) }
        }
        var leaves = [Bool](repeating: false, count: layers.count)
        for case .layer(let layer) in outputs { leaves[layer] = true }
        // From the end, so that of several in a row each sees where the next one lies; then what stands before decides.
        for layer in layers.indices.reversed() where layers[layer].label.isEmpty {
            innermost[layer] = leaves[layer] ? 0 : around(users[layer]) ?? 0
        }
        for layer in layers.indices where layers[layer].label.isEmpty {
            if layers[layer].kind == .activation, operands[layer].count == 1, case .layer(let source) = operands[layer][0],
                users[source].count == 1, !leaves[source]
            {
                innermost[layer] = innermost[source]
            } else {
                innermost[layer] = paths.commonPath(innermost[layer], around(operands[layer]) ?? 0)
            }
        }
        return innermost
    }

    /// Adds up the layers of every block, and finds what leaves it.
    private mutating func sum(
        _ layers: [NetworkDescription.Layer], _ operands: [[NetworkDescription.Source]], _ outputs: [NetworkDescription.Source]
    ) {
        for (index, layer) in layers.enumerated() {
            var block: Int? = blockOfLayer[index]
            while let current = block {
                blocks[current].layers.append(index)
                blocks[current].parameters = .clampedSum(blocks[current].parameters, layer.parameters)
                blocks[current].macs = .clampedSum(blocks[current].macs, layer.macs)
                blocks[current].activationBytes = .clampedSum(blocks[current].activationBytes, layer.activationBytes)
                block = blocks[current].parent
            }
        }
        var last = [Int](repeating: -1, count: blocks.count)
        /// A use of `layer` in `user`: it leaves the blocks around the one that are not around the other.
        func use(_ layer: Int, in user: Int) {
            var (inner, outer) = (blockOfLayer[layer], user)
            while inner != outer {
                if blocks[inner].depth >= blocks[outer].depth {
                    last[inner] = max(last[inner], layer)
                    inner = blocks[inner].parent ?? 0
                } else {
                    outer = blocks[outer].parent ?? 0
                }
            }
        }
        for (layer, sources) in operands.enumerated() {
            for case .layer(let source) in sources { use(source, in: blockOfLayer[layer]) }
        }
        for case .layer(let layer) in outputs {
            use(layer, in: 0)
            last[0] = max(last[0], layer)
        }
        for (block, layer) in last.enumerated() where layer >= 0 { blocks[block].type = layers[layer].type }
    }
}

/// Dotted paths as a tree.
private struct PathTree {
    var label = [""]
    var children: [[BlockTree.Child]] = [[]]
    private var parent = [0]
    private var depth = [0]
    private var known: [String: Int] = ["": 0]
    private var isListed: Set<Int> = []

    /// The path of all parts of `label` but the last.
    mutating func path(ofLabel label: String) -> Int {
        var path = 0
        var end = label.startIndex
        while depth[path] < BlockTree.maximumDepth, let dot = label[end...].firstIndex(of: ".") {
            let prefix = String(label[..<dot])
            end = label.index(after: dot)
            if let found = known[prefix] {
                path = found
            } else {
                self.label.append(prefix)
                children.append([])
                parent.append(path)
                depth.append(depth[path] + 1)
                path = self.label.count - 1
                known[prefix] = path
            }
        }
        return path
    }

    /// Puts `child` into `path`, and paths that were empty so far into theirs.
    mutating func add(_ child: BlockTree.Child, to path: Int) {
        children[path].append(child)
        guard path != 0, isListed.insert(path).inserted else { return }
        add(.block(path), to: parent[path])
    }

    func commonPath(_ a: Int, _ b: Int) -> Int {
        var (a, b) = (a, b)
        while a != b {
            if depth[a] >= depth[b] { a = parent[a] } else { b = parent[b] }
        }
        return a
    }
}
