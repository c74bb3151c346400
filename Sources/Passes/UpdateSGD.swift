import Graph
import Operators

/// `torch.optim.SGD`.
struct SGD {
    var momentum: Double
    var dampening: Double
    var nesterov: Bool
    var weightDecay: Double

    /// Momentum begins with zeros and its first gradient is not dampened, which together is PyTorch's first step.
    func step(rate: Value, _ builder: GraphBuilder) throws(PassError) -> (TrainedWeight) -> Void {
        guard !nesterov || momentum > 0 else { throw PassError("nesterov needs a momentum above 0", repair: "write momentum: 0.9") }
        guard !nesterov || dampening == 0 else {
            throw PassError("nesterov momentum cannot be dampened", repair: "leave out dampening or nesterov")
        }
        if momentum == 0 { return { plain($0, rate, builder) } }
        if dampening == 0 { return { accelerated($0, rate, gain: nil, builder) } }
        let gain = OptimizerState.gradientGain.shared(from: .ones, builder)
        builder.update(gain, to: builder.map("dampen", [("gain", gain)], .minimum(.argument(0), .constant(1 - dampening))))
        return { accelerated($0, rate, gain: gain, builder) }
    }

    private func decayed(_ weight: TrainedWeight) -> Scalar {
        .argument(1) + .constant(weight.decays ? weightDecay : 0) * .argument(0)
    }

    private func plain(_ weight: TrainedWeight, _ rate: Value, _ builder: GraphBuilder) {
        let operands = [("w", weight.value), ("g", weight.gradient), ("rate", rate)]
        builder.update(weight.value, to: builder.map("sgd", operands, .argument(0) - .argument(2) * decayed(weight)))
    }

    private func accelerated(_ weight: TrainedWeight, _ rate: Value, gain: Value?, _ builder: GraphBuilder) {
        let state = weight.state(.momentum, builder)
        let operands = [("w", weight.value), ("g", weight.gradient), ("m", state)]
        let gradient = gain == nil ? decayed(weight) : .argument(3) * decayed(weight)
        let next = builder.map(
            "momentum", operands + (gain.map { [("gain", $0)] } ?? []), .constant(momentum) * .argument(2) + gradient)
        builder.update(state, to: next)
        let updated: Value
        if nesterov {
            let direction = decayed(weight) + .constant(momentum) * .argument(2)
            updated = builder.map(
                "nesterov", [("w", weight.value), ("g", weight.gradient), ("m", next), ("rate", rate)],
                .argument(0) - .argument(3) * direction)
        } else {
            updated = builder.map("sgd", [("w", weight.value), ("m", next), ("rate", rate)], .argument(0) - .argument(2) * .argument(1))
        }
        builder.update(weight.value, to: updated)
    }
}
