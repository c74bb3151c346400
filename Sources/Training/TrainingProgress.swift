/// How far a training is, for those who watch.
public struct TrainingProgress: Sendable {
    /// The epoch and the steps done in it; epochs count from 1.
    public var epoch: Int
    public var epochs: Int
    public var step: Int
    public var stepsPerEpoch: Int
    /// The means over the epoch so far.
    public var loss: Double
    /// What is reported beside the loss; 0 where there is nothing.
    public var metric: Double
    /// Those of the last step alone.
    public var stepLoss: Double
    public var stepMetric: Double
    /// The steps done over all epochs.
    public var stepsDone: Int
    public var learningRate: Double
    public var imagesPerSecond: Double
    /// Estimated from the speed so far.
    public var secondsLeft: Double

    /// The done part of the epoch, 0 to 1.
    public var part: Double { Double(step) / Double(max(1, stepsPerEpoch)) }
}
