import Graph
import Operators
import TestSupport
import Testing

@testable import Kernels

/// How far one element reaches that is no number, infinite, or much larger than its neighbours: no farther than the tiles that it lies in,
/// by no more than is stated (`WinogradForm.error`, `WinogradForm.growth`).
@Suite struct WinogradReachTests {
    private static let taps = [[3, 3], [5, 5], [1, 3], [3, 1], [1, 7], [7, 1]]

    /// A bare convolution of 16 channels by every form of a filter: what it gives, and what a sum in fp64 does.
    private static func results(
        _ form: WinogradForm, image: [Double], weights: [Double], extents: [Int]
    ) throws -> (found: [Double], exact: [Double]) {
        let sketch = FusedGroupTests.Sketch()
        let (x, w) = (sketch.input("x", [1, 16] + extents), sketch.input("w", [16, 16] + form.taps))
        let convolution = sketch.builder.apply(
            .convolution, [x, w],
            [
                "channels": .integer(16), "kernel": .integers(form.taps), "pad": .integers(form.taps.map { $0 / 2 }),
                "stride": .integers([1, 1]), "bias": .boolean(false),
            ])
        sketch.groups = [[convolution]]
        let graph = sketch.graph(outputs: [convolution]) { value, rank in
            value == w ? Layout([.init(axis: 1, size: 16), .init(axis: 0, size: 16)]) : .channels(rank: rank, lanes: 16)
        }
        let inputs = ["x": ReferenceTensor([1, 16] + extents, image), "w": ReferenceTensor([16, 16] + form.taps, weights)]
        let group = Group.all(of: GraphFacts(graph))[0]
        let problem = WinogradShape(ContractionShape.phases(of: group.members[0], in: group, lanes: 16)![0], group, lanes: 16)!
        let schedule = WinogradSchedule(tiles: 16, registerTiles: 4, laneBlocks: 1, chunk: 1, parts: 1)
        let lowered = WinogradLowering(problem: problem, form: form, schedule: schedule, group: group, target: .x86AVX512).lower()
        let found = try WinogradBitsTests.run(lowered, group, inputs).map(Double.init)
        let exact = ReferenceEvaluator().values(of: graph, inputs: inputs)[group.results[0].index]
        return (found, graph.layout(group.results[0]).stored(exact).map(Double.init))
    }

    private static let extents = [13, 14]
    private static func random(_ count: Int, seed: Int) -> [Double] {
        var random = SplitMix(seed: seed)
        return (0..<count).map { _ in Double(Float(random.normal())) }
    }

    /// The rows and columns, of all results, that are no finite number or not what they should be.
    private static func spoiled(_ found: [Double], _ isRight: (Int, Double) -> Bool) -> [(row: Int, column: Int)] {
        let plane = extents[0] * extents[1]
        return (0..<plane).filter { place in (0..<16).contains { !isRight(place * 16 + $0, found[place * 16 + $0]) } }
            .map { ($0 / extents[1], $0 % extents[1]) }
    }

    @Test(arguments: taps, [(5, 6), (6, 9), (0, 0), (12, 13), (7, 8)])
    func oneElementSpoilsItsTilesAlone(taps: [Int], _ place: (row: Int, column: Int)) throws {
        let weights = Self.random(16 * 16 * taps.reduce(1, *), seed: 2)
        for form in WinogradForm.forms(taps: taps) {
            for element in [Double.nan, .infinity, Double(Float(3e38))] {
                var image = Self.random(16 * Self.extents.reduce(1, *), seed: 1)
                image[(3 * Self.extents[0] + place.row) * Self.extents[1] + place.column] = element
                let (found, exact) = try Self.results(form, image: image, weights: weights, extents: Self.extents)
                let scale = element.isFinite ? 1e30 : 1e-2
                let spoiled = Self.spoiled(found) { number, value in abs(value - exact[number]) <= scale }
                for one in spoiled {
                    for (side, distance) in [(0, one.row), (1, one.column)] {
                        let (m, at) = (form.outputs[side], [place.row, place.column][side] + form.taps[side] / 2)
                        let start = distance / m * m
                        #expect((start..<start + form.sizes[side]).contains(at), "\(form) spoils \(one) from \(place)")
                    }
                }
                #expect(spoiled.count <= form.mostResultsOfOneElement, "\(form): \(spoiled.count) by \(element)")
            }
        }
    }

    /// An outlier among ordinary numbers: what its neighbours are off by is within the stated error of what it adds to those that see it.
    @Test(arguments: taps) func anOutlierIsOffByTheStatedShare(taps: [Int]) throws {
        let count = taps.reduce(1, *)
        let weights = Self.random(16 * 16 * count, seed: 2)
        let largest = (0..<16).map { filter in
            (0..<count).reduce(0) { $0 + abs(weights[(filter * 16 + 3) * count + $1]) }
        }.max()!
        for form in WinogradForm.forms(taps: taps) {
            for outlier in [1e3, 1e6, -1e9] {
                var image = Self.random(16 * Self.extents.reduce(1, *), seed: 1)
                image[(3 * Self.extents[0] + 6) * Self.extents[1] + 7] = outlier
                let (found, exact) = try Self.results(form, image: image, weights: weights, extents: Self.extents)
                let worst = zip(found, exact).map { abs($0 - $1) }.max()!
                let stated = try #require(form.error)
                #expect(worst <= stated * abs(outlier) * largest, "\(form): \(worst)")
            }
        }
    }

    /// Below the largest number over `growth` and over the sum of a filter's weights nothing becomes infinite.
    @Test(arguments: taps) func nothingOverflowsWithinTheStatedRange(taps: [Int]) throws {
        let count = taps.reduce(1, *)
        let weights = Self.random(16 * 16 * count, seed: 2).map { $0 < 0 ? -1.0 : 1 }
        for form in WinogradForm.forms(taps: taps) {
            let largest = Double(Float.greatestFiniteMagnitude) / form.growth / Double(16 * count)
            let image = Self.random(16 * Self.extents.reduce(1, *), seed: 1).map { Double(Float($0 < 0 ? -largest : largest)) }
            let (found, exact) = try Self.results(form, image: image, weights: weights, extents: Self.extents)
            let scale = exact.map(abs).max()!
            #expect(zip(found, exact).allSatisfy { abs($0 - $1) <= 1e-4 * scale }, "\(form)")
        }
    }
}
