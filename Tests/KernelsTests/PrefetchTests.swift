import Graph
import Operators
import Testing

@testable import Kernels
@testable import LoopNest

/// 1x1 convolutions ask for the next block of channels where their operand is larger than the second-level cache.
@Suite struct PrefetchTests {
    /// A convolution of 40 channels to 24 of a 5x6 image, all in blocks of 16.
    private func convolution(kernel: Int) -> Graph {
        let sketch = FusedGroupTests.Sketch()
        let image = sketch.input("x", [1, 40, 5, 6])
        let weight = sketch.input("weight", [24, 40, kernel, kernel])
        let result = sketch.builder.apply(
            .convolution, image, weight,
            attributes: [
                "channels": .integer(24), "kernel": .integer(kernel), "pad": .integer(kernel / 2), "bias": .boolean(false),
            ])
        sketch.groups = [[result]]
        return sketch.graph(outputs: [result]) { value, rank in
            value == weight
                ? Layout([.init(axis: 1, size: 16), .init(axis: 0, size: 16)]) : .channels(rank: rank, lanes: 16)
        }
    }

    /// The prefetches of the operand; those of the weights are everywhere.
    private func prefetches(_ kernel: Kernel) -> Int {
        func isOperand(_ buffer: BufferID) -> Bool { kernel[buffer].name == "x" }
        return prefetches(kernel.body, isOperand)
    }

    private func prefetches(_ statements: [Statement], _ isCounted: (BufferID) -> Bool) -> Int {
        statements.reduce(0) { count, statement in
            switch statement {
            case .perform(.prefetch(let buffer, _)): count + (isCounted(buffer) ? 1 : 0)
            case .loop(let loop): count + prefetches(loop.body, isCounted)
            case .when(_, _, let body): count + prefetches(body, isCounted)
            default: count
            }
        }
    }

    /// A machine whose second-level cache holds `bytes`.
    private func target(_ bytes: Int) -> Target {
        var target = Target.x86AVX512
        target.caches.level2 = bytes
        return target
    }

    @Test func operandsBeyondTheCacheAreAskedForAhead() throws {
        let graph = convolution(kernel: 1)
        let group = Group.all(of: GraphFacts(graph))[0]
        let bytes = 48 * 30 * 4
        #expect(prefetches(group.lowered(for: target(bytes)).calls[0].kernel) == 0)
        // One a point of the tile, which is a row.
        #expect(prefetches(group.lowered(for: target(bytes - 1)).calls[0].kernel) == 6)
        var harness = LoweringHarness(graph: graph, target: target(bytes - 1), relativeTolerance: 1e-6)
        harness.lower = { $0.lowered(for: $1) }
        try harness.check(
            ["x": FusedGroupTests.random([1, 40, 5, 6], seed: 9), "weight": FusedGroupTests.random([24, 40, 1, 1], seed: 10)], "1x1")
    }

    /// What is staged lies in the cache already.
    @Test func stagedOperandsAreNot() {
        let group = Group.all(of: GraphFacts(convolution(kernel: 3)))[0]
        #expect(prefetches(group.lowered(for: target(1 << 10)).calls[0].kernel) == 0)
    }
}
