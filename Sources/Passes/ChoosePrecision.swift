import Graph

extension Pass {
    /// Says what is rounded where less than f32 is asked for:
    ///
    /// - the factors of every contraction that reads what another one has led to (the first layer multiplies the picture's own numbers);
    /// - what kernels store between layers, if a contraction still follows on the way to the outputs: from the last one on (logits, a
    ///   softmax), values are few, and what they lose nothing behind them can even out.
    ///
    /// Vectors (biases, scales) and what is computed once are kept as they are: they are small. A training is not rounded.
    public static let choosePrecision = Pass("choose_precision", "Decides what is stored and multiplied in less than f32.") {
        graph, context in
        var graph = graph
        for value in graph.values { (graph[value].stored, graph[value].factors) = (nil, nil) }
        guard context.precision == .bf16, context.mode == .inference else { return graph }
        let facts = GraphFacts(graph)
        let flow = ContractionFlow(facts)
        for value in graph.values where graph[value].operation != nil && graph[value].type.element == .f32 && !facts.isPrepared(value) {
            if facts.contraction(of: value) != nil, flow.isBehindContraction(operandsOf: value) {
                graph[value].factors = .bf16
                context.firings.fire("factors")
            }
            guard graph[value].group != nil, graph[value].type.rank >= 2, !facts.leaves(value), flow.isBefore[value.index] else { continue }
            graph[value].stored = .bf16
            context.firings.fire("stored")
        }
        return graph
    }
}

/// What stands before and behind the contractions of a network, those that are computed once aside.
private struct ContractionFlow {
    private let facts: GraphFacts
    /// Whether a contraction has led to the value: itself, or one before it.
    private let isBehind: [Bool]
    /// Whether a contraction reads the value, or what is computed from it.
    let isBefore: [Bool]

    init(_ facts: GraphFacts) {
        self.facts = facts
        let graph = facts.graph
        func isContraction(_ value: Value) -> Bool { facts.contraction(of: value) != nil && !facts.isPrepared(value) }
        var behind: [Bool] = []
        for value in graph.values {
            behind.append(isContraction(value) || graph[value].operands.contains { behind[$0.index] })
        }
        var before = [Bool](repeating: false, count: graph.nodes.count)
        for value in graph.values.reversed() where isContraction(value) || before[value.index] {
            for operand in graph[value].operands { before[operand.index] = true }
        }
        (isBehind, isBefore) = (behind, before)
    }

    func isBehindContraction(operandsOf value: Value) -> Bool { facts.graph[value].operands.contains { isBehind[$0.index] } }
}
