import Kernels

/// How a network was measured, and the machine that it was measured on.
struct PageProfile: Encodable, Sendable {
    /// A rate that nothing exceeds: of a level of memory in GB/s, or of products in GFLOP/s.
    struct Roof: Encodable, Sendable {
        var name: String
        var rate: Double
    }

    var threads: Int
    var runs: Int
    var medianMs: Double
    var fastestMs: Double
    /// The sum of the fastest times of all steps.
    var stepsMs: Double
    /// From the slowest to the fastest.
    var memory: [Roof]
    var products: [Roof]

    /// Nil where steps were not measured.
    init?(_ measured: Benchmark) {
        guard let peak = measured.peak else { return nil }
        (threads, runs) = (measured.threads, measured.seconds.count)
        (medianMs, fastestMs) = (measured.median * 1e3, measured.minimum * 1e3)
        stepsMs = measured.steps.reduce(0) { $0 + $1.fastestSeconds } * 1e3
        memory = [("memory", peak.memory), ("L3", peak.level3), ("L2", peak.level2)].compactMap { name, rate in
            rate.map { Roof(name: name, rate: $0) }
        }
        let units = Set(measured.steps.compactMap(\.unit))
        products = ProductUnit.allCases.filter(units.contains).compactMap { unit in
            peak.gigaflops(of: unit).map { Roof(name: unit.rawValue, rate: $0) }
        }
    }
}
