import Graph
import Operators

/// How a network is trained: what a `training of` definition of the language says beside the loss itself, which is a part of the graph.
public struct TrainingRecipe: Hashable, Sendable {
    /// The graph's output that is minimized, of type `f32[]`.
    public var lossOutput: String
    public var optimizer: Chosen<Optimizer>
    public var schedule: Chosen<Schedule>
    public var clip: Chosen<Clip>?
    /// Weights that are trained otherwise than the rest; of several that a weight matches, the last counts.
    public var groups: [WeightGroup]
    /// How the weights are averaged that the result has; nil where these are the weights themselves.
    public var average: Chosen<WeightAverage>?
    /// The batches whose gradients are averaged for an update.
    public var accumulation: Int
    public var stopping: EarlyStopping?
    /// Whether the author asks for the best epoch's weights; `stopping` does, too.
    public var keepsBest: Bool
    /// The images of a step, where the author says so.
    public var batchSize: Int?
    /// What random numbers derive from, where the author says so.
    public var seed: Int?
    public var augmentations: [Chosen<Augmentation>]
    public var normalization: PixelScale?

    public init(
        lossOutput: String = "loss", optimizer: Chosen<Optimizer> = Optimizer.sgd(["momentum": 0.9]),
        schedule: Chosen<Schedule> = Schedule.constant(["rate": 0.01]), clip: Chosen<Clip>? = nil, groups: [WeightGroup] = [],
        average: Chosen<WeightAverage>? = nil, accumulation: Int = 1, stopping: EarlyStopping? = nil, keepsBest: Bool = false,
        batchSize: Int? = nil, seed: Int? = nil, augmentations: [Chosen<Augmentation>] = [], normalization: PixelScale? = nil
    ) {
        self.lossOutput = lossOutput
        self.optimizer = optimizer
        self.schedule = schedule
        self.clip = clip
        self.groups = groups
        self.average = average
        self.accumulation = accumulation
        self.stopping = stopping
        self.keepsBest = keepsBest
        self.batchSize = batchSize
        self.seed = seed
        self.augmentations = augmentations
        self.normalization = normalization
    }

    /// The input of a training step that carries the learning rate.
    public static let learningRateInput = "learning_rate"

    /// The inputs that a training step is given besides pictures and targets, by what they are for: no input of a network and no target may
    /// be called so.
    public static let ownInputs: [(name: String, use: String)] = [
        (learningRateInput, "the learning rate"), (Operator.seedInput, "the seed of random numbers"),
        (GradientAccumulation.doneInput, "the place in an update"), (GradientAccumulation.countInput, "the batches of an update"),
    ]

    /// The epochs to train for, where the author says so.
    public var epochs: Int? {
        get { schedule["epochs"].map { _ in schedule.values.integer("epochs") } }
        set { schedule["epochs"] = newValue.map(Attribute.integer) }
    }
}

extension TrainingRecipe {
    /// The recipe in the notation of a `training of` definition, a clause a line, without the loss; what is as by default is left out.
    public func printed() -> String { clauses.map { $0 + "\n" }.joined() }

    private var clauses: [String] {
        var lines = ["optimizer \(optimizer)", "schedule \(schedule)"]
        if let clip { lines.append("clip \(clip.form.name) \(clip.values.number("limit"))") }
        lines += groups.map(\.clause)
        if let average { lines.append("average \(average)") }
        if accumulation != 1 { lines.append("accumulate \(accumulation)") }
        if let stopping { lines.append(stopping.clause) }
        if keepsBest { lines.append("keep best") }
        if let normalization { lines.append("normalize mean: \(normalization.mean), std: \(normalization.deviation)") }
        if !augmentations.isEmpty { lines.append("augment " + augmentations.map(\.description).joined(separator: ", ")) }
        if let batchSize { lines.append("batch \(batchSize)") }
        if let seed { lines.append("seed \(seed)") }
        return lines
    }
}
