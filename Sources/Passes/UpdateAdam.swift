import Graph
import Operators

/// `torch.optim.Adam`, and `AdamW` where the decay is decoupled.
struct Adam {
    var beta1: Double
    var beta2: Double
    var epsilon: Double
    var weightDecay: Double
    var isDecoupled: Bool

    /// The corrections `1 - beta^t` are kept as running averages of ones, `c = beta * c + (1 - beta)`. So nothing cancels in the first
    /// steps, where `1 - beta^t` would lose digits in f32, and the rounding of beta is the same in a moment and in its correction.
    func step(rate: Value, _ builder: GraphBuilder) -> (TrainedWeight) -> Void {
        func correction(_ state: OptimizerState, _ beta: Double) -> Value {
            let kept = state.shared(from: .zeros, builder)
            let next = builder.map(state.rawValue, [("c", kept)], .constant(beta) * .argument(0) + .constant(1 - beta))
            builder.update(kept, to: next)
            return next
        }
        let corrections = (correction(.firstCorrection, beta1), correction(.secondCorrection, beta2))
        let correctedRate = builder.map("corrected_rate", [("rate", rate), ("c", corrections.0)], .argument(0) / .argument(1))
        let root = builder.map("correction_root", [("c", corrections.1)], .squareRoot(.argument(0)))
        return { weight in
            let decay = weight.decays ? weightDecay : 0
            let gradient = .argument(1) + .constant(isDecoupled ? 0 : decay) * .argument(0)
            let states = (weight.state(.firstMoment, builder), weight.state(.secondMoment, builder))
            func average(_ state: OptimizerState, _ kept: Value, _ beta: Double, of values: Scalar) -> Value {
                let next = builder.map(
                    state.rawValue, [("w", weight.value), ("g", weight.gradient), ("average", kept)],
                    .constant(beta) * .argument(2) + .constant(1 - beta) * values)
                builder.update(kept, to: next)
                return next
            }
            let first = average(.firstMoment, states.0, beta1, of: gradient)
            let second = average(.secondMoment, states.1, beta2, of: gradient * gradient)
            let kept = isDecoupled ? .argument(0) - .constant(decay) * .argument(5) * .argument(0) : Scalar.argument(0)
            let direction = .argument(1) / (.squareRoot(.argument(2)) / .argument(4) + .constant(epsilon))
            let updated = builder.map(
                isDecoupled ? "adamw" : "adam",
                [("w", weight.value), ("m", first), ("v", second), ("corrected_rate", correctedRate), ("root", root), ("rate", rate)],
                kept - .argument(3) * direction)
            builder.update(weight.value, to: updated)
        }
    }
}
