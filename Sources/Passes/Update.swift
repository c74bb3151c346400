import Graph
import Operators

extension Pass {
    /// Turns the gradients that `differentiate` made outputs into updates of the weights, by the recipe's optimizer.
    ///
    /// The learning rate is the input `learning_rate: f32[]`, for it changes from step to step. Optimizer state is in parameters of role
    /// `state`: `<weight>.momentum` with zeros at first, which is PyTorch's first step too.
    public static let update = Pass("update", "Updates the weights by the optimizer.") { graph, context throws(PassError) in
        let recipe = try context.requiredRecipe()
        let gradients = Dictionary(graph.outputs.map { ($0.name, $0.value) }) { first, _ in first }
        let weights = graph.parameters(.weight).filter { gradients[gradientName(graph[$0].parameter!)] != nil }
        let carried = Set(weights.map { gradientName(graph[$0].parameter!) })
        let names = Dictionary(graph.nodes.compactMap { node in (node.inputName ?? node.parameter?.name).map { ($0, node.span) } }) {
            first, _ in first
        }
        let states = recipe.optimizer.hasMomentum ? weights.map { momentumName(graph[$0].parameter!) } : []
        for name in [learningRateName] + states {
            guard let span = names[name] else { continue }
            throw PassError("the optimizer needs the name '\(name)', but the network has it already", repair: "rename it", at: span)
        }
        for weight in weights where graph.updates.contains(where: { $0.state == weight }) {
            throw PassError(
                "'\(graph[weight].parameter!.name)' is a weight, but the network updates it itself",
                repair: "use a parameter of its own for each", at: graph[weight].span)
        }
        return try graph.extended(keeping: { !carried.contains($0.name) }) { builder, copies throws(PassError) in
            let rate = builder.input(learningRateName, .f32())
            for weight in weights {
                let node = graph[weight]
                builder.currentLabel = node.label
                builder.currentSpan = node.span
                let decays = recipe.decaysVectors || node.type.rank > 1
                let step = Step(
                    parameter: node.parameter!, weight: copies[weight.index],
                    gradient: copies[gradients[gradientName(node.parameter!)]!.index], rate: rate, decays: decays)
                try step.append(recipe.optimizer, builder)
            }
        }
    }
}

/// The input that carries the learning rate.
public let learningRateName = "learning_rate"

/// The state that carries a weight's momentum from step to step.
private func momentumName(_ parameter: Parameter) -> String { parameter.name + ".momentum" }

extension TrainingRecipe.Optimizer {
    fileprivate var hasMomentum: Bool {
        switch self {
        case .sgd(let momentum, _, _): momentum != 0
        }
    }
}

/// One step of the optimizer for one weight.
private struct Step {
    var parameter: Parameter
    var weight: Value
    var gradient: Value
    var rate: Value
    var decays: Bool

    func append(_ optimizer: TrainingRecipe.Optimizer, _ builder: GraphBuilder) throws(PassError) {
        switch optimizer {
        case .sgd(let momentum, let nesterov, let weightDecay):
            try sgd(momentum: momentum, nesterov: nesterov, decay: decays ? weightDecay : 0, builder)
        }
    }

    /// `torch.optim.SGD` with no dampening.
    private func sgd(momentum: Double, nesterov: Bool, decay: Double, _ builder: GraphBuilder) throws(PassError) {
        let w = Scalar.argument(0), g = Scalar.argument(1)
        let decayed = g + .constant(decay) * w
        guard momentum != 0 else {
            guard !nesterov else { throw PassError("nesterov needs a momentum above 0", repair: "write momentum: 0.9") }
            builder.update(weight, to: builder.map("sgd", [("w", weight), ("g", gradient), ("rate", rate)], w - .argument(2) * decayed))
            return
        }
        let state = builder.parameter(Parameter(momentumName(parameter), .state, .zeros), builder.type(of: weight))
        let next = builder.map(
            "momentum", [("w", weight), ("g", gradient), ("m", state)], .constant(momentum) * .argument(2) + decayed)
        builder.update(state, to: next)
        let updated: Value
        if nesterov {
            let direction = decayed + .constant(momentum) * .argument(2)
            updated = builder.map(
                "nesterov", [("w", weight), ("g", gradient), ("m", next), ("rate", rate)], w - .argument(3) * direction)
        } else {
            updated = builder.map("sgd", [("w", weight), ("m", next), ("rate", rate)], w - .argument(2) * .argument(1))
        }
        builder.update(weight, to: updated)
    }
}
