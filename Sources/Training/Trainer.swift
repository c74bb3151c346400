import Foundation
import Graph
import Interchange
import Recipes
import Runtime

/// Trains a network: feeds batches to its training step, evaluates each epoch, keeps checkpoints.
///
/// The weights after any step are a function of (network, recipe, data, batch, seed) alone: neither threads, nor timing, nor being
/// interrupted and resumed change a bit.
public final class Trainer {
    let step: TrainingStep
    let recipe: TrainingRecipe
    private let training: Dataset
    private let heldOut: Dataset
    let options: TrainerOptions
    /// How the batches of the training are made.
    public let maker: BatchMaker
    var checkpoint: Checkpoint
    /// Of the best epoch so far, where the recipe keeps them.
    var bestWeights: [HostTensor]?
    private var clock = TrainingClock()
    private var checkpointClock: CheckpointClock
    /// Whether a step was done since the start, or the last one of a resumed training.
    private var hasTrained = false
    private var hasBegun = false
    private var lastStep = (loss: 0.0, metric: 0.0)
    /// What looks at layers beside the steps, if anything does; set before `run`.
    public var watch: GradientWatch?

    /// How fast batches were made in the last run, and the seconds of its steps, waiting included.
    public private(set) var loading: (rate: LoaderRate, stepSeconds: Double) = (LoaderRate(), 0)

    public let learningRate: LearningRate
    public let normalization: PixelNormalization

    /// Prepares a training; the weights are as `step` has them.
    ///
    /// - Parameter preparation: how the pictures of `training` and `heldOut` were prepared; its mean and deviation come before the recipe's.
    /// Throws where the data do not fit the network.
    public init(
        _ step: TrainingStep, recipe: TrainingRecipe, training: Dataset, heldOut: Dataset,
        preparation: PicturePreparation = PicturePreparation(), options: TrainerOptions
    ) throws(TrainingError) {
        try step.require(training, .training)
        try step.require(heldOut, .heldOut)
        if step.needsEvaluators, !step.evaluators.isEmpty { try step.feed.requireWhole(heldOut, step.evaluators) }
        self.step = step
        let batchSize = step.feed.input.batchSize
        guard training.count >= batchSize else {
            throw TrainingError(
                "\(training.name) has \(training.count) picture\(training.count == 1 ? "" : "s"), fewer than one batch of \(batchSize)",
                repair: "give --batch \(max(1, training.count)) or less")
        }
        self.recipe = recipe
        self.training = training
        self.heldOut = heldOut
        self.options = options
        checkpointClock = CheckpointClock(options.checkpointInterval)
        normalization = try preparation.normalization(recipe, of: training)
        maker = BatchMaker(
            training, normalization: normalization,
            options: try Self.batchOptions(recipe, for: training, of: step, seed: options.seed))
        try step.feed.requireMixable(recipe, classes: training.classNames.count)
        learningRate = LearningRate(
            recipe.schedule, stepsPerEpoch: maker.batchesPerEpoch, epochs: options.epochs,
            accumulation: recipe.accumulation)
        let identity = TrainingIdentity(
            network: step.inference.plan.name, data: options.dataName, imageCount: training.count, batchSize: batchSize,
            epochs: options.epochs, seed: options.seed,
            recipe: recipe.fingerprint + (preparation == PicturePreparation() ? "" : "; \(preparation.text)"),
            graph: options.graphDigest, numerics: options.numerics, precision: options.precision)
        checkpoint = Checkpoint(identity: identity, state: Checkpoint.State(), normalization: normalization)
        checkpoint.state.history.metric = step.metric?.name
    }

    /// How a recipe has batches of pictures made: shuffled, and augmented as it says.
    ///
    /// - Parameter tuple: how many pictures the network compares at once.
    /// Throws where the pictures lack what an augmentation needs, such as colours, or no tuples can be drawn from them.
    public static func batchOptions(
        _ recipe: TrainingRecipe, for dataset: Dataset, _ part: Dataset.Part = .training, size: Int, seed: UInt64,
        tuple: PictureTuple = .single
    ) throws(TrainingError) -> BatchOptions {
        try tuple.require(dataset, part)
        for augmentation in recipe.augmentations {
            if let problem = augmentation.form.problem(augmentation.values, channels: dataset.extents.channels) {
                throw TrainingError(problem.message, repair: problem.repair)
            }
        }
        var options = BatchOptions.training(batchSize: size, seed: seed, augmentations: recipe.augmentations)
        options.tuple = tuple
        return options
    }

    /// The same, with what a step takes of pictures besides their classes.
    private static func batchOptions(
        _ recipe: TrainingRecipe, for dataset: Dataset, of step: TrainingStep, seed: UInt64
    ) throws(TrainingError) -> BatchOptions {
        var options = try batchOptions(recipe, for: dataset, size: step.feed.input.batchSize, seed: seed, tuple: step.feed.input.tuple)
        options.targets = step.feed.targets.map(\.target)
        options.reduction = step.feed.reduction
        // What comes in from outside counts as what does not count, or else as the first class, which is the background.
        options.outsideLabel = Int32(clamping: step.feed.ignoredLabel ?? 0)
        return options
    }

    /// What was measured so far.
    public var history: TrainingHistory { checkpoint.state.history }

    /// The steps done over all epochs.
    public var stepsDone: Int { checkpoint.state.step }

    /// What the training ends with, see `TrainingStep.weights`: the best epoch's for the last where the recipe says so.
    public var weights: [HostTensor] { bestWeights ?? step.weights }

    /// The same as they are now.
    var currentWeights: [HostTensor] { step.weights }

    /// Checks what the training starts with, and writes the first checkpoint: from now on there is something to resume from, whenever the
    /// process ends. `run` does so first, unless it is done.
    public func begin() throws {
        if hasBegun { return }
        try writeCheckpoint { _ in }
        hasBegun = true
    }

    /// Trains up to the last epoch, or to the one behind which the recipe stops.
    ///
    /// `report` is called after every step; `shouldStop` is asked then, and where it says so, a checkpoint is written and false returned.
    /// - Throws: `Divergence` where the loss, a parameter or the optimizer's state is no longer a finite number; `MetCondition` where a condition
    ///   of the watch is met, behind a checkpoint; `InterchangeError` where a checkpoint cannot be written.
    public func run(shouldStop: () -> Bool = { false }, report: (TrainerEvent) -> Void = { _ in }) throws -> Bool {
        let steps = learningRate.stepsPerEpoch
        try begin()
        let position = BatchPosition(epoch: checkpoint.state.step / steps, batch: checkpoint.state.step % steps)
        // What ended while an epoch was evaluated goes on with that.
        if position.batch == 0, checkpoint.state.imageCount > 0 {
            guard try finishEpoch(position.epoch - 1, seconds: nil, shouldStop, report) else { return false }
        }
        if hasStopped { return true }
        let loader = Loader(maker, from: position, epochs: options.epochs)
        var begin = ContinuousClock.now
        var isWhole = position.batch == 0
        defer { loading = (loader.rate, clock.trainingSeconds) }
        // Waiting for a batch is a part of a step.
        clock.begin()
        while let batch = loader.next() {
            let watched = try run(batch)
            clock.endStep()
            report(.step(progress(batch.position)))
            if let watched {
                report(.watched(watched))
                if let met = met(by: watched) {
                    try writeCheckpoint(report)
                    throw met
                }
            }
            if batch.position.batch + 1 == steps {
                let seconds = isWhole ? (ContinuousClock.now - begin).seconds : nil
                guard try finishEpoch(batch.position.epoch, seconds: seconds, shouldStop, report) else { return false }
                if hasStopped { return true }
                (begin, isWhole) = (.now, true)
            } else {
                try writeCheckpointIfDue(report)
            }
            if checkpoint.state.step < learningRate.totalSteps, shouldStop() {
                try writeCheckpoint(report)
                return false
            }
            clock.begin()
        }
        return true
    }

    /// Does one step; returns what the watch says of it, where it is one that is watched.
    private func run(_ batch: Batch) throws -> WatchedStep? {
        let number = checkpoint.state.step
        let (rate, place) = (rate(of: number), learningRate.placeInUpdate(number))
        let watch = watch.flatMap { $0.isDue(number + 1, place: place) ? $0 : nil }
        let secondsOfWatch = watch?.seconds ?? 0
        watch?.look(before: step.executable) {
            step.give(batch, rate: rate, seed: options.seed, number: number, place: place, to: $0)
        }
        let result = step.run(batch, rate: rate, seed: options.seed, number: number, place: place)
        let measures = watch?.measures(after: step.executable)
        if let watch { clock.leaveOut(watch.seconds - secondsOfWatch) }
        guard result.loss.isFinite else {
            throw Divergence(
                error: damage(
                    "the loss became \(result.loss.withoutSignOfNaN) in step \(number + 1) (epoch \(batch.position.epoch + 1)), "
                        + "at a learning rate of \(Float(rate))"),
                last: number)
        }
        hasTrained = true
        lastStep = (result.loss, result.amount / max(result.weight, 1e-30))
        checkpoint.state.add(result, of: batch.count)
        let stretch = max(1, learningRate.totalSteps / 200)
        if checkpoint.state.step % stretch == 0 || checkpoint.state.step == learningRate.totalSteps {
            checkpoint.state.endPoint(learningRate: rate)
        }
        return measures.map { WatchedStep(step: number + 1, epoch: batch.position.epoch + 1, layers: $0) }
    }

    /// The learning rate of a step that is no further than the next one.
    func rate(of step: Int) -> Double { learningRate(step, heldOutLosses: history.decisiveLosses) }

    private func progress(_ position: BatchPosition) -> TrainingProgress {
        let state = checkpoint.state
        let left = learningRate.totalSteps - state.step
        return TrainingProgress(
            epoch: position.epoch + 1, epochs: options.epochs, step: position.batch + 1, stepsPerEpoch: learningRate.stepsPerEpoch,
            loss: state.loss, metric: state.metric, stepLoss: lastStep.loss, stepMetric: lastStep.metric, stepsDone: state.step,
            learningRate: rate(of: state.step - 1),
            imagesPerSecond: Double(step.feed.input.batchSize) / max(clock.secondsPerStep, 1e-9),
            secondsLeft: clock.secondsLeft(steps: left, evaluations: options.epochs - position.epoch))
    }

    /// Evaluates an epoch; false where that was stopped, behind a checkpoint that goes on with it.
    private func finishEpoch(
        _ epoch: Int, seconds: Double?, _ shouldStop: () -> Bool, _ report: (TrainerEvent) -> Void
    ) throws -> Bool {
        clock.begin()
        let evaluation = try step.evaluate(heldOut, normalization: normalization, seed: options.seed, shouldStop: shouldStop) {
            report(.evaluating(done: $0, of: heldOut.count))
        }
        guard let evaluation else {
            try writeCheckpoint(report)
            return false
        }
        clock.endEvaluation()
        let state = checkpoint.state
        guard evaluation.loss.isFinite else {
            throw damage("the held-out loss became \(evaluation.loss.withoutSignOfNaN) in epoch \(epoch + 1)")
        }
        let record = TrainingHistory.Epoch(
            epoch: epoch + 1, loss: state.loss, metric: state.metric, heldOutLoss: evaluation.loss,
            heldOutMetric: evaluation.metric, learningRate: rate(of: state.step - 1), seconds: seconds)
        checkpoint.state.endEpoch(record)
        keepBestWeights()
        report(.epoch(record))
        try writeCheckpoint(report)
        return true
    }

    /// The parameters and what the optimizer keeps, as they are saved; throws where one holds a value that is not finite.
    private func soundTensors() throws -> [HostTensor] {
        let tensors = Weights.tensors(of: step.executable)
        guard let found = tensors.firstNonFinite else { return tensors }
        if !hasTrained {
            throw TrainingError("the training cannot start: \(found.description)", repair: "start from other weights, or from none")
        }
        throw Divergence(error: damage("\(found.description), after step \(stepsDone)"), last: stepsDone - 1)
    }

    /// A training that has left the finite numbers.
    private func damage(_ message: String) -> TrainingError {
        let isFirst = stepsDone == 0
        return TrainingError(
            message,
            repair: isFirst
                ? "no weight was changed yet, so that a lower rate does not help: scale down what becomes so large, or begin with smaller weights"
                : "lower the rate (it peaks at \(recipe.schedule.peak)), or bound the gradients with `clip norm 1.0`"
                    + (options.checkpointPath.map { "; \($0) is from before" } ?? ""))
    }

    private func writeCheckpointIfDue(_ report: (TrainerEvent) -> Void) throws {
        checkpointClock.endStep()
        if checkpointClock.isDue { try writeCheckpoint(report) }
    }

    private func writeCheckpoint(_ report: (TrainerEvent) -> Void) throws {
        checkpointClock.beginWriting()
        let tensors = try soundTensors()
        guard let path = options.checkpointPath else { return }
        try checkpoint.write(tensors + savedBestWeights, to: path)
        checkpointClock.endWriting()
        report(.checkpoint(path: path))
    }
}

extension Double {
    /// Swift prints the sign of a NaN, which means nothing.
    fileprivate var withoutSignOfNaN: Double { isNaN ? .nan : self }
}

extension TrainingRecipe {
    /// All of the recipe that shapes the weights, besides batch, seed and epochs: what a checkpoint remembers of it.
    public var fingerprint: String {
        var recipe = self
        (recipe.epochs, recipe.batchSize, recipe.seed) = (nil, nil, nil)
        // Which epoch is the result does not change what any is.
        (recipe.stopping, recipe.keepsBest) = (nil, false)
        return recipe.printed().split(separator: "\n").joined(separator: "; ")
    }
}
