import Graph

/// What a drawing of a network shows, for whoever lays it out: boxes of one or several layers, the blocks around them, which box reads which.
///
/// Boxes and blocks have no cycles, also where any of the blocks are taken for one box.
public struct DrawingOutline: Sendable {
    /// What a line of a box stands for, by its number in the description.
    public enum Source: Hashable, Sendable {
        case layer(Int)
        case input(Int)
        case output(Int)
    }

    public struct Strip: Sendable {
        public var text: String
        /// What it is coloured by, a key of `kinds`.
        public var kind: String
        public var source: Source
    }

    public struct Box: Sendable {
        /// The first layer, then those that follow it alone.
        public var strips: [Strip]
        /// The label within the block, and the shape of the result.
        public var label: String
        public var shape: String
        public var block: Int
    }

    public struct Block: Sendable {
        public var title: String
        /// The whole path of the labels within; empty for the network.
        public var label: String
        public var parent: Int?
        /// The boxes and blocks right in it, in order: boxes count from 0, blocks from -1 down.
        public var children: [Int]
    }

    public let boxes: [Box]
    /// The whole network first; a block precedes its blocks.
    public let blocks: [Block]
    /// Which box is read by which.
    public let edges: [(from: Int, to: Int)]
    /// All kinds of strips, with what legends call them.
    public let kinds: [String: String]

    public init(_ description: NetworkDescription) {
        let diagram = Diagram(description)
        kinds = Dictionary(uniqueKeysWithValues: Diagram.Kind.allCases.map { ($0.rawValue, $0.phrase) })
        var (inputs, outputs) = (0, 0)
        boxes = diagram.boxes.map { box in
            Box(
                strips: box.strips.map { strip in
                    let source: Source
                    if let layer = strip.layer {
                        source = .layer(layer)
                    } else if strip.kind == .input {
                        (source, inputs) = (.input(inputs), inputs + 1)
                    } else {
                        (source, outputs) = (.output(outputs), outputs + 1)
                    }
                    return Strip(text: strip.text, kind: strip.kind.rawValue, source: source)
                }, label: box.label, shape: box.shape, block: box.group)
        }
        blocks = diagram.groups.map { group in
            Block(
                title: group.title, label: group.label, parent: group.parent,
                children: group.children.map { child in
                    switch child {
                    case .box(let box): box
                    case .group(let inner): -1 - inner
                    }
                })
        }
        edges = diagram.edges.map { ($0.from, $0.to) }
    }
}
