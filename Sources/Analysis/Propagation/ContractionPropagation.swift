import Graph

extension PropagationRule {
    /// Sums of products with weights that are drawn independently: the second moments of the sums are those of what is summed, times the number of
    /// terms and the mean square of a weight (He et al., arXiv 1502.01852). The way back multiplies by the same weights, which count as drawn anew
    /// (Schoenholz et al., arXiv 1611.01232); a weight's gradient is summed over positions and images, and what these share adds up.
    static let contraction = PropagationRule(
        forward: { step in
            guard let weighted = WeightedSum(step) else { return MatrixProductPropagation(step).signal }
            return weighted.signal
        },
        backward: { step, gradient in
            guard let weighted = WeightedSum(step) else { return MatrixProductPropagation(step).send(gradient) }
            weighted.send(gradient)
        })
}

/// A contraction of an activation with a weight.
private struct WeightedSum {
    let step: PropagationStep
    let formula: Formula
    let input: Signal
    let weight: Signal
    let inputOperand: Int
    private let weightOperand: Int
    private let roles: [AxisRole]
    /// One an axis of the input along which positions stay positions.
    private var transfers: [AxisTransfer] = []
    /// Of each of these the axis of the input, and of the result.
    private var axes: [(input: Int, result: Int)] = []
    private var isLocal = true
    /// The terms of a sum, but for those along positions.
    private var terms = 1.0
    /// The results that an element of the input goes into, but for positions.
    private var uses = 1.0
    private var keepsChannels = true
    /// Whether channels are positions to the weight, which is the same for all.
    private var sharesChannels = false

    init?(_ step: PropagationStep) {
        guard case .contraction(let formula) = step.node.operation?.lowering(step.signature), formula.reads.count == 2 else { return nil }
        let signals = [step.operand(formula.reads[0].operand), step.operand(formula.reads[1].operand)]
        guard let weightRead = signals.lastIndex(where: \.isWeight) else { return nil }
        let inputRead = 1 - weightRead
        (self.step, self.formula) = (step, formula)
        (input, weight) = (signals[inputRead], signals[weightRead])
        (inputOperand, weightOperand) = (formula.reads[inputRead].operand, formula.reads[weightRead].operand)
        let extents = formula.axes.map { $0.extent.value ?? 1 }
        let rank = formula.resultRank
        let weighted = Set(formula.reads[weightRead].position.flatMap { $0.terms.map(\.axis) })
        var roles = step.propagator.defaultRoles(rank)
        var read: Set<Int> = []
        for (axis, index) in formula.reads[inputRead].position.enumerated() {
            let result = index.terms.first { $0.axis < rank }?.axis
            let tap = index.terms.first { $0.axis >= rank }?.axis
            if let result {
                read.insert(result)
                roles[result] = weighted.contains(result) ? .channel : input.roles[axis]
                if roles[result] == .channel, !weighted.contains(result) {
                    roles[result] = .position
                    sharesChannels = sharesChannels || extents[result] > 1
                }
            }
            if let result, input.roles[axis] == .position {
                if index.singleAxis == nil { isLocal = false }
                axes.append((axis, result))
                transfers.append(
                    AxisTransfer(
                        index, axes: extents.count, result: result, tap: tap,
                        extents: (input.extents[axis], extents[result], tap.map { extents[$0] } ?? 1)
                    ) { _, _ in 1 })
            } else if result == nil, let tap {
                terms *= Double(extents[tap])
                if input.roles[axis] == .channel, extents[tap] > 1 { keepsChannels = false }
            }
        }
        for axis in 0..<rank where weighted.contains(axis) && !read.contains(axis) {
            roles[axis] = .channel
            uses *= Double(extents[axis])
            if extents[axis] > 1 { keepsChannels = false }
        }
        for axis in rank..<extents.count where !weighted.contains(axis) && extents[axis] > 1 {
            step.assume("a weight that is the same for several terms is treated as several weights")
        }
        self.roles = roles
    }

    private var square: Double { weight.average.second.own }

    private func transferred(_ second: SecondMoments) -> SecondMoments {
        isLocal ? second : second.transferred(transfers, axes.map { input.profiles[$0.input] }, isCoherent: false)
    }

    /// Those of the result.
    private var profiles: Profiles {
        var result: Profiles = [:]
        for (transfer, axis) in zip(transfers, axes) {
            result[axis.result] = transfer.transferred(input.profiles[axis.input], isCoherent: false)
        }
        return result
    }

    var signal: Signal {
        if weight.average.mean != 0, square > 0, !input.isWeight {
            step.assume("a weight whose mean is not zero is treated as one of mean zero with the same mean square")
        }
        func summed(_ moments: Moments) -> Moments {
            var second = moments.second
            if sharesChannels {
                let apart = moments.mean * moments.mean
                (second.near, second.far) = (apart, apart)
            }
            return Moments(mean: 0, square * terms * transferred(second))
        }
        var result = Signal(roles: roles, extents: step.extents, summed(input.average))
        result.profiles = profiles
        if keepsChannels, input.populations.count > 1, result.channels == input.channels {
            result.populations = input.populations.map { Population(channels: $0.channels, moments: summed($0.moments)) }
        }
        return result
    }

    func send(_ gradient: SignalGradient) {
        let result = step.result
        let isAligned = result.populations.count == input.populations.count
        let average = gradient.average(result.populations)
        let total = gradient.total
        let back = transfers.map(\.transposed)
        func returned(_ second: SecondMoments) -> SecondMoments {
            square * uses
                * (isLocal ? second : second.transferred(back, axes.map { gradient.profiles[$0.result] }, isCoherent: false))
        }
        var profiles: Profiles = [:]
        for (transfer, axis) in zip(back, axes) {
            profiles[axis.input] = transfer.transferred(gradient.profiles[axis.result], isCoherent: false)
        }
        let incoming = input.populations.indices.map { isAligned ? total[$0] : average }
        step.send(SignalGradient(incoming.map(returned), profiles), to: inputOperand)
        let sums = zip(incoming, input.populations).map { second, population in
            Population(
                channels: population.channels,
                moments: Moments(mean: 0, .constant(weightGradient(second, population.moments.second, gradient.profiles))))
        }
        let mean = isAligned ? sums.average.second.own : weightGradient(average, input.average.second, gradient.profiles)
        step.send(SignalGradient(weight.populations.map { _ in .constant(mean) }), to: weightOperand)
    }

    /// The mean square of an element of the weight's gradient: the sum over all pairs of positions and images at which the weight is used.
    private func weightGradient(_ gradient: SecondMoments, _ input: SecondMoments, _ profiles: Profiles) -> Double {
        let positions = step.result.positions(images: step.images)
        let images = Double(step.images)
        var (single, pairs) = (1.0, 1.0)
        for (transfer, axis) in zip(transfers, axes) {
            let readings = transfer.readings(self.input.profiles[axis.input], profiles[axis.result])
            single *= readings.mean
            pairs *= readings.square
        }
        let rest = positions.count / transfers.reduce(1) { $0 * Double($1.terms.count) }
        single *= rest
        pairs *= rest * rest
        let near = min(pairs - single, single * positions.near)
        let apart = transfers.map(\.distance).max() ?? 1
        let sum =
            single * gradient.own * input.own + near * gradient.near * input.at(distance: apart)
            + max(0, pairs - single - near) * gradient.far * input.far
        return max(0, images * sum + images * (images - 1) * pairs * gradient.other * input.other)
    }
}

extension AxisTransfer {
    /// How far apart neighbouring results read with the same tap.
    fileprivate var distance: Int {
        for (first, second) in zip(terms, terms.dropFirst()) {
            for term in first {
                if let other = second.first(where: { $0.tap == term.tap }) { return abs(other.position - term.position) }
            }
        }
        return 1
    }
}

/// A product of two activations, as attention has it.
private struct MatrixProductPropagation {
    let step: PropagationStep
    private let formula: Formula
    private let factors: [Signal]
    private let roles: [AxisRole]
    private let terms: Double
    private let isOverPositions: Bool

    init(_ step: PropagationStep) {
        guard case .contraction(let formula) = step.node.operation?.lowering(step.signature), formula.reads.count == 2 else {
            preconditionFailure("'\(step.node.operation?.name ?? "")' is no product of two tensors")
        }
        (self.step, self.formula) = (step, formula)
        let factors = formula.reads.map { step.operand($0.operand) }
        self.factors = factors
        let extents = formula.axes.map { $0.extent.value ?? 1 }
        terms = formula.reductionAxes.reduce(1) { $0 * Double(extents[$1]) }
        var roles = step.propagator.defaultRoles(formula.resultRank)
        var isOverPositions = false
        for (read, factor) in zip(formula.reads, factors).reversed() {
            for (axis, index) in read.position.enumerated() {
                for term in index.terms {
                    if term.axis < formula.resultRank {
                        roles[term.axis] = factor.roles[axis]
                    } else if factor.roles[axis] == .position {
                        isOverPositions = true
                    }
                }
            }
        }
        (self.roles, self.isOverPositions) = (roles, isOverPositions)
    }

    /// Sums of products along an axis of positions, or of channels, which are independent.
    private static func product(_ a: Moments, _ b: Moments, _ terms: Double, overPositions: Bool) -> SecondMoments {
        guard overPositions else {
            let mean = a.mean * b.mean
            return terms * (a.second * b.second) + .constant(terms * (terms - 1) * mean * mean)
        }
        let pairs = terms * (terms - 1)
        let apart = a.mean * a.mean
        let (p, q) = (a.second, b.second)
        return SecondMoments(
            own: terms * p.own * q.own + pairs * (apart == 0 ? p.far : apart) * q.far,
            near: terms * p.near * q.own + pairs * (apart == 0 ? p.far : apart) * q.far,
            far: terms * p.far * q.own + pairs * (apart == 0 ? p.far : apart) * q.far,
            other: terms * terms * (apart == 0 ? p.other : apart) * q.other)
    }

    var signal: Signal {
        let (a, b) = (factors[0].average, factors[1].average)
        let second = Self.product(a, b, terms, overPositions: isOverPositions)
        return Signal(roles: roles, extents: step.extents, Moments(mean: terms * a.mean * b.mean, second))
    }

    func send(_ gradient: SignalGradient) {
        let own = Moments(mean: 0, gradient.average(step.result.populations))
        for place in 0..<2 {
            let read = formula.reads[place]
            // What is summed over on the way back: axes of the result that this factor lacks.
            let mine = Set(read.position.flatMap { $0.terms.map(\.axis) })
            let missing = (0..<formula.resultRank).filter { !mine.contains($0) }
            let count = missing.reduce(1.0) { $0 * Double(formula.axes[$1].extent.value ?? 1) }
            let isOverPositions = missing.contains { roles[$0] == .position }
            let second = Self.product(factors[1 - place].average, own, count, overPositions: isOverPositions)
            step.send(SignalGradient(factors[place].populations.map { _ in second }), to: read.operand)
        }
    }
}
