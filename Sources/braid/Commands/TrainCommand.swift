import ArgumentParser
import Compiler
import Foundation
import Graph
import Interchange
import Recipes
import Runtime
import Training

struct TrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Trains a network on labelled pictures.",
        discussion: """
            EXAMPLES
              braid train graphs/mnist_resnet.braid --data builtin:digits --epochs 2 -o digits
              braid train graphs/mnist_resnet.braid --data mnist:data/mnist -o mnist
              braid train graphs/mnist_resnet.braid --data mnist:data/mnist -o mnist --tensorboard events/mnist
              braid train graphs/mnist_resnet.braid --data mnist:data/mnist -o mnist --resume mnist.checkpoint.safetensors
              braid train graphs/resnet.braid:resnet50 -D classes=10 --data folder:photos --weights resnet50.safetensors --except 'fc.*'

            How to train is in the file: the `training of` definition says loss, optimizer, schedule, batch and augmentation.
            Pictures are first resized, cropped and normalized as the input's `prepare` says, then augmented.
            Writes OUT.safetensors (the weights) and OUT.checkpoint.safetensors (to go on from); OUT.history.json (what was trained how, and what it
            measured, for `braid runs`), OUT.curves.svg and OUT.epochs.csv, all three anew after every epoch; and OUT.steps.csv, a row a step.
            With --tensorboard DIR, too, events for TensorBoard: curves, histograms of the weights, the first pictures as they are augmented. A resumed
            training continues all of them.
            Ctrl-C, SIGTERM and SIGHUP save a checkpoint and end with the status 130, 143 or 129; the second one ends at once.
            The same seed gives the same weights, bit for bit: with any number of threads, and in a run that was cut off and resumed.
            """)

    @OptionGroup var network: NetworkOptions

    @Option(help: ArgumentHelp("The data: \(DatasetSpecification.forms).", valueName: "data"), transform: parseData)
    var data: DatasetSpecification

    @OptionGroup var reading: DataReading

    @Option(help: ArgumentHelp("Passes over the data (default: the recipe's, else 1).", valueName: "count"))
    var epochs: Int?

    @Option(help: ArgumentHelp("Pictures a step (default: the recipe's, else 64).", valueName: "count"))
    var batch: Int?

    @Option(help: ArgumentHelp("What all random numbers derive from (default: the recipe's, else 0).", valueName: "number"))
    var seed: UInt64?

    @OptionGroup var execution: ExecutionOptions

    @Option(
        help: ArgumentHelp(
            "What activations and their gradients are stored as: f32, or bf16, which halves the memory they take. Weights, sums, statistics "
                + "and the optimizer's state are f32 in both, and pictures are evaluated in f32 (default: f32).",
            valueName: "precision"))
    var precision: TrainingPrecision = .f32

    @Option(help: ArgumentHelp("Weights to start from, instead of random ones.", valueName: "path"))
    var weights: String?

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            "Parameters that begin anew and are not taken from --weights, such as 'fc.*' for other classes; may be given repeatedly.",
            valueName: "pattern"))
    var except: [String] = []

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            "Weights that stay as they are, such as 'layer*'; may be given repeatedly. Like `group \"layer*\", rate: 0` in the recipe.",
            valueName: "pattern"))
    var freeze: [String] = []

    @Option(help: ArgumentHelp("A checkpoint to go on from.", valueName: "path"))
    var resume: String?

    @Option(
        help: ArgumentHelp(
            "How often a checkpoint is written besides after each epoch: 200 (steps) or 30s (seconds).", valueName: "interval"),
        transform: TrainCommand.interval)
    var checkpointEvery: CheckpointInterval = .seconds(30)

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "Where results go, without ending; in a folder they have the network's name (default: there and here).", valueName: "out"))
    var output: String?

    @Option(help: ArgumentHelp("A folder for event files, to watch with `tensorboard --logdir`; one a training.", valueName: "folder"))
    var tensorboard: String?

    @OptionGroup var progress: ProgressOptions

    @Flag(help: "Prints one JSON object instead of text.")
    var json = false

    func validate() throws {
        try validateBatch(batch)
        if let epochs, !(1...100_000).contains(epochs) { throw ValidationError("--epochs must be from 1 to 100000, not \(epochs)") }
        if weights == nil, !except.isEmpty { throw ValidationError("--except leaves parameters out of --weights: give both") }
        if weights != nil, resume != nil { throw ValidationError("give either --weights or --resume: a checkpoint has its own weights") }
    }

    func run() throws {
        try execution.requireRunnable()
        StandardOutput.outlivesItsReader()
        var network = try network.load()
        try network.requireGraph()
        let files = try ResultFiles(output: output, network: network.name)
        try files.requireWritable()
        if let tensorboard { try OutputPath.requireFolder(tensorboard) }
        let definition = try TrainingParts.definition(of: network)
        var recipe = definition.recipe
        let weightNames = definition.graph.nodes.compactMap(\.parameter).filter { $0.role == .weight }.map(\.name)
        for pattern in freeze {
            let group = WeightGroup(pattern, rate: 0)
            guard weightNames.contains(where: group.pattern.matches) else {
                throw TrainingError("'\(network.name)' has no weight --freeze '\(pattern)'", repair: "see braid describe for their names")
            }
            recipe.groups.append(group)
        }
        network.training?.recipe = recipe
        let batch = batch ?? recipe.batchSize ?? 64
        let seed = seed ?? recipe.seed.map { UInt64($0) } ?? 0
        let reading = reading.options(seed: seed)
        let parts = try TrainingParts(
            network, batch: batch, data: data, options: reading, execution: execution, precision: Precision(rawValue: precision.rawValue),
            evaluates: true)
        let (program, training, heldOut) = (parts.step.executable, parts.training, parts.heldOut)
        try files.requireRoom(
            weightBytes: parts.step.inference.parameterBytes,
            checkpointBytes: program.parameterBytes + (recipe.keepsBestWeights ? parts.step.inference.parameterBytes : 0))

        let options = TrainerOptions(
            dataName: data.description + (reading.split.map { " --held-out \($0.share)" } ?? ""), epochs: epochs ?? recipe.epochs ?? 1,
            seed: seed,
            checkpointPath: files.checkpoint, checkpointInterval: checkpointEvery,
            graphDigest: SHA256.hexadecimal(Data(definition.graph.description.utf8)), numerics: execution.arithmetic.numerics.description,
            precision: precision == .f32 ? nil : precision.rawValue)
        let trainer = try Trainer(
            parts.step, recipe: recipe, training: training, heldOut: heldOut, preparation: parts.preparation, options: options)
        // A checkpoint has values of its own for all.
        if resume == nil { try network.initialize(program, seed: options.seed) }
        if let weights {
            let left = Weights.names(of: program, matching: except)
            if let pattern = except.first(where: { Weights.names(of: program, matching: [$0]).isEmpty }) {
                throw TrainingError(
                    "'\(network.name)' has no parameter --except '\(pattern)'", repair: "see braid describe for their names")
            }
            try Weights.load(try Safetensors(path: weights), into: program, optional: network.trainingParameters, except: except)
            if !left.isEmpty { Console.error("note: not from \(weights), but as at the start: \(left.joined(separator: ", "))\n") }
        }
        if let resume { for warning in try trainer.resume(try Safetensors(path: resume)) { WeightsReport.warn(warning) } }
        if trainer.hasStopped, let last = trainer.history.epochs.last {
            Console.error("note: this training stopped after epoch \(last.epoch); to go on, give `stop` a larger patience\n")
        }

        let isInterrupted = Interruption.watch()
        try trainer.begin()
        var shown = recipe
        shown.epochs = options.epochs
        let run = TrainingRun(
            network: network.name, file: self.network.file,
            definitions: Dictionary(self.network.choice.definitions.map { ($0.name, $0.value) }) { _, last in last },
            data: options.dataName, trainingPictures: training.count, heldOutPictures: heldOut.count, batch: batch, seed: options.seed,
            epochs: options.epochs, stepsPerEpoch: trainer.learningRate.stepsPerEpoch,
            recipe: shown.printed().split(separator: "\n").map(String.init), graph: options.graphDigest ?? "",
            numerics: execution.arithmetic.numerics.description, weights: weights)
        let recorder = try TrainingRecorder(trainer, run, files: files, eventFolder: tensorboard)
        var report = TrainReport(showsEpochs: !json, isQuiet: progress.quiet)
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
            throw error
        }
        if let failure = recorder.failure { throw failure }
        guard isDone else {
            try recorder.end(.stopped)
            report.interrupted(files.checkpoint)
            Interruption.end()
        }
        let metadata = WeightsMetadata(
            normalization: trainer.normalization, classNames: training.classNames, network: network.name,
            heldOut: reading.split.map { HeldOutShare(split: $0, count: heldOut.allCount) })
        try Safetensors.write(trainer.weights, metadata: metadata.fields, to: files.weights)
        try recorder.end(.finished)
        let best = trainer.history.best
        let seconds = (ContinuousClock.now - start).seconds
        if json {
            Console.printJSON(
                Record(
                    network: network.name, data: data.description, epochs: options.epochs, batch: batch, seed: options.seed,
                    steps: trainer.stepsDone, seconds: seconds, accuracy: trainer.history.result?.heldOutAccuracy,
                    loss: trainer.history.result?.loss, keptEpoch: trainer.history.keptEpoch, bestEpoch: best?.epoch,
                    bestAccuracy: best?.heldOutAccuracy,
                    weights: files.weights, checkpoint: files.checkpoint, history: files.history, curves: files.curves,
                    epochsTable: files.epochs, stepsTable: files.steps, tensorboard: tensorboard,
                    loaderImagesPerSecond: trainer.loading.rate.picturesPerSecond, waitedSeconds: trainer.loading.rate.waitingSeconds))
        } else {
            report.end(recorder.record, seconds: seconds, loading: trainer.loading, files, tensorBoard: tensorboard)
        }
    }

    /// What activations are stored as.
    enum TrainingPrecision: String, CaseIterable, ExpressibleByArgument {
        case f32, bf16
    }

    private static func interval(_ text: String) throws -> CheckpointInterval {
        if text.hasSuffix("s"), let seconds = Double(text.dropLast()), seconds > 0, seconds.isFinite { return .seconds(seconds) }
        if let steps = Int(text), steps > 0 { return .steps(steps) }
        throw ValidationError("write a number of steps, such as 200, or seconds, such as 30s")
    }

    private struct Record: Encodable {
        var network: String
        var data: String
        var epochs: Int
        var batch: Int
        var seed: UInt64
        var steps: Int
        var seconds: Double
        var accuracy: Double?
        var loss: Double?
        /// The epoch whose weights are the result, where the recipe keeps the best.
        var keptEpoch: Int?
        var bestEpoch: Int?
        var bestAccuracy: Double?
        var weights: String
        var checkpoint: String
        var history: String
        var curves: String
        var epochsTable: String
        var stepsTable: String
        var tensorboard: String?
        /// What the loader can make, and how long steps waited for it.
        var loaderImagesPerSecond: Double
        var waitedSeconds: Double
    }
}
