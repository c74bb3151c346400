/// What a training is given.
public struct TrainerOptions: Sendable {
    /// The data as `--data` names them.
    public var dataName: String
    public var epochs: Int
    public var seed: UInt64
    /// Where checkpoints go; nil writes none.
    public var checkpointPath: String?
    public var checkpointInterval: CheckpointInterval
    /// A digest of what is computed in a step, and how exactly, which a checkpoint keeps and compares; nil where nobody needs to know.
    public var graphDigest: String?
    public var numerics: String?
    /// What activations are stored as, where it is not f32.
    public var precision: String?

    public init(
        dataName: String, epochs: Int, seed: UInt64, checkpointPath: String? = nil, checkpointInterval: CheckpointInterval = .seconds(30),
        graphDigest: String? = nil, numerics: String? = nil, precision: String? = nil
    ) {
        self.dataName = dataName
        self.epochs = epochs
        self.seed = seed
        self.checkpointPath = checkpointPath
        self.checkpointInterval = checkpointInterval
        self.graphDigest = graphDigest
        self.numerics = numerics
        self.precision = precision
    }
}

/// What happens in a training.
public enum TrainerEvent: Sendable {
    case step(TrainingProgress)
    /// What the step before this says of the layers, where it is watched.
    case watched(WatchedStep)
    /// So many of all held-out pictures are evaluated.
    case evaluating(done: Int, of: Int)
    case epoch(TrainingHistory.Epoch)
    case checkpoint(path: String)
}
