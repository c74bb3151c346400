import Graph

extension Operator {
    /// What a state is once its next value is known: in training that value, as a constant to differentiation, elsewhere what is stored.
    ///
    /// `update u = …` makes it, beside the graph's own update of the parameter: so what reads `u` afterwards sees in training the new value,
    /// as PyTorch's spectral normalization sees its vectors after their power iteration, and the stored one where a network predicts.
    public static let nextValue: Operator = Operator(
        "next_value", "The next value of a state where a network is trained, its stored one elsewhere.",
        inputs: [OperatorInput("state", "what it is before"), OperatorInput("next", "its next value")],
        isInLanguage: false,
        type: { (check) throws(TypeError) in
            let type = check.signature.operands[0]
            guard type.element == .f32 else { throw check.error("takes an f32 tensor, not \(type)", operand: 0) }
            try check.require(1, is: type, role: "next value")
            return type
        },
        lowering: { _ in
            .composite { context in
                guard context.mode == .training else { return context.operands[0] }
                return context.builder.apply(detach, context.operands[1])
            }
        },
        gradient: .stops,
        examples: [OperatorExample("a vector", [.f32(20), .f32(20)])])
}

extension Graph {
    /// The graph of a network that is not trained: its states are what is stored, and nothing updates them.
    public var forPrediction: Graph {
        guard !updates.isEmpty || nodes.contains(where: { $0.operation == .nextValue }) else { return self }
        var graph = self
        graph.updates = []
        return graph.rebuilt { _, _, node, operands in node.operation == .nextValue ? operands[0] : nil }
    }
}
