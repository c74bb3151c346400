import Graph
import Language
import LoopNest
import Operators
import TestSupport
import Testing

@testable import Compiler

/// Every activation and its derivative: fp64 reference = interpreter = machine code, also where `exp` overflows in fp32.
@Suite struct ActivationTests {
    private static let points = [-100, -89, -30, -6.5, -1.75, -0.5, -0.01, 0, 0.01, 0.4, 1.25, 2.75, 3.5, 7, 30, 89, 100]

    @Test(arguments: ActivationReference.all.map(\.name)) func machineCodeAgrees(name: String) throws {
        let text = "network n { input x: f32[1, \(Self.points.count)]; output y = \(name)(x) }"
        let (network, diagnostics) = Program.load(path: "n", text: text) { _ in nil }.elaborate()
        #expect(diagnostics.isEmpty)
        let written = try #require(network?.graph)
        let node = try #require(written.nodes.last)

        let builder = GraphBuilder(name: name)
        let x = builder.input("x", .f32(1, .fixed(Self.points.count)))
        let y = builder.apply(try #require(node.operation), [x], node.attributes)
        builder.output("y", y)
        let total = builder.apply(.sum, y, attributes: ["axes": .integers([0, 1])])
        builder.output("gradient", builder.gradients(of: total, withRespectTo: [x])[0])
        var given = GivenTensors()
        given.inputs["x"] = ReferenceTensor([1, Self.points.count], Self.points)
        for target in [Target.host, .x86AVX2] {
            try expectAgreement(of: builder.finish(), given: given, seed: 1, training: false, batch: 1, target: target)
        }
    }
}
