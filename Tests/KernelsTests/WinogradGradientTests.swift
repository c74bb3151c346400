import Graph
import Operators
import Testing

@testable import Kernels
@testable import LoopNest

/// Minimal filtering of the gradients of weights: its kernels, its errors, and when it is chosen.
@Suite struct WinogradGradientTests {
    private static func variants(_ example: WeightGradientCase, _ target: Target) throws -> [WinogradGradientVariant] {
        let group = Group.all(of: GraphFacts(example.graph(lanes: target.lanes).graph))[0]
        let problem = try #require(ContractionProblem(group, target: target, numerics: .standard))
        return WinogradGradientVariant.all(of: problem)
    }

    static let cases = [
        WeightGradientCase(channels: (16, 16), extents: [8, 8], taps: [3, 3], padding: [1, 1]),
        WeightGradientCase(images: 3, channels: (20, 40), extents: [7, 9], taps: [3, 3], padding: [1, 1], isComputed: true),
        WeightGradientCase(images: 2, channels: (17, 33), extents: [6, 5], taps: [3, 3], padding: [0, 0]),
        WeightGradientCase(channels: (16, 16), extents: [3, 4], taps: [3, 3], padding: [2, 2], isComputed: true),
        // More tiles than are taken at a time, and the last group not whole.
        WeightGradientCase(images: 3, channels: (16, 24), extents: [23, 21], taps: [3, 3], padding: [1, 1]),
        WeightGradientCase(images: 2, channels: (33, 16), extents: [9, 11], taps: [5, 5], padding: [2, 2], isComputed: true),
        // More blocks than a task takes, on vectors of 4.
        WeightGradientCase(channels: (136, 48), extents: [4, 4], taps: [3, 3], padding: [1, 1]),
    ]

    /// Every form, in the interpreter, which checks all bounds, beside fp64.
    @Test(arguments: cases, [16, 8, 4]) func kernelsComputeTheGradient(_ example: WeightGradientCase, lanes: Int) throws {
        let (graph, inputs) = example.graph(lanes: lanes)
        let variants = try Self.variants(example, .preset(lanes: lanes))
        #expect(variants.count == (example.taps == [3, 3] ? 2 : 1))
        for variant in variants {
            let lowered = variant.lower(nil, AlgorithmChoice(.init(variant.title)))
            for call in lowered.calls { try call.kernel.verify() }
            let harness = LoweringHarness(graph: graph, target: .preset(lanes: lanes), lower: { _, _ in lowered })
            try harness.check(inputs, variant.title)
        }
    }

    /// Nothing else is taken: strides, gaps, operands that do not lie in blocks.
    @Test(arguments: [["stride": 2], ["dilation": 2]] as [[String: Int]]) func othersAreLeft(_ attributes: [String: Int]) throws {
        let sketch = FusedGroupTests.Sketch()
        let (x, dy) = (
            sketch.input("x", [1, 16, 9, 9]),
            sketch.input("dy", [1, 16, attributes["stride"] == nil ? 7 : 5, attributes["stride"] == nil ? 7 : 5])
        )
        var values: Attributes = ["pad": .integer(1), "kernel": .integer(3)]
        for (name, value) in attributes { values[name] = .integer(value) }
        let gradient = sketch.builder.apply(OperatorCatalog.standard["conv_backward_weights"]!, [x, dy], values)
        sketch.groups = [[gradient]]
        let graph = sketch.graph(outputs: [gradient]) { value, rank in
            value == gradient
                ? Layout([.init(axis: 1, size: 16), .init(axis: 0, size: 16)]) : .channels(rank: rank, lanes: 16)
        }
        let problem = try #require(
            ContractionProblem(Group.all(of: GraphFacts(graph))[0], target: .x86AVX512, numerics: .standard))
        #expect(WinogradGradientVariant.all(of: problem).isEmpty)
        #expect(ContractionSelection(problem).choose()?.variant.name == "reduction split")
    }

    /// Errors of random numbers stay within what is stated, which real layers need more of, however many tiles are added up.
    @Test(arguments: [[3, 3], [5, 5]], [12, 48]) func errorsAreAsStated(taps: [Int], size: Int) throws {
        let example = WeightGradientCase(channels: (16, 16), extents: [size, size], taps: taps, padding: taps.map { $0 / 2 })
        var (graph, inputs) = example.graph(lanes: 16)
        inputs["x"] = ReferenceTensor(inputs["x"]!.extents, inputs["x"]!.values.map { max($0, 0) })
        inputs["w"] = ReferenceTensor(inputs["w"]!.extents, inputs["w"]!.values.map { _ in 0 })
        let result = try #require(Group.all(of: GraphFacts(graph))[0].results.first)
        let expected = ReferenceEvaluator().values(of: graph, inputs: inputs)[result.index]
        let wanted = graph.layout(result).stored(expected)
        for variant in try Self.variants(example, .x86AVX512) {
            let lowered = variant.lower(nil, AlgorithmChoice(.init(variant.title)))
            let found = try WinogradBitsTests.run(lowered, variant.problem.group, inputs)
            func rootMeanSquare(_ numbers: [Double]) -> Double { (numbers.reduce(0) { $0 + $1 * $1 } / Double(numbers.count)).squareRoot() }
            let error =
                rootMeanSquare(zip(found, wanted).map { Double($0) - Double($1) }) / rootMeanSquare(wanted.map(Double.init))
            let stated = try #require(variant.exactness.error)
            #expect(error <= stated && error >= stated / 8, "\(variant.title), \(size): \(error), stated \(stated)")
        }
    }

    @Test func choosesByShape() throws {
        func name(_ channels: Int, _ size: Int, images: Int, taps: Int = 3, _ numerics: Numerics = .standard) throws -> String? {
            let example = WeightGradientCase(
                images: images, channels: (channels, channels), extents: [size, size], taps: [taps, taps], padding: [taps / 2, taps / 2])
            let group = Group.all(of: GraphFacts(example.graph(lanes: 16).graph))[0]
            let problem = try #require(ContractionProblem(group, target: .x86AVX512, numerics: numerics))
            return ContractionSelection(problem).choose()?.variant.name
        }
        for (channels, size) in [(64, 56), (128, 28), (256, 14), (512, 7)] {
            #expect(try name(channels, size, images: 16) == "gradient F(3x3, 4x4)", "\(channels) channels, \(size)")
        }
        #expect(try name(64, 28, images: 16, taps: 5) == "gradient F(5x5, 2x2)")
        #expect(try name(64, 56, images: 16, .strict) == "reduction split")
        #expect(try name(64, 56, images: 16, .tolerance(7e-7)) == "gradient F(3x3, 2x2)")
        #expect(try name(512, 7, images: 1) == "reduction split")
    }
}
