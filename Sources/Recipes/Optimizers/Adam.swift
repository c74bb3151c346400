import Graph
import Operators

extension OptimizerState {
    /// The running averages of a weight's gradients and of their squares.
    static let firstMoment = OptimizerState("first_moment")
    static let secondMoment = OptimizerState("second_moment")
    /// The largest that the average of squares has been (amsgrad).
    static let largestMoment = OptimizerState("largest_moment")
    /// The running averages of ones, `1 - beta^t`: dividing by them corrects the moments for their start at zero.
    static let firstCorrection = OptimizerState("first_correction", isShared: true)
    static let secondCorrection = OptimizerState("second_correction", isShared: true)
}

extension OptimizerStep {
    /// The corrections of both moments, moved by one step, for all weights.
    ///
    /// `1 - beta^t` is kept as a running average of ones, `c = beta * c + (1 - beta)`. So nothing cancels in the first steps, where
    /// `1 - beta^t` would lose digits in f32, and the rounding of beta is the same in a moment and in its correction.
    func momentCorrections() -> (Value, Value) {
        func correction(_ state: OptimizerState, _ beta: Double) -> Value {
            let kept = shared(state)
            let next = builder.map(state.name, [("c", kept)], .constant(beta) * .argument(0) + .constant(1 - beta))
            builder.update(kept, to: next)
            return next
        }
        return (correction(.firstCorrection, number("beta1")), correction(.secondCorrection, number("beta2")))
    }

    /// A rate divided by the correction of the first moment, which is the same for all weights of that rate.
    func corrected(_ rate: Value, by correction: Value) -> Value {
        let label = builder.currentLabel
        builder.currentLabel = "optimizer"
        defer { builder.currentLabel = label }
        return builder.map("corrected_rate", [("rate", rate), ("c", correction)], .argument(0) / .argument(1))
    }

    /// Both moments of a weight, moved by one step.
    ///
    /// - Parameter gradient: a function of the weight and its gradient.
    func moments(of weight: TrainedWeight, gradient: Scalar) -> (Value, Value) {
        let kept = (self.kept(.firstMoment, of: weight), self.kept(.secondMoment, of: weight))
        return (
            average(.firstMoment, kept.0, of: weight, number("beta1"), gradient),
            average(.secondMoment, kept.1, of: weight, number("beta2"), gradient * gradient)
        )
    }
}

extension Optimizer {
    public static let adam = adam(
        "adam", weightDecay: 0, isDecoupled: false,
        "running averages `m` of `g` and `v` of `g * g`, corrected for their start at zero; `w -= rate * m / (sqrt(v) + epsilon)`",
        source: "Kingma & Ba, arXiv 1412.6980, as `torch.optim.Adam`")

    public static let adamw = adam(
        "adamw", weightDecay: 0.01, isDecoupled: true, "the same, with the decay `w -= rate * weight_decay * w` beside the gradient",
        source: "Loshchilov & Hutter, arXiv 1711.05101, as `torch.optim.AdamW`")

    private static func adam(
        _ name: String, weightDecay: Double, isDecoupled: Bool, _ summary: String, source: String
    ) -> Optimizer {
        Optimizer(
            name,
            [
                .number("beta1", retained, default: 0.9), .number("beta2", retained, default: 0.999),
                .number("epsilon", FormParameter.positive, default: 1e-8), Self.weightDecay(default: weightDecay),
                .boolean("amsgrad", default: false, "`v` is the largest so far (Reddi et al., arXiv 1904.09237)"),
            ],
            states: [.firstMoment, .secondMoment, .largestMoment, .firstCorrection, .secondCorrection], summary, source: source
        ) { step in
            let builder = step.builder
            let corrections = step.momentCorrections()
            let correctedRate = step.corrected(step.rate, by: corrections.0)
            let root = builder.map("correction_root", [("c", corrections.1)], .squareRoot(.argument(0)))
            return { weight in
                let ownRate = weight.rate == 1 ? correctedRate : step.corrected(step.rate(of: weight), by: corrections.0)
                let decay = step.decay(of: weight)
                let gradient = .argument(1) + .constant(isDecoupled ? 0 : decay) * .argument(0)
                var (first, second) = step.moments(of: weight, gradient: gradient)
                if step.values.boolean("amsgrad") {
                    let largest = step.kept(.largestMoment, of: weight)
                    second = builder.map(
                        OptimizerState.largestMoment.name, [("v", second), ("largest", largest)], .maximum(.argument(0), .argument(1)))
                    builder.update(largest, to: second)
                }
                let kept = isDecoupled ? .argument(0) - .constant(decay) * .argument(5) * .argument(0) : Scalar.argument(0)
                let direction = .argument(1) / (.squareRoot(.argument(2)) / .argument(4) + .constant(step.number("epsilon")))
                let updated = builder.map(
                    name,
                    [
                        ("w", weight.value), ("m", first), ("v", second), ("corrected_rate", ownRate), ("root", root),
                        ("rate", step.rate(of: weight)),
                    ],
                    kept - .argument(3) * direction)
                builder.update(weight.value, to: updated)
            }
        }
    }
}
