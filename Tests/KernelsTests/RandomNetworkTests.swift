import Graph
import Kernels
import LoopNest
import Operators
import Passes
import Recipes
import TestSupport
import Testing

/// Whole random networks: optimized, lowered for every target and run in the interpreter, they do what the plain fp64 reference does.
@Suite struct RandomNetworkTests {
    private static let tolerance = 1e-4

    @Test(arguments: 0..<24) func predictsLikeTheReference(seed: Int) throws {
        let network = RandomNetwork.make(seed: seed, operations: 10)
        let target = Target.presets[seed % Target.presets.count]
        let graph = try Pipeline.inference.run(network, PassContext(mode: .inference, lanes: target.lanes))
        let given = network.randomTensors(seed: seed)
        let expected = ReferenceEvaluator().run(network, inputs: given.inputs, parameters: given.parameters).outputs
        #expect(!expected.isEmpty)
        let plan = try run(graph, target, given)
        for (name, tensor) in expected {
            let distance = ReferenceTensor(tensor.extents, plan.output(name)).distance(to: tensor)
            #expect(distance < Self.tolerance, "'\(name)' of \(network.name) for \(target)")
        }
    }

    /// One training step, compared with the reference of the same step before it was optimized.
    @Test(arguments: 0..<24) func trainsLikeTheReference(seed: Int) throws {
        let network = RandomNetwork.make(seed: seed, training: true, operations: 10)
        let target = Target.presets[seed % Target.presets.count]
        let recipe = TrainingRecipe(
            optimizer: Optimizer.sgd(["momentum": 0.9, "nesterov": .boolean(seed % 2 == 0), "weight_decay": 0.01]),
            clip: [nil, Clip.norm(["limit": 1]), Clip.value(["limit": 0.1])][seed % 3])
        let context = PassContext(mode: .training, lanes: target.lanes, recipe: recipe)
        let step = try Pipeline.training.run(network, context, stoppingAfter: "update")
        let given = step.randomTensors(seed: seed)
        let expected = ReferenceEvaluator(mode: .training).run(step, inputs: given.inputs, parameters: given.parameters)
        let plan = try run(try Pipeline.training.run(network, context), target, given)
        for (name, tensor) in expected.outputs {
            let distance = ReferenceTensor(tensor.extents, plan.output(name)).distance(to: tensor)
            #expect(distance < Self.tolerance, "'\(name)' of \(network.name) for \(target)")
        }
        #expect(!expected.updates.isEmpty)
        for (name, tensor) in expected.updates {
            let distance = ReferenceTensor(tensor.extents, plan.parameter(name)).distance(to: tensor)
            #expect(distance < Self.tolerance, "the next '\(name)' of \(network.name) for \(target)")
        }
    }

    private func run(_ graph: Graph, _ target: Target, _ given: GivenTensors) throws -> PlanInterpreter {
        var interpreter = PlanInterpreter(Plan(graph, target: target))
        for (name, tensor) in given.inputs { interpreter.setInput(name, tensor.values) }
        for (name, tensor) in given.parameters { interpreter.setParameter(name, tensor.values.map(Float.init)) }
        try interpreter.run()
        return interpreter
    }
}
