import Graph
import Operators
import Passes
import Recipes
import TestSupport
import Testing

/// `loss = mean((x * w - target)^2)` with a weight of 2x2 and a bias.
private func regression() -> Graph {
    let builder = GraphBuilder(name: "regression")
    let x = builder.input("x", .f32(3, 2))
    let target = builder.input("target", .f32(3, 2))
    let weight = builder.parameter(Parameter("fc.weight", .weight, .zeros), .f32(2, 2))
    let bias = builder.parameter(Parameter("fc.bias", .weight, .zeros), .f32(2))
    let unused = builder.parameter(Parameter("unused.weight", .weight, .zeros), .f32(2))
    let y = builder.apply(.linear, x, weight, bias, attributes: ["features": .integer(2)])
    builder.output("loss", builder.apply(.meanSquaredError, y, target))
    builder.output("y", y)
    _ = unused
    return builder.finish()
}

private func train(_ graph: Graph, _ recipe: TrainingRecipe, stoppingAfter last: String = "update") throws -> Graph {
    try Pipeline.training.run(graph, PassContext(mode: .training, lanes: 8, recipe: recipe), stoppingAfter: last)
}

@Suite struct DifferentiateTests {
    /// The gradients that the pass makes outputs against central differences of the loss.
    @Test(arguments: 0..<6) func agreesWithFiniteDifferences(seed: Int) throws {
        let network = RandomNetwork.make(seed: 100 + seed, training: true, operations: 4)
        var given = network.randomTensors(seed: seed)
        let graph = try train(network, TrainingRecipe(), stoppingAfter: "differentiate")
        let gradients = ReferenceEvaluator().run(graph, inputs: given.inputs, parameters: given.parameters).outputs
        let plain = network.decomposed(mode: .training)
        var random = SplitMix(seed: seed)
        let users = network.users()
        for (value, node) in zip(network.values, network.nodes) {
            // Branches that lead nowhere leave parameters behind that nothing reads.
            guard let parameter = node.parameter, parameter.role == .weight, !users[value.index].isEmpty else { continue }
            let gradient = try #require(gradients[parameter.name + ".gradient"])
            let index = Int.random(in: 0..<gradient.values.count, using: &random)
            let original = given.parameters[parameter.name]!.values[index]
            func loss(_ offset: Double) -> Double {
                given.parameters[parameter.name]!.values[index] = original + offset
                defer { given.parameters[parameter.name]!.values[index] = original }
                return ReferenceEvaluator().run(plain, inputs: given.inputs, parameters: given.parameters).outputs["loss"]!.values[0]
            }
            // Two widths: where they disagree, a kink lies between.
            let (wide, narrow) = ((loss(2e-5) - loss(-2e-5)) / 4e-5, (loss(1e-5) - loss(-1e-5)) / 2e-5)
            guard abs(wide - narrow) < 1e-5 * max(1, abs(narrow)) else { continue }
            #expect(abs(gradient.values[index] - narrow) < 1e-4 * max(1, abs(narrow)), "\(parameter.name)[\(index)] of \(network.name)")
        }
    }

    @Test(arguments: [0.01, 1e6]) func clipsTheCommonNorm(limit: Double) throws {
        let graph = regression()
        let given = graph.randomTensors(seed: 4)
        func gradients(_ clip: Chosen<Clip>?) throws -> [String: ReferenceTensor] {
            let graph = try train(graph, TrainingRecipe(clip: clip), stoppingAfter: "differentiate")
            return ReferenceEvaluator().run(graph, inputs: given.inputs, parameters: given.parameters).outputs.filter {
                $0.key.hasSuffix("gradient")
            }
        }
        let (plain, clipped) = (try gradients(nil), try gradients(Clip.norm(["limit": .number(limit)])))
        let norm = plain.values.flatMap(\.values).map { $0 * $0 }.reduce(0, +).squareRoot()
        let factor = min(1, limit / (norm + 1e-6))
        #expect(plain.count == 2 && clipped.count == 2)
        for (name, tensor) in plain {
            for (before, after) in zip(tensor.values, clipped[name]!.values) { #expect(abs(before * factor - after) < 1e-12) }
        }
    }

    @Test func clipsValues() throws {
        let graph = regression()
        let given = graph.randomTensors(seed: 4)
        let clipped = ReferenceEvaluator().run(
            try train(graph, TrainingRecipe(clip: Clip.value(["limit": 0.125])), stoppingAfter: "differentiate"), inputs: given.inputs,
            parameters: given.parameters
        ).outputs["fc.weight.gradient"]!.values
        let plain = ReferenceEvaluator().run(
            try train(graph, TrainingRecipe(), stoppingAfter: "differentiate"), inputs: given.inputs, parameters: given.parameters
        ).outputs["fc.weight.gradient"]!.values
        #expect(clipped == plain.map { min(max($0, -0.125), 0.125) })
    }

    @Test func saysWhyItCannot() throws {
        func check(_ graph: Graph, _ recipe: TrainingRecipe?, _ expected: String, sourceLocation: SourceLocation = #_sourceLocation) {
            let error = #expect(throws: PassError.self, sourceLocation: sourceLocation) {
                _ = try Pipeline.training.run(graph, PassContext(mode: .training, lanes: 8, recipe: recipe))
            }
            #expect(error?.description == expected, sourceLocation: sourceLocation)
        }
        check(regression(), nil, "there is no recipe to train by; add a 'training of' definition")
        check(
            regression(), TrainingRecipe(lossOutput: "cost"),
            "'regression' has no output 'cost' to minimize; name the loss so; the outputs are 'loss', 'y'")
        check(
            regression(), TrainingRecipe(lossOutput: "y"),
            "the loss 'y' is f32[3, 2], but must be one number, f32[]; average it over the batch")
        check(
            regression(), TrainingRecipe(optimizer: Optimizer.sgd(["momentum": 0, "nesterov": true])),
            "nesterov needs a momentum above 0; write momentum: 0.9")
        func renamed(_ name: String) throws -> Graph {
            var graph = regression()
            graph[try #require(graph.values.first { graph[$0].parameter?.name == "unused.weight" })].kind =
                .parameter(Parameter(name, .weight, .zeros))
            return graph
        }
        check(
            try renamed("learning_rate"), TrainingRecipe(),
            "the optimizer needs the name 'learning_rate', but the network has it already; rename it")
        check(
            try renamed("fc.bias.momentum"), TrainingRecipe(),
            "the optimizer needs the name 'fc.bias.momentum', but the network has it already; rename it")
        check(
            try renamed("optimizer.first_correction"), TrainingRecipe(optimizer: Optimizer.adam()),
            "the optimizer needs the name 'optimizer.first_correction', but the network has it already; rename it")
        check(
            regression(), TrainingRecipe(optimizer: Optimizer.sgd(["momentum": 0.9, "dampening": 0.1, "nesterov": true])),
            "nesterov momentum cannot be dampened; leave out dampening or nesterov")
        var other = regression()
        other.outputs[1].name = "fc.bias.gradient"
        check(other, TrainingRecipe(), "no output may be called 'fc.bias.gradient'; rename it")
        other = regression()
        let bias = try #require(other.values.first { other[$0].parameter?.name == "fc.bias" })
        other.updates.append(.init(state: bias, value: bias))
        check(
            other, TrainingRecipe(),
            "'fc.bias' is a weight, but the network updates it itself; use a parameter of its own for each")
        let builder = GraphBuilder(name: "seeded")
        builder.output("y", builder.apply(.dropout, builder.input("seed", .f32(2, 3)), attributes: ["rate": .number(0.5)]))
        check(
            builder.finish(), TrainingRecipe(),
            "random numbers need the name 'seed', but the network has it already; rename it")
    }
}

@Suite struct UpdateTests {
    /// Three steps of `torch.optim.SGD`, followed by hand.
    @Test(arguments: [(0.0, false, 0.0), (0.0, false, 0.01), (0.9, false, 0.01), (0.9, true, 0.01), (0.5, true, 0)], [true, false])
    func followsTheFormula(optimizer: (momentum: Double, nesterov: Bool, decay: Double), decaysVectors: Bool) throws {
        let network = regression()
        var given = network.randomTensors(seed: 8)
        let recipe = TrainingRecipe(
            optimizer: Optimizer.sgd([
                "momentum": .number(optimizer.momentum), "nesterov": .boolean(optimizer.nesterov), "weight_decay": .number(optimizer.decay),
                "decay_vectors": .boolean(decaysVectors),
            ]))
        let step = try train(network, recipe)
        let differentiated = try train(network, recipe, stoppingAfter: "differentiate")
        for node in step.nodes {
            guard let parameter = node.parameter, given.parameters[parameter.name] == nil else { continue }
            #expect(parameter.role == .state && parameter.initializer == .zeros)
            given.parameters[parameter.name] = ReferenceTensor(node.type.shape.extents!, repeating: 0)
        }
        var buffers: [String: [Double]] = [:]
        for rate in [0.1, 0.2, 0.05] {
            given.inputs["learning_rate"] = .scalar(rate)
            let gradients = ReferenceEvaluator().run(differentiated, inputs: given.inputs, parameters: given.parameters).outputs
            let updates = ReferenceEvaluator().run(step, inputs: given.inputs, parameters: given.parameters).updates
            for name in ["fc.weight", "fc.bias"] {
                let weights = given.parameters[name]!
                let decay = decaysVectors || weights.extents.count > 1 ? optimizer.decay : 0
                let gradient = zip(gradients[name + ".gradient"]!.values, weights.values).map { $0 + decay * $1 }
                let buffer = zip(gradient, buffers[name] ?? gradient.map { _ in 0 }).map { optimizer.momentum * $1 + $0 }
                buffers[name] = buffer
                let direction = optimizer.nesterov ? zip(gradient, buffer).map { $0 + optimizer.momentum * $1 } : buffer
                let expected = zip(weights.values, direction).map { $0 - rate * $1 }
                let observed = try #require(updates[name]).values
                for (a, b) in zip(observed, expected) { #expect(abs(a - b) < 1e-12, "\(name) at rate \(rate)") }
            }
            #expect(updates["unused.weight"] == nil, "a weight without a gradient is left alone")
            #expect(updates.count == (optimizer.momentum == 0 ? 2 : 4))
            for (name, tensor) in updates { given.parameters[name] = tensor }
        }
    }

    @Test func keepsTheInterface() throws {
        let step = try train(regression(), TrainingRecipe())
        #expect(step.outputs.map(\.name) == ["loss", "y"])
        #expect(step.nodes.compactMap(\.inputName) == ["x", "target", "learning_rate"])
        #expect(
            step.nodes.compactMap { $0.parameter?.name } == [
                "fc.weight", "fc.bias", "unused.weight", "fc.weight.momentum", "fc.bias.momentum",
            ])
    }

    /// Every state has zeros or ones at first, a name that says whose it is, and an update.
    @Test(arguments: [
        (Optimizer.sgd(), [String]()),
        (Optimizer.sgd(["momentum": 0.9, "dampening": 0.1]), ["momentum", "gradient_gain"]),
        (Optimizer.adam(), ["first_moment", "second_moment", "first_correction", "second_correction"]),
        (Optimizer.rmsprop(), ["mean_square"]),
        (Optimizer.rmsprop(["momentum": 0.9, "centered": true, "tensorflow": true]), ["mean_square", "mean_gradient", "momentum"]),
    ])
    func namesItsStates(optimizer: Chosen<Optimizer>, states: [String]) throws {
        let step = try train(regression(), TrainingRecipe(optimizer: optimizer))
        let kept = step.nodes.compactMap(\.parameter).filter { $0.role == .state }
        #expect(Set(kept.map { $0.name.split(separator: ".").last.map(String.init) }) == Set(states))
        for parameter in kept {
            #expect(OptimizerState.isName(parameter.name) && [.zeros, .ones].contains(parameter.initializer))
            #expect(step.updates.contains { step[$0.state].parameter?.name == parameter.name })
        }
        #expect(["weight", "fc.weight", "momentum", "fc.momentum.weight"].allSatisfy { !OptimizerState.isName($0) })
    }
}
