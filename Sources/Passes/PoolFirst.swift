import Graph

extension Pass {
    /// Applies activations that never fall behind the largest of a window in place of before it: `max_pool(relu(x))` becomes
    /// `relu(max_pool(x))`.
    ///
    /// What is largest stays largest under them, also as f32 rounds, so values have the same bits. Where several elements of a window become
    /// alike, the gradient may go to another of them than it did, but it is multiplied by a slope of 0 on both ways. What is gained is
    /// memory and time of a training step: an activation of the whole image need not be kept for the gradients, and its own gradient is
    /// one of the smaller image.
    public static let poolFirst = Pass("pool_first", "Applies activations behind the max pooling that follows them.") { graph, context in
        let facts = GraphFacts(graph)
        return graph.rebuilt { builder, value, node, operands in
            guard let formula = facts.largest(value), facts.soleUser(of: node.operands[formula.reads[0].operand]) == value else {
                return nil
            }
            let activation = builder.graph[operands[0]]
            guard let operation = activation.operation, activation.operands.count == 1,
                case .elementwise(let expression)? = builder.graph.lowering(of: operands[0]), expression.isNonDecreasing(in: 0),
                // What is no number is the largest of its window.
                expression.evaluate([.nan]).isNaN,
                builder.type(of: activation.operands[0]) == activation.type, let pooling = node.operation,
                let pooled = try? builder.append(pooling, activation.operands, node.attributes)
            else { return nil }
            builder.derive(from: activation)
            guard let result = try? builder.append(operation, [pooled], activation.attributes) else { return nil }
            context.firings.fire("pool_first")
            for value in [pooled, result] { builder.note(value, by: "pool_first") }
            return result
        }
    }
}

extension GraphFacts {
    /// The formula of a value that takes the largest of some elements of its only operand.
    fileprivate func largest(_ value: Value) -> Formula? {
        switch lowering(of: value) {
        case .window(let formula)?, .reduction(let formula)?:
            guard formula.combination == .maximum, formula.body == .argument(0), formula.reads.count == 1,
                graph[value].operands.count == 1
            else { return nil }
            return formula
        default: return nil
        }
    }
}
