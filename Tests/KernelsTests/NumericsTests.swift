import Graph
import Operators
import Passes
import TestSupport
import Testing

@testable import Kernels
@testable import LoopNest

/// Sums whose rounding errors are carried along.
@Suite struct NumericsTests {
    /// Inputs far from zero, so that sums are large before they nearly cancel: 576 products an element.
    private static func convolution() -> Graph {
        let builder = GraphBuilder(name: "cancelling")
        let image = builder.input("image", .f32(2, 64, 5, 6))
        let weight = builder.parameter(Parameter("conv.weight", .weight, .form(.heNormal)), .f32(24, 64, 3, 3))
        let attributes: Attributes = ["channels": .integer(24), "kernel": .integer(3), "pad": .integer(1), "bias": .boolean(false)]
        builder.output("result", builder.apply(.convolution, [image, weight], attributes))
        return builder.finish()
    }

    private static func error(_ numerics: Numerics, _ target: Target) throws -> Double {
        let network = convolution()
        var given = network.randomTensors(seed: 5)
        given.inputs["image"]!.values = given.inputs["image"]!.values.map { Double(Float(100 + $0)) }
        for name in given.parameters.keys { given.parameters[name]!.values = given.parameters[name]!.values.map { Double(Float($0)) } }
        let expected = ReferenceEvaluator().run(network, inputs: given.inputs, parameters: given.parameters).outputs["result"]!
        let graph = try Pipeline.inference.run(network, PassContext(mode: .inference, lanes: target.lanes))
        var interpreter = PlanInterpreter(Plan(graph, target: target, numerics: numerics))
        interpreter.setInput("image", given.inputs["image"]!.values)
        for (name, tensor) in given.parameters { interpreter.setParameter(name, tensor.values.map(Float.init)) }
        try interpreter.run()
        return zip(interpreter.output("result"), expected.values).reduce(0) { max($0, abs($1.0 - $1.1) / max(1, abs($1.1))) }
    }

    @Test(arguments: Target.presets) func strictSumsAreRoundedOnce(_ target: Target) throws {
        let (standard, strict) = (try Self.error(.standard, target), try Self.error(.strict, target))
        // Half a unit in the last place, and a little for the final sum.
        #expect(strict < 0x1p-24 * 1.01, "\(strict)")
        #expect(standard > 20 * strict, "\(standard) beside \(strict)")
    }
}
