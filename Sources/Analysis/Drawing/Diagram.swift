import Source

/// What is drawn of a network: boxes of one or several layers, the blocks around them, and which box reads which.
///
/// The boxes and what they read have no cycles.
struct Diagram {
    enum Kind: String, CaseIterable {
        case input, contraction, window, normalization, activation, join, view, block, output

        init(_ kind: LayerKind) {
            self =
                switch kind {
                case .contraction: .contraction
                case .window: .window
                case .normalization: .normalization
                case .activation: .activation
                case .join: .join
                case .view: .view
                }
        }

        /// The kind in words, for the legend.
        var phrase: String {
            switch self {
            case .input: "input"
            case .contraction: "convolution, linear"
            case .window: "pooling"
            case .normalization: "normalization"
            case .activation: "activation"
            case .join: "join"
            case .view: "view"
            case .block: "block"
            case .output: "output"
            }
        }
    }

    /// A line of a box: one layer.
    struct Strip {
        var text: String
        var kind: Kind
        /// The number of the layer in the description; nil for inputs, outputs and blocks.
        var layer: Int?
    }

    struct Box {
        /// The first layer, then those that follow it alone.
        var strips: [Strip]
        /// The label within the group, and the shape of the result.
        var label: String
        var shape: String
        /// All there is to say, for whoever points at the box.
        var hover: String
        var group: Int
        /// The number of boxes that it reads.
        var inputCount = 0
        var kind: Kind { strips[0].kind }
    }

    enum Child: Hashable {
        case box(Int)
        case group(Int)
    }

    /// A block that is drawn around its boxes.
    struct Group {
        var title: String
        /// The whole path of the labels within; empty for the network.
        var label = ""
        var parent: Int?
        var depth: Int
        var children: [Child] = []
    }

    struct Edge: Hashable {
        var from: Int
        var to: Int
    }

    var name: String
    /// A line about the whole network.
    var caption: String
    var boxes: [Box] = []
    /// The whole network first; a group precedes its groups.
    var groups: [Group] = []
    var edges: [Edge] = []

    /// Text from the source on one line: nothing in it steers a terminal or a viewer, and it is not too long to draw.
    static func line(_ text: String, limit: Int = 44) -> String {
        let text = DisplayText.sanitized(text).replacing("\n", with: "\u{FFFD}")
        guard text.count > limit else { return text }
        return text.prefix(limit * 2 / 3) + "…" + text.suffix(limit - limit * 2 / 3 - 1)
    }

    /// Takes groups away that a path leaves and enters again: seen as one thing they would be before and behind what lies between.
    mutating func dissolveEntangledGroups() {
        while true {
            // In each group, which of its children read which; boxes count from 0, groups from -1 down.
            var arcs: [Int: Set<Edge>] = [:]
            for edge in edges {
                var (from, to) = (edge.from, edge.to)
                var (a, b) = (boxes[from].group, boxes[to].group)
                while a != b {
                    if groups[a].depth >= groups[b].depth {
                        (from, a) = (-1 - a, groups[a].parent!)
                    } else {
                        (to, b) = (-1 - b, groups[b].parent!)
                    }
                }
                arcs[a, default: []].insert(Edge(from: from, to: to))
            }
            var entangled: Set<Int> = []
            for (_, list) in arcs { entangled.formUnion(Self.onCycles(list).filter { $0 < 0 }.map { -1 - $0 }) }
            if entangled.isEmpty { return }
            remove(entangled)
        }
    }

    /// The nodes on cycles, or between two, of a graph given by its arcs.
    static func onCycles(_ arcs: Set<Edge>) -> Set<Int> {
        func peeled(_ arcs: [(from: Int, to: Int)], _ nodes: Set<Int>) -> Set<Int> {
            var waiting: [Int: Int] = [:]
            var next: [Int: [Int]] = [:]
            for (from, to) in arcs where nodes.contains(from) && nodes.contains(to) {
                waiting[to, default: 0] += 1
                next[from, default: []].append(to)
            }
            var left = nodes
            var ready = nodes.filter { waiting[$0] == nil }
            while let node = ready.popFirst() {
                left.remove(node)
                for successor in next[node] ?? [] {
                    waiting[successor]! -= 1
                    if waiting[successor] == 0 { ready.insert(successor) }
                }
            }
            return left
        }
        let nodes = Set(arcs.flatMap { [$0.from, $0.to] })
        let forward = peeled(arcs.map { ($0.from, $0.to) }, nodes)
        return forward.isEmpty ? [] : peeled(arcs.map { ($0.to, $0.from) }, forward)
    }

    /// Takes groups away; their children belong to the groups around them, in their place.
    mutating func remove(_ removed: Set<Int>) {
        if removed.isEmpty { return }
        var kept: [Int: Int] = [:]
        for index in groups.indices where !removed.contains(index) { kept[index] = kept.count }
        func home(_ group: Int) -> Int {
            var group = group
            while removed.contains(group) { group = groups[group].parent! }
            return kept[group]!
        }
        func flat(_ children: [Child]) -> [Child] {
            children.flatMap { child -> [Child] in
                guard case .group(let group) = child else { return [child] }
                return removed.contains(group) ? flat(groups[group].children) : [.group(kept[group]!)]
            }
        }
        var result: [Group] = []
        for (index, group) in groups.enumerated() where !removed.contains(index) {
            let parent = group.parent.map(home)
            result.append(
                Group(
                    title: group.title, label: group.label, parent: parent, depth: parent.map { result[$0].depth + 1 } ?? 0,
                    children: flat(group.children)))
        }
        for index in boxes.indices { boxes[index].group = home(boxes[index].group) }
        groups = result
    }
}
