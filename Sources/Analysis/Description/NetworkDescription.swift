import Graph
import Operators

/// A network's layers in numbers, each by itself and summed by block.
public struct NetworkDescription: Sendable {
    public struct Layer: Sendable {
        /// The node that it is.
        public var value: Value
        /// The author's label, empty if the layer has none.
        public var label: String
        public var operation: String
        /// The operation with what matters of its parameters: `conv 3x3/2, 64`.
        public var summary: String
        public var kind: LayerKind
        public var type: TensorType
        /// Trained values.
        public var parameters: Int
        /// Multiply-accumulates for one image, of convolutions and linear layers.
        public var macs: Int
        /// What it multiplies and is stored as; nil where all is f32, or the layer is part of another one.
        public var precision: LayerPrecision?
        /// Bytes of the layer's result for the given batch, as it is stored.
        public var activationBytes: Int
        /// What an element of the result sees of the input images, nil if there are none before it.
        public var receptiveField: ReceptiveField?
    }

    /// Where a value that a layer reads comes from.
    public enum Source: Hashable, Sendable {
        case input(Int)
        case layer(Int)
    }

    public var name: String
    public var documentation: String
    /// The doc comments of inputs and outputs, by name.
    public var interfaceDocumentation: [String: String]
    public var batch: Int
    public var layers: [Layer]
    /// The values that each layer reads, without parameters and constants.
    public var operands: [[Source]]
    public var inputs: [(name: String, type: TensorType)]
    /// The outputs, each with where it comes from; nil for an output that is a parameter or constant.
    public var outputs: [(name: String, type: TensorType, source: Source?)]
    /// What numbers are given for, where the types have symbols for sizes.
    public var sizes: [String: Int]
    /// What holds for them.
    public var constraints: [SizeConstraint]
    /// The layers nested as their labels say.
    public var blocks: BlockTree

    public var parameters: Int { blocks.root.parameters }
    /// The size of the trained values in memory.
    public var parameterBytes: Int { .clampedProduct(parameters, StoredElement.f32.size) }
    public var macs: Int { blocks.root.macs }
    public var activationBytes: Int { blocks.root.activationBytes }

    /// Whether something is stored or multiplied in less than f32.
    public var isNarrow: Bool { layers.contains { $0.precision?.isNarrow ?? false } }

    /// What of a network's text is not in its graph.
    public struct Documentation: Sendable {
        public var network: String
        /// The doc comments of inputs and outputs, by name.
        public var interface: [String: String]
        /// The names of the blocks that were called under a label, by their full label.
        public var blocks: [String: String]

        public init(network: String = "", interface: [String: String] = [:], blocks: [String: String] = [:]) {
            (self.network, self.interface, self.blocks) = (network, interface, blocks)
        }
    }

    /// - Parameters:
    ///   - symbolic: the network as it predicts, its symbols as they are.
    ///   - batch: the number of images that activation bytes are given for.
    ///   - sizes: what numbers are given for, where the network's sizes are no numbers yet; all of its sizes, and such that fit.
    ///   - precisions: of the layers, by their value in the graph; none where all is f32.
    /// - Throws: where the graph computes with the number of images, and takes none that is tried.
    public init(
        of symbolic: Graph, name: String, _ text: Documentation = Documentation(), batch: Int = 1, sizes: [String: Int] = [:],
        precisions: [Value: LayerPrecision] = [:]
    ) throws(SizeError) {
        // For one image, what passes see of a network that moves the batch.
        let sized = symbolic.bound(sizes)
        let graph = sized.movesBatch ? try sized.bound(images: 1) : sized
        // As many images as were asked for, or the fewest above that it takes.
        let measured = sized.movesBatch ? try sized.bound(images: batch) : sized
        let batched = sized.values.first { value in
            sized.batchSymbol.map { sized[value].inputName != nil && sized[value].type.shape.dimensions.first?.symbol == $0 } ?? false
        }
        let images = batched.flatMap { measured[$0].type.shape[0].value } ?? batch
        let bindings = sized.batchSymbol.map { [$0: images] } ?? [:]
        var analyses = LayerAnalyses()
        var counted: Set<Value> = []
        var sources = [Source?](repeating: nil, count: graph.nodes.count)
        var fields = [ReceptiveField?](repeating: nil, count: graph.nodes.count)
        var (layers, operands): ([Layer], [[Source]]) = ([], [])
        inputs = []
        for value in graph.values {
            let node = graph[value]
            if let name = node.inputName {
                sources[value.index] = .input(inputs.count)
                inputs.append((name, symbolic[value].type))
                fields[value.index] = .pixel(node.type.shape)
            }
            guard let operation = node.operation else { continue }
            // A parameter that several layers share counts where it first occurs.
            let parameters = node.operands.filter { graph[$0].parameter?.role == .weight && counted.insert($0).inserted }
            let analysis = analyses.analysis(of: node, operation, in: graph)
            fields[value.index] = analysis.receptiveField(node.operands.map { fields[$0.index] })
            sources[value.index] = .layer(layers.count)
            operands.append(node.operands.compactMap { sources[$0.index] })
            layers.append(
                Layer(
                    value: value, label: node.label ?? "", operation: node.name(of: operation), summary: symbolic[value].operationSummary,
                    kind: analysis.kind,
                    type: symbolic[value].type, parameters: parameters.reduce(0) { .clampedSum($0, Self.count(graph[$1].type.shape, [:])) },
                    macs: analysis.macs, precision: precisions[value],
                    activationBytes: .clampedProduct(
                        Self.count(measured[value].type.shape, bindings), (precisions[value]?.stored ?? node.type.element.stored).size),
                    receptiveField: fields[value.index]))
        }
        self.name = name
        documentation = text.network
        interfaceDocumentation = text.interface
        self.batch = images
        self.layers = layers
        self.operands = operands
        self.sizes = sizes
        constraints = symbolic.constraints
        outputs = graph.outputs.map { ($0.name, symbolic[$0.value].type, sources[$0.value.index]) }
        blocks = BlockTree(layers, operands: operands, outputs: outputs.compactMap(\.source), names: text.blocks)
    }

    /// The multiply-accumulates of one node for one image, none for inputs and parameters.
    public static func macs(of value: Value, in graph: Graph) -> Int {
        guard let operation = graph[value].operation else { return 0 }
        var analyses = LayerAnalyses()
        return analyses.analysis(of: graph[value], operation, in: graph).macs
    }

    /// The elements of a shape, its symbols bound; those that are not count once.
    private static func count(_ shape: Shape, _ bindings: [String: Int]) -> Int {
        shape.bound(bindings).dimensions.reduce(1) { .clampedProduct($0, $1.value ?? 1) }
    }
}
