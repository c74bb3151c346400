import Graph
import Operators

/// `torch.optim.RMSprop`, or the variant of TensorFlow.
struct RMSprop {
    var alpha: Double
    var epsilon: Double
    var momentum: Double
    var isCentered: Bool
    var weightDecay: Double
    /// Epsilon inside the root, squares that begin with ones, and momentum of steps that are multiplied by their rate already.
    var isTensorFlow: Bool

    func step(rate: Value, _ builder: GraphBuilder) -> (TrainedWeight) -> Void {
        { weight in
            let gradient = .argument(1) + .constant(weight.decays ? weightDecay : 0) * .argument(0)
            func average(_ state: OptimizerState, from initializer: Initializer, of values: Scalar) -> Value {
                let kept = weight.state(state, from: initializer, builder)
                let next = builder.map(
                    state.rawValue, [("w", weight.value), ("g", weight.gradient), ("average", kept)],
                    .constant(alpha) * .argument(2) + .constant(1 - alpha) * values)
                builder.update(kept, to: next)
                return next
            }
            var operands = [("w", weight.value), ("g", weight.gradient), ("rate", rate)]
            operands.append(("s", average(.meanSquare, from: isTensorFlow ? .ones : .zeros, of: gradient * gradient)))
            var square = Scalar.argument(3)
            if isCentered {
                operands.append(("mean", average(.meanGradient, from: .zeros, of: gradient)))
                // A variance; rounding may take it below zero where the gradient hardly changes.
                square = .maximum(square - .argument(4) * .argument(4), 0)
            }
            let root = isTensorFlow ? .squareRoot(square + .constant(epsilon)) : .squareRoot(square) + .constant(epsilon)
            if momentum == 0 {
                builder.update(
                    weight.value, to: builder.map("rmsprop", operands, .argument(0) - .argument(2) * (gradient / root)))
                return
            }
            let kept = weight.state(.momentum, builder)
            let taken = isTensorFlow ? .argument(2) * (gradient / root) : gradient / root
            let next = builder.map(
                "momentum", operands + [("m", kept)], .constant(momentum) * .argument(operands.count) + taken)
            builder.update(kept, to: next)
            let step = isTensorFlow ? Scalar.argument(1) : .argument(2) * .argument(1)
            builder.update(
                weight.value, to: builder.map("rmsprop", [("w", weight.value), ("m", next), ("rate", rate)], .argument(0) - step))
        }
    }
}
