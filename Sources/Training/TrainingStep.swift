import Graph
import Interchange
import Recipes
import Runtime

/// One step of training on a batch: forward, backward, update.
///
/// What it does to the parameters depends on the batch, the learning rate, the seed and the step's number alone.
public struct TrainingStep {
    /// What a step says of its batch, as the network was before.
    public struct Result: Sendable {
        public var loss: Double
        /// The metric of the batch is `amount / weight`; both are 0 where there is none.
        public var amount: Double
        public var weight: Double
    }

    /// The step's program; its parameters are what is trained, and what the optimizer keeps.
    public let executable: Executable
    /// The network as it predicts, whose parameters are set before each evaluation.
    public let inference: Executable
    /// What both are fed with.
    public let feed: TrainingFeed
    /// What is reported beside the loss.
    public let metric: Metric?
    /// What counts right answers from scores; nil where the graph has sums of the metric, or there is none.
    let classifier: Classifier?
    /// The network with its loss, but as it predicts, where the loss of held-out pictures is not counted from scores: for one batch, and
    /// for what is left behind whole ones.
    public var evaluators: [Executable] = []
    private let lossOutput: String
    let labelLoss: LabelLoss
    private let hasMetricSums: Bool
    private let takesSeed: Bool

    /// Checks that programs are the training and the prediction of one network.
    ///
    /// - Parameters:
    ///   - executable: a training step, whose inputs are those of `inference`, the targets, `learning_rate` and perhaps `seed`.
    ///   - targets: the inputs that take what is known of the pictures; see `TrainingTarget`. Of pairs of pictures whether they are of
    ///     one class; none where the loss needs no more than the pictures.
    ///   - loss: the output that is minimized, f32[].
    ///   - metric: what is reported beside it: counted from the scores, or from the outputs `Metric.amountOutput` and `weightOutput`.
    ///   - scores: the output that the loss compares with a class a picture; nil where it is not known, or no output of the prediction:
    ///     then the loss of held-out pictures is computed, and not counted from scores.
    ///   - labelLoss: how the loss counts pictures that have one class each.
    ///   - ignoredLabel: the class of pixels that the loss does not count, if there is one.
    ///   - classCounts: how many classes the loss tells apart of targets that it takes for classes, as far as it says so.
    /// Throws where an input is one that nothing is known to feed with, or the programs do not belong together.
    public init(
        _ executable: Executable, inference: Executable, targets: [String], loss: String, metric: Metric? = .accuracy,
        scores: String?, labelLoss: LabelLoss = LabelLoss(), ignoredLabel: Int? = nil, classCounts: [String: Int] = [:]
    ) throws(TrainingError) {
        let plan = executable.plan
        let input = try PictureInput(of: inference)
        feed = try TrainingFeed(executable, input: input, targets: targets, ignoredLabel: ignoredLabel, classCounts: classCounts)
        hasMetricSums = plan.outputs.contains { $0.name == Metric.amountOutput }
        let isCounted =
            feed.targets.map(\.target) == [.label] && metric?.name == Metric.accuracy.name && !hasMetricSums && scores != nil
        classifier = isCounted ? try Classifier(inference, scores: scores) : nil
        if let scores = classifier?.scoresOutput, !plan.outputs.contains(where: { $0.name == scores }) {
            throw TrainingError("the training step of '\(plan.name)' has no output '\(scores)'", repair: "declare it as an output")
        }
        try Self.requireSharedParameters(executable, inference)
        self.executable = executable
        self.inference = inference
        self.metric = isCounted || hasMetricSums ? metric : nil
        lossOutput = loss
        self.labelLoss = labelLoss
        takesSeed = plan.inputs.contains { $0.name == TrainingFeed.seedInput }
    }

    /// Whether `evaluators` have to be set: pictures do not just have one class each, or the network gives no scores.
    public var needsEvaluators: Bool { classifier == nil }

    /// Checks that all parameters that the network predicts with are trained: its own parameters may have other values in the training.
    private static func requireSharedParameters(_ step: Executable, _ inference: Executable) throws(TrainingError) {
        let shapes = { (executable: Executable) in
            executable.plan.parameters.map { (name: $0.parameter.name, extents: executable.plan.buffers[$0.buffer].extents) }
        }
        let trained = Dictionary(shapes(step).map { ($0.name, $0.extents) }) { first, _ in first }
        let network = inference.plan.name
        for (name, extents) in shapes(inference) {
            guard let other = trained[name] else {
                throw TrainingError(
                    "'\(network)' predicts with '\(name)', which its training has not",
                    repair: "train with arguments that only add outputs, such as `training of \(network)(auxiliary: true)`")
            }
            guard other == extents else {
                throw TrainingError(
                    "'\(name)' is \(extents) where '\(network)' predicts, but \(other) in its training",
                    repair: "give the network the same widths in both, for example with -D")
            }
        }
    }

    /// Does one step.
    ///
    /// - Parameters:
    ///   - rate: the learning rate.
    ///   - seed: of the training, which together with `number` decides on dropout and noise.
    ///   - number: of the step, from 0.
    ///   - place: of the batch within an update: how many batches of it are done, and of how many it is; one is a whole update.
    public func run(
        _ batch: Batch, rate: Double, seed: UInt64, number: Int, place: (done: Int, count: Int) = (0, 1)
    ) -> Result {
        give(batch, rate: rate, seed: seed, number: number, place: place, to: executable)
        executable.run()
        return unfailing { () throws(RuntimeError) in try result(of: executable, batch) }
    }

    /// Gives a program that has the step's inputs what `run` gives the step; one that updates nothing has no learning rate.
    func give(_ batch: Batch, rate: Double, seed: UInt64, number: Int, place: (done: Int, count: Int), to program: Executable) {
        unfailing { () throws(RuntimeError) in
            if program.plan.inputs.contains(where: { $0.name == TrainingFeed.learningRateInput }) {
                try program.setInput(TrainingFeed.learningRateInput, to: [Float(rate)])
            }
            if takesSeed {
                // Random numbers take an integer below 2^24, which f32 holds exactly.
                var random = CounterGenerator(seed: seed, .step, number)
                try program.setInput(TrainingFeed.seedInput, to: [Float(random.below(1 << 24))])
            }
            program.setPlace(inUpdate: place)
            try feed.give(batch, to: program)
        }
    }

    /// What a program that was run says of a batch.
    func result(of executable: Executable, _ batch: Batch) throws(RuntimeError) -> Result {
        func number(_ output: String) throws(RuntimeError) -> Double { Double(try executable.output(output, as: Float.self)[0]) }
        let loss = try number(lossOutput)
        if hasMetricSums { return Result(loss: loss, amount: try number(Metric.amountOutput), weight: try number(Metric.weightOutput)) }
        guard let classifier else { return Result(loss: loss, amount: 0, weight: 0) }
        let classes = classifier.classCount
        let scores = try executable.output(classifier.scoresOutput, as: Float.self)
        let counted = (0..<batch.count).filter { Int(batch.labels[$0]) != labelLoss.ignoredLabel }
        let correct = scores.withUnsafeBufferPointer { scores in
            counted.count { place in
                Scores.best(UnsafeBufferPointer(rebasing: scores[place * classes..<(place + 1) * classes])) == Int(batch.labels[place])
            }
        }
        return Result(loss: loss, amount: Double(correct), weight: Double(counted.count))
    }

    /// The weights and running statistics that the network needs to predict: without optimizer state, and without those of outputs that
    /// only the training has, such as an auxiliary head's. Averages stand for their weights.
    public var weights: [HostTensor] {
        Weights.tensors(of: executable, named: Set(inference.plan.parameters.map(\.parameter.name)), from: executable.averages)
    }
}
