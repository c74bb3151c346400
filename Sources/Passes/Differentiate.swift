import Graph
import Operators
import Recipes

extension Pass {
    /// Adds an output `<weight>.gradient` for every weight that the loss depends on and that is not frozen, averaged over several batches
    /// and clipped if the recipe says so.
    /// What only gradients of frozen weights would need is never computed.
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
            let reachedWeights = graph.parameters(.weight).filter { reached[$0.index] }
            guard !reachedWeights.isEmpty else {
                throw PassError(
                    "the loss '\(loss.name)' does not depend on any weight", repair: "compute it from the network's output",
                    at: graph[loss.value].span)
            }
            let weights = reachedWeights.filter { !recipe.isFrozen(graph[$0].parameter!.name) }
            guard !weights.isEmpty else {
                throw PassError(
                    "all weights that the loss '\(loss.name)' depends on are frozen", repair: "leave some to be trained",
                    at: graph[loss.value].span)
            }
            if let missing = graph.missingGradient(before: loss.value) {
                throw PassError(missing.message, repair: missing.repair, at: graph[missing.value].span)
            }
            for weight in weights {
                let name = gradientName(graph[weight].parameter!)
                guard let output = graph.outputs.first(where: { $0.name == name }) else { continue }
                throw PassError("no output may be called '\(name)'", repair: "rename it", at: graph[output.value].span)
            }
            let gradients = builder.gradients(of: copies[loss.value.index], withRespectTo: weights.map { copies[$0.index] })
            var averaged = gradients
            if recipe.accumulation > 1 {
                try graph.requireFree(GradientAccumulation.names(of: weights.map { graph[$0].parameter!.name }))
                averaged = zip(weights, gradients).map { weight, gradient in
                    builder.derive(from: builder.graph[copies[weight.index]])
                    return GradientAccumulation.average(gradient, of: graph[weight].parameter!.name, builder)
                }
            }
            let bounded = recipe.clip.map { $0.form.apply($0.values, to: averaged, builder) } ?? averaged
            for (weight, gradient) in zip(weights, bounded) {
                builder.output(gradientName(graph[weight].parameter!), gradient)
            }
        }
    }
}

/// The output that carries a weight's gradient from `differentiate` to `update`.
func gradientName(_ parameter: Parameter) -> String { parameter.name + ".gradient" }

extension Graph {
    /// Throws where an input or a parameter has one of the names that a training needs for what it is given or keeps.
    func requireFree(_ names: [String]) throws(PassError) {
        let places = Dictionary(nodes.compactMap { node in (node.inputName ?? node.parameter?.name).map { ($0, node.span) } }) {
            first, _ in first
        }
        for name in names {
            guard let span = places[name] else { continue }
            throw PassError("the optimizer needs the name '\(name)', but the network has it already", repair: "rename it", at: span)
        }
    }
}

extension PassContext {
    /// The recipe, which the training pipeline cannot do without.
    func requiredRecipe() throws(PassError) -> TrainingRecipe {
        guard let recipe else { throw PassError("there is no recipe to train by", repair: "add a 'training of' definition") }
        return recipe
    }
}
