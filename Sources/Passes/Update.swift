import Graph
import Operators
import Recipes

extension Pass {
    /// Turns the gradients that `differentiate` made outputs into updates of the weights, by the recipe's optimizer.
    ///
    /// The learning rate is the input `learning_rate: f32[]`, for it changes from step to step. What an optimizer keeps is in parameters
    /// of role `state` that are named by `OptimizerState`; its row, an `Optimizer`, has the formulas.
    public static let update = Pass("update", "Updates the weights by the optimizer.") { graph, context throws(PassError) in
        let recipe = try context.requiredRecipe()
        let gradients = Dictionary(graph.outputs.map { ($0.name, $0.value) }) { first, _ in first }
        let weights = graph.parameters(.weight).filter { gradients[gradientName(graph[$0].parameter!)] != nil }
        let carried = Set(weights.map { gradientName(graph[$0].parameter!) })
        if let problem = recipe.optimizer.form.problem(recipe.optimizer.values) {
            throw PassError(problem.message, repair: problem.repair)
        }
        let names = Dictionary(graph.nodes.compactMap { node in (node.inputName ?? node.parameter?.name).map { ($0, node.span) } }) {
            first, _ in first
        }
        let stateNames = recipe.optimizer.form.states.flatMap { state in
            state.isShared ? [state.name(of: "")] : weights.map { state.name(of: graph[$0].parameter!.name) }
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
            let trained = weights.map { weight in
                let node = graph[weight]
                let gradient = copies[gradients[gradientName(node.parameter!)]!.index]
                return (
                    TrainedWeight(
                        name: node.parameter!.name, value: copies[weight.index], gradient: gradient, isVector: node.type.rank <= 1),
                    node.label, node.span
                )
            }
            recipe.optimizer.update(trained, rate: rate, builder)
        }
    }
}

/// The input that carries the learning rate.
public let learningRateName = "learning_rate"
