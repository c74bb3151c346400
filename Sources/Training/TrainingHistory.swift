import Foundation

/// What a training measured on its way.
public struct TrainingHistory: Codable, Equatable, Sendable {
    /// One pass over the training data, and the evaluation after it.
    public struct Epoch: Codable, Equatable, Sendable {
        /// Counted from 1.
        public var epoch: Int
        /// The mean over the epoch's pictures, each as the network was when it met it.
        public var loss: Double
        public var accuracy: Double
        public var heldOutLoss: Double?
        public var heldOutAccuracy: Double?
        /// The learning rate of the epoch's last step.
        public var learningRate: Double
        /// The seconds of the epoch's steps; nil where it was not trained in one go.
        public var seconds: Double?
    }

    /// The mean over a stretch of steps.
    public struct Point: Codable, Equatable, Sendable {
        /// The steps done at the end of the stretch.
        public var step: Int
        public var loss: Double
        public var accuracy: Double
    }

    public var epochs: [Epoch] = []
    /// About 200 over the whole training.
    public var points: [Point] = []

    public init() {}

    /// No loss that a step gives as f32, and no mean of cross-entropies of f32 scores, is larger.
    static let largestLoss = 1e39

    /// Whether the numbers can be those of a training of so many steps: files come from anywhere.
    func isPlausible(steps: Int) -> Bool {
        let isLoss = { (loss: Double) in abs(loss) <= Self.largestLoss }
        let isPositive = { (value: Double) in value >= 0 && value <= Self.largestLoss }
        let isShare = { (share: Double) in share >= 0 && share <= 1 }
        let areEpochs = epochs.enumerated().allSatisfy { index, epoch in
            epoch.epoch == index + 1 && isLoss(epoch.loss) && isShare(epoch.accuracy) && isLoss(epoch.heldOutLoss ?? 0)
                && isShare(epoch.heldOutAccuracy ?? 0) && isPositive(epoch.learningRate) && isPositive(epoch.seconds ?? 0)
        }
        let arePoints = points.allSatisfy { isLoss($0.loss) && isShare($0.accuracy) && (1...max(1, steps)).contains($0.step) }
        return areEpochs && arePoints && epochs.count <= steps && points.count <= steps
            && zip(points, points.dropFirst()).allSatisfy { $0.step < $1.step }
    }

    /// The history without what depends on the machine's speed: the same for every run with the same seed.
    var withoutTimes: TrainingHistory {
        var history = self
        for index in history.epochs.indices { history.epochs[index].seconds = nil }
        return history
    }
}

/// How far a training is, for those who watch.
public struct TrainingProgress: Sendable {
    /// The epoch and the steps done in it; epochs count from 1.
    public var epoch: Int
    public var epochs: Int
    public var step: Int
    public var stepsPerEpoch: Int
    /// The means over the epoch so far.
    public var loss: Double
    public var accuracy: Double
    public var learningRate: Double
    public var imagesPerSecond: Double
    /// Estimated from the speed so far.
    public var secondsLeft: Double

    /// The done part of the epoch, 0 to 1.
    public var part: Double { Double(step) / Double(max(1, stepsPerEpoch)) }
}

/// The speed of a training: steps and evaluations so far, and what is left of them.
struct TrainingClock {
    private let clock = ContinuousClock()
    private var start: ContinuousClock.Instant
    private var steps = 0
    private var stepSeconds = 0.0
    private var evaluations = 0
    private var evaluationSeconds = 0.0

    init() { start = clock.now }

    /// Starts to measure a step or an evaluation.
    mutating func begin() { start = clock.now }

    /// Adds a step; the first one, which pays for cold caches and fresh pages, counts as long as the second.
    mutating func endStep() {
        steps += 1
        if steps == 2 { stepSeconds = elapsed }
        stepSeconds += elapsed
    }

    mutating func endEvaluation() {
        evaluationSeconds += elapsed
        evaluations += 1
    }

    private var elapsed: Double { (clock.now - start).seconds }

    var secondsPerStep: Double { stepSeconds / Double(max(1, steps)) }

    func secondsLeft(steps: Int, evaluations: Int) -> Double {
        let perEvaluation = self.evaluations > 0 ? evaluationSeconds / Double(self.evaluations) : 0
        return Double(steps) * secondsPerStep + Double(evaluations) * perEvaluation
    }
}

extension Duration {
    /// The duration in seconds.
    public var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
