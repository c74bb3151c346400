import Graph

extension Fusion {
    /// The most tensors that an inlined value may read.
    private static let inlinedTensorLimit = 6

    /// Chooses the element-wise values that every reader computes anew instead of reading them from memory: cheap ones of at most one
    /// tensor of full size whose readers can do so. So a normalization and its activation vanish into the next convolution's loads.
    mutating func chooseRecomputed() {
        for value in graph.values where canRecompute(value) {
            let expression = facts.expression(of: value)!
            guard graph[value].type.rank <= 1 || facts.fullSizeOperands(of: value).count <= 1 else { continue }
            var cost = expression.cost { graph[graph[value].operands[$0]].type.shape == graph[value].type.shape }
            for operand in facts.readOperands(of: value) where isInlined[operand.index] {
                // What a vector or scalar costs is paid once a channel.
                if graph[operand].type.shape == graph[value].type.shape { cost += inlinedCost[operand.index] }
            }
            guard cost <= context.recomputationLimit, tensorsRead(by: value).count <= Self.inlinedTensorLimit else { continue }
            isInlined[value.index] = true
            inlinedCost[value.index] = cost
            fire("recompute", at: value)
        }
    }

    private func canRecompute(_ value: Value) -> Bool {
        guard let expression = facts.expression(of: value), !isInlined[value.index], !isEpilogue[value.index], !facts.leaves(value),
            context.recomputationLimit > 0
        else { return false }
        // A relayout is there to move data.
        if expression == .argument(0), let operand = graph[value].operands.first, graph[operand].type == graph[value].type,
            graph[operand].layout != graph[value].layout
        {
            return false
        }
        return facts.users(of: value).allSatisfy { user in
            guard runsBeside(value, user) else { return false }
            switch facts.lowering(of: user) {
            case .elementwise, .reduction: return true
            case .contraction(let formula):
                return isBroadcast(value, in: formula, of: user) && !isOfManyColumns(value, in: formula, of: user)
            default: return false
            }
        }
    }

    /// Whether a contraction reads `value` one element for all lanes at once, not along the lanes.
    private func isBroadcast(_ value: Value, in formula: Formula, of user: Value) -> Bool {
        guard let lane = formula.laneAxis(of: graph[user].layout ?? .plain) else { return false }
        return formula.reads.allSatisfy { read in graph[user].operands[read.operand] != value || !formula.uses(lane, in: read) }
    }

    /// Whether a contraction reads rows of numbers, over which it sums, for many columns of its result: as the gradient of a linear layer's
    /// weight does, whose result is much larger than they are. It is summed and used up in one go where they lie in memory.
    private func isOfManyColumns(_ value: Value, in formula: Formula, of user: Value) -> Bool {
        guard graph[value].type.rank == 2, graph[user].type.rank == 2 else { return false }
        let reduced = Set(formula.reductionAxes)
        return formula.reads.contains { read in
            graph[user].operands[read.operand] == value && read.position[0].singleAxis.map(reduced.contains) == true
        }
    }

    /// The tensors in memory that computing `value` reads.
    private func tensorsRead(by value: Value) -> Set<Value> {
        facts.readOperands(of: value).filter { graph[$0].constant == nil }.reduce(into: []) { tensors, operand in
            if isInlined[operand.index] { tensors.formUnion(tensorsRead(by: operand)) } else { tensors.insert(operand) }
        }
    }
}

extension Scalar {
    /// Roughly the instructions that evaluating the expression takes for one vector. What does not vary from element to element is free,
    /// for it is computed outside the loop.
    /// - Parameter varies: whether an argument differs from element to element.
    func cost(_ varies: (Int) -> Bool) -> Int { variation(varies).cost }

    private func variation(_ varies: (Int) -> Bool) -> (varies: Bool, cost: Int) {
        if case .argument(let index) = self { return (varies(index), 0) }
        if case .coordinate = self { return (true, 1) }
        var doesVary = false
        var cost = 0
        for child in children {
            let part = child.variation(varies)
            doesVary = doesVary || part.varies
            cost += part.cost
        }
        switch self {
        case .uniform: return (true, cost + 12)
        case .constant: return (false, 0)
        default: return (doesVary, doesVary ? cost + ownCost : 0)
        }
    }

    private var ownCost: Int {
        switch self {
        case .unary(let function, _):
            switch function {
            case .exponential, .logarithm, .hyperbolicTangent, .errorFunction, .exponentialMinusOne, .logistic, .gaussian: 12
            case .logarithmOfOnePlus, .softplus, .normalDistribution: 24
            case .reciprocal, .squareRoot: 4
            case .negate, .absolute, .floor: 1
            }
        case .binary(.divide, _, _): 4
        case .binary: 1
        case .select: 2
        default: 0
        }
    }
}
