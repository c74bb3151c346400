import Graph
import LoopNest
import TestSupport
import Testing

@testable import Kernels
@testable import Operators

/// Gradients of weights on tiles: the kernels for all ways in which work can be cut, and when they are taken.
@Suite struct TileGradientTests {
    static let cases = [
        WeightGradientCase(channels: (32, 32), extents: [8, 8], taps: [3, 3], padding: [1, 1]),
        WeightGradientCase(images: 3, channels: (20, 40), extents: [7, 9], taps: [3, 3], padding: [1, 1], isComputed: true),
        WeightGradientCase(images: 2, channels: (17, 33), extents: [6, 5], taps: [3, 3], padding: [0, 0]),
        WeightGradientCase(images: 6, channels: (64, 48), extents: [7, 7], taps: [1, 1], padding: [0, 0], isComputed: true),
        WeightGradientCase(images: 4, channels: (80, 16), extents: [12, 31], taps: [1, 3], padding: [0, 1]),
        WeightGradientCase(channels: (16, 48), extents: [3, 4], taps: [3, 3], padding: [2, 2]),
        // Phases: two of taps in both directions, one of a single tap, and a stride that leaves rows and columns out.
        WeightGradientCase(
            images: 2, channels: (33, 32), extents: [13, 11], taps: [3, 3], padding: [1, 1], strides: [2, 2], isComputed: true),
        WeightGradientCase(images: 2, channels: (32, 64), extents: [9, 8], taps: [1, 1], padding: [0, 0], strides: [2, 2]),
        WeightGradientCase(images: 2, channels: (16, 32), extents: [12, 17], taps: [5, 2], padding: [2, 0], strides: [3, 1]),
        WeightGradientCase(channels: (16, 16), extents: [12, 14], taps: [3, 2], padding: [2, 1], dilations: [2, 3]),
        WeightGradientCase(channels: (16, 32), extents: [15, 15], taps: [3, 3], padding: [2, 2], strides: [2, 3], dilations: [2, 2]),
    ]

    private static func problem(_ graph: Graph, _ target: Target, _ numerics: Numerics = .standard) throws -> ContractionProblem {
        try #require(ContractionProblem(Group.all(of: GraphFacts(graph))[0], target: target, numerics: numerics))
    }

    /// Every number of products, in the interpreter, which checks all bounds, beside fp64.
    @Test(arguments: cases) func kernelsComputeTheGradient(_ example: WeightGradientCase) throws {
        for isNarrow in [false, true] {
            var (graph, inputs) = example.graph(lanes: 16)
            for value in graph.values where isNarrow && graph[value].operation?.name == "conv_backward_weights" {
                graph[value].factors = .bf16
            }
            let variants = TileGradientVariant.all(of: try Self.problem(graph, .x86AMX))
            #expect(variants.map(\.productsOfEach) == (isNarrow ? [1] : [3, 6]))
            for variant in variants {
                let lowered = variant.lower(nil, AlgorithmChoice(.init(variant.title)))
                try check(lowered, graph, inputs, "\(variant.title), \(variant.cost.cut)", isNarrow ? 2e-2 : nil)
            }
        }
    }

    private func check(
        _ lowered: LoweredGroup, _ graph: Graph, _ inputs: [String: ReferenceTensor], _ note: String, _ tolerance: Double?
    ) throws {
        for call in lowered.calls { try call.kernel.verify() }
        var harness = LoweringHarness(graph: graph, target: .x86AMX, lower: { _, _ in lowered })
        if let tolerance { harness.relativeTolerance = tolerance }
        try harness.check(inputs, note)
    }

    /// The work is cut in every way that there is: chunks of a few rows, of an image and of several; one part and several; all blocks of channels
    /// at once, and some.
    @Test(arguments: cases) func everyCutComputesTheGradient(_ example: WeightGradientCase) throws {
        let (graph, inputs) = example.graph(lanes: 16)
        let problem = try Self.problem(graph, .x86AMX)
        let shape = try #require(problem.shape.flatMap { TileGradientShape($0, problem.group, problem.target) })
        var met: Set<[Bool]> = []
        for cost in TileGradientCost.candidates(shape, .three, problem.group, problem.target) {
            let cut = cost.cut
            let isNew = met.insert([
                cut.rows < shape.height, cut.images > 1, cut.parts > 1, cost.chunks > 1, cut.taskInputs < shape.inputBlocks,
                cut.taskInputs % 2 == 1,
            ]).inserted
            guard isNew else { continue }
            let gradient = TileGradient(problem: shape, products: .three, cost: cost, group: problem.group, target: problem.target)
            try check(gradient.lower(), graph, inputs, "\(cut)", nil)
        }
        #expect(met.contains { $0[0] } && met.contains { $0[3] } && met.contains { !$0[3] })
        #expect(example.images == 1 || met.contains { $0[2] } && met.contains { $0[1] })
    }

    /// A row of pixels that no cache holds is left to others.
    @Test func longRowsAreLeft() throws {
        let example = WeightGradientCase(channels: (64, 64), extents: [2, 30_000], taps: [1, 3], padding: [0, 1])
        #expect(TileGradientVariant.all(of: try Self.problem(example.graph(lanes: 16).graph, .x86AMX)).isEmpty)
    }

    /// Two factors that lie in memory as bf16 are multiplied as they are, which is as exact as sums as they are written.
    @Test func storedFactorsNeedOneProduct() throws {
        var graph = Self.cases[0].graph(lanes: 16).graph
        for value in graph.values where ["x", "dy"].contains(graph[value].inputName) { graph[value].stored = .bf16 }
        let variants = TileGradientVariant.all(of: try Self.problem(graph, .x86AMX))
        #expect(variants.map(\.name) == ["tile gradient"] && variants.allSatisfy { $0.objection == nil && $0.exactness.error ?? 1 < 1e-6 })
        let strict = TileGradientVariant.all(of: try Self.problem(graph, .x86AMX, .strict))
        #expect(strict.allSatisfy { $0.objection != nil })
    }

    /// Of layers as networks have them, where they may be rounded and where not; nothing of few channels, or where there are no tiles.
    @Test func gradientsOfLayersAreTaken() throws {
        func chosen(_ example: WeightGradientCase, _ factors: StoredElement?, _ target: Target = .x86AMX) throws -> String? {
            var graph = example.graph(lanes: target.lanes).graph
            for value in graph.values where graph[value].operation?.name == "conv_backward_weights" { graph[value].factors = factors }
            return ContractionSelection(try Self.problem(graph, target)).choose()?.variant.name
        }
        let layers = [
            WeightGradientCase(images: 16, channels: (64, 64), extents: [56, 56], taps: [3, 3], padding: [1, 1]),
            WeightGradientCase(images: 8, channels: (1024, 256), extents: [14, 14], taps: [1, 1], padding: [0, 0]),
            WeightGradientCase(images: 8, channels: (512, 512), extents: [7, 7], taps: [3, 3], padding: [1, 1]),
            WeightGradientCase(images: 8, channels: (256, 512), extents: [28, 28], taps: [1, 1], padding: [0, 0], strides: [2, 2]),
        ]
        for layer in layers {
            #expect(try chosen(layer, .bf16) == "tile gradient")
            #expect(try chosen(layer, nil) == "tile gradient x6" || layer.taps == [3, 3])
            #expect(try chosen(layer, .bf16, .x86AVX512)?.hasPrefix("tile") == false)
        }
        let few = WeightGradientCase(images: 8, channels: (8, 64), extents: [28, 28], taps: [3, 3], padding: [1, 1])
        #expect(try chosen(few, .bf16)?.hasPrefix("tile") == false)
    }
}
