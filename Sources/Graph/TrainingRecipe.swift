/// How a network is trained: what a `training of` definition of the language says beside the loss itself, which is a part of the graph.
public struct TrainingRecipe: Hashable, Sendable {
    /// The optimizer, with PyTorch's formulas and parameter names.
    public enum Optimizer: Hashable, Sendable {
        /// Stochastic gradient descent: `g += weightDecay * w; m = momentum * m + g; w -= rate * m`, or with Nesterov's correction
        /// `w -= rate * (g + momentum * m)` (Sutskever et al. 2013).
        case sgd(momentum: Double = 0, nesterov: Bool = false, weightDecay: Double = 0)
    }

    /// The learning rate over the course of the training.
    public enum Schedule: Hashable, Sendable {
        case constant(rate: Double)
        /// From `peak / startDivisor` up to `peak` in the first `rise` part of the steps, then down to
        /// `peak / startDivisor / endDivisor`, both along a half cosine (Smith & Topin, arXiv 1708.07120, as PyTorch has it).
        case oneCycle(peak: Double, rise: Double = 0.3, startDivisor: Double = 25, endDivisor: Double = 1e4)
        /// `rate`, multiplied by `factor` after every `epochs` epochs.
        case step(rate: Double, epochs: Int, factor: Double = 0.1)
        /// From `rate` down to `floor` along a half cosine (Loshchilov & Hutter, arXiv 1608.03983, one period).
        case cosine(rate: Double, floor: Double = 0)
    }

    /// What keeps gradients from growing beyond bounds.
    public enum Clip: Hashable, Sendable {
        /// Scales all gradients by `min(1, limit / (norm + 1e-6))`, where the norm is that of all of them together.
        case norm(Double)
        /// Bounds every element to `-limit...limit`.
        case value(Double)
    }

    /// A random change of every image of every epoch.
    public enum Augmentation: Hashable, Sendable {
        /// Moves by up to so many pixels in each direction, zeros coming in.
        case shift(Int)
        /// Mirrors left to right, every second time.
        case flip
    }

    /// What is done to pixels in 0...1 before the network sees them: `(x - mean) / deviation`, one value a channel, or one for all.
    public struct Normalization: Hashable, Sendable {
        public var mean: [Double]
        public var deviation: [Double]

        public init(mean: [Double], deviation: [Double]) {
            self.mean = mean
            self.deviation = deviation
        }
    }

    /// The graph's output that is minimized, of type `f32[]`.
    public var lossOutput: String
    public var optimizer: Optimizer
    public var schedule: Schedule
    public var clip: Clip?
    /// The epochs to train for, where the author says so.
    public var epochs: Int?
    /// Whether weight decay also applies to vectors (biases, the scales and shifts of normalizations), as in PyTorch.
    public var decaysVectors: Bool
    /// The images of a step, where the author says so.
    public var batchSize: Int?
    /// What random numbers derive from, where the author says so.
    public var seed: Int?
    public var augmentations: [Augmentation]
    public var normalization: Normalization?

    public init(
        lossOutput: String = "loss", optimizer: Optimizer = .sgd(momentum: 0.9), schedule: Schedule = .constant(rate: 0.01),
        clip: Clip? = nil, epochs: Int? = nil, decaysVectors: Bool = true, batchSize: Int? = nil, seed: Int? = nil,
        augmentations: [Augmentation] = [], normalization: Normalization? = nil
    ) {
        self.lossOutput = lossOutput
        self.optimizer = optimizer
        self.schedule = schedule
        self.clip = clip
        self.epochs = epochs
        self.decaysVectors = decaysVectors
        self.batchSize = batchSize
        self.seed = seed
        self.augmentations = augmentations
        self.normalization = normalization
    }
}
