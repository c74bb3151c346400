import Graph
import LoopNest
import Operators
import Testing

@testable import Kernels

/// Permutations whose neighbours change, beside the reference: they gather and scatter nothing, and zeros fill what blocks have beyond.
@Suite struct SquareCopyTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var note: String
        var extents: [Int]
        var axes: [Int]
        /// The axes whose blocks lie innermost, of operand and result; nil for row-major ones.
        var from: Int?
        var to: Int?

        var testDescription: String { note }

        static let all = [
            Case(note: "a matrix", extents: [37, 50], axes: [1, 0]),
            Case(note: "whole squares", extents: [3, 32, 48], axes: [0, 2, 1]),
            Case(note: "hardly a square", extents: [2, 16, 17], axes: [0, 2, 1]),
            Case(note: "channels last", extents: [2, 20, 5, 19], axes: [0, 2, 3, 1]),
            Case(note: "channels first", extents: [2, 5, 19, 20], axes: [0, 3, 1, 2]),
            Case(note: "to rows in blocks", extents: [2, 35, 18], axes: [0, 2, 1], to: 2),
            Case(note: "to channels in blocks", extents: [2, 4, 18, 21], axes: [0, 2, 1, 3], to: 1),
            Case(note: "from channels in blocks", extents: [2, 18, 3, 21], axes: [0, 2, 1, 3], from: 1),
            Case(note: "blocks on both sides", extents: [1, 18, 21, 33], axes: [0, 3, 2, 1], from: 3, to: 3),
        ]
    }

    @Test(arguments: Case.all, [16, 8, 4]) func agreesWithTheReference(item: Case, lanes: Int) throws {
        let sketch = FusedGroupTests.Sketch()
        let x = sketch.input("x", item.extents)
        let result = sketch.builder.apply(.permute, x, attributes: ["axes": .integers(item.axes)])
        sketch.groups = [[result]]
        let graph = sketch.graph(outputs: [result]) { value, _ in
            (value == x ? item.from : item.to).map { Layout([.init(axis: $0, size: lanes)]) } ?? .plain
        }
        var harness = LoweringHarness(graph: graph, target: .preset(lanes: lanes)) { group, target in
            let lowered = group.lowered(for: target)
            let text = lowered.calls.map(\.kernel.description).joined()
            #expect(text.contains("interleaveFirst") && !text.contains("gather") && !text.contains("stride"), "\(text)")
            for call in lowered.calls { #expect(throws: Never.self) { try call.kernel.verify() } }
            return lowered
        }
        harness.relativeTolerance = 0
        try harness.check(["x": FusedGroupTests.random(item.extents, seed: 1)], item.note)
    }

    /// Where neighbours stay neighbours, vectors are copied as they are.
    @Test func neighboursThatStayAreCopied() throws {
        let sketch = FusedGroupTests.Sketch()
        let x = sketch.input("x", [2, 20, 8, 32])
        let result = sketch.builder.apply(.permute, x, attributes: ["axes": .integers([0, 2, 1, 3])])
        sketch.groups = [[result]]
        let graph = sketch.graph(outputs: [result]) { _, rank in Layout([.init(axis: rank - 1, size: 16)]) }
        let text = Group.all(of: GraphFacts(graph))[0].lowered(for: .x86AVX512).calls.map(\.kernel.description).joined()
        #expect(!text.contains("interleave") && !text.contains("gather"))
    }
}
