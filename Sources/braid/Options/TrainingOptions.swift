import ArgumentParser
import Training

/// What a training learns from, how it is computed, and what it leaves behind.
struct TrainingOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The data: \(DatasetSpecification.forms).", valueName: "data"), transform: parseData)
    var data: DatasetSpecification

    @OptionGroup var reading: DataReading

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

    @Option(
        help: ArgumentHelp(
            "The memory that the training may take, such as 2GB, 512MB or 1.5GiB. Where it does not suffice, activations are computed a second time "
                + "for the gradients instead of being kept, which takes longer and changes no bit (default: this machine's, and all is kept).",
            valueName: "size"))
    var memory: MemorySize?

    @Option(help: ArgumentHelp("A checkpoint to go on from.", valueName: "path"))
    var resume: String?

    @Option(
        help: ArgumentHelp(
            "How often a checkpoint is written besides after each epoch: 200 (steps) or 30s (seconds).", valueName: "interval"),
        transform: TrainingOptions.interval)
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

    func validate() throws { try validateBatch(batch) }

    /// What activations are stored as.
    enum TrainingPrecision: String, CaseIterable, ExpressibleByArgument {
        case f32, bf16
    }

    private static func interval(_ text: String) throws -> CheckpointInterval {
        if text.hasSuffix("s"), let seconds = Double(text.dropLast()), seconds > 0, seconds.isFinite { return .seconds(seconds) }
        if let steps = Int(text), steps > 0 { return .steps(steps) }
        throw ValidationError("write a number of steps, such as 200, or seconds, such as 30s")
    }
}

/// Checks an `--epochs`.
func validateEpochs(_ epochs: Int?) throws {
    if let epochs, !(1...100_000).contains(epochs) { throw ValidationError("--epochs must be from 1 to 100000, not \(epochs)") }
}
