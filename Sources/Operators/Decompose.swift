import Graph

extension Graph {
    /// The graph with every composite node replaced by the operators it is written with, until none is left.
    ///
    /// - Parameter mode: whether batch normalization, dropout and their like train or predict.
    public func decomposed(mode: Mode) -> Graph {
        var graph = self
        var ordinal = 0
        while graph.values.contains(where: { graph.lowering(of: $0)?.isComposite ?? false }) {
            graph = graph.rebuilt { [graph] builder, value, node, operands in
                guard let operation = node.operation else { return nil }
                let signature = Signature(operands.map(builder.type), node.attributes)
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
