import Graph
import Testing

@testable import Training

@Suite struct InitializationTests {
    /// Mean and deviation of many values.
    private func moments(_ values: [Float]) -> (mean: Double, deviation: Double) {
        let mean = values.reduce(0) { $0 + Double($1) } / Double(values.count)
        let variance = values.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(values.count)
        return (mean, variance.squareRoot())
    }

    /// An initializer with the deviation and the bound that PyTorch has for [64, 32, 3, 3]: fan-in 288, fan-out 576.
    struct Expectation: Sendable {
        let initializer: Initializer
        let deviation: Double
        let bound: Double

        init(_ initializer: Initializer, variance: Double, bound squared: Double = .infinity) {
            self.initializer = initializer
            deviation = variance.squareRoot()
            bound = squared.squareRoot()
        }
    }

    /// What a part holds does not depend on where it begins or ends.
    @Test func valuesAreThoseGiven() {
        let initializer = Initializer.values(ConstantTensor([1, 2.5, -1, 0, 7, 3]))
        #expect(initializer.values(name: "w", extents: [2, 3], seed: 1) == [1, 2.5, -1, 0, 7, 3])
        #expect(initializer.values(name: "w", extents: [2, 3], seed: 2, in: 2..<4) == [-1, 0])
    }

    @Test func partsAreThoseOfTheWhole() {
        let extents = [40, 1000]
        for expectation in Self.expectations {
            let whole = expectation.initializer.values(name: "weight", extents: extents, seed: 3)
            for range in [0..<40_000, 0..<0, 5..<6, 16_383..<16_385, 100..<39_999, 32_768..<40_000] {
                let part = expectation.initializer.values(name: "weight", extents: extents, seed: 3, in: range)
                #expect(part == Array(whole[range]), "\(expectation.initializer) in \(range)")
            }
        }
    }

    static let expectations = [
        Expectation(.form(.heNormal), variance: 2.0 / 288),
        Expectation(.form(.xavierNormal), variance: 2.0 / 864),
        Expectation(.form(.lecunNormal), variance: 1.0 / 288),
        Expectation(.form(.heUniform), variance: 2.0 / 288, bound: 6.0 / 288),
        Expectation(.form(.xavierUniform), variance: 2.0 / 864, bound: 6.0 / 864),
        Expectation(.form(.fanInUniform), variance: 1.0 / 864, bound: 1.0 / 288),
        Expectation(.form(.fanInUniform, ["fan_in": 12]), variance: 1.0 / 36, bound: 1.0 / 12),
        Expectation(.form(.normal, ["deviation": 0.01]), variance: 0.0001),
        Expectation(.form(.heNormalFanOut), variance: 2.0 / 576),
        Expectation(.form(.heUniformFanOut), variance: 2.0 / 576, bound: 6.0 / 576),
        Expectation(.form(.uniform, ["bound": 0.25]), variance: 0.0625 / 3, bound: 0.0625),
        // A normal distribution cut at two deviations has 0.7737413 of its variance.
        Expectation(.form(.truncatedNormal, ["deviation": 0.1]), variance: 0.007737413, bound: 0.04),
        Expectation(.form(.orthogonal, ["gain": 2]), variance: 4.0 / 288),
    ]

    @Test(arguments: expectations) func hasTheMomentsOfPyTorch(expectation: Expectation) {
        let (initializer, deviation, bound) = (expectation.initializer, expectation.deviation, expectation.bound)
        let values = initializer.values(name: "conv.weight", extents: [64, 32, 3, 3], seed: 1)
        let observed = moments(values)
        #expect(values.count == 18432)
        #expect(abs(observed.mean) < 4 * deviation / Double(values.count).squareRoot())
        #expect(abs(observed.deviation / deviation - 1) < 0.03)
        #expect(values.allSatisfy { abs(Double($0)) <= bound * 1.000001 })
        if bound.isFinite { #expect(values.contains { abs(Double($0)) > 0.99 * bound }) }
    }

    @Test func fillsWithConstants() {
        #expect(Initializer.zeros.values(name: "a", extents: [3], seed: 1) == [0, 0, 0])
        #expect(Initializer.ones.values(name: "a", extents: [2], seed: 1) == [1, 1])
        #expect(Initializer.constant(-0.5).values(name: "a", extents: [1, 2], seed: 1) == [-0.5, -0.5])
        #expect(Initializer.form(.heNormal).values(name: "a", extents: [0, 4], seed: 1).isEmpty)
        #expect(Initializer.form(.orthogonal, ["gain": 1]).values(name: "a", extents: [0, 4], seed: 1).isEmpty)
        #expect(Initializer.form(.truncatedNormal, ["deviation": 0]).values(name: "a", extents: [2], seed: 1) == [0, 0])
        #expect(Initializer.form(.heNormal).values(name: "a", extents: [], seed: 1).count == 1)
    }

    /// The fewer of rows and columns are orthonormal, in blocks and across them, times the gain.
    @Test(arguments: [[40, 7, 3, 3], [70, 5], [33, 33], [1, 9], [9, 1], [5]]) func orthogonalIsOrthogonal(extents: [Int]) {
        let values = Initializer.form(.orthogonal, ["gain": 1.5]).values(name: "a.weight", extents: extents, seed: 2).map {
            Double($0) / 1.5
        }
        let rows = extents[0], columns = values.count / rows
        let vectors = (0..<min(rows, columns)).map { index in
            rows <= columns ? Array(values[index * columns..<(index + 1) * columns]) : (0..<rows).map { values[$0 * columns + index] }
        }
        for (i, a) in vectors.enumerated() {
            for (j, b) in vectors.enumerated() {
                let product = zip(a, b).map { $0 * $1 }.reduce(0, +)
                #expect(abs(product - (i == j ? 1 : 0)) < 1e-5, "\(i), \(j)")
            }
        }
    }

    @Test(arguments: [Initializer.form(.heNormal), .form(.truncatedNormal, ["deviation": 1]), .form(.orthogonal, ["gain": 1])])
    func dependsOnSeedAndNameAlone(
        initializer: Initializer
    ) {
        func draw(_ name: String, _ seed: UInt64) -> [Float] {
            initializer.values(name: name, extents: [50, 40, 3, 3], seed: seed)
        }
        #expect(draw("a.weight", 1) == draw("a.weight", 1))
        #expect(draw("a.weight", 1) != draw("a.weight", 2))
        #expect(draw("a.weight", 1) != draw("b.weight", 1))
        // Pieces drawn side by side are unrelated.
        let values = draw("a.weight", 1)
        #expect(Array(values[..<1000]) != Array(values[16384..<17384]))
    }
}
