import Graph

extension PropagationRule {
    /// The same elements under other extents: an axis of the result runs over what the axes of the operand did that it is made of.
    static let reshape = PropagationRule(
        forward: { step in
            let x = step.operand(0)
            var roles: [AxisRole] = []
            var source = 0
            var rest = 1
            for extent in step.extents {
                var role: AxisRole?
                var left = extent
                while left > 1, source < x.extents.count {
                    if rest == 1 {
                        rest = x.extents[source]
                        if rest == 1 {
                            source += 1
                            continue
                        }
                    }
                    // What is made of channels and positions counts as channels; their order does not matter.
                    let own = x.roles[source]
                    role = role == nil || own == .channel || (own == .image && role != .channel) ? own : role
                    let shared = left % rest == 0 ? rest : rest % left == 0 ? left : 0
                    guard shared > 0 else {
                        left = 1
                        break
                    }
                    (left, rest) = (left / shared, rest / shared)
                    if rest == 1 { source += 1 }
                }
                roles.append(role ?? (roles.isEmpty ? .image : .position))
            }
            var result = Signal(roles: roles, extents: step.extents, x.average)
            let shift = roles.count - x.roles.count
            let isBehind = { (axis: Int) in axis + shift > 0 && x.extents[axis...].elementsEqual(step.extents[(axis + shift)...]) }
            for (axis, profile) in x.profiles where isBehind(axis) { result.profiles[axis + shift] = profile }
            if x.populations.count > 1, result.channels % max(1, x.channels) == 0 {
                let factor = result.channels / x.channels
                result.populations = x.populations.map { Population(channels: $0.channels * factor, moments: $0.moments) }
            }
            // Elements of what has no positions are each other's own.
            if result.positionExtents.allSatisfy({ $0 == 1 }), !x.positionExtents.allSatisfy({ $0 == 1 }) {
                result.populations = result.populations.map { population in
                    var moments = population.moments
                    (moments.second.near, moments.second.far) = (moments.second.own, moments.second.own)
                    return Population(channels: population.channels, moments: moments)
                }
            }
            return result
        },
        backward: { step, gradient in
            let x = step.operand(0)
            let isLost = step.result.positionExtents.allSatisfy { $0 == 1 } && !x.positionExtents.allSatisfy { $0 == 1 }
            let average = gradient.average(step.result.populations)
            let isAligned = step.result.populations.count == x.populations.count
            let shift = step.result.roles.count - x.roles.count
            let isBehind = { (axis: Int) in axis > 0 && step.extents[axis...].elementsEqual(x.extents[(axis - shift)...]) }
            var profiles: Profiles = [:]
            for (axis, profile) in gradient.profiles where axis > shift && isBehind(axis) { profiles[axis - shift] = profile }
            guard isLost || !isAligned else {
                var gradient = gradient
                gradient.profiles = profiles
                return step.send(gradient, to: 0)
            }
            let total = gradient.total
            let sent = x.populations.indices.map { place -> SecondMoments in
                var second = isAligned ? total[place] : average
                if isLost {
                    // Each position has a gradient of its own.
                    let count = x.positions(images: 1).count
                    (second.near, second.far, second.other) = (0, 0, second.other / count)
                }
                return second
            }
            step.send(SignalGradient(sent, profiles), to: 0)
        })

    static let concatenate = PropagationRule(
        forward: { step in
            guard case .view(.concatenate(let axis)) = step.node.operation?.lowering(step.signature) else { return step.operand(0) }
            let operands = step.node.operands.map(step.propagator.signal)
            let first = operands.first { !$0.isWeight } ?? operands[0]
            guard first.roles[axis] == .channel else {
                let all = operands.map { Population(channels: $0.extents[axis], moments: $0.average) }
                return Signal(roles: first.roles, extents: step.extents, all.average)
            }
            var result = Signal(roles: first.roles, extents: step.extents, operands.flatMap(\.populations))
            result.profiles = Profiles.sum(operands.map { ($0.profiles, Double($0.channels) * $0.average.second.own) })
            return result
        },
        backward: { step, gradient in
            guard case .view(.concatenate(let axis)) = step.node.operation?.lowering(step.signature) else { return }
            var start = 0
            let isJoined = step.result.roles[axis] != .channel
            for index in step.node.operands.indices {
                let own = step.operand(index)
                let count = own.populations.count
                if isJoined {
                    step.send(SignalGradient(own.populations.map { _ in gradient.average(step.result.populations) }), to: index)
                } else {
                    var part = gradient
                    part.parts = gradient.parts.mapValues { Array($0[start..<(start + count)]) }
                    step.send(part, to: index)
                    start += count
                }
            }
        })

    static let slice = PropagationRule(
        forward: { step in
            guard case .view(.slice(let axis, let start, let count)) = step.node.operation?.lowering(step.signature) else {
                return step.operand(0)
            }
            let x = step.operand(0)
            guard x.roles[axis] == .channel, x.populations.count > 1 else {
                return Signal(roles: x.roles, extents: step.extents, x.average)
            }
            let parts = x.populations.clipped(to: start..<(start + count), of: x.extents[axis])
            var result = Signal(roles: x.roles, extents: step.extents, parts.map(\.population))
            result.profiles = x.profiles
            return result
        },
        backward: { step, gradient in
            guard case .view(.slice(let axis, let start, let count)) = step.node.operation?.lowering(step.signature) else { return }
            let x = step.operand(0)
            let total = gradient.total
            if x.roles[axis] == .channel, x.populations.count > 1 {
                var sent = x.populations.map { _ in SecondMoments.zero }
                for (place, part) in x.populations.clipped(to: start..<(start + count), of: x.extents[axis]).enumerated() {
                    let share = Double(part.population.channels) / Double(x.populations[part.index].channels)
                    sent[part.index] = share * total[place]
                }
                return step.send(SignalGradient(sent), to: 0)
            }
            // Elements that are not taken have no gradient.
            let share = Double(count) / Double(max(1, x.extents[axis]))
            let isPosition = x.roles[axis] == .position
            let average = gradient.average(step.result.populations)
            let second =
                isPosition
                ? SecondMoments(
                    own: share * average.own, near: share * average.near, far: share * share * average.far,
                    other: share * share * average.other)
                : share * average
            step.send(SignalGradient(x.populations.map { _ in second }), to: 0)
        })

    /// Elements in other places: axes that run over one axis of the operand keep what they run over.
    static let rearrange = PropagationRule(
        forward: { step in
            guard case .view(.rearrange(let moves)) = step.node.operation?.lowering(step.signature) else { return step.operand(0) }
            let x = step.operand(0)
            let roles = moves.to.map { index -> AxisRole in
                let sources = index.terms.flatMap { term in
                    moves.from.indices.filter { axis in moves.from[axis].terms.contains { $0.axis == term.axis } }
                }.filter { x.extents[$0] > 1 }.map { x.roles[$0] }
                return sources.first { $0 == .position } ?? sources.first ?? .position
            }
            let result = Signal(roles: roles, extents: step.extents, x.average)
            // Where channels stay in their order, so do their populations.
            let isInOrder = result.channels == x.channels && moves.isPermutation
            return isInOrder ? Signal(roles: roles, extents: step.extents, x.populations) : result
        },
        backward: { step, gradient in
            let x = step.operand(0)
            guard step.result.populations.count == x.populations.count else {
                let average = gradient.average(step.result.populations)
                return step.send(SignalGradient(x.populations.map { _ in average }), to: 0)
            }
            step.send(gradient, to: 0)
        })
}

extension Rearrangement {
    /// Whether axes are put in another order, and nothing else.
    fileprivate var isPermutation: Bool {
        from.allSatisfy { $0.terms.count <= 1 && $0.offset == 0 } && to.allSatisfy { $0.terms.count <= 1 }
    }
}

extension [Population] {
    /// The populations of a range of positions of an axis of so many.
    fileprivate func clipped(to range: Range<Int>, of extent: Int) -> [(index: Int, population: Population)] {
        let total = reduce(0) { $0 + $1.channels }
        let factor = Swift.max(1, total / Swift.max(1, extent))
        var start = 0
        return enumerated().compactMap { index, population in
            defer { start += population.channels }
            let kept = (start..<(start + population.channels)).clamped(to: (range.lowerBound * factor)..<(range.upperBound * factor))
            return kept.isEmpty ? nil : (index, Population(channels: kept.count, moments: population.moments))
        }
    }
}
