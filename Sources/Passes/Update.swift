import Graph
import Operators
import Recipes

extension Pass {
    /// Turns the gradients that `differentiate` made outputs into updates of the weights, by the recipe's optimizer.
    ///
    /// The learning rate is the input `learning_rate: f32[]`, for it changes from step to step. What an optimizer keeps is in parameters
    /// of role `state` that are named by `OptimizerState`; its row, an `Optimizer`, has the formulas. Averages of the weights follow.
    /// Where gradients are summed over several batches, all that happens behind the last of these only.
    public static let update = Pass("update", "Updates the weights by the optimizer.") { graph, context throws(PassError) in
        let recipe = try context.requiredRecipe()
        let gradients = Dictionary(graph.outputs.map { ($0.name, $0.value) }) { first, _ in first }
        let weights = graph.parameters(.weight).filter { gradients[gradientName(graph[$0].parameter!)] != nil }
        let carried = Set(weights.map { gradientName(graph[$0].parameter!) })
        if let problem = recipe.optimizer.form.problem(recipe.optimizer.values) {
            throw PassError(problem.message, repair: problem.repair)
        }
        let names = weights.map { graph[$0].parameter!.name }
        let stateNames = recipe.optimizer.form.states.flatMap { state in
            state.isShared ? [state.name(of: "")] : names.map { state.name(of: $0) }
        }
        try graph.requireFree([learningRateName] + stateNames + (recipe.average == nil ? [] : Chosen<WeightAverage>.stateNames(of: names)))
        for weight in weights where graph.updates.contains(where: { $0.state == weight }) {
            throw PassError(
                "'\(graph[weight].parameter!.name)' is a weight, but the network updates it itself",
                repair: "use a parameter of its own for each", at: graph[weight].span)
        }
        let updated = try graph.extended(keeping: { !carried.contains($0.name) }) { builder, copies throws(PassError) in
            let rate = builder.input(learningRateName, .f32())
            let trained = weights.map { weight in
                let node = graph[weight]
                let gradient = copies[gradients[gradientName(node.parameter!)]!.index]
                let group = recipe.group(of: node.parameter!.name)
                return (
                    TrainedWeight(
                        name: node.parameter!.name, value: copies[weight.index], gradient: gradient, isVector: node.type.rank <= 1,
                        rate: group?.rate ?? 1, decay: group?.weightDecay),
                    node
                )
            }
            recipe.optimizer.update(trained, rate: rate, builder)
            recipe.average?.update(trained, builder)
        }
        if recipe.accumulation == 1 { return updated }
        let earlier = Set(graph.updates.map { graph[$0.state].parameter! })
        return updated.updatingBehindGroups { !earlier.contains($0) }
    }
}

extension Graph {
    /// The graph with updates that leave parameters as they are, but behind the last of the batches whose gradients are summed. What reads a
    /// next value reads what its parameter is then, which serves other such updates alone.
    fileprivate func updatingBehindGroups(_ isUpdatedSo: (Parameter) -> Bool) -> Graph {
        var states: [Value: Value] = [:]
        for update in updates where isUpdatedSo(self[update.state].parameter!) { states[update.value] = update.state }
        return rebuilt { builder, value, node, operands in
            guard let state = states[value] else { return nil }
            let next = builder.copy(node, operands: operands)
            return GradientAccumulation.update(builder.copy(self[state], operands: []), to: next, builder)
        }
    }
}

/// The input that carries the learning rate.
public let learningRateName = TrainingRecipe.learningRateInput
