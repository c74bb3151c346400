import Graph

extension Graph {
    /// The graph with every composite node replaced by the operators it is written with, until none is left.
    ///
    /// - Parameters:
    ///   - mode: whether batch normalization, dropout and their like train or predict.
    ///   - isWhole: which composite nodes stay as they are.
    public func decomposed(mode: Mode, keeping isWhole: (Operator, Signature) -> Bool = { _, _ in false }) -> Graph {
        var graph = self
        var ordinal = 0
        func isToReplace(_ value: Value, in graph: Graph) -> Bool {
            guard let operation = graph[value].operation, graph.lowering(of: value)?.isComposite ?? false else { return false }
            return !isWhole(operation, graph.signature(of: value))
        }
        while graph.values.contains(where: { isToReplace($0, in: graph) }) {
            graph = graph.rebuilt { [graph] builder, value, node, operands in
                guard let operation = node.operation else { return nil }
                let signature = Signature(operands.map(builder.type), node.attributes)
                guard !isWhole(operation, signature) else { return nil }
                guard case .composite(let rule) = operation.lowering(signature) else { return nil }
                defer { ordinal += 1 }
                let result = rule(
                    Decomposition(builder: builder, operands: operands, signature: signature, mode: mode, ordinal: ordinal))
                let (expected, made) = (graph[value].type, builder.type(of: result))
                precondition(made == expected, "'\(operation.name)' of type \(expected) was decomposed into \(made)")
                return result
            }
        }
        return graph
    }
}

extension Lowering {
    /// Whether the operator is written with others.
    public var isComposite: Bool { if case .composite = self { true } else { false } }
}
