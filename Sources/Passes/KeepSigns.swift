import Graph

extension Pass {
    /// Marks the convolutions whose results are wanted with their exact zeros and signs (`Node.isDirect`): those are summed directly.
    ///
    /// Minimal filtering makes each result of differences of much larger numbers. What remains where a result should be 0 is small beside
    /// the numbers around, and of either sign. That is no harm to whoever only adds and multiplies, but a root of it is no number. So a
    /// result is followed through whatever leaves it as small as it is, to the functions that mind (`signInterests`), unless a
    /// clamp lies between (`ValueRange`); and to the outputs, for nobody knows who reads them. A convolution that feeds another is marked
    /// with it where there is nothing between the two but sums, factors and activations of both signs that leave a 0 as it is (`leaky_relu`,
    /// `tanh`): only there does a 0 stay one.
    ///
    /// In a training step only what leads to the outputs minds. Gradients are sums and factors of gradients; where their factors jump, as
    /// that of a ReLU does at 0, rounding decides on which side a number lies, whatever the convolution.
    public static let keepSigns = Pass("keep_signs", "Finds the convolutions whose results must have exact zeros and signs.") {
        graph, context in
        var analysis = SignAnalysis(GraphFacts(graph))
        analysis.run()
        var graph = graph
        for value in graph.values where analysis.isMarked[value.index] {
            graph[value].isDirect = true
            context.firings.fire("direct", at: &graph[value])
        }
        return graph
    }
}

/// What each value of a graph may be, and of which values more than the size matters.
private struct SignAnalysis {
    /// What of a value matters.
    struct Demand {
        /// To what it reaches through anything that is continuous.
        var interest = SignInterest.none
        /// Whether it matters of the operands of the contraction that makes it, too: to functions, but not to outputs.
        var goesThroughContractions = false
        /// Whether it is 0, to a contraction, along sums, factors and activations that leave a 0 as it is.
        var keepsZeros = false

        var isEmpty: Bool { interest == .none && !keepsZeros }

        mutating func formUnion(_ other: Demand) {
            interest = max(interest, other.interest)
            goesThroughContractions = goesThroughContractions || other.goesThroughContractions
            keepsZeros = keepsZeros || other.keepsZeros
        }
    }

    let facts: GraphFacts
    private var ranges: [ValueRange] = []
    private var demands: [Demand]
    /// The convolutions that are found.
    var isMarked: [Bool]

    private var graph: Graph { facts.graph }

    init(_ facts: GraphFacts) {
        self.facts = facts
        demands = [Demand](repeating: Demand(), count: facts.graph.nodes.count)
        isMarked = [Bool](repeating: false, count: facts.graph.nodes.count)
    }

    mutating func run() {
        for value in graph.values { ranges.append(range(of: value)) }
        for output in graph.outputs where graph[output.value].type.element == .f32 && !ranges[output.value.index].hasOneSign {
            demands[output.value.index].formUnion(Demand(interest: .sign))
        }
        for value in graph.values.reversed() where facts.isForward(value) { propagate(value) }
    }

    // MARK: What a value may be

    private func range(of value: Value) -> ValueRange {
        let node = graph[value]
        guard node.type.element == .f32 else { return .all }
        if let constant = node.constant { return .constant(constant) }
        let operands = node.operands.map { ranges[$0.index] }
        switch facts.lowering(of: value) {
        case .elementwise(let expression)?: return expression.range(operands)
        case .view?: return operands.dropFirst().reduce(operands[0]) { $0.union($1) }
        case .reduction(let formula)?: return range(of: formula, operands, isPadded: false)
        case .window(let formula)?: return range(of: formula, operands, isPadded: true)
        case .contraction?, .foreign?, .composite?, nil: return .all
        }
    }

    /// - Parameter isPadded: whether terms may be missing.
    private func range(of formula: Formula, _ operands: [ValueRange], isPadded: Bool) -> ValueRange {
        let term = formula.body.range(formula.reads.map { operands[$0.operand] })
        switch formula.combination {
        case .maximum: return term
        case .positionOfMaximum: return .notNegative
        case .sum:
            // A sum of some terms of one sign has it.
            if term.lower >= 0 { return ValueRange(isPadded ? 0 : term.lower, .infinity) }
            if term.upper <= 0 { return ValueRange(-.infinity, isPadded ? 0 : term.upper) }
            return .all
        }
    }

    // MARK: What is wanted of a value

    /// Hands what is wanted of a value, and what it wants itself, on to its operands.
    private mutating func propagate(_ value: Value) {
        var demand = demands[value.index]
        if demand.interest == .sign && ranges[value.index].hasOneSign { demand.interest = .none }
        let operands = graph[value].operands
        /// What is wanted of each argument of an expression that makes the value, or the terms of its sum.
        func wanted(_ expression: Scalar, _ ranges: [ValueRange]) -> [Demand] {
            let own = expression.signInterests(ranges)
            let passed = demand.interest == .none ? [:] : expression.signInterests(ranges, result: demand.interest)
            return ranges.indices.map { index in
                Demand(
                    interest: max(own[index] ?? .none, passed[index] ?? .none),
                    goesThroughContractions: own[index] != nil || passed[index] != nil && demand.goesThroughContractions,
                    keepsZeros: demand.keepsZeros && expression.reads(argument: index)
                        && (expression.isAffine(in: index) || expression.isZeroWhereZero(argument: index)))
            }
        }
        switch facts.lowering(of: value) {
        case .elementwise(let expression)?:
            for (operand, wanted) in zip(operands, wanted(expression, operands.map { ranges[$0.index] })) {
                demands[operand.index].formUnion(wanted)
            }
        case .reduction(let formula)?, .window(let formula)?:
            guard formula.combination != .positionOfMaximum else { return }
            let read = formula.reads.map { operands[$0.operand] }
            for (operand, wanted) in zip(read, wanted(formula.body, read.map { ranges[$0.index] })) {
                var wanted = wanted
                if formula.combination != .sum { wanted.keepsZeros = false }
                demands[operand.index].formUnion(wanted)
            }
        case .view?: for operand in operands { demands[operand.index].formUnion(demand) }
        case .contraction(let formula)?:
            guard !demand.isEmpty else { return }
            isMarked[value.index] = formula.hasTaps
            guard demand.keepsZeros || demand.goesThroughContractions else { return }
            for operand in operands where !ranges[operand.index].hasOneSign {
                demands[operand.index].formUnion(Demand(keepsZeros: true))
            }
        // What a C function does with signs is not known.
        case .foreign?: for operand in operands { demands[operand.index].formUnion(Demand(interest: .sign, goesThroughContractions: true)) }
        case .composite?, nil: break
        }
    }
}

extension Formula {
    /// Whether results share what they are summed of, as those of a convolution of more than one tap do.
    fileprivate var hasTaps: Bool {
        reads.contains { read in
            read.position.contains { position in position.terms.filter { axes[$0.axis].extent != 1 }.count > 1 }
        }
    }
}
