import Graph

extension Pass {
    /// Says what is rounded where less than f32 is asked for:
    ///
    /// - the factors of every contraction that stands between others: the first multiplies the picture's own numbers, and what the last one
    ///   loses nothing behind it can even out;
    /// - what kernels store between layers, if a contraction still follows on the way to the outputs: maps, and what such contractions read.
    ///
    /// Vectors (biases, scales, sums over whole maps) and what is computed once are kept as they are: they are small. A training is not rounded.
    public static let choosePrecision = Pass("choose_precision", "Decides what is stored and multiplied in less than f32.") {
        graph, context in
        var graph = graph
        for value in graph.values { (graph[value].stored, graph[value].factors) = (nil, nil) }
        guard context.precision == .bf16, context.mode == .inference else { return graph }
        let facts = GraphFacts(graph)
        let flow = ContractionFlow(facts)
        for value in graph.values where graph[value].operation != nil && graph[value].type.element == .f32 && !facts.isPrepared(value) {
            if facts.contraction(of: value) != nil, flow.isBefore[value.index],
                graph[value].operands.contains(where: { flow.isBehind[$0.index] })
            {
                graph[value].factors = .bf16
                context.firings.fire("factors")
            }
            let isLarge = graph[value].type.shape.dimensions.dropFirst(2).contains { $0 != 1 }
            guard flow.isBefore[value.index], flow.isStored(value), isLarge || flow.isFactor[value.index] else { continue }
            graph[value].stored = .bf16
            context.firings.fire("stored")
        }
        return graph
    }
}

/// What stands before and behind the contractions of a network, those that are computed once aside, and which kernels read it.
private struct ContractionFlow {
    private let facts: GraphFacts
    /// Whether a contraction has led to the value: itself, or one before it.
    let isBehind: [Bool]
    /// Whether a contraction reads the value, or what is computed from it.
    let isBefore: [Bool]
    /// Whether a contraction that is not the last reads the value itself, under whatever shape.
    let isFactor: [Bool]
    /// The groups that read the value, from the first to the last: of nodes without one, those that compute them.
    private let readers: [ClosedRange<Int>?]

    init(_ facts: GraphFacts) {
        self.facts = facts
        let graph = facts.graph
        func isContraction(_ value: Value) -> Bool { facts.contraction(of: value) != nil && !facts.isPrepared(value) }
        var behind: [Bool] = []
        for value in graph.values {
            behind.append(isContraction(value) || graph[value].operands.contains { behind[$0.index] })
        }
        var before = [Bool](repeating: false, count: graph.nodes.count)
        var factor = before
        var readers = [ClosedRange<Int>?](repeating: nil, count: graph.nodes.count)
        for value in graph.values.reversed() {
            let own = graph[value].group.map { $0...$0 } ?? readers[value.index]
            for operand in graph[value].operands.map(\.index) {
                if isContraction(value) || before[value.index] { before[operand] = true }
                if isContraction(value) && before[value.index] || facts.isAlias(value) && factor[value.index] { factor[operand] = true }
                guard let own else { continue }
                let known = readers[operand] ?? own
                readers[operand] = min(known.lowerBound, own.lowerBound)...max(known.upperBound, own.upperBound)
            }
        }
        (isBehind, isBefore, isFactor, self.readers) = (behind, before, factor, readers)
    }

    /// Whether one kernel stores the value for another; what leaves the graph is stored as its type says.
    func isStored(_ value: Value) -> Bool {
        guard let group = facts.graph[value].group, let readers = readers[value.index], !facts.leaves(value) else { return false }
        return readers != group...group
    }
}
