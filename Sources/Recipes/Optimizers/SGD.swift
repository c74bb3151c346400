import Graph
import Operators

extension OptimizerState {
    /// The running sum of a weight's gradients (sgd) or of its steps (rmsprop).
    public static let momentum = OptimizerState("momentum")
    /// What gradients are multiplied by when momentum takes them up: 1 in the first step, `1 - dampening` then.
    static let gradientGain = OptimizerState("gradient_gain", isShared: true, from: .ones)
}

extension Optimizer {
    /// Momentum begins with zeros and its first gradient is not dampened, which together is PyTorch's first step.
    public static let sgd = Optimizer(
        "sgd",
        [
            .number("momentum", retained, default: 0), .boolean("nesterov", default: false), weightDecay(),
            .number("dampening", FormParameter.share, default: 0),
        ],
        states: [.momentum, .gradientGain], isAdaptive: false,
        "`m = momentum * m + (1 - dampening) * g; w -= rate * m`; with `nesterov`, `w -= rate * (g + momentum * m)`. The first step is not "
            + "dampened",
        source: "Sutskever et al. 2013, as `torch.optim.SGD`",
        problem: { values in
            guard values.boolean("nesterov") else { return nil }
            if values.number("momentum") == 0 { return FormProblem("nesterov needs a momentum above 0", repair: "write momentum: 0.9") }
            return values.number("dampening") == 0
                ? nil : FormProblem("nesterov momentum cannot be dampened", repair: "leave out dampening or nesterov")
        }
    ) { step in
        let (momentum, dampening) = (step.number("momentum"), step.number("dampening"))
        if momentum == 0 {
            return { weight in
                let operands = [("w", weight.value), ("g", weight.gradient), ("rate", step.rate(of: weight))]
                step.builder.update(
                    weight.value,
                    to: step.builder.map("sgd", operands, .argument(0) - .argument(2) * step.decayedGradient(of: weight)))
            }
        }
        if dampening == 0 { return { accelerate($0, momentum, gain: nil, step) } }
        let gain = step.shared(.gradientGain)
        step.builder.update(gain, to: step.builder.map("dampen", [("gain", gain)], .minimum(.argument(0), .constant(1 - dampening))))
        return { accelerate($0, momentum, gain: gain, step) }
    }

    private static func accelerate(_ weight: TrainedWeight, _ momentum: Double, gain: Value?, _ step: OptimizerStep) {
        let builder = step.builder
        let state = step.kept(.momentum, of: weight)
        let decayed = step.decayedGradient(of: weight)
        let operands = [("w", weight.value), ("g", weight.gradient), ("m", state)]
        let gradient = gain == nil ? decayed : .argument(3) * decayed
        let next = builder.map(
            "momentum", operands + (gain.map { [("gain", $0)] } ?? []), .constant(momentum) * .argument(2) + gradient)
        builder.update(state, to: next)
        let updated: Value
        if step.values.boolean("nesterov") {
            let direction = decayed + .constant(momentum) * .argument(2)
            updated = builder.map(
                "nesterov", [("w", weight.value), ("g", weight.gradient), ("m", next), ("rate", step.rate(of: weight))],
                .argument(0) - .argument(3) * direction)
        } else {
            updated = builder.map(
                "sgd", [("w", weight.value), ("m", next), ("rate", step.rate(of: weight))], .argument(0) - .argument(2) * .argument(1))
        }
        builder.update(weight.value, to: updated)
    }
}
