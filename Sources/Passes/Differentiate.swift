import Graph
import Operators
import Recipes

extension Pass {
    /// Adds an output `<weight>.gradient` for every weight that the loss depends on, clipped if the recipe says so.
    public static let differentiate = Pass("differentiate", "Adds the gradients of the loss with respect to all weights.") {
        graph, context throws(PassError) in
        let recipe = try context.requiredRecipe()
        guard let loss = graph.outputs.first(where: { $0.name == recipe.lossOutput }) else {
            let known = graph.outputs.map { "'\($0.name)'" }.joined(separator: ", ")
            throw PassError(
                "'\(graph.name)' has no output '\(recipe.lossOutput)' to minimize",
                repair: "name the loss so; the outputs are \(known.isEmpty ? "none" : known)")
        }
        guard graph[loss.value].type == .f32() else {
            throw PassError(
                "the loss '\(loss.name)' is \(graph[loss.value].type), but must be one number, f32[]", repair: "average it over the batch",
                at: graph[loss.value].span)
        }
        return try graph.extended { builder, copies throws(PassError) in
            let reached = graph.ancestors(of: loss.value)
            // As in PyTorch, a weight without a gradient is left alone, not decayed.
            let weights = graph.parameters(.weight).filter { reached[$0.index] }
            guard !weights.isEmpty else {
                throw PassError(
                    "the loss '\(loss.name)' does not depend on any weight", repair: "compute it from the network's output",
                    at: graph[loss.value].span)
            }
            try graph.requireGradients(behind: weights, reached)
            for weight in weights {
                let name = gradientName(graph[weight].parameter!)
                guard let output = graph.outputs.first(where: { $0.name == name }) else { continue }
                throw PassError("no output may be called '\(name)'", repair: "rename it", at: graph[output.value].span)
            }
            let gradients = builder.gradients(of: copies[loss.value.index], withRespectTo: weights.map { copies[$0.index] })
            let bounded = recipe.clip.map { $0.form.apply($0.values, to: gradients, builder) } ?? gradients
            for (weight, gradient) in zip(weights, bounded) {
                builder.output(gradientName(graph[weight].parameter!), gradient)
            }
        }
    }
}

extension Graph {
    /// Refuses a C function without a gradient between the weights and the loss: what is before it would not be trained.
    fileprivate func requireGradients(behind weights: [Value], _ reached: [Bool]) throws(PassError) {
        var depends = [Bool](repeating: false, count: nodes.count)
        for weight in weights { depends[weight.index] = true }
        for value in values where self[value].operands.contains(where: { depends[$0.index] }) {
            depends[value.index] = true
            guard reached[value.index], case .foreign(let call)? = lowering(of: value), call.gradient == nil else { continue }
            throw PassError(
                "the C function '\(call.function)' has no gradient, and what comes before it is trained",
                repair: "name the function that computes it behind the other: `, gradient \(call.function)_gradient`", at: self[value].span)
        }
    }
}

/// The output that carries a weight's gradient from `differentiate` to `update`.
func gradientName(_ parameter: Parameter) -> String { parameter.name + ".gradient" }

extension PassContext {
    /// The recipe, which the training pipeline cannot do without.
    func requiredRecipe() throws(PassError) -> TrainingRecipe {
        guard let recipe else { throw PassError("there is no recipe to train by", repair: "add a 'training of' definition") }
        return recipe
    }
}
