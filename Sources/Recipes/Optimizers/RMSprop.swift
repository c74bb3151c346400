import Graph
import Operators

extension OptimizerState {
    /// The running averages of a weight's gradients, and of their squares.
    static let meanGradient = OptimizerState("mean_gradient")
    static let meanSquare = OptimizerState("mean_square")
}

extension Optimizer {
    /// TensorFlow's variant, which the Inception networks were trained with, has epsilon inside the root, squares that begin with ones, and
    /// momentum of steps that are multiplied by their rate already.
    public static let rmsprop = Optimizer(
        "rmsprop",
        [
            .number("alpha", retained, default: 0.99), .number("epsilon", FormParameter.positive, default: 1e-8),
            .number("momentum", retained, default: 0), weightDecay(), .boolean("centered", default: false),
            .boolean(
                "tensorflow", default: false,
                "as the Inception and MobileNet networks were trained: `sqrt(s + epsilon)`, `s` begins with 1, and momentum takes up "
                    + "`rate * g / sqrt(s + epsilon)`"),
        ],
        states: [.meanSquare, .meanGradient, .momentum],
        "a running average `s` of `g * g`; `m = momentum * m + g / (sqrt(s) + epsilon); w -= rate * m`; with `centered`, `s` loses the "
            + "square of the average of `g`",
        source: "Tieleman & Hinton 2012; centered: Graves, arXiv 1308.0850; as `torch.optim.RMSprop`"
    ) { step in
        let (alpha, momentum) = (step.number("alpha"), step.number("momentum"))
        let isTensorFlow = step.values.boolean("tensorflow")
        let epsilon = Scalar.constant(step.number("epsilon"))
        return { weight in
            let builder = step.builder
            let gradient = step.decayedGradient(of: weight)
            var operands = [("w", weight.value), ("g", weight.gradient), ("rate", step.rate(of: weight))]
            let squares = OptimizerState.meanSquare.from(isTensorFlow ? .ones : .zeros)
            operands.append(("s", step.average(squares, of: weight, alpha, gradient * gradient)))
            var square = Scalar.argument(3)
            if step.values.boolean("centered") {
                operands.append(("mean", step.average(.meanGradient, of: weight, alpha, gradient)))
                // A variance; rounding may take it below zero where the gradient hardly changes.
                square = .maximum(square - .argument(4) * .argument(4), 0)
            }
            let root = isTensorFlow ? .squareRoot(square + epsilon) : .squareRoot(square) + epsilon
            if momentum == 0 {
                builder.update(
                    weight.value, to: builder.map("rmsprop", operands, .argument(0) - .argument(2) * (gradient / root)))
                return
            }
            let kept = step.kept(.momentum, of: weight)
            let taken = isTensorFlow ? .argument(2) * (gradient / root) : gradient / root
            let next = builder.map(
                "momentum", operands + [("m", kept)], .constant(momentum) * .argument(operands.count) + taken)
            builder.update(kept, to: next)
            let change = isTensorFlow ? Scalar.argument(1) : .argument(2) * .argument(1)
            builder.update(
                weight.value,
                to: builder.map("rmsprop", [("w", weight.value), ("m", next), ("rate", step.rate(of: weight))], .argument(0) - change))
        }
    }
}
