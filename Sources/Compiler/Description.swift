import Graph
import Operators

/// A network's layers in numbers.
public struct NetworkDescription: Sendable {
    public struct Layer: Sendable {
        /// The author's label, empty if the layer has none.
        public var label: String
        public var operation: String
        public var type: TensorType
        /// Trained values.
        public var parameters: Int
        /// Multiply-accumulates for one image, of convolutions and linear layers.
        public var macs: Int
        /// Bytes of the layer's result for the given batch.
        public var activationBytes: Int
    }

    public var name: String
    public var documentation: String
    public var batch: Int
    public var layers: [Layer]
    public var inputs: [(name: String, type: TensorType)]
    public var outputs: [(name: String, type: TensorType)]

    public var parameters: Int { layers.reduce(0) { $0 + $1.parameters } }
    public var macs: Int { layers.reduce(0) { $0 + $1.macs } }
    public var activationBytes: Int { layers.reduce(0) { $0 + $1.activationBytes } }

    /// - Parameter batch: the number of images that activation bytes are given for.
    public init(_ network: Network, batch: Int = 1) {
        let graph = network.graph
        name = network.name
        documentation = network.documentation
        self.batch = batch
        func bindings(_ count: Int) -> [String: Int] { Dictionary(uniqueKeysWithValues: graph.symbols.map { ($0, count) }) }
        inputs = graph.nodes.compactMap { node in node.inputName.map { ($0, node.type) } }
        outputs = graph.outputs.map { ($0.name, graph[$0.value].type) }
        var counted: Set<Value> = []
        layers = graph.values.compactMap { value -> Layer? in
            let node = graph[value]
            guard let operation = node.operation else { return nil }
            // A parameter that several layers share counts where it first occurs.
            let parameters = node.operands.filter { graph[$0].parameter?.role == .weight && counted.insert($0).inserted }
            var name = operation.name
            if case .function(let function)? = node.attributes["function"] { name = function.name }
            let bytes = node.type.shape.bound(bindings(batch)).elementCount! * node.type.element.byteCount
            return Layer(
                label: node.label ?? "", operation: name, type: node.type,
                parameters: parameters.reduce(0) { $0 + (graph[$1].type.shape.elementCount ?? 0) },
                macs: Self.macs(of: value, in: graph, bindings(1)), activationBytes: bytes)
        }
    }

    /// The multiply-accumulates of one node for one image: the sizes of the iteration spaces of the contractions it is made of.
    ///
    /// - Parameter bindings: the extents of the graph's symbols, 1 each.
    public static func macs(of value: Value, in graph: Graph, _ bindings: [String: Int]) -> Int {
        let builder = GraphBuilder(name: "layer")
        let node = graph[value]
        let operands = node.operands.enumerated().map { index, operand in
            let type = graph[operand].type
            return graph[operand].parameter == nil
                ? builder.input("\(index)", TensorType(type.element, type.shape.bound(bindings)))
                : builder.parameter(graph[operand].parameter!, type)
        }
        builder.output("result", builder.apply(node.operation!, operands, node.attributes))
        let layer = builder.finish().decomposed(mode: .inference)
        return layer.values.reduce(0) { sum, value in
            guard case .contraction(let formula)? = layer.lowering(of: value) else { return sum }
            return sum + formula.axes.reduce(1) { $0 * ($1.extent.value ?? 1) }
        }
    }
}
