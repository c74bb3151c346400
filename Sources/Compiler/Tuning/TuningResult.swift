import Kernels

/// What tuning found for a network.
public struct TuningResult: Sendable {
    /// A shape of the network.
    public struct Layer: Sendable {
        public var summary: String
        /// How many layers have the shape; the times are of all of them together.
        public var layers: Int
        public var before: TunedChoice
        /// Nil where nothing was clearly faster than what the cost model chose.
        public var after: TunedChoice?
        public var secondsBefore: Double
        public var secondsAfter: Double
        /// How many choices were measured.
        public var candidates: Int

        public var gain: Double { secondsBefore / secondsAfter - 1 }
    }

    public var network: String
    public var batch: Int
    public var threads: Int
    public var numerics: Numerics
    public var isTraining: Bool
    public var layers: [Layer]
    /// Whether the network was faster with what was found; there are entries only then.
    public var isKept: Bool { !entries.isEmpty }
    /// Of the whole network, the medians of runs that alternate between the cost model's choices and the best that were found together,
    /// whether they are kept or not.
    public var secondsBefore: Double
    public var secondsAfter: Double
    /// For the table of measurements.
    public var entries: [TuningEntry]
    public var verdicts: [TuningTable.Verdict]
}
