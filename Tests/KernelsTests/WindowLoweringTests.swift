import Graph
import LoopNest
import Operators
import Testing

@testable import Kernels

/// Pools over rows of several tiles: values against the fp64 reference, in the bounds-checked interpreter, and how the kernels look.
@Suite struct WindowLoweringTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var operation: Operator
        var extents: [Int]
        var attributes: Attributes
        var testDescription: String { "\(operation.name) \(extents) \(attributes)" }

        init(_ operation: Operator, _ extents: [Int], _ kernel: [Int], stride: [Int], pad: [Int], _ more: Attributes = [:]) {
            self.operation = operation
            self.extents = extents
            attributes = more
            attributes["kernel"] = .integers(kernel)
            attributes["stride"] = .integers(stride)
            attributes["pad"] = .integers(pad)
        }

        static let all = [
            Case(.maxPool, [1, 20, 9, 61], [3, 3], stride: [2, 2], pad: [1, 1]),
            Case(.maxPool, [2, 16, 8, 62], [3, 3], stride: [2, 2], pad: [0, 0], ["ceil": .boolean(true)]),
            Case(.maxPool, [1, 16, 6, 80], [2, 2], stride: [2, 2], pad: [0, 0]),
            Case(.maxPool, [1, 24, 7, 45], [3, 3], stride: [1, 1], pad: [1, 1]),
            Case(.maxPool, [1, 16, 12, 50], [2, 3], stride: [1, 2], pad: [1, 2], ["dilation": .integers([3, 2])]),
            Case(.maxPool, [1, 16, 9, 40], [2, 1], stride: [3, 4], pad: [0, 0]),
            Case(.averagePool, [1, 20, 6, 55], [3, 3], stride: [1, 1], pad: [1, 1]),
            Case(.averagePool, [2, 16, 7, 47], [3, 3], stride: [1, 1], pad: [1, 1], ["count_include_pad": .boolean(false)]),
            Case(.averagePool, [1, 16, 9, 40], [5, 3], stride: [3, 3], pad: [2, 0]),
            // One row in which no window lies inside entirely.
            Case(.averagePool, [1, 16, 3, 33], [5, 5], stride: [1, 2], pad: [2, 2]),
        ]
    }

    /// A pool between a value that its kernel computes anew and an epilogue, of an image with its channels in blocks.
    private func graph(_ one: Case, lanes: Int) -> Graph {
        let sketch = FusedGroupTests.Sketch()
        let image = sketch.input("x", one.extents)
        let scaled = sketch.map(.argument(0) * 1.5 - 0.25, image)
        let pool = sketch.builder.apply(one.operation, scaled, attributes: one.attributes)
        let result = sketch.map(.maximum(.argument(0), 0), pool)
        sketch.groups = [[pool, result]]
        return sketch.graph(outputs: [result], layouts: FusedGroupTests.channels(lanes))
    }

    @Test(arguments: Case.all, [16, 8]) func poolsComputeWhatTheReferenceDoes(_ one: Case, lanes: Int) throws {
        let graph = graph(one, lanes: lanes)
        try LoweringHarness(graph: graph, target: .preset(lanes: lanes), relativeTolerance: 1e-6)
            .check(["x": FusedGroupTests.random(one.extents, seed: 5)], "\(one)")
    }

    /// Depthwise convolutions between a value that is computed anew and an epilogue.
    @Test(
        arguments: [
            ([1, 20, 9, 61], 3, 1, 1, 1), ([2, 16, 8, 45], 3, 2, 1, 1), ([1, 24, 11, 38], 5, 1, 2, 1), ([1, 16, 9, 40], 3, 1, 2, 2),
        ], [16, 8])
    func depthwiseConvolutionsComputeWhatTheReferenceDoes(
        _ one: (extents: [Int], kernel: Int, stride: Int, pad: Int, dilation: Int), lanes: Int
    ) throws {
        let sketch = FusedGroupTests.Sketch()
        let image = sketch.input("x", one.extents)
        let weight = sketch.input("weight", [one.extents[1], 1, one.kernel, one.kernel])
        let scaled = sketch.map(.argument(0) * 1.5 - 0.25, image)
        let convolution = sketch.builder.apply(
            .convolution, scaled, weight,
            attributes: [
                "channels": .integer(one.extents[1]), "kernel": .integer(one.kernel), "stride": .integer(one.stride),
                "pad": .integer(one.pad), "dilation": .integer(one.dilation), "groups": .integer(one.extents[1]), "bias": .boolean(false),
            ])
        let result = sketch.map(.maximum(.argument(0), 0), convolution)
        sketch.groups = [[convolution, result]]
        let graph = sketch.graph(outputs: [result]) { value, rank in
            value == weight ? Layout([.init(axis: 0, size: lanes)]) : .channels(rank: rank, lanes: lanes)
        }
        let kernel = GeneralLowering.lower(Group.all(of: GraphFacts(graph))[0], target: .preset(lanes: lanes)).calls[0].kernel
        #expect(!kernel.variableNames.contains("s"))
        let inputs = [
            "x": FusedGroupTests.random(one.extents, seed: 7), "weight": FusedGroupTests.random(graph.extents(weight), seed: 8),
        ]
        try LoweringHarness(graph: graph, target: .preset(lanes: lanes), relativeTolerance: 1e-6).check(inputs, "\(one)")
    }

    /// The taps along a row are written out, and no more columns are loaded than lie under a tile's windows.
    @Test func windowsThatOverlapShareTheirColumns() throws {
        let one = Case(.maxPool, [1, 16, 40, 40], [3, 3], stride: [1, 1], pad: [0, 0])
        let group = Group.all(of: GraphFacts(graph(one, lanes: 16)))[0]
        let kernel = GeneralLowering.lower(group, target: .x86AVX512).calls[0].kernel
        var (loads, stores, loops) = (0, 0, [String]())
        func count(_ statements: [Statement]) {
            for statement in statements {
                switch statement {
                case .define(_, .load): loads += 1
                case .perform(.store): stores += 1
                case .loop(let loop):
                    loops.append(kernel.variableNames[loop.variable.index])
                    count(loop.body)
                case .when(_, _, let body): count(body)
                default: break
                }
            }
        }
        count(kernel.body)
        // 38 results in three tiles of 13 columns: two in a loop, and one of 12.
        #expect(stores == 13 + 12)
        #expect(loads == 3 * (15 + 14))
        #expect(!loops.contains("r") && !loops.contains("s"))
    }

    /// A window of more columns than there are registers is summed in loops.
    @Test func wideWindowsAreLeftToLoops() throws {
        let one = Case(.averagePool, [1, 16, 5, 70], [5, 40], stride: [1, 1], pad: [0, 0])
        let graph = graph(one, lanes: 16)
        try LoweringHarness(graph: graph, target: .x86AVX512, relativeTolerance: 1e-6)
            .check(["x": FusedGroupTests.random(one.extents, seed: 6)], "\(one)")
        let kernel = GeneralLowering.lower(Group.all(of: GraphFacts(graph))[0], target: .x86AVX512).calls[0].kernel
        #expect(kernel.variableNames.contains("s"))
    }
}
