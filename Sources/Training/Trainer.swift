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
    /// One step of training: forward, backward, update.
    let step: Executable
    /// The network as it predicts; gets the weights before each evaluation.
    private let classifier: Classifier
    let recipe: TrainingRecipe
    private let training: Dataset
    private let heldOut: Dataset
    private let options: TrainerOptions
    /// How the batches of the training are made.
    public let maker: BatchMaker
    private let labelInput: String
    private let takesSeed: Bool
    var checkpoint: Checkpoint
    /// Of the best epoch so far, where the recipe keeps them.
    var bestWeights: [HostTensor]?
    private var clock = TrainingClock()
    private var checkpointClock: CheckpointClock
    /// Whether a step was done since the start, or the last one of a resumed training.
    private var hasTrained = false
    private var hasBegun = false
    private var lastStep = (loss: 0.0, accuracy: 0.0)

    /// How fast batches were made in the last run, and the seconds of its steps, waiting included.
    public private(set) var loading: (rate: LoaderRate, stepSeconds: Double) = (LoaderRate(), 0)

    public let learningRate: LearningRate
    public let normalization: PixelNormalization

    private static let learningRateInput = "learning_rate"
    private static let seedInput = "seed"

    /// Prepares a training; the weights are as `step` has them.
    ///
    /// - Parameters:
    ///   - step: one training step, whose inputs are those of `classifier`, the labels, `learning_rate` and perhaps `seed`.
    ///   - labels: the input that takes the classes, i32[N].
    ///   - preparation: how the pictures of `training` and `heldOut` were prepared; its mean and deviation come before the recipe's.
    /// Throws where the data do not fit the network.
    public init(
        step: Executable, inference: Executable, labels: String, recipe: TrainingRecipe, training: Dataset, heldOut: Dataset,
        preparation: PicturePreparation = PicturePreparation(), options: TrainerOptions
    ) throws(TrainingError) {
        let classifier = try Classifier(inference)
        try classifier.require(training)
        try classifier.require(heldOut)
        guard training.count >= classifier.batchSize else {
            throw TrainingError(
                "\(training.name) has \(training.count) pictures, fewer than one batch of \(classifier.batchSize)",
                repair: "give --batch \(max(1, training.count)) or less")
        }
        for input in step.plan.inputs
        where ![
            classifier.imageInput, labels, Self.learningRateInput, Self.seedInput, GradientAccumulation.doneInput,
            GradientAccumulation.countInput,
        ].contains(input.name) {
            throw TrainingError("nothing is known to feed the input '\(input.name)' with", repair: "train with one input and one target")
        }
        guard step.plan.outputs.contains(where: { $0.name == classifier.scoresOutput }) else {
            throw TrainingError(
                "the training step of '\(step.plan.name)' has no output '\(classifier.scoresOutput)'", repair: "declare it as an output")
        }
        try Self.requireSharedParameters(step, inference)
        self.step = step
        self.classifier = classifier
        self.recipe = recipe
        self.training = training
        self.heldOut = heldOut
        self.options = options
        checkpointClock = CheckpointClock(options.checkpointInterval)
        labelInput = labels
        let given = preparation.normalization ?? recipe.normalization
        normalization = try given?.values(channels: training.extents.channels) ?? PixelNormalization(of: training)
        maker = BatchMaker(
            training, normalization: normalization,
            options: try Self.batchOptions(recipe, for: training, size: classifier.batchSize, seed: options.seed))
        try Self.requireMixableLabels(recipe, step, labels, classes: classifier.classCount)
        learningRate = LearningRate(
            recipe.schedule, stepsPerEpoch: maker.batchesPerEpoch, epochs: options.epochs,
            accumulation: recipe.accumulation)
        takesSeed = step.plan.inputs.contains { $0.name == Self.seedInput }
        let identity = TrainingIdentity(
            network: inference.plan.name, data: options.dataName, imageCount: training.count, batchSize: classifier.batchSize,
            epochs: options.epochs, seed: options.seed,
            recipe: recipe.fingerprint + (preparation == PicturePreparation() ? "" : "; \(preparation.text)"),
            graph: options.graphDigest, numerics: options.numerics)
        checkpoint = Checkpoint(identity: identity, state: Checkpoint.State(), normalization: normalization)
    }

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

    /// How a recipe has batches of pictures made: shuffled, and augmented as it says.
    ///
    /// Throws where the pictures lack what an augmentation needs, such as colours.
    public static func batchOptions(
        _ recipe: TrainingRecipe, for dataset: Dataset, size: Int, seed: UInt64
    ) throws(TrainingError) -> BatchOptions {
        for augmentation in recipe.augmentations {
            if let problem = augmentation.form.problem(augmentation.values, channels: dataset.extents.channels) {
                throw TrainingError(problem.message, repair: problem.repair)
            }
        }
        return .training(batchSize: size, seed: seed, augmentations: recipe.augmentations)
    }

    /// Checks that labels can say that a picture is of two classes, where the recipe mixes pictures.
    private static func requireMixableLabels(
        _ recipe: TrainingRecipe, _ step: Executable, _ labels: String, classes: Int
    ) throws(TrainingError) {
        guard let mixer = recipe.augmentations.first(where: \.form.mixesBatches),
            step.plan.inputs.contains(where: { $0.name == labels && step.plan.buffers[$0.buffer].element == .i32 })
        else { return }
        throw TrainingError(
            "`\(mixer.form.name)` mixes classes, and the label '\(labels)' is of one class a picture",
            repair: "declare it as f32[N, \(classes)], or leave out `\(mixer.form.name)`")
    }

    /// What was measured so far.
    public var history: TrainingHistory { checkpoint.state.history }

    /// The steps done over all epochs.
    public var stepsDone: Int { checkpoint.state.step }

    /// Continues from a checkpoint; throws where it is damaged or of another training.
    ///
    /// Returns what a checkpoint of an earlier version does not tell and could therefore not be compared, as warnings.
    public func resume(_ file: Safetensors) throws(TrainingFailure) -> [String] {
        let found: Checkpoint
        do { found = try Checkpoint(file) } catch { throw .file(error) }
        let difference = checkpoint.identity.difference(
            from: found.identity, allowsOtherEpochs: !recipe.schedule.form.dependsOnLength)
        if let difference { throw .training(difference) }
        guard found.normalization == normalization else {
            throw .training(TrainingError("the checkpoint's normalization is not of this training", repair: "start anew without --resume"))
        }
        let (done, total) = (found.state.step, learningRate.totalSteps)
        guard done <= total else {
            throw .training(
                TrainingError(
                    "the checkpoint is of step \(done), and \(options.epochs) epoch\(options.epochs == 1 ? "" : "s") "
                        + "\(options.epochs == 1 ? "has" : "have") only \(total) step\(total == 1 ? "" : "s")",
                    repair: "ask for at least \((done + learningRate.stepsPerEpoch - 1) / learningRate.stepsPerEpoch) with --epochs"))
        }
        // An epoch whose evaluation was stopped is not in the history yet, and its sums are kept until it is.
        let steps = learningRate.stepsPerEpoch
        let isEvaluating = found.state.step % steps == 0 && found.state.imageCount > 0
        guard found.state.history.epochs.count == found.state.step / steps - (isEvaluating ? 1 : 0) else {
            throw .file(Checkpoint.damage(file.path))
        }
        let absent = step.plan.parameters.map(\.parameter.name).filter { file[$0] == nil }
        if let name = absent.first {
            throw .training(TrainingError("the checkpoint lacks '\(name)'", repair: "start anew without --resume"))
        }
        // Names and shapes say more of what differs than digests do.
        do { try Weights.load(file, into: step) } catch { throw .weights(error) }
        if let difference = checkpoint.identity.computedDifference(from: found.identity, path: file.path) { throw .training(difference) }
        bestWeights = try readBestWeights(file, found.state.history)
        checkpoint.state = found.state
        if bestWeights == nil { checkpoint.state.history.keptEpoch = nil }
        return found.identity.unknown(of: checkpoint.identity)
    }

    /// The weights and running statistics that the network needs to predict: without optimizer state, and without those of outputs that
    /// only the training has, such as an auxiliary head's. Averages stand for their weights, and the best epoch's for the last where the
    /// recipe says so.
    public var weights: [HostTensor] { bestWeights ?? currentWeights }

    /// The same as they are now.
    var currentWeights: [HostTensor] {
        Weights.tensors(of: step, named: Set(classifier.executable.plan.parameters.map(\.parameter.name)), from: step.averages)
    }

    /// Checks what the training starts with, and writes the first checkpoint: from now on there is something to resume from, whenever the
    /// process ends. `run` does so first, unless it is done.
    public func begin() throws(TrainingFailure) {
        if hasBegun { return }
        try writeCheckpoint { _ in }
        hasBegun = true
    }

    /// Trains up to the last epoch, or to the one behind which the recipe stops.
    ///
    /// `report` is called after every step; `shouldStop` is asked then, and where it says so, a checkpoint is written and false returned.
    /// Throws where the loss, a parameter or the optimizer's state is no longer a finite number, or a checkpoint cannot be written.
    public func run(shouldStop: () -> Bool = { false }, report: (TrainerEvent) -> Void = { _ in }) throws(TrainingFailure) -> Bool {
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
            try run(batch)
            clock.endStep()
            report(.step(progress(batch.position)))
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

    /// Does one step.
    private func run(_ batch: Batch) throws(TrainingFailure) {
        let number = checkpoint.state.step
        let (loss, correct) = compute(batch, rate: rate(of: number), number: number, place: learningRate.placeInUpdate(number))
        guard loss.isFinite else {
            throw .training(
                damage(
                    "the loss became \(loss.withoutSignOfNaN) in step \(number + 1) (epoch \(batch.position.epoch + 1)), "
                        + "at a learning rate of \(Float(rate(of: number)))"))
        }
        hasTrained = true
        lastStep = (loss, Double(correct) / Double(max(1, batch.count)))
        checkpoint.state.add(loss: loss, correct: correct, of: batch.count)
        let stretch = max(1, learningRate.totalSteps / 200)
        if checkpoint.state.step % stretch == 0 || checkpoint.state.step == learningRate.totalSteps {
            checkpoint.state.endPoint(learningRate: rate(of: number))
        }
    }

    /// Runs the training step on a batch, which is a whole update unless it has a place in one; returns its loss, and how many pictures were
    /// recognized.
    func compute(
        _ batch: Batch, rate: Double, number: Int, place: (done: Int, count: Int) = (0, 1)
    ) -> (loss: Double, correct: Int) {
        set(Self.learningRateInput, Float(rate))
        step.setPlace(inUpdate: place)
        if takesSeed {
            // Random numbers take an integer below 2^24, which f32 holds exactly.
            var random = CounterGenerator(seed: options.seed, .step, number)
            set(Self.seedInput, Float(random.below(1 << 24)))
        }
        let (loss, scores) = unfailing { () throws(RuntimeError) in
            try step.setInput(classifier.imageInput, to: batch.images)
            try step.setInput(labelInput, to: batch.labels)
            step.run()
            return (Double(try step.output(recipe.lossOutput, as: Float.self)[0]), try step.output(classifier.scoresOutput, as: Float.self))
        }
        let classes = classifier.classCount
        let correct = scores.withUnsafeBufferPointer { scores in
            (0..<batch.count).count { place in
                Scores.best(UnsafeBufferPointer(rebasing: scores[place * classes..<(place + 1) * classes])) == Int(batch.labels[place])
            }
        }
        return (loss, correct)
    }

    /// The learning rate of a step that is no further than the next one.
    private func rate(of step: Int) -> Double { learningRate(step, heldOutLosses: history.decisiveLosses) }

    private func set(_ input: String, _ value: Float) { unfailing { () throws(RuntimeError) in try step.setInput(input, to: [value]) } }

    private func progress(_ position: BatchPosition) -> TrainingProgress {
        let state = checkpoint.state
        let left = learningRate.totalSteps - state.step
        return TrainingProgress(
            epoch: position.epoch + 1, epochs: options.epochs, step: position.batch + 1, stepsPerEpoch: learningRate.stepsPerEpoch,
            loss: state.loss, accuracy: state.accuracy, stepLoss: lastStep.loss, stepAccuracy: lastStep.accuracy, stepsDone: state.step,
            learningRate: rate(of: state.step - 1),
            imagesPerSecond: Double(classifier.batchSize) / max(clock.secondsPerStep, 1e-9),
            secondsLeft: clock.secondsLeft(steps: left, evaluations: options.epochs - position.epoch))
    }

    /// Evaluates an epoch; false where that was stopped, behind a checkpoint that goes on with it.
    private func finishEpoch(
        _ epoch: Int, seconds: Double?, _ shouldStop: () -> Bool, _ report: (TrainerEvent) -> Void
    ) throws(TrainingFailure) -> Bool {
        clock.begin()
        let averages = step.averages
        unfailing { () throws(RuntimeError) in try classifier.executable.copyParameters(from: step) { averages[$0] ?? $0 } }
        let evaluation: Evaluation?
        do throws(TrainingError) {
            evaluation = try classifier.evaluate(heldOut, normalization: normalization, shouldStop: shouldStop) {
                report(.evaluating(done: $0, of: heldOut.count))
            }
        } catch {
            throw .training(error)
        }
        guard let evaluation else {
            try writeCheckpoint(report)
            return false
        }
        clock.endEvaluation()
        let state = checkpoint.state
        guard evaluation.loss.isFinite else {
            throw .training(damage("the held-out loss became \(evaluation.loss.withoutSignOfNaN) in epoch \(epoch + 1)"))
        }
        let record = TrainingHistory.Epoch(
            epoch: epoch + 1, loss: state.loss, accuracy: state.accuracy, heldOutLoss: evaluation.loss,
            heldOutAccuracy: evaluation.accuracy, learningRate: rate(of: state.step - 1), seconds: seconds)
        checkpoint.state.endEpoch(record)
        keepBestWeights()
        report(.epoch(record))
        try writeCheckpoint(report)
        return true
    }

    /// The parameters and what the optimizer keeps, as they are saved; throws where one holds a value that is not finite.
    private func soundTensors() throws(TrainingFailure) -> [HostTensor] {
        let tensors = Weights.tensors(of: step)
        for tensor in tensors {
            let found = tensor.bytes.withUnsafeBytes { bytes in
                NonFiniteValues(in: bytes.bindMemory(to: Float.self), name: tensor.name, extents: tensor.shape)
            }
            guard let found else { continue }
            if !hasTrained {
                throw .training(
                    TrainingError("the training cannot start: \(found.description)", repair: "start from other weights, or from none"))
            }
            throw .training(damage("\(found.description), after step \(stepsDone)"))
        }
        return tensors
    }

    /// A training that has left the finite numbers.
    private func damage(_ message: String) -> TrainingError {
        TrainingError(
            message,
            repair: "lower the rate (it peaks at \(recipe.schedule.peak)), or bound the gradients with `clip norm 1.0`"
                + (options.checkpointPath.map { "; \($0) is from before" } ?? ""))
    }

    private func writeCheckpointIfDue(_ report: (TrainerEvent) -> Void) throws(TrainingFailure) {
        checkpointClock.endStep()
        if checkpointClock.isDue { try writeCheckpoint(report) }
    }

    private func writeCheckpoint(_ report: (TrainerEvent) -> Void) throws(TrainingFailure) {
        checkpointClock.beginWriting()
        let tensors = try soundTensors()
        guard let path = options.checkpointPath else { return }
        do { try checkpoint.write(tensors + savedBestWeights, to: path) } catch { throw .file(error) }
        checkpointClock.endWriting()
        report(.checkpoint(path: path))
    }
}

extension Double {
    /// Swift prints the sign of a NaN, which means nothing.
    fileprivate var withoutSignOfNaN: Double { isNaN ? .nan : self }
}

extension TrainingRecipe {
    /// All of the recipe that shapes the weights, besides batch, seed and epochs.
    fileprivate var fingerprint: String {
        var recipe = self
        (recipe.epochs, recipe.batchSize, recipe.seed) = (nil, nil, nil)
        // Which epoch is the result does not change what any is.
        (recipe.stopping, recipe.keepsBest) = (nil, false)
        return recipe.printed().split(separator: "\n").joined(separator: "; ")
    }
}
