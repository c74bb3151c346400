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

/// What a network's depth leaves of the default tolerance.
@Suite struct ResolvedNumericsTests {
    private func facts(depth: Int) -> GraphFacts {
        let builder = GraphBuilder(name: "deep")
        var value = builder.input("x", TensorType(.f32, Shape([1, 16, 4, 4])))
        let weight = builder.input("w", TensorType(.f32, Shape([16, 16, 3, 3])))
        for _ in 0..<depth {
            value = builder.apply(
                .convolution, [value, weight],
                ["channels": .integer(16), "kernel": .integers([3, 3]), "pad": .integers([1, 1]), "bias": .boolean(false)])
        }
        builder.output("y", value)
        return GraphFacts(builder.finish())
    }

    @Test func deepNetworksAllowLess() {
        #expect(facts(depth: 7).contractionDepth == 7)
        #expect(Numerics.standard.resolved(for: facts(depth: 50)) == .standard)
        #expect(Numerics.standard.resolved(for: facts(depth: 70)).largestError < 1.5e-6)
        // F(2x2, 3x3) is always allowed; F(4x4, 3x3) not in a network of a hundred layers.
        let deepest = Numerics.standard.resolved(for: facts(depth: 300)).largestError
        #expect(deepest >= WinogradForm(outputs: [2, 2], taps: [3, 3]).error! && deepest < 1e-6)
        #expect(Numerics.tolerance(5e-6).resolved(for: facts(depth: 300)) == .tolerance(5e-6))
        #expect(Numerics.strict.resolved(for: facts(depth: 300)) == .strict)
    }
}
