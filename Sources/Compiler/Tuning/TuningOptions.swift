/// What to tune, and for how long.
public struct TuningOptions: Sendable {
    public var batch: Int
    public var isTraining: Bool
    /// Choices that are measured a shape, at most.
    public var candidates: Int
    /// The least time that each is measured for, in seconds of the whole network.
    public var seconds: Double

    public init(batch: Int = 1, isTraining: Bool = false, candidates: Int = 8, seconds: Double = 1) {
        self.batch = batch
        self.isTraining = isTraining
        self.candidates = candidates
        self.seconds = seconds
    }
}
