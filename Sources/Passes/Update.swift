import Graph
import Operators

extension Pass {
    /// Turns the gradients that `differentiate` made outputs into updates of the weights, by the recipe's optimizer.
    ///
    /// The learning rate is the input `learning_rate: f32[]`, for it changes from step to step. What an optimizer keeps is in parameters
    /// of role `state` that are named by `OptimizerState`; one file an optimizer has the formulas.
    public static let update = Pass("update", "Updates the weights by the optimizer.") { graph, context throws(PassError) in
        let recipe = try context.requiredRecipe()
        let gradients = Dictionary(graph.outputs.map { ($0.name, $0.value) }) { first, _ in first }
        let weights = graph.parameters(.weight).filter { gradients[gradientName(graph[$0].parameter!)] != nil }
        let carried = Set(weights.map { gradientName(graph[$0].parameter!) })
        let names = Dictionary(graph.nodes.compactMap { node in (node.inputName ?? node.parameter?.name).map { ($0, node.span) } }) {
            first, _ in first
        }
        let states = recipe.optimizer.states
        let stateNames =
            states.shared.map(\.sharedName)
            + weights.flatMap { weight in
                states.perWeight.map { $0.name(of: graph[weight].parameter!.name) }
            }
        for name in [learningRateName] + stateNames {
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
            builder.currentLabel = "optimizer"
            let append = try recipe.optimizer.step(rate: rate, builder)
            for weight in weights {
                let node = graph[weight]
                builder.currentLabel = node.label
                builder.currentSpan = node.span
                append(
                    TrainedWeight(
                        name: node.parameter!.name, value: copies[weight.index],
                        gradient: copies[gradients[gradientName(node.parameter!)]!.index],
                        decays: recipe.decaysVectors || node.type.rank > 1))
            }
        }
    }
}

/// The input that carries the learning rate.
public let learningRateName = "learning_rate"

/// A weight, and what its update is computed from.
struct TrainedWeight {
    var name: String
    var value: Value
    var gradient: Value
    /// Whether weight decay applies to it.
    var decays: Bool

    /// The optimizer's state for this weight, of its shape.
    func state(_ state: OptimizerState, from initializer: Initializer = .zeros, _ builder: GraphBuilder) -> Value {
        builder.parameter(Parameter(state.name(of: name), .state, initializer), builder.type(of: value))
    }
}

extension OptimizerState {
    /// The optimizer's state for all weights together, one number.
    func shared(from initializer: Initializer, _ builder: GraphBuilder) -> Value {
        builder.parameter(Parameter(sharedName, .state, initializer), .f32())
    }
}

extension TrainingRecipe.Optimizer {
    /// What it keeps for every weight, and for all of them together.
    fileprivate var states: (perWeight: [OptimizerState], shared: [OptimizerState]) {
        switch self {
        case .sgd(let momentum, let dampening, _, _):
            (momentum == 0 ? [] : [.momentum], momentum == 0 || dampening == 0 ? [] : [.gradientGain])
        case .adam: ([.firstMoment, .secondMoment], [.firstCorrection, .secondCorrection])
        case .rmsprop(_, _, let momentum, let isCentered, _, _):
            ([.meanSquare] + (isCentered ? [.meanGradient] : []) + (momentum == 0 ? [] : [.momentum]), [])
        }
    }

    /// Appends what all weights share, and returns what appends the update of one.
    fileprivate func step(rate: Value, _ builder: GraphBuilder) throws(PassError) -> (TrainedWeight) -> Void {
        switch self {
        case .sgd(let momentum, let dampening, let nesterov, let weightDecay):
            let sgd = SGD(momentum: momentum, dampening: dampening, nesterov: nesterov, weightDecay: weightDecay)
            return try sgd.step(rate: rate, builder)
        case .adam(let beta1, let beta2, let epsilon, let weightDecay, let isDecoupled):
            let adam = Adam(beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: weightDecay, isDecoupled: isDecoupled)
            return adam.step(rate: rate, builder)
        case .rmsprop(let alpha, let epsilon, let momentum, let isCentered, let weightDecay, let isTensorFlow):
            let rmsprop = RMSprop(
                alpha: alpha, epsilon: epsilon, momentum: momentum, isCentered: isCentered, weightDecay: weightDecay,
                isTensorFlow: isTensorFlow)
            return rmsprop.step(rate: rate, builder)
        }
    }
}
