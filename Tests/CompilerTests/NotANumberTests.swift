import Graph
import Language
import LoopNest
import Operators
import TestSupport
import Testing

@testable import Compiler

/// What is no number stays none on its way through whatever chooses between numbers, as in PyTorch: forward and backward, in the fp64
/// reference, the interpreter and machine code. Values and gradients are PyTorch's in fp64.
@Suite struct NotANumberTests {
    private static let points = [Double.nan, -.infinity, .infinity, -1.5, 0, 7, -.nan]

    /// The function of one tensor, and what it and its derivative are at NaN, -infinity, infinity and -1.5. (`hard_sigmoid` lets the gradient
    /// pass at NaN, where PyTorch's gives 0.)
    private static let functions: [(expression: String, values: [Double], derivatives: [Double])] = [
        ("relu(x)", [.nan, 0, .infinity, 0], [1, 0, 1, 0]),
        ("relu6(x)", [.nan, 0, 6, 0], [1, 0, 0, 0]),
        ("hard_sigmoid(x)", [.nan, 0, 1, 0.25], [1.0 / 6, 0, 0, 1.0 / 6]),
        ("hard_tanh(x)", [.nan, -1, 1, -1], [1, 0, 0, 0]),
        ("threshold(x)", [.nan, 0, .infinity, 0], [1, 0, 1, 0]),
        ("threshold(x, at: -2)", [.nan, 0, .infinity, -1.5], [1, 0, 1, 1]),
        ("leaky_relu(x)", [.nan, -.infinity, .infinity, -0.015], [0.01, 0.01, 1, 0.01]),
        ("maximum(x, 0)", [.nan, 0, .infinity, 0], [1, 0, 1, 0]),
        ("maximum(0, x)", [.nan, 0, .infinity, 0], [1, 0, 1, 0]),
        ("minimum(x, 0)", [.nan, -.infinity, 0, -1.5], [1, 1, 0, 1]),
        ("minimum(0, x)", [.nan, -.infinity, 0, -1.5], [1, 1, 0, 1]),
    ]

    private func graph(_ expression: String, _ shape: [Int]) throws -> Graph {
        let text = "network n { input x: f32\(shape); output y = \(expression) }"
        let (network, diagnostics) = Program.load(path: "n", text: text) { _ in nil }.elaborate()
        #expect(diagnostics.isEmpty)
        return differentiated(try #require(network?.graph))
    }

    /// `graph` with the gradient of its output with respect to `x`; a tensor is summed with the weights of an input `weight`.
    private func differentiated(_ graph: Graph) -> Graph {
        let graph = graph.decomposed(mode: .training)
        let builder = GraphBuilder(name: graph.name)
        var copies: [Value] = []
        for node in graph.nodes { copies.append(builder.copy(node, operands: node.operands.map { copies[$0.index] })) }
        let y = copies[graph.outputs[0].value.index]
        builder.output("y", y)
        let axes = Array(0..<builder.type(of: y).rank)
        let total =
            axes.isEmpty
            ? y
            : builder.apply(
                .sum, builder.apply(.multiply, y, builder.input("weight", builder.type(of: y))), attributes: ["axes": .integers(axes)])
        builder.output("gradient", builder.gradients(of: total, withRespectTo: [copies[0]])[0])
        return builder.finish()
    }

    /// Runs `expression` on `x` and compares everything with everything.
    private func check(_ expression: String, _ shape: [Int], _ x: [Double], values: [Double], gradient: [Double]) throws {
        let graph = try graph(expression, shape)
        let weight = try #require(graph.nodes.first { $0.inputName == "weight" }).type.shape.extents!
        var given = GivenTensors()
        given.inputs["x"] = ReferenceTensor(shape, x)
        given.inputs["weight"] = ReferenceTensor(weight, (0..<weight.reduce(1, *)).map { Double($0 + 1) })
        let outputs = ReferenceEvaluator().run(graph, inputs: given.inputs).outputs
        func agree(_ name: String, _ expected: [Double]) {
            for (index, (a, b)) in zip(outputs[name]!.values, expected).enumerated() {
                #expect(a == b || abs(a - b) < 1e-12 || (a.isNaN && b.isNaN), "\(name)[\(index)] of \(expression): \(a), not \(b)")
            }
        }
        agree("y", values)
        agree("gradient", gradient)
        for target in [Target.host, .x86AVX2, .x86AVX512] where target == .host || target.lanes <= Target.host.lanes {
            try expectAgreement(of: graph, given: given, seed: 1, training: false, batch: 1, target: target)
        }
    }

    @Test(arguments: functions.map(\.expression)) func passesThroughFunctions(expression: String) throws {
        let known = try #require(Self.functions.first { $0.expression == expression })
        let weighted = known.derivatives.enumerated().map { $1 * Double($0 + 1) }
        try check(expression, [1, Self.points.count], Self.points, values: known.values, gradient: weighted)
    }

    private static let image: [Double] = [
        1, .nan, 3, 4, 5, 6, .nan, 8, -.infinity, -.infinity, 9, 1, -.infinity, -.infinity, 2, 9,
    ]

    /// Of several NaNs in a window the last gets the gradient, and the first element of a window of minus infinities.
    @Test func passesThroughPooling() throws {
        try check(
            "x |> max_pool(2)", [1, 1, 4, 4], Self.image, values: [.nan, .nan, -.infinity, 9],
            gradient: [0, 1, 0, 0, 0, 0, 2, 0, 3, 0, 4, 0, 0, 0, 0, 0])
        try check(
            "x |> max_pool(3, stride: 2, pad: 1)", [1, 1, 4, 4], Self.image, values: [.nan, .nan, 6, .nan],
            gradient: [0, 1, 0, 0, 0, 3, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0])
        try check(
            "x |> max_pool(3, stride: 2, pad: 1)", [1, 1, 4, 4], [Double](repeating: -.infinity, count: 16),
            values: [Double](repeating: -.infinity, count: 4), gradient: [1, 2, 0, 0, 3, 4] + [Double](repeating: 0, count: 10))
        try check(
            "x |> global_max_pool", [1, 1, 4, 4], Self.image, values: [.nan], gradient: [Double](repeating: .nan, count: 16))
        try check(
            "x |> max(axes: [2, 3])", [1, 1, 2, 2], [1, 7, .infinity, 2], values: [.infinity], gradient: [0, 0, 1, 0])
    }

    /// As before, in every lane and at every place of a vector: 20 channels, and planes that fill several vectors.
    @Test func passesThroughPoolingOfManyChannels() throws {
        for (expression, extents) in [
            ("x |> max_pool(3, stride: 2, pad: 1)", [2, 20, 9, 8]), ("x |> max_pool(2)", [1, 20, 6, 6]),
            ("x |> global_max_pool", [1, 20, 9, 9]), ("x |> max(axes: [1])", [6, 50]), ("x |> softmax", [6, 20]),
        ] {
            let graph = try graph(expression, extents)
            var given = graph.randomTensors(seed: 3)
            let x = try #require(given.inputs["x"])
            given.inputs["x"] = ReferenceTensor(extents, x.values.enumerated().map { $0 % 97 == 13 ? .nan : $1 })
            let y = try #require(ReferenceEvaluator().run(graph, inputs: given.inputs).outputs["y"])
            #expect(y.values.contains { $0.isNaN } && y.values.contains { !$0.isNaN })
            for target in [Target.host, .x86AVX2] {
                try expectAgreement(of: graph, given: given, seed: 1, training: false, batch: 1, target: target)
            }
        }
    }

    /// Scores of classes that are ruled out: minus infinity, or so far off that f32 does not hold the difference.
    @Test func crossEntropyBearsImpossibleClasses() throws {
        func check(_ scores: [Double], _ label: Double, smoothing: Double = 0, loss: Double, gradient: [Double]) throws {
            let builder = GraphBuilder(name: "loss")
            let logits = builder.input("x", .f32(1, .fixed(scores.count)))
            let result = builder.apply(
                .crossEntropy, logits, builder.input("label", TensorType(.i32, [1])), attributes: ["smoothing": .number(smoothing)])
            builder.output("y", result)
            let graph = differentiated(builder.finish())
            var given = GivenTensors()
            given.inputs = ["x": ReferenceTensor([1, scores.count], scores), "label": ReferenceTensor([1], [label])]
            let outputs = ReferenceEvaluator().run(graph, inputs: given.inputs).outputs
            let observed = try #require(outputs["y"]).values + (try #require(outputs["gradient"])).values
            for (a, b) in zip(observed, [loss] + gradient) { #expect(a == b || abs(a - b) < 1e-12, "\(scores), \(label): \(observed)") }
            for target in [Target.host, .x86AVX2] {
                try expectAgreement(of: graph, given: given, seed: 1, training: false, batch: 1, target: target)
            }
        }
        let softmax = [0, 0.09003057317038043, 0.24472847105479764, 0.6652409557748219]
        try check(
            [-.infinity, 0, 1, 2], 3, loss: 0.4076059644443804, gradient: [0, softmax[1], softmax[2], softmax[3] - 1])
        try check(
            [-.infinity, 0, 1, 2], 3, smoothing: 0.1, loss: .infinity,
            gradient: [-0.025, 0.06503057317038044, 0.21972847105479765, -0.25975904422517826])
        try check([-.infinity, 0, 1, 2], 0, loss: .infinity, gradient: [-1, softmax[1], softmax[2], softmax[3]])
        try check([3e38, -3e38, 1, 2], 0, loss: 0, gradient: [0, 0, 0, 0])
    }
}
