import Compiler
import Foundation
import Graph
import Interchange
import Recipes
import Training

/// One training of a command: from a network with its recipe to the files of its results.
struct TrainingSession {
    let network: Network
    let trainer: Trainer
    let files: ResultFiles
    private let source: NetworkOptions
    private let settings: TrainingOptions
    private let parts: TrainingParts
    private let options: TrainerOptions
    private let weights: String?
    private let eventFolder: String?

    /// Compiles the programs, opens the data, and looks whether the results find room; the parameters have no values yet.
    ///
    /// - Parameters:
    ///   - network: what `source` names, with the recipe to train by.
    ///   - epochs: nil for as many as the recipe says, else 1.
    ///   - weights: the file that the training begins with, for the records.
    ///   - eventFolder: where events for TensorBoard go; nil for none.
    ///   - watching: what of the layers is looked at beside the steps, and when; nil for nothing.
    init(
        _ network: Network, from source: NetworkOptions, _ settings: TrainingOptions, epochs: Int?, weights: String?, files: ResultFiles,
        eventFolder: String?, watching: GradientWatch.Options? = nil
    ) throws {
        let definition = try TrainingParts.definition(of: network)
        let recipe = definition.recipe
        let seed = settings.seed ?? recipe.seed.map { UInt64($0) } ?? 0
        let reading = settings.reading.options(seed: seed)
        parts = try TrainingParts(
            network, batch: network.batch(settings.batch, usual: recipe.batchSize ?? 64), data: settings.data, options: reading,
            execution: settings.execution,
            precision: Precision(rawValue: settings.precision.rawValue), memory: settings.memory?.bytes, evaluates: true,
            watching: watching)
        try files.requireRoom(
            weightBytes: parts.step.inference.parameterBytes,
            checkpointBytes: parts.step.executable.parameterBytes
                + (recipe.keepsBestWeights ? parts.step.inference.parameterBytes : 0))
        options = TrainerOptions(
            dataName: settings.data.description + (reading.split.map { " --held-out \($0.share)" } ?? ""),
            epochs: epochs ?? recipe.epochs ?? 1, seed: seed, checkpointPath: files.checkpoint,
            checkpointInterval: settings.checkpointEvery,
            graphDigest: SHA256.hexadecimal(Data(definition.graph.description.utf8)),
            numerics: settings.execution.arithmetic.numerics.description,
            precision: settings.precision == .f32 ? nil : settings.precision.rawValue)
        trainer = try Trainer(
            parts.step, recipe: recipe, training: parts.training, heldOut: parts.heldOut, preparation: parts.preparation, options: options)
        trainer.watch = parts.watch?.watch
        (self.network, self.source, self.settings, self.files) = (network, source, settings, files)
        (self.weights, self.eventFolder) = (weights, eventFolder)
    }

    /// One step of the training, whose parameters are what is trained.
    var step: TrainingStep { parts.step }

    /// Gives the parameters the values that they begin with.
    func initialize() throws(CompilerError) { try network.initialize(step.executable, seed: options.seed) }

    /// Takes over all parameters of another training of the network with what it ended with; the optimizer's state begins anew.
    func takeOver(_ other: TrainingSession) throws {
        // What only the training has is in no file of weights.
        let states = step.executable.optimizerStates
        try step.executable.copyParameters(from: other.step.executable) { states.contains($0) ? "" : $0 }
        try Weights.load(
            try WeightsFile(path: other.files.weights), into: step.executable, optional: network.trainingParameters)
    }

    /// Goes on from a checkpoint, which has values of its own for all; says what cannot be compared.
    func resume(_ path: String) throws {
        for warning in try trainer.resume(try Safetensors(path: path)) { WeightsReport.warn(warning) }
    }

    /// Trains, keeps the records and writes the weights; what is interrupted leaves a checkpoint and ends the process.
    ///
    /// Returns what is told of it in JSON; as text it is told while it goes on.
    func run(isInterrupted: () -> Bool) throws -> TrainRecord {
        if trainer.hasStopped, let last = trainer.history.epochs.last {
            Console.error("note: this training stopped after epoch \(last.epoch); to go on, give `stop` a larger patience\n")
        }
        let (training, heldOut, batch) = (parts.training, parts.heldOut, step.feed.input.batchSize)
        try trainer.begin()
        var recipe = parts.definition.recipe
        recipe.epochs = options.epochs
        let run = TrainingRun(
            network: network.name, file: source.file,
            definitions: Dictionary(source.choice.definitions.map { ($0.name, $0.value) }) { _, last in last },
            data: options.dataName, trainingPictures: training.count, heldOutPictures: heldOut.count, batch: batch, seed: options.seed,
            epochs: options.epochs, stepsPerEpoch: trainer.learningRate.stepsPerEpoch,
            recipe: recipe.printed().split(separator: "\n").map(String.init), graph: options.graphDigest ?? "",
            numerics: settings.execution.arithmetic.numerics.description, weights: weights)
        let recorder = try TrainingRecorder(trainer, run, files: files, eventFolder: eventFolder)
        var report = TrainReport(trainer.history.reported, showsEpochs: !settings.json, isQuiet: settings.progress.quiet)
        report.begin(network.name, training, heldOut, recipe: recipe, batch: batch, options, stepsDone: trainer.stepsDone)
        let start = ContinuousClock.now
        let isDone: Bool
        do {
            isDone = try trainer.run(shouldStop: { isInterrupted() || recorder.failure != nil }) { event in
                recorder.record(event)
                report.show(event)
            }
        } catch {
            // What failed is told; that the history cannot say so, too, would hide it.
            try? recorder.end(.failed, message: "\(error)")
            if let met = error as? MetCondition, let watch = parts.watch { throw watch.error(met) }
            guard let divergence = error as? Divergence else { throw error }
            throw located(divergence.error, through: divergence.last, isInterrupted) ?? error
        }
        if let failure = recorder.failure { throw failure }
        guard isDone else {
            try recorder.end(.stopped)
            report.interrupted(files.checkpoint)
            Interruption.end()
        }
        let preparation = parts.preparation.settings
        let metadata = WeightsMetadata(
            normalization: trainer.normalization, classNames: network.classNames(of: training), network: network.name,
            preparation: preparation.isEmpty ? nil : preparation,
            heldOut: settings.reading.options(seed: options.seed).split.map { HeldOutShare(split: $0, count: heldOut.allCount) })
        try Safetensors.write(trainer.weights, metadata: metadata.fields, to: files.weights)
        try recorder.end(.finished)
        let (best, seconds) = (trainer.history.best, (ContinuousClock.now - start).seconds)
        if !settings.json {
            report.end(
                recorder.record, seconds: seconds, loading: trainer.loading, watch: trainer.watch, files, tensorBoard: eventFolder)
        }
        let isAccuracy = trainer.history.metric == Metric.accuracy.name
        func accuracy(_ epoch: TrainingHistory.Epoch?) -> Double? { isAccuracy ? epoch?.heldOutMetric : nil }
        return TrainRecord(
            network: network.name, data: settings.data.description, epochs: options.epochs, batch: batch, seed: options.seed,
            steps: trainer.stepsDone, seconds: seconds, metric: trainer.history.metric,
            value: trainer.history.result?.heldOutMetric, accuracy: accuracy(trainer.history.result), loss: trainer.history.result?.loss,
            keptEpoch: trainer.history.keptEpoch, bestEpoch: best?.epoch,
            bestValue: best?.heldOutMetric, bestAccuracy: accuracy(best), weights: files.weights, checkpoint: files.checkpoint,
            history: files.history,
            curves: files.curves, epochsTable: files.epochs, stepsTable: files.steps, tensorboard: eventFolder,
            layersTable: trainer.watch.map { _ in files.layers }, gradients: trainer.watch.map { _ in files.gradients },
            watchedSteps: trainer.watch?.steps, watchSeconds: trainer.watch?.seconds,
            loaderImagesPerSecond: trainer.loading.rate.picturesPerSecond, waitedSeconds: trainer.loading.rate.waitingSeconds)
    }

    /// An error of a training that has left the finite numbers, with the place in the network where that began; nil where it is not found,
    /// which is said. The steps since the last checkpoint are done once more for it.
    private func located(_ failure: TrainingError, through last: Int, _ isInterrupted: () -> Bool) -> CompilerError? {
        Console.error(
            "note: the training has left the finite numbers; to see where, the steps since the last checkpoint are done once more\n")
        do {
            _ = try trainer.resume(try Safetensors(path: files.checkpoint))
            let trace = try parts.compiler.trace(network, batch: step.feed.input.batchSize, pool: parts.pool)
            let number = trainer.findDivergence(through: last, running: trace.executable, shouldStop: isInterrupted)
            let found = number.flatMap { trace.firstNonFinite(failure.message, inStep: $0 + 1, help: failure.repair) }
            if found == nil { Console.error("note: where it begins was not found\n") }
            return found
        } catch {
            Console.error("note: where it begins cannot be told: \(error)\n")
            return nil
        }
    }
}
