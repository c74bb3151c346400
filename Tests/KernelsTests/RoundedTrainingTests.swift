import Graph
import Kernels
import LoopNest
import Operators
import Passes
import Recipes
import TestSupport
import Testing

/// Training steps whose factors may be rounded: weights that change are rounded in every run.
@Suite struct RoundedTrainingTests {
    private static let targets: [Target] = [.x86AVX512BF16, .x86AMX, .aarch64NEONBF16, .x86AVX2]

    /// Convolutions of odd sizes: 3x3, strided, 1x1, between a first and a last one that are not rounded.
    private static func network() -> Graph {
        let builder = GraphBuilder(name: "rounded")
        var value = builder.input("image", .f32(2, 3, 9, 7))
        for (number, (channels, kernel, stride)) in [(32, 3, 1), (48, 3, 1), (40, 3, 2), (64, 1, 1), (24, 3, 1)].enumerated() {
            let attributes: Attributes = [
                "channels": .integer(channels), "kernel": .integer(kernel), "stride": .integer(stride), "pad": .integer(kernel / 2),
                "bias": .boolean(false),
            ]
            let input = builder.type(of: value).shape.extents![1]
            let weight = builder.parameter(
                Parameter("conv\(number).weight", .weight, .form(.heNormal)), TensorType(.f32, Shape([channels, input, kernel, kernel])))
            value = builder.apply(.convolution, [value, weight], attributes)
            let squash = ScalarFunction("squash", ["x"], .unary(.hyperbolicTangent, .argument(0)))
            value = builder.apply(.map, value, attributes: ["function": .function(squash)])
        }
        builder.output("loss", builder.apply(.mean, value, attributes: ["axes": .integers([0, 1, 2, 3])]))
        return builder.finish()
    }

    private static func context(_ target: Target, _ precision: Precision) -> PassContext {
        PassContext(mode: .training, lanes: target.lanes, precision: precision, recipe: TrainingRecipe())
    }

    private static func plan(_ target: Target, _ precision: Precision) throws -> Plan {
        Plan(try Pipeline.training.run(network(), context(target, precision)), target: target)
    }

    /// Where there are units for it, the way to the loss and the way back go over them.
    @Test(arguments: [(Target.x86AVX512BF16, "dot"), (.x86AMX, "tile"), (.aarch64NEONBF16, "dot")])
    func usesUnitsOfPairs(_ target: Target, _ unit: String) throws {
        let chosen = try Self.plan(target, .bf16).steps.compactMap { $0.choice?.chosen.algorithm }
        // Of eight that may be: a stride's gradient has several phases, and tiles do not pay for maps this small.
        #expect(chosen.count { $0 == unit } >= 4, "\(chosen)")
    }

    @Test(arguments: targets) func followsTheReference(_ target: Target) throws {
        let step = try Pipeline.training.run(Self.network(), Self.context(target, .f32), stoppingAfter: "update")
        let given = step.randomTensors(seed: 3)
        let expected = ReferenceEvaluator(mode: .training).run(step, inputs: given.inputs, parameters: given.parameters)
        var interpreter = PlanInterpreter(try Self.plan(target, .bf16))
        for (name, tensor) in given.inputs { interpreter.setInput(name, tensor.values) }
        for (name, tensor) in given.parameters { interpreter.setParameter(name, tensor.values.map(Float.init)) }
        try interpreter.run()
        for number in 0..<5 {
            // Momentum takes up the gradient.
            let name = OptimizerState.momentum.name(of: "conv\(number).weight")
            let exact = try #require(expected.updates[name]).values
            let found = interpreter.parameter(name)
            let size = exact.reduce(0) { max($0, abs($1)) }
            let off = zip(exact, found).reduce(0) { max($0, abs($1.0 - Double($1.1))) } / size
            #expect(off < 0.05, "the gradient of '\(name)' is off by \(off) for \(target)")
        }
    }
}
