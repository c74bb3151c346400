import Graph
import Kernels
import LoopNest
import Machine
import Operators
import Passes
import Recipes
import Runtime
import TestSupport
import Testing

@testable import Compiler

/// What random networks compute must not depend on how far down the road they are run.
@Suite struct RandomNetworkTests {
    @Test(arguments: 0..<8) func inferenceAgrees(seed: Int) throws { try check(seed: seed, training: false) }

    @Test(arguments: 0..<8) func trainingStepAgrees(seed: Int) throws { try check(seed: 100 + seed, training: true) }

    @Test(arguments: 0..<8) func narrowInferenceAgrees(seed: Int) throws {
        let plan = try check(seed: seed, training: false, target: seed % 4 == 3 ? .x86AVX2 : .host, precision: .bf16)
        #expect(plan.buffers.contains { $0.element == .bf16 } || plan.steps.count <= 2)
    }

    /// Weights that change are rounded in every run, where the machine multiplies pairs.
    @Test(arguments: 0..<4) func narrowTrainingStepAgrees(seed: Int) throws {
        let plan = try check(seed: 200 + seed, training: true, precision: .bf16)
        #expect(plan.buffers.contains { $0.element == .bf16 })
    }

    @Test func lanesOfEightAgree() throws { try check(seed: 3, training: true, target: .x86AVX2) }

    @discardableResult
    private func check(seed: Int, training: Bool, target: Target = .host, precision: Precision = .f32) throws -> Plan {
        try expectAgreement(
            of: RandomNetwork.make(seed: seed, training: training), seed: seed, training: training, batch: 2, target: target,
            precision: precision)
    }
}

/// Tensors by name, in pieces as small as they may be.
struct GivenParameters: ParameterSource {
    let values: [String: [Float]]

    init(_ tensors: [String: ReferenceTensor]) { values = tensors.mapValues { $0.values.map(Float.init) } }

    func read(
        _ parameter: Parameter, extents: [Int], granule: Int, _ store: (UnsafeBufferPointer<Float>) -> Void
    ) throws(Never) -> Bool {
        guard let values = values[parameter.name] else { return false }
        values.withUnsafeBufferPointer { values in
            for first in stride(from: 0, to: values.count, by: max(1, granule)) {
                store(UnsafeBufferPointer(rebasing: values[first..<min(values.count, first + max(1, granule))]))
            }
        }
        return true
    }
}

/// fp64 reference of the graph as written = interpreter on the plan = machine code, and that with one thread and two, bit for bit.
///
/// - Parameter given: the values of inputs and parameters; random ones if nil.
/// - Returns: the plan.
@discardableResult
func expectAgreement(
    of graph: Graph, given: GivenTensors? = nil, seed: Int, training: Bool, batch: Int, target: Target = .host,
    precision: Precision = .f32, numerics: Numerics = .standard
) throws -> Plan {
    let given = given ?? graph.randomTensors(seed: seed)
    var network = Network(name: graph.name, origin: .graph, graph: graph, sources: .init())
    if training {
        network.training = .init(graph: graph, recipe: TrainingRecipe(optimizer: Optimizer.sgd(["momentum": 0.9])), targets: ["label"])
    }
    let compiler = Compiler(target: target, cache: nil, threads: 2, numerics: numerics, precision: precision)
    let plan = try compiler.plan(network, training: training, batch: batch)

    // The training step as passes made it before layouts and groups, in the reference evaluator.
    let step = training ? try compiler.optimize(network, training: true, stoppingAfter: "update") : graph
    var parameters = given.parameters
    for node in step.nodes {
        guard let parameter = node.parameter, parameters[parameter.name] == nil else { continue }
        parameters[parameter.name] = ReferenceTensor(node.type.shape.extents!, repeating: 0)
    }
    var inputs = given.inputs
    inputs["learning_rate"] = .scalar(0.125)
    inputs["seed"] = .scalar(7)
    let expected = ReferenceEvaluator(mode: training ? .training : .inference).run(step, inputs: inputs, parameters: parameters)

    var interpreted = PlanInterpreter(plan, interpreter: KernelInterpreter(order: .shuffled(seed: 1)))
    for (name, _) in plan.inputs { interpreted.setInput(name, inputs[name]!.values) }
    for (parameter, _) in plan.parameters { interpreted.setParameter(parameter.name, parameters[parameter.name]!.values.map(Float.init)) }
    try interpreted.run()

    let program = try compiler.compile(plan.kernels)
    var compiled: [Executable] = []
    for threads in 1...2 {
        let executable = try Executable(plan, program, pool: ThreadPool(threads: threads))
        for (name, buffer) in plan.inputs {
            let values = inputs[name]!.values
            if plan.buffers[buffer].element == .i32 {
                try executable.setInput(name, to: values.map { Int32($0) })
            } else {
                try executable.setInput(name, to: values.map(Float.init))
            }
        }
        executable.setParameters(from: GivenParameters(parameters))
        executable.run()
        compiled.append(executable)
    }

    func compare(_ what: String, _ want: [Double], _ interpreted: [Double], _ one: [Float], _ two: [Float]) {
        let scale = max(1, want.map(abs).filter(\.isFinite).max() ?? 0)
        // A maximum passes over what is no number.
        func distance(_ a: Double, _ b: Double) -> Double {
            a == b || (a.isNaN && b.isNaN) ? 0 : (a - b).isFinite ? abs(a - b) : .infinity
        }
        let fromReference = zip(want, interpreted).map(distance).max() ?? 0
        let fromInterpreter = zip(interpreted, one).map { distance($0, Double($1)) }.max() ?? 0
        // Where a sum differs by its last bit, it may be rounded to the next bf16.
        let tolerance = precision == .f32 ? (reference: 2e-4, interpreter: 1e-5) : (reference: 5e-2, interpreter: 2e-2)
        #expect(fromReference <= tolerance.reference * scale, "\(what) of \(graph.name): interpreted is off by \(fromReference)")
        #expect(fromInterpreter <= tolerance.interpreter * scale, "\(what) of \(graph.name): compiled is off by \(fromInterpreter)")
        #expect(one.map(\.bitPattern) == two.map(\.bitPattern), "\(what) of \(graph.name) depends on the number of threads")
    }
    for (name, tensor) in expected.outputs where plan.outputs.contains(where: { $0.name == name }) {
        compare(name, tensor.values, interpreted.output(name), try compiled[0].output(name), try compiled[1].output(name))
    }
    #expect(training == !expected.updates.isEmpty)
    for (name, tensor) in expected.updates {
        compare(name, tensor.values, interpreted.parameter(name), try compiled[0].parameter(name), try compiled[1].parameter(name))
    }
    return plan
}
