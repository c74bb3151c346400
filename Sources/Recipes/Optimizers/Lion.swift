import Graph
import Operators

extension Optimizer {
    public static let lion = Optimizer(
        "lion", [.number("beta1", retained, default: 0.9), .number("beta2", retained, default: 0.99), weightDecay()],
        states: [.firstMoment],
        "`w -= rate * (sign(beta1 * m + (1 - beta1) * g) + weight_decay * w)`, then `m = beta2 * m + (1 - beta2) * g`; wants a rate of a third "
            + "to a tenth of adamw's",
        source: "Chen et al., arXiv 2302.06675"
    ) { step in
        let (beta1, beta2) = (step.number("beta1"), step.number("beta2"))
        return { weight in
            let builder = step.builder
            let kept = step.kept(.firstMoment, of: weight)
            let direction = .constant(beta1) * .argument(2) + .constant(1 - beta1) * .argument(1)
            let sign = Scalar.select(
                .less, 0, direction, then: 1, otherwise: .select(.less, direction, 0, then: -1, otherwise: 0))
            let updated = builder.map(
                "lion", [("w", weight.value), ("g", weight.gradient), ("m", kept), ("rate", step.rate(of: weight))],
                .argument(0) - .argument(3) * (sign + .constant(step.decay(of: weight)) * .argument(0)))
            builder.update(
                kept,
                to: builder.map(
                    OptimizerState.firstMoment.name, [("g", weight.gradient), ("m", kept)],
                    .constant(beta2) * .argument(1) + .constant(1 - beta2) * .argument(0)))
            builder.update(weight.value, to: updated)
        }
    }
}
