import Graph
import Operators
import TestSupport
import Testing

@testable import Kernels

/// Groups of several nodes, and shapes that are dealt out to many tasks.
@Suite struct FusedGroupTests {
    /// A graph under construction whose operations can be put in groups.
    final class Sketch {
        let builder = GraphBuilder(name: "sketch")
        var groups: [[Value]] = []

        func input(_ name: String, _ extents: [Int]) -> Value { builder.input(name, TensorType(.f32, Shape(extents))) }

        func map(_ body: Scalar, _ operands: Value...) -> Value {
            let names = operands.indices.map { "a\($0)" }
            return builder.apply(.map, operands, ["function": .function(ScalarFunction("f", names, body))])
        }

        func sum(_ value: Value, _ axes: [Int], keep: Bool = false) -> Value {
            builder.apply(.sum, value, attributes: ["axes": .integers(axes), "keep": .boolean(keep)])
        }

        /// The graph with outputs and groups; operations in no group are computed by their readers.
        func graph(outputs: [Value], layouts: (Value, Int) -> Layout) -> Graph {
            for value in outputs { builder.output("y\(value.index)", value) }
            var graph = builder.finish()
            precondition(graph.nodes.count == builder.graph.nodes.count, "every node of a sketch is used")
            for (number, members) in groups.enumerated() { for member in members { graph[member].group = number } }
            for value in graph.values { graph[value].layout = layouts(value, graph[value].type.rank) }
            return graph
        }
    }

    static func random(_ extents: [Int], seed: Int, in range: ClosedRange<Float> = -1...1) -> ReferenceTensor {
        var random = SeededGenerator(seed: seed)
        return ReferenceTensor(extents, (0..<extents.reduce(1, *)).map { _ in Double(Float.random(in: range, using: &random)) })
    }

    func check(_ graph: Graph, _ inputs: [String: ReferenceTensor], lanes: [Int] = [16, 8], tolerance: Double = 1e-6) throws {
        for lanes in lanes {
            let harness = LoweringHarness(graph: graph, target: .preset(lanes: lanes), relativeTolerance: tolerance)
            try harness.check(inputs, graph.name)
        }
    }

    static func channels(_ lanes: Int) -> (Value, Int) -> Layout { { _, rank in rank >= 2 ? .channels(rank: rank, lanes: lanes) : .plain } }

    /// `relu(x)`, its sum and its sum of squares a channel, in one pass.
    @Test(arguments: [16, 8, 1]) func reductionsShareAPassWithWhatTheyRead(block: Int) throws {
        let sketch = Sketch()
        let x = sketch.input("x", [6, 40, 14, 15])
        let relu = sketch.map(.maximum(.argument(0), 0), x)
        let square = sketch.map(.argument(0) * .argument(0), relu)
        let (sum, squares) = (sketch.sum(relu, [0, 2, 3]), sketch.sum(square, [0, 2, 3]))
        sketch.groups = [[relu, square, sum, squares]]
        let graph = sketch.graph(outputs: [relu, sum, squares], layouts: block == 1 ? { _, _ in .plain } : Self.channels(block))
        let group = Group.all(of: GraphFacts(graph))[0]
        #expect(group.results == [relu, sum, squares])
        for lanes in [16, 8] {
            let lowered = GeneralLowering.lower(group, target: .preset(lanes: lanes))
            #expect(lowered.calls.count == (block == 1 ? 1 : 2))
            #expect(lowered.calls[0].kernel.taskCount > 4)
        }
        try check(graph, ["x": Self.random([6, 40, 14, 15], seed: 1)])
    }

    @Test(arguments: [[3000], [40, 75], [5, 20, 6, 5], [1, 7, 60, 9]], [16, 8, 1])
    func totalsAreExactToRounding(extents: [Int], block: Int) throws {
        let sketch = Sketch()
        let x = sketch.input("x", extents)
        let sum = sketch.sum(sketch.map(.argument(0) * .argument(0), x), Array(extents.indices))
        sketch.groups = [[sum]]
        let layouts = block == 1 ? { _, _ in .plain } : Self.channels(block)
        try check(sketch.graph(outputs: [sum], layouts: layouts), ["x": Self.random(extents, seed: 2)], lanes: [16, 8, 4])
    }

    /// Rounding errors of fp32 sums of a million positive elements stay below 1e-6 of the total.
    @Test(arguments: [[1_000_003], [4, 16, 125, 125]]) func longSumsStayAccurate(extents: [Int]) throws {
        let sketch = Sketch()
        let x = sketch.input("x", extents)
        let sum = sketch.sum(x, Array(extents.indices))
        sketch.groups = [[sum]]
        let graph = sketch.graph(outputs: [sum], layouts: Self.channels(16))
        try check(graph, ["x": Self.random(extents, seed: 3, in: 0...1)], lanes: [16], tolerance: 1e-6)
    }

    @Test(arguments: [16, 1]) func rowsAreReducedAlongTheirLanes(block: Int) throws {
        let sketch = Sketch()
        let x = sketch.input("x", [70, 333])
        let largest = sketch.builder.apply(.max, x, attributes: ["axes": .integer(1), "keep": .boolean(true)])
        let shifted = sketch.map(.exponential(.argument(0) - .argument(1)), x, largest)
        let total = sketch.sum(shifted, [1], keep: true)
        let scores = sketch.map(.argument(0) / .argument(1), shifted, total)
        sketch.groups = [[largest], [total], [scores]]
        let graph = sketch.graph(outputs: [scores], layouts: block == 1 ? { _, _ in .plain } : Self.channels(block))
        try check(graph, ["x": Self.random([70, 333], seed: 4)])
    }

    /// The mean of each plane, scaled by a value a channel on the way out.
    @Test(arguments: [16, 8, 1]) func epiloguesFollowWindowsAndContractions(block: Int) throws {
        let sketch = Sketch()
        let (x, scale) = (sketch.input("x", [2, 20, 9, 9]), sketch.input("scale", [20]))
        let pool = sketch.builder.apply(
            .maxPool, x, attributes: ["kernel": .integer(3), "stride": .integer(2), "pad": .integer(1)])
        let residual = sketch.input("residual", [2, 20, 5, 5])
        let scaled = sketch.map(.argument(0) * .argument(1) + .argument(2), pool, scale, residual)
        let weight = sketch.input("weight", [12, 20, 3, 3])
        let convolution = sketch.builder.apply(
            .convolution, scaled, weight,
            attributes: ["channels": .integer(12), "kernel": .integer(3), "pad": .integer(1), "bias": .boolean(false)])
        let relu = sketch.map(.maximum(.argument(0), 0), convolution)
        sketch.groups = [[pool, scaled], [convolution, relu]]
        var graph = sketch.graph(outputs: [relu], layouts: block == 1 ? { _, _ in .plain } : Self.channels(block))
        if block > 1 { graph[weight].layout = Layout([.init(axis: 1, size: block), .init(axis: 0, size: block)]) }
        let inputs = [
            "x": Self.random([2, 20, 9, 9], seed: 5), "scale": Self.random([20], seed: 6), "residual": Self.random([2, 20, 5, 5], seed: 7),
            "weight": Self.random([12, 20, 3, 3], seed: 8),
        ]
        try check(graph, inputs, lanes: [16, 8, 4], tolerance: 3e-6)
    }

    /// Strides beyond the kernel leave pixels that no tap reaches: their phase of the gradient sums nothing, and so reads nothing of an
    /// operand that is computed on the way. Windows that lie in the padding alone reach no pixel either.
    @Test(arguments: [16, 8, 4], [true, false]) func gradientsBetweenTheTapsAreZero(lanes: Int, isComputedOnTheWay: Bool) throws {
        let sketch = Sketch()
        let (gradient, weight) = (sketch.input("gradient", [2, 5, 8, 4]), sketch.input("weight", [5, 20, 3, 3]))
        let scaled = sketch.map(.argument(0) * 0.5, gradient)
        let back = sketch.builder.apply(
            OperatorCatalog.standard["conv_backward_data"]!, scaled, weight,
            attributes: ["size": .integer(8), "stride": .integers([3, 6]), "pad": .integer(8)])
        let shifted = sketch.map(.argument(0) + 1, back)
        sketch.groups = isComputedOnTheWay ? [[back, shifted]] : [[scaled], [back, shifted]]
        var graph = sketch.graph(outputs: [shifted], layouts: Self.channels(lanes))
        graph[weight].layout = Layout([.init(axis: 0, size: lanes), .init(axis: 1, size: lanes)])
        let phases = ContractionShape.phases(of: back, in: try #require(Group.all(of: GraphFacts(graph)).last), lanes: lanes)
        #expect(phases?.filter(\.isEmpty).count == 9)
        #expect(phases?.count == 18)
        var harness = LoweringHarness(graph: graph, target: .preset(lanes: lanes), relativeTolerance: 3e-6)
        harness.lower = { group, target in group.lowered(for: target) }
        let inputs = ["gradient": Self.random([2, 5, 8, 4], seed: 10), "weight": Self.random([5, 20, 3, 3], seed: 11)]
        try harness.check(inputs, "backward data")
    }

    /// A step of momentum: both new values lie over the old ones, in memory from end to end.
    @Test(arguments: [[40, 30, 3, 3], [32, 16, 3, 3], [129]]) func updatesAreWrittenInPlace(extents: [Int]) throws {
        let sketch = Sketch()
        let (weight, velocity) = (sketch.input("weight", extents), sketch.input("velocity", extents))
        let (gradient, rate) = (sketch.input("gradient", extents), sketch.input("rate", []))
        let moved = sketch.map(.argument(0) * .constant(0.9) + .argument(1), velocity, gradient)
        let next = sketch.map(.argument(0) - .argument(1) * .argument(2), weight, rate, moved)
        sketch.groups = [[moved, next]]
        let graph = sketch.graph(outputs: [moved, next]) { _, rank in
            rank == 4 ? Layout([.init(axis: 1, size: 16), .init(axis: 0, size: 16)]) : .plain
        }
        var harness = LoweringHarness(graph: graph, target: .preset(lanes: 16), relativeTolerance: 1e-6)
        harness.lower = { group, target in GeneralLowering.lower(group, target: target) }
        harness.inPlace = [moved: velocity, next: weight]
        let inputs =
            ["weight", "velocity", "gradient"].enumerated().map { ($1, Self.random(extents, seed: 9 + $0)) } + [("rate", .scalar(0.25))]
        try harness.check(Dictionary(uniqueKeysWithValues: inputs), "momentum")
    }

    /// Relayouts of images and weights, each way, in shapes with and without padding.
    @Test(arguments: [[2, 3, 28, 28], [1, 32, 14, 14], [48, 24, 3, 3], [10, 84]]) func relayoutsMoveEveryElement(extents: [Int]) throws {
        let layouts: [Layout] = [
            .plain, .channels(rank: extents.count, lanes: 16), .channels(rank: extents.count, lanes: 8),
            Layout([.init(axis: 1, size: 16), .init(axis: 0, size: 16)]), Layout([.init(axis: 0, size: 16), .init(axis: 1, size: 16)]),
            Layout([.init(axis: 0, size: 8)]),
        ]
        for from in layouts {
            for to in layouts where to != from {
                let sketch = Sketch()
                let x = sketch.input("x", extents)
                let y = sketch.map(.argument(0), x)
                sketch.groups = [[y]]
                let graph = sketch.graph(outputs: [y]) { value, _ in value == x ? from : to }
                try check(graph, ["x": Self.random(extents, seed: 12)], lanes: [16, 8])
            }
        }
    }
}
