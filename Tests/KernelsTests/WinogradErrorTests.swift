import Graph
import Operators
import Testing

@testable import Kernels

/// The errors that `WinogradForm.error` states, measured: kernels in the interpreter, whose arithmetic is fp32, beside fp64.
@Suite struct WinogradErrorTests {
    static let cases = [
        WinogradTests.Case(channels: (64, 16), extents: [12, 12], taps: [3, 3], padding: [1, 1]),
        WinogradTests.Case(channels: (64, 16), extents: [8, 8], taps: [5, 5], padding: [2, 2]),
        WinogradTests.Case(channels: (64, 16), extents: [4, 24], taps: [1, 3], padding: [0, 1]),
        WinogradTests.Case(channels: (64, 16), extents: [24, 4], taps: [3, 1], padding: [1, 0]),
        WinogradTests.Case(channels: (64, 16), extents: [4, 24], taps: [1, 7], padding: [0, 3]),
        WinogradTests.Case(channels: (64, 16), extents: [24, 4], taps: [7, 1], padding: [3, 0]),
        WinogradTests.Case(channels: (64, 16), extents: [24, 24], taps: [3, 3], padding: [1, 1], strides: [2, 2]),
        WinogradTests.Case(channels: (32, 16), extents: [24, 24], taps: [7, 7], padding: [3, 3], strides: [2, 2]),
    ]

    /// Every form stays within what is stated, which is no more than four times as much as it needs; over four times as many channels as
    /// well, since long sums are made of short ones.
    @Test(arguments: cases) func errorsAreAsStated(_ example: WinogradTests.Case) throws {
        for form in WinogradForm.forms(taps: example.phaseTaps) {
            let stated = try #require(form.error)
            let short = try Self.error(of: form, example)
            #expect(short <= stated && short >= stated / 4, "\(form): \(short), stated \(stated)")
            var long = example
            long.channels.input *= 4
            // Few tiles are enough.
            long.extents = example.extents.map { min($0, 8) }
            let error = try Self.error(of: form, long)
            #expect(error <= stated && error <= 1.5 * short, "\(form) over \(long.channels.input) channels: \(error), stated \(stated)")
        }
    }

    /// The root mean square error of a convolution over activations behind a ReLU, relative to the root mean square of the result.
    private static func error(of form: WinogradForm, _ example: WinogradTests.Case) throws -> Double {
        var (graph, inputs) = example.graph(lanes: 16)
        inputs["x"] = ReferenceTensor(inputs["x"]!.extents, inputs["x"]!.values.map { max($0, 0) })
        inputs["shortcut"] = ReferenceTensor(inputs["shortcut"]!.extents, inputs["shortcut"]!.values.map { _ in 0 })
        let group = Group.all(of: GraphFacts(graph))[0]
        let problem = WinogradShape(ContractionShape.phases(of: group.members[0], in: group, lanes: 16)![0], group, lanes: 16)!
        let schedule = WinogradSchedule(tiles: 36, registerTiles: 12, laneBlocks: 1, chunk: 1, parts: 1)
        let lowered = WinogradLowering(problem: problem, form: form, schedule: schedule, group: group, target: .x86AVX512).lower()
        let result = try WinogradBitsTests.run(lowered, group, inputs)
        let expected = ReferenceEvaluator().values(of: graph, inputs: inputs)[group.results[0].index]
        let wanted = graph.layout(group.results[0]).stored(expected)
        func rootMeanSquare(_ numbers: [Double]) -> Double { (numbers.reduce(0) { $0 + $1 * $1 } / Double(numbers.count)).squareRoot() }
        return rootMeanSquare(zip(result, wanted).map { Double($0) - Double($1) }) / rootMeanSquare(wanted.map(Double.init))
    }
}
