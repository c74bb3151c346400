import Graph
import LoopNest
import Operators
import TestSupport
import Testing

@testable import Kernels

/// Products of matrices of activations, whatever way they lie in memory, beside fp64.
@Suite struct MatrixProductTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var note: String
        var a: [Int]
        var b: [Int]
        var isLeftTransposed = false
        var isRightTransposed = false
        /// How an operand lies; nil for whole blocks of the last axis.
        var aLayout: Layout?
        var bLayout: Layout?
        /// Whether an operand is not in memory but computed from what is.
        var isLeftComputed = false
        var cores = 1

        var testDescription: String { note }

        static let all = [
            Case(note: "rows of blocks", a: [2, 30, 20], b: [2, 20, 37]),
            Case(note: "batches of two axes", a: [2, 3, 17, 9], b: [2, 3, 9, 50], cores: 4),
            Case(note: "row-major", a: [2, 30, 20], b: [2, 20, 37], aLayout: .plain, bLayout: .plain),
            Case(note: "right transposed", a: [2, 30, 20], b: [2, 37, 20], isRightTransposed: true),
            Case(note: "right transposed, row-major", a: [2, 15, 7], b: [2, 40, 7], isRightTransposed: true, bLayout: .plain, cores: 16),
            Case(note: "right transposed, in stretches", a: [1, 20, 1000], b: [1, 19, 1000], isRightTransposed: true),
            Case(note: "left transposed", a: [2, 20, 33], b: [2, 20, 37], isLeftTransposed: true, cores: 8),
            Case(
                note: "left transposed and computed", a: [1, 20, 133], b: [1, 20, 18], isLeftTransposed: true, isLeftComputed: true,
                cores: 8),
            Case(
                note: "both transposed", a: [2, 9, 31], b: [2, 20, 9], isLeftTransposed: true, isRightTransposed: true, aLayout: .plain),
            Case(note: "left computed", a: [2, 30, 20], b: [2, 20, 37], isLeftComputed: true, cores: 4),
            Case(note: "one row", a: [3, 1, 20], b: [3, 20, 90]),
            Case(note: "one row, row-major", a: [3, 1, 20], b: [3, 20, 90], bLayout: .plain),
            Case(note: "two rows of long sums", a: [1, 2, 77], b: [1, 77, 40], cores: 2),
            Case(note: "three rows of long sums, row-major", a: [2, 3, 100], b: [2, 100, 37], aLayout: .plain, bLayout: .plain, cores: 4),
            Case(note: "three rows computed, whole vectors", a: [2, 3, 100], b: [2, 100, 64], bLayout: .plain, isLeftComputed: true),
            Case(note: "few rows", a: [3, 5, 20], b: [3, 20, 90], cores: 2),
            Case(note: "sums of one product", a: [2, 20, 1], b: [2, 1, 37], aLayout: .plain),
            Case(note: "a batch of 1 on the left", a: [1, 20, 9], b: [3, 9, 37]),
            Case(note: "a batch of 1 on the right", a: [3, 20, 9], b: [1, 9, 37]),
            Case(note: "one right matrix", a: [3, 20, 9], b: [9, 37]),
            Case(note: "one left matrix", a: [20, 9], b: [3, 9, 37]),
            Case(note: "channels in blocks", a: [2, 18, 20], b: [2, 20, 18], aLayout: blocks(1), bLayout: blocks(1)),
            Case(note: "rows that share a set of the cache", a: [1, 40, 512], b: [1, 512, 33], aLayout: .plain),
            Case(note: "sums in stretches", a: [2, 30, 1100], b: [2, 1100, 20], cores: 2),
            Case(note: "sums in stretches, computed", a: [1, 70, 1024], b: [1, 1024, 50], isLeftComputed: true, cores: 4),
        ]

        /// Blocks of 16 along an axis, whatever the lanes.
        private static func blocks(_ axis: Int) -> Layout { Layout([.init(axis: axis, size: 16)]) }
    }

    @Test(arguments: Case.all, [16, 8, 4]) func agreesWithTheReference(item: Case, lanes: Int) throws {
        let sketch = FusedGroupTests.Sketch()
        let (a, b) = (sketch.input("a", item.a), sketch.input("b", item.b))
        let left = item.isLeftComputed ? sketch.map(.argument(0) * .argument(0) + 1, a) : a
        let product = sketch.builder.apply(
            .matrixProduct, left, b,
            attributes: ["transpose_a": .boolean(item.isLeftTransposed), "transpose_b": .boolean(item.isRightTransposed)])
        let extents = sketch.builder.type(of: product).shape.extents!
        let (row, residual) = (sketch.input("row", extents.dropLast() + [1]), sketch.input("residual", extents))
        let result = sketch.map(.maximum(.argument(0) * .argument(1) + .argument(2), -0.5), product, row, residual)
        sketch.groups = [[product, result]]
        let graph = sketch.graph(outputs: [result]) { value, rank in
            switch value {
            case a: item.aLayout ?? Layout([.init(axis: rank - 1, size: lanes)])
            case b: item.bLayout ?? Layout([.init(axis: rank - 1, size: lanes)])
            case row: .plain
            default: Layout([.init(axis: rank - 1, size: lanes)])
            }
        }
        var target = Target.preset(lanes: lanes)
        target.cores = item.cores
        let group = Group.all(of: GraphFacts(graph))[0]
        let problem = try #require(ContractionProblem(group, target: target, numerics: .standard))
        #expect(ContractionSelection(problem).options.map(\.variant.name) == ["matrix product"])
        var harness = LoweringHarness(graph: graph, target: target) { group, target in
            let lowered = group.lowered(for: target)
            #expect(lowered.calls.count == 1 && lowered.calls[0].choice != nil)
            return lowered
        }
        harness.relativeTolerance = 1e-5
        var inputs: [String: ReferenceTensor] = [:]
        for (number, value) in [a, b, row, residual].enumerated() {
            inputs[graph[value].inputName!] = FusedGroupTests.random(graph.extents(value), seed: number)
        }
        try harness.check(inputs, item.note)
        for lowered in [group.lowered(for: target), group.lowered(for: target, .strict)] {
            for call in lowered.calls { try call.kernel.verify() }
        }
    }

    /// Every core of a machine with many gets some of one matrix, and results do not depend on how many there are.
    @Test func largeMatricesAreDealtOut() throws {
        let sketch = FusedGroupTests.Sketch()
        let (a, b) = (sketch.input("a", [1, 500, 64]), sketch.input("b", [1, 64, 400]))
        let product = sketch.builder.apply(.matrixProduct, a, b)
        sketch.groups = [[product]]
        let graph = sketch.graph(outputs: [product]) { _, rank in Layout([.init(axis: rank - 1, size: 16)]) }
        let group = Group.all(of: GraphFacts(graph))[0]
        for cores in [1, 2, 16] {
            var target = Target.x86AVX512
            target.cores = cores
            let kernel = group.lowered(for: target).calls[0].kernel
            #expect(kernel.taskCount >= (cores == 1 ? 1 : 2 * cores), "\(cores) cores: \(kernel.taskCount) tasks")
        }
    }
}
