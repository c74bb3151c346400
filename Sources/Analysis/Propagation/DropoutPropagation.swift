import Graph

extension PropagationRule {
    /// Elements that are kept with probability `1 - rate`, over it: squares grow, products of elements that are dropped apart do not.
    static let dropout = noise { factor in SIMD4(factor, 1, 1, 1) }
    static let spatialDropout = noise { factor in SIMD4(factor, factor, factor, 1) }
    static let stochasticDepth = noise { factor in SIMD4(factor, factor, factor, 1) }

    private static func noise(_ growth: @escaping @Sendable (Double) -> SIMD4<Double>) -> PropagationRule {
        @Sendable func factor(_ step: PropagationStep) -> SecondMoments {
            SecondMoments(growth(1 / (1 - step.attributes.number("rate"))))
        }
        return PropagationRule(
            forward: { step in
                var signal = step.operand(0)
                guard step.attributes.number("rate") > 0 else { return signal }
                signal.origin = nil
                signal.populations = signal.populations.map { population in
                    Population(
                        channels: population.channels,
                        moments: Moments(mean: population.moments.mean, factor(step) * population.moments.second))
                }
                return signal
            },
            backward: { step, gradient in step.send(gradient.map { second, _ in factor(step) * second }, to: 0) })
    }

    /// Rows of a table: each is drawn by itself.
    static let embedding = PropagationRule(
        forward: { step in
            let table = step.operand(1).average
            let rank = step.extents.count
            var roles = step.propagator.defaultRoles(rank)
            for axis in 1..<rank { roles[axis] = axis == rank - 1 ? .channel : .position }
            let same = 1 / Double(max(1, step.operand(1).extents[0]))
            let apart = same * table.second.own + (1 - same) * table.mean * table.mean
            return Signal(
                roles: roles, extents: step.extents,
                Moments(mean: table.mean, SecondMoments(own: table.second.own, near: apart, far: apart, other: apart)))
        },
        backward: { step, gradient in
            let positions = step.result.positions(images: step.images)
            let second = gradient.average(step.result.populations)
            let rows = Double(max(1, step.operand(1).extents[0]))
            let uses = positions.count * Double(step.images) / rows
            step.send(SignalGradient(step.operand(1).populations.map { _ in .constant(uses * second.own) }), to: 1)
        })
}
