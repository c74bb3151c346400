import Graph

/// Runs whole graphs in fp64 by the plainest loops: what every backend is compared with.
public struct ReferenceEvaluator: Sendable {
    /// What a run of a graph makes.
    public struct Result: Sendable {
        public var outputs: [String: ReferenceTensor]
        /// The next values of the parameters that the graph updates, by name.
        public var updates: [String: ReferenceTensor]
    }

    /// How composite operators are decomposed.
    public var mode: Mode

    public init(mode: Mode = .inference) { self.mode = mode }

    /// Runs a graph whose symbols are bound.
    ///
    /// - Parameters:
    ///   - inputs: a tensor for every input, by name, of the input's shape.
    ///   - parameters: a tensor for every parameter, by name.
    public func run(_ graph: Graph, inputs: [String: ReferenceTensor], parameters: [String: ReferenceTensor] = [:]) -> Result {
        let graph = graph.decomposed(mode: mode)
        let values = self.values(of: graph, inputs: inputs, parameters: parameters)
        return Result(
            outputs: Dictionary(uniqueKeysWithValues: graph.outputs.map { ($0.name, values[$0.value.index]) }),
            updates: Dictionary(
                uniqueKeysWithValues: graph.updates.map { update in
                    guard let parameter = graph[update.state].parameter else { preconditionFailure("only parameters are updated") }
                    return (parameter.name, values[update.value.index])
                }))
    }

    /// The value of every node of a graph without composite operators, whose symbols are bound.
    public func values(
        of graph: Graph, inputs: [String: ReferenceTensor], parameters: [String: ReferenceTensor] = [:]
    ) -> [ReferenceTensor] {
        var values: [ReferenceTensor] = []
        values.reserveCapacity(graph.nodes.count)
        for (index, node) in graph.nodes.enumerated() {
            guard let extents = node.type.shape.extents else {
                preconditionFailure("%\(index) of type \(node.type) has unbound symbols")
            }
            let value: ReferenceTensor
            switch node.kind {
            case .input(let name): value = Self.given(inputs, "input", name, extents)
            case .parameter(let parameter): value = Self.given(parameters, "parameter", parameter.name, extents)
            case .constant(let constant): value = .scalar(constant)
            case .operation(let operation, _):
                let lowering = operation.lowering(graph.signature(of: Value(index)))
                value = lowering.evaluate(node.operands.map { values[$0.index] }, extents: extents)
            }
            values.append(value)
        }
        return values
    }

    private static func given(
        _ tensors: [String: ReferenceTensor], _ kind: String, _ name: String, _ extents: [Int]
    ) -> ReferenceTensor {
        guard let tensor = tensors[name] else { preconditionFailure("no value is given for the \(kind) '\(name)'") }
        precondition(tensor.extents == extents, "the \(kind) '\(name)' has extents \(tensor.extents), not \(extents)")
        return tensor
    }
}
