import Kernels

/// How well the cost model foresaw the contractions of a network: those that it says a time of, each counting once for every layer.
public struct PredictionQuality: Codable, Hashable, Sendable {
    /// A prediction is good if it is off by at most this share of the fastest time that was measured.
    public static let tolerance = 0.15

    public var contractions: Int
    /// Those whose prediction is good.
    public var good: Int
    /// What all of them take, as the model says and as the fastest runs measured.
    public var predictedMs: Double
    public var measuredMs: Double

    /// - Parameter steps: measured with one thread, which predictions are of.
    public init(_ steps: [Benchmark.Step]) {
        let pairs = steps.compactMap { step in step.choice?.chosen.predictedSeconds.map { (predicted: $0, measured: step.fastestSeconds) } }
        contractions = pairs.count
        good = pairs.filter { abs($0.predicted - $0.measured) <= Self.tolerance * $0.measured }.count
        predictedMs = pairs.reduce(0) { $0 + $1.predicted } * 1e3
        measuredMs = pairs.reduce(0) { $0 + $1.measured } * 1e3
    }
}
