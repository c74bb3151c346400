import Graph
import Operators
import Testing

@testable import Kernels
@testable import LoopNest

/// The gradients of weights that are finished where they are summed.
@Suite struct ReductionSplitTests {
    /// The gradient of a linear layer's weight, with momentum and the next weight behind it, both written over the last ones.
    private static func linear(images: Int, from: Int, to: Int, lanes: Int) -> (
        graph: Graph, inPlace: [Value: Value], inputs: [String: ReferenceTensor]
    ) {
        let sketch = FusedGroupTests.Sketch()
        let (x, dy) = (sketch.input("x", [images, from]), sketch.input("dy", [images, to]))
        let (weight, momentum) = (sketch.input("w", [to, from]), sketch.input("m", [to, from]))
        let gradient = sketch.builder.apply(OperatorCatalog.standard["linear_backward_weights"]!, x, dy)
        let next = sketch.map(0.5 * .argument(1) + .argument(0), gradient, momentum)
        let updated = sketch.map(.argument(0) - 0.25 * .argument(1), weight, next)
        sketch.groups = [[gradient, next, updated]]
        let blocks = Layout([.init(axis: 1, size: lanes), .init(axis: 0, size: lanes)])
        let graph = sketch.graph(outputs: [next, updated]) { value, rank in
            [gradient, weight, momentum, next, updated].contains(value) ? blocks : .channels(rank: rank, lanes: lanes)
        }
        let inputs = [
            "x": FusedGroupTests.random([images, from], seed: 1), "dy": FusedGroupTests.random([images, to], seed: 2),
            "w": FusedGroupTests.random([to, from], seed: 3), "m": FusedGroupTests.random([to, from], seed: 4),
        ]
        return (graph, [next: momentum, updated: weight], inputs)
    }

    /// One kernel without partial results, whatever is left over of channels and register tiles; where images are few, it is not.
    @Test(arguments: [16, 8, 4]) func largeGradientsAreNeverStored(lanes: Int) throws {
        for (images, from, to) in [(3, 20 * lanes + 3, 5 * lanes + 1), (1, 17 * lanes, lanes), (4, 18 * lanes, 2 * lanes)] {
            let (graph, inPlace, inputs) = Self.linear(images: images, from: from, to: to, lanes: lanes)
            let group = Group.all(of: GraphFacts(graph))[0]
            let target = Target.preset(lanes: lanes)
            let shape = try #require(ContractionProblem(group, target: target, numerics: .standard)?.shape)
            let lowered = try #require(ReductionSplit(shape, group, target)).lower()
            #expect(lowered.calls.count == 1 && lowered.workspaces.isEmpty, "\(images) x \(from) x \(to)")
            for call in lowered.calls { try call.kernel.verify() }
            let harness = LoweringHarness(
                graph: graph, target: target, lower: { group, target in ReductionSplit(shape, group, target)!.lower() }, inPlace: inPlace)
            try harness.check(inputs, "\(images) x \(from) x \(to)")
        }
    }

    /// Many images are split, and their sums added by a second kernel.
    @Test func manyImagesAreSplit() throws {
        let (graph, inPlace, inputs) = Self.linear(images: 64, from: 32, to: 48, lanes: 16)
        let group = Group.all(of: GraphFacts(graph))[0]
        let shape = try #require(ContractionProblem(group, target: .x86AVX512, numerics: .standard)?.shape)
        let split = try #require(ReductionSplit(shape, group, .x86AVX512))
        #expect(split.lower().calls.count == 2)
        let harness = LoweringHarness(
            graph: graph, target: .x86AVX512, lower: { group, target in ReductionSplit(shape, group, target)!.lower() }, inPlace: inPlace)
        try harness.check(inputs, "64 images")
    }
}
