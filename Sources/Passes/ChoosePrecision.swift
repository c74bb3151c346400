import Graph

extension Pass {
    /// Says what is rounded where less than f32 is asked for, by the author's clauses or by whoever compiles:
    ///
    /// - the factors of every contraction that stands between others: the first multiplies the picture's own numbers, and what the last one
    ///   loses nothing behind it can even out. These two are rounded where a clause with a label says so;
    /// - what kernels store between layers, if a contraction still follows on the way to the outputs: maps, and what such contractions read.
    ///   A value is, only if whoever makes it and all that read it lie in bf16.
    ///
    /// Vectors (biases, scales, sums over whole maps), statistics (sums and maxima over axes, and what is computed from them alone), positions
    /// and what is computed once are kept as they are: they are few, and many numbers read each.
    ///
    /// Of a training, which clauses do not speak of, activations, their gradients, and the factors of both and of the weights' gradients are
    /// rounded: sums, statistics, weights, their gradients and the optimizer's state are f32. Gradients need no factor that lifts them: bf16 has the exponents of f32.
    public static let choosePrecision = Pass("choose_precision", "Decides what is stored and multiplied in less than f32.") {
        graph, context in
        var graph = graph
        for value in graph.values { (graph[value].stored, graph[value].factors) = (nil, nil) }
        let precisions = NodePrecisions(graph, context)
        let isTraining = context.mode == .training
        guard precisions.anyIsNarrow, !isTraining || context.precision == .bf16 else { return graph }
        let facts = GraphFacts(graph)
        let flow = ContractionFlow(facts, precisions, context.mode)
        for value in graph.values where graph[value].operation != nil && graph[value].type.element == .f32 && !facts.isPrepared(value) {
            guard precisions[value].isNarrow else { continue }
            if isTraining, facts.isWeight(value) { continue }
            if flow.isRounded[value.index] {
                graph[value].factors = .bf16
                context.firings.fire("factors", at: &graph[value])
            }
            guard flow.isBefore[value.index], flow.isReadInNarrow[value.index], flow.isStored(value),
                flow.isMap(value) || flow.isFactor[value.index]
            else { continue }
            graph[value].stored = .bf16
            context.firings.fire("stored", at: &graph[value])
        }
        return graph
    }
}

extension PassContext {
    /// What a value's step lies in: f32 where that is asked for, else what the author's clauses say, else what is asked for, else f32.
    func precision(of value: Value, in graph: Graph) -> Precision {
        guard precision != .f32 else { return .f32 }
        return graph.precisions.clause(for: graph[value].label)?.precision ?? precision ?? .f32
    }
}

/// What each node lies in, by the author's clauses and what is asked for.
private struct NodePrecisions {
    struct Choice {
        var isNarrow: Bool
        /// Whether a clause with a label says it.
        var isSaid: Bool
    }

    private var choices: [Choice]

    init(_ graph: Graph, _ context: PassContext) {
        choices = graph.values.map { value in
            let clause = graph.precisions.clause(for: graph[value].label)
            // A C function takes and gives f32, whatever is said.
            if case .foreign? = graph.lowering(of: value) { return Choice(isNarrow: false, isSaid: false) }
            return Choice(isNarrow: context.precision(of: value, in: graph) == .bf16, isSaid: clause.map { !$0.path.isEmpty } ?? false)
        }
    }

    subscript(value: Value) -> Choice { choices[value.index] }

    var anyIsNarrow: Bool { choices.contains(where: \.isNarrow) }
}

/// What stands before and behind the contractions of a network, those that are computed once aside, and which kernels read it.
private struct ContractionFlow {
    private let facts: GraphFacts
    /// Whether the factors of the value, a contraction, are rounded.
    let isRounded: [Bool]
    /// Whether a contraction reads the value, or what is computed from it.
    let isBefore: [Bool]
    /// Whether a contraction that is not the last, or one that is rounded, reads the value itself, under whatever shape.
    let isFactor: [Bool]
    /// Whether a contraction that is not the last, or one that is rounded, reads the value's numbers, wherever they are moved to.
    private let feeds: [Bool]
    /// Whether the value is a sum or maximum over axes, a position, or computed from such ones alone.
    private let isStatistic: [Bool]
    /// Whether all that read the value lie in bf16: where it is only moved, those behind, and where it is read within the kernel of others,
    /// these, too.
    let isReadInNarrow: [Bool]
    /// The groups that read the value, from the first to the last: of nodes without one, those that compute them.
    private let readers: [ClosedRange<Int>?]

    init(_ facts: GraphFacts, _ precisions: NodePrecisions, _ mode: Mode) {
        self.facts = facts
        let graph = facts.graph
        func isContraction(_ value: Value) -> Bool { facts.contraction(of: value) != nil && !facts.isPrepared(value) }
        // Positions and counts are integers that bf16 could not tell apart.
        func carriesGradients(_ value: Value) -> Bool { if case .stops? = graph[value].operation?.gradient { false } else { true } }
        // Whether a contraction has led to the value: itself, or one before it.
        var behind: [Bool] = []
        for value in graph.values {
            behind.append(isContraction(value) || graph[value].operands.contains { behind[$0.index] })
        }
        var statistic: [Bool] = []
        for value in graph.values {
            let operands = facts.readOperands(of: value).filter { !facts.isPrepared($0) }
            let isOfStatistics = !operands.isEmpty && operands.allSatisfy { statistic[$0.index] }
            switch facts.lowering(of: value) {
            case .reduction: statistic.append(true)
            case .elementwise, .view: statistic.append(isOfStatistics)
            default: statistic.append(!carriesGradients(value))
            }
        }
        var before = [Bool](repeating: false, count: graph.nodes.count)
        var (rounded, factor, feeds) = (before, before, before)
        var narrow = [Bool](repeating: true, count: graph.nodes.count)
        var readers = [ClosedRange<Int>?](repeating: nil, count: graph.nodes.count)
        for value in graph.values.reversed() {
            let index = value.index
            let own = graph[value].group.map { $0...$0 } ?? readers[index]
            let isFirst = !graph[value].operands.contains { behind[$0.index] }
            // A gradient of weights, which no contraction reads, is a product of an activation and its gradient, both behind contractions.
            let isOfTwo = mode == .training && graph[value].operands.allSatisfy { behind[$0.index] }
            rounded[index] =
                isContraction(value) && precisions[value].isNarrow && (precisions[value].isSaid || before[index] && !isFirst || isOfTwo)
            let moves = facts.moves(value)
            // What no kernel stores is computed in the registers of those that read it.
            let isWithin = facts.expression(of: value) != nil && !facts.isStored(value)
            let reads = (moves || precisions[value].isNarrow) && (!(moves || isWithin) || narrow[index])
            for operand in graph[value].operands.map(\.index) {
                if !reads { narrow[operand] = false }
                if isContraction(value) || before[index] { before[operand] = true }
                let isMultiplied = isContraction(value) && (before[index] || rounded[index])
                if isMultiplied || facts.isAlias(value) && factor[index] { factor[operand] = true }
                if isMultiplied || moves && feeds[index] { feeds[operand] = true }
                guard let own else { continue }
                let known = readers[operand] ?? own
                readers[operand] = min(known.lowerBound, own.lowerBound)...max(known.upperBound, own.upperBound)
            }
        }
        (isRounded, isBefore, isFactor, isReadInNarrow, self.readers) = (rounded, before, factor, narrow, readers)
        (self.feeds, isStatistic) = (feeds, statistic)
    }

    /// Whether the value has numbers for the places of a picture, and is no statistic of such ones that contractions do not read.
    func isMap(_ value: Value) -> Bool {
        facts.graph[value].type.shape.dimensions.dropFirst(2).contains { $0 != 1 } && (feeds[value.index] || !isStatistic[value.index])
    }

    /// Whether one kernel stores the value for another; what leaves the graph is stored as its type says.
    func isStored(_ value: Value) -> Bool {
        guard let group = facts.graph[value].group, let readers = readers[value.index], !facts.leaves(value) else { return false }
        return readers != group...group
    }
}

extension GraphFacts {
    /// Whether the value is its operands' numbers, somewhere else or in another order.
    fileprivate func moves(_ value: Value) -> Bool {
        if case .view? = lowering(of: value) { return true }
        return expression(of: value) == .argument(0) && graph[value].operands.first.map { graph[$0].type == graph[value].type } ?? false
    }

    /// Whether a kernel stores the value: what it computes and others than its own members read.
    fileprivate func isStored(_ value: Value) -> Bool {
        guard let group = graph[value].group else { return false }
        return leaves(value) || users(of: value).contains { graph[$0].group != group }
    }
}
