import Analysis
import Graph

/// What a page draws: boxes of layers, the blocks around them, which box reads which.
struct PageDrawing: Encodable, Sendable {
    /// A line of a box.
    struct Strip: Encodable, Sendable {
        var text: String
        /// What it is coloured by, such as `contraction`.
        var kind: String
        /// The node of the first graph that it stands for; nil for an output that is a parameter.
        var node: Int?
    }

    struct Box: Encodable, Sendable {
        var strips: [Strip]
        var label: String
        var shape: String
        var block: Int
    }

    /// A block around boxes, which can be folded to one.
    struct Block: Encodable, Sendable {
        var title: String
        /// The whole path of the labels within; empty for the network.
        var label: String
        var parent: Int?
        /// The boxes and blocks right in it, in order: boxes count from 0, blocks from -1 down.
        var children: [Int]
    }

    /// The kinds of strips with what a legend calls them.
    var kinds: [String: String]
    var boxes: [Box]
    /// The whole network first; a block precedes its blocks.
    var blocks: [Block]
    /// Pairs of boxes: the second reads the first.
    var edges: [[Int]]

    init(_ description: NetworkDescription, _ graph: Graph) {
        let outline = DrawingOutline(description)
        let inputs = graph.values.filter { graph[$0].inputName != nil }
        kinds = outline.kinds
        boxes = outline.boxes.map { box in
            Box(
                strips: box.strips.map { strip in
                    let value: Value? =
                        switch strip.source {
                        case .layer(let layer): description.layers[layer].value
                        case .input(let input): inputs[input]
                        case .output(let output): graph.outputs[output].value
                        }
                    return Strip(text: strip.text, kind: strip.kind, node: value?.index)
                }, label: box.label, shape: box.shape, block: box.block)
        }
        blocks = outline.blocks.map { Block(title: $0.title, label: $0.label, parent: $0.parent, children: $0.children) }
        edges = outline.edges.map { [$0.from, $0.to] }
    }
}
