/// How a network is trained: what a `training of` definition of the language says beside the loss itself, which is a part of the graph.
public struct TrainingRecipe: Hashable, Sendable {
    /// The optimizer, with PyTorch's formulas and parameter names.
    public enum Optimizer: Hashable, Sendable {
        /// Stochastic gradient descent: `g += weightDecay * w; m = momentum * m + (1 - dampening) * g; w -= rate * m`, or with Nesterov's
        /// correction `w -= rate * (g + momentum * m)` (Sutskever et al. 2013). The first step is not dampened.
        case sgd(momentum: Double = 0, dampening: Double = 0, nesterov: Bool = false, weightDecay: Double = 0)
        /// Adam (Kingma & Ba, arXiv 1412.6980): `m` and `v` are running averages of `g` and `g * g`, corrected for their start at zero, and
        /// `w -= rate * m / (sqrt(v) + epsilon)`. Decay is added to the gradient, or, decoupled (Loshchilov & Hutter, arXiv 1711.05101),
        /// taken from the weight itself: `w -= rate * weightDecay * w`.
        case adam(
            beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8, weightDecay: Double = 0, isDecoupled: Bool = false)
        /// RMSprop (Tieleman & Hinton 2012): `s` is the running average of `g * g`, and `w -= rate * g / (sqrt(s) + epsilon)`, with momentum
        /// `m = momentum * m + g / (sqrt(s) + epsilon); w -= rate * m`. Centered, `s` loses the square of the gradients' own average
        /// (Graves, arXiv 1308.0850). TensorFlow's variant, which the Inception networks were trained with, has epsilon inside the root,
        /// begins with `s = 1`, and its momentum takes up steps that are multiplied by their rate already.
        case rmsprop(
            alpha: Double = 0.99, epsilon: Double = 1e-8, momentum: Double = 0, isCentered: Bool = false, weightDecay: Double = 0,
            isTensorFlow: Bool = false)
    }

    /// The learning rate over the course of the training.
    public enum Schedule: Hashable, Sendable {
        case constant(rate: Double)
        /// From `peak / startDivisor` up to `peak` in the first `rise` part of the steps, then down to
        /// `peak / startDivisor / endDivisor`, both along a half cosine (Smith & Topin, arXiv 1708.07120, as PyTorch has it).
        case oneCycle(peak: Double, rise: Double = 0.3, startDivisor: Double = 25, endDivisor: Double = 1e4)
        /// `rate`, multiplied by `factor` after every `epochs` epochs.
        case step(rate: Double, epochs: Int, factor: Double = 0.1)
        /// `rate`, multiplied by `factor` after each of these epochs, which ascend.
        case multistep(rate: Double, epochs: [Int], factor: Double = 0.1)
        /// `rate * factor^(epoch / epochs)`: by steps of so many epochs (`isStaircase`) or a little with every step.
        case exponential(rate: Double, factor: Double, epochs: Double = 1, isStaircase: Bool = true)
        /// `rate * (1 - part)^power`, where `part` of all steps are done.
        case polynomial(rate: Double, power: Double = 1)
        /// From `rate` down to `floor` along a half cosine (Loshchilov & Hutter, arXiv 1608.03983, one period), after `warmup` epochs in
        /// which the rate grows evenly up to `rate` (Goyal et al., arXiv 1706.02677).
        case cosine(rate: Double, floor: Double = 0, warmup: Double = 0)
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
        /// Cuts out a rectangle of `scale` to all of the image's area, of aspect 3:4 to 4:3, and enlarges it to the image's size
        /// (Szegedy et al., arXiv 1409.4842).
        case crop(scale: Double)
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
