import Recipes

/// What a training measured on its way.
public struct TrainingHistory: Codable, Equatable, Sendable {
    /// One pass over the training data, and the evaluation after it.
    public struct Epoch: Codable, Equatable, Sendable {
        /// Counted from 1.
        public var epoch: Int
        /// The mean over the epoch's pictures, each as the network was when it met it.
        public var loss: Double
        /// What `TrainingHistory.metric` names.
        public var metric: Double
        public var heldOutLoss: Double?
        public var heldOutMetric: Double?
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
        public var metric: Double
        /// That of the last step; nil in histories of earlier versions.
        public var learningRate: Double?
    }

    /// The name of what is reported beside the loss (`Metric.name`); nil where there is nothing.
    public var metric: String? = Metric.accuracy.name
    public var epochs: [Epoch] = []
    /// About 200 over the whole training.
    public var points: [Point] = []

    /// The epoch whose weights are kept, where the recipe says so; counted from 1.
    public var keptEpoch: Int?

    public init() {}

    /// The most epochs that a training may have.
    static let mostEpochs = 100_000

    /// No loss that a step gives as f32, and no mean of cross-entropies of f32 scores, is larger.
    static let largestLoss = 1e39

    /// Whether the numbers can be those of a training of so many steps: files come from anywhere.
    func isPlausible(steps: Int) -> Bool {
        let isLoss = { (loss: Double) in abs(loss) <= Self.largestLoss }
        let isPositive = { (value: Double) in value >= 0 && value <= Self.largestLoss }
        let isMetric = { (value: Double) in value >= 0 && value <= (isShare ? 1 : Self.largestLoss) }
        let areEpochs = epochs.enumerated().allSatisfy { index, epoch in
            epoch.epoch == index + 1 && isLoss(epoch.loss) && isMetric(epoch.metric) && isLoss(epoch.heldOutLoss ?? 0)
                && isMetric(epoch.heldOutMetric ?? 0) && isPositive(epoch.learningRate) && isPositive(epoch.seconds ?? 0)
        }
        let arePoints = points.allSatisfy {
            isLoss($0.loss) && isMetric($0.metric) && isPositive($0.learningRate ?? 0) && (1...max(1, steps)).contains($0.step)
        }
        return areEpochs && arePoints && (1...max(1, epochs.count)).contains(keptEpoch ?? 1) && epochs.count <= min(steps, Self.mostEpochs)
            && points.count <= steps
            && zip(points, points.dropFirst()).allSatisfy { $0.step < $1.step }
    }

    /// What is reported beside the loss.
    public var reported: Metric? { metric.flatMap(Metric.named) }

    private var isShare: Bool { reported?.isShare ?? false }

    /// The history without what depends on the machine's speed: the same for every run with the same seed.
    var withoutTimes: TrainingHistory {
        var history = self
        for index in history.epochs.indices { history.epochs[index].seconds = nil }
        return history
    }
}
