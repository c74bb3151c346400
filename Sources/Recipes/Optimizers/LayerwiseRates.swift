import Graph
import Operators

/// Optimizers whose rate is another one for every weight, in proportion to its norm, for large batches.
extension Optimizer {
    /// The paper's momentum, which takes up steps that are multiplied by their rate already.
    public static let lars = Optimizer(
        "lars",
        [
            .number("momentum", retained, default: 0.9), weightDecay(),
            .number("trust", FormParameter.positive, default: 1e-3, "the share of a weight's norm that one step may change it by"),
        ],
        states: [.momentum],
        "`q = trust * norm(w) / (norm(g) + weight_decay * norm(w))`, 1 where a norm is zero; `m = momentum * m + rate * q * (g + weight_decay * w); w -= m`",
        source: "You et al., arXiv 1708.03888"
    ) { step in
        { weight in
            let builder = step.builder
            let decay = Scalar.constant(step.decay(of: weight))
            let norms = [("w", step.squares(weight.value)), ("g", step.squares(weight.gradient))]
            let (weightNorm, gradientNorm) = (Scalar.squareRoot(.argument(0)), Scalar.squareRoot(.argument(1)))
            let ratio = builder.map(
                "trust", norms,
                .ratio(.constant(step.number("trust")) * weightNorm, gradientNorm + decay * weightNorm, if: .argument(0), .argument(1)))
            let kept = step.kept(.momentum, of: weight)
            let next = builder.map(
                "momentum",
                [("w", weight.value), ("g", weight.gradient), ("m", kept), ("rate", step.rate(of: weight)), ("q", ratio)],
                .constant(step.number("momentum")) * .argument(2) + .argument(3) * .argument(4) * step.decayedGradient(of: weight))
            builder.update(kept, to: next)
            builder.update(weight.value, to: builder.map("lars", [("w", weight.value), ("m", next)], .argument(0) - .argument(1)))
        }
    }

    public static let lamb = Optimizer(
        "lamb",
        [
            .number("beta1", retained, default: 0.9), .number("beta2", retained, default: 0.999),
            .number("epsilon", FormParameter.positive, default: 1e-6), weightDecay(default: 0.01),
        ],
        states: [.firstMoment, .secondMoment, .firstCorrection, .secondCorrection],
        "`u = m / (sqrt(v) + epsilon) + weight_decay * w` with adam's `m` and `v`; `w -= rate * norm(w) / norm(u) * u`, `rate * u` where a norm is zero",
        source: "You et al., arXiv 1904.00962"
    ) { step in
        let builder = step.builder
        let corrections = step.momentCorrections()
        return { weight in
            let (first, second) = step.moments(of: weight, gradient: .argument(1))
            let direction = (.argument(1) / .argument(3)) / (.squareRoot(.argument(2) / .argument(4)) + .constant(step.number("epsilon")))
            let change = builder.map(
                "change", [("w", weight.value), ("m", first), ("v", second), ("c1", corrections.0), ("c2", corrections.1)],
                direction + .constant(step.decay(of: weight)) * .argument(0))
            let norms = [("w", step.squares(weight.value)), ("u", step.squares(change))]
            let ratio = builder.map(
                "trust", norms, .ratio(.squareRoot(.argument(0)), .squareRoot(.argument(1)), if: .argument(0), .argument(1)))
            builder.update(
                weight.value,
                to: builder.map(
                    "lamb", [("w", weight.value), ("u", change), ("rate", step.rate(of: weight)), ("q", ratio)],
                    .argument(0) - .argument(2) * .argument(3) * .argument(1)))
        }
    }
}

extension Scalar {
    /// A quotient, or 1 unless both of two squares are positive.
    fileprivate static func ratio(_ a: Scalar, _ b: Scalar, if first: Scalar, _ second: Scalar) -> Scalar {
        .select(.less, 0, first, then: .select(.less, 0, second, then: a / b, otherwise: 1), otherwise: 1)
    }
}
