import Graph
import Operators

extension OptimizerState {
    /// The sum of the squares of a weight's gradients.
    static let squareSum = OptimizerState("square_sum")
    /// The running average of the squares of a weight's changes.
    static let meanSquareChange = OptimizerState("mean_square_change")
}

extension Optimizer {
    public static let adagrad = Optimizer(
        "adagrad", [.number("epsilon", FormParameter.positive, default: 1e-10), weightDecay()], states: [.squareSum],
        "`s` is the sum of all `g * g`; `w -= rate * g / (sqrt(s) + epsilon)`", source: "Duchi et al. 2011, as `torch.optim.Adagrad`"
    ) { step in
        { weight in
            let builder = step.builder
            let gradient = step.decayedGradient(of: weight)
            let kept = step.kept(.squareSum, of: weight)
            let operands = [("w", weight.value), ("g", weight.gradient)]
            let sum = builder.map("square_sum", operands + [("s", kept)], .argument(2) + gradient * gradient)
            builder.update(kept, to: sum)
            builder.update(
                weight.value,
                to: builder.map(
                    "adagrad", operands + [("rate", step.rate(of: weight)), ("s", sum)],
                    .argument(0) - .argument(2) * (gradient / (.squareRoot(.argument(3)) + .constant(step.number("epsilon"))))))
        }
    }

    public static let adadelta = Optimizer(
        "adadelta",
        [.number("rho", retained, default: 0.9), .number("epsilon", FormParameter.positive, default: 1e-6), weightDecay()],
        states: [.meanSquare, .meanSquareChange],
        "running averages `s` of `g * g` and `d` of `c * c`; `c = sqrt(d + epsilon) / sqrt(s + epsilon) * g; w -= rate * c`, usually with a "
            + "rate of 1",
        source: "Zeiler, arXiv 1212.5701, as `torch.optim.Adadelta`"
    ) { step in
        let (rho, epsilon) = (step.number("rho"), Scalar.constant(step.number("epsilon")))
        return { weight in
            let builder = step.builder
            let gradient = step.decayedGradient(of: weight)
            let square = step.average(.meanSquare, of: weight, rho, gradient * gradient)
            let kept = step.kept(.meanSquareChange, of: weight)
            let change = builder.map(
                "change", [("w", weight.value), ("g", weight.gradient), ("s", square), ("d", kept)],
                .squareRoot(.argument(3) + epsilon) / .squareRoot(.argument(2) + epsilon) * gradient)
            builder.update(
                kept,
                to: builder.map(
                    OptimizerState.meanSquareChange.name, [("c", change), ("d", kept)],
                    .constant(rho) * .argument(1) + .constant(1 - rho) * (.argument(0) * .argument(0))))
            builder.update(
                weight.value,
                to: builder.map(
                    "adadelta", [("w", weight.value), ("c", change), ("rate", step.rate(of: weight))],
                    .argument(0) - .argument(2) * .argument(1)))
        }
    }
}
