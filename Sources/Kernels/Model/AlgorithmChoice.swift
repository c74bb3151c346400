/// Which algorithm computes a contraction, and what was weighed against it.
public struct AlgorithmChoice: Hashable, Sendable {
    /// One way to compute it.
    public struct Candidate: Hashable, Sendable {
        /// Its name, for people: `direct`, `reduction split`, …
        public var algorithm: String
        /// What multiplies and adds up its products.
        public var unit: ProductUnit
        /// How many products the unit does for each product of the contraction: several where factors are split in parts.
        public var productsOfEach = 1
        /// What the cost model says of it, in seconds with one thread; nil where it was not asked.
        public var predictedSeconds: Double?
        /// The root mean square error that is stated for it, relative to the root mean square of the result; nil for sums as they are
        /// written, whose error is `Numerics.errorOfSum`.
        public var error: Double?
        /// Why it may not be taken, if so.
        public var reason: String?

        public init(
            _ algorithm: String, unit: ProductUnit = .multiplyAdds, predictedSeconds: Double? = nil, error: Double? = nil,
            reason: String? = nil
        ) {
            self.algorithm = algorithm
            self.unit = unit
            self.predictedSeconds = predictedSeconds
            self.error = error
            self.reason = reason
        }
    }

    public var chosen: Candidate
    public var rejected: [Candidate]
    /// What the cost model says that the thread with the most work takes, in seconds, with a thread a core of the target.
    public var secondsOfLongestThread: Double?
    /// Whether measurements chose the algorithm or its schedule, not the cost model.
    public var isTuned = false
    /// By what measurements of the contraction are kept; nil where there is nothing to tune.
    public var key: String?

    public init(_ chosen: Candidate, rejected: [Candidate] = [], secondsOfLongestThread: Double? = nil) {
        self.chosen = chosen
        self.rejected = rejected
        self.secondsOfLongestThread = secondsOfLongestThread
    }
    /// The algorithm's name, with a word on whether it was measured.
    public var text: String { chosen.algorithm + (isTuned ? ", tuned" : "") }
}
