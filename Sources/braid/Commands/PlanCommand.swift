import ArgumentParser
import Compiler
import Graph
import Interchange

struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Tells what memory a run or a training will take, layer by layer, and which batch fits.",
        discussion: """
            EXAMPLES
              braid plan graphs/mnist_resnet.braid
              braid plan graphs/resnet.braid:resnet50 -D classes=10 --batch 32 --memory 4GB
              braid plan graphs/resnet.braid:resnet50 --inference --precision bf16
              braid plan graphs/mnist_resnet.braid -o memory.svg

            Nothing is compiled or run: all of it follows from the plan, the same that `braid train` and `braid run` carry out. What is
            alive at each step, what the layers have when most is alive, the largest tensors with the steps they live through, and the
            largest batch that fits in this machine's memory, or in --memory.
            A network with a training is planned for training, with the evaluations beside it; --inference plans predictions alone. Data sets,
            and what the process takes for itself, come on top. Where the batch does not fit, the status is 1. With --memory a training
            that does not fit recomputes activations, as `braid train --memory` does, and what that costs is told.
            """)

    @OptionGroup var network: NetworkOptions

    @Option(help: ArgumentHelp("Pictures a step (default: in training the recipe's, else 64; otherwise 1).", valueName: "count"))
    var batch: Int?

    @Flag(help: "Plans a step of training; without a training in the file an error.")
    var training = false

    @Flag(help: "Plans a prediction, though the file has a training.")
    var inference = false

    @Option(help: ArgumentHelp("The memory there is, such as 2GB, 512MB or 1.5GiB (default: this machine's).", valueName: "size"))
    var memory: MemorySize?

    @Option(
        help: ArgumentHelp(
            "What values between layers are stored as: f32 or bf16 (default: in predictions what the file's clauses say; else f32).",
            valueName: "precision"))
    var precision: PlannedPrecision?

    @Option(help: ArgumentHelp("The largest tensors and layers that are listed.", valueName: "count"))
    var rows = 12

    @Option(
        help: ArgumentHelp(
            "Plans what looking at the layers of a training takes, too: gradients, as `braid train --watch` has it.", valueName: "what"),
        transform: WatchOptions.subjects)
    var watch: Set<WatchOptions.Subject>?

    @OptionGroup var execution: ExecutionOptions

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "Draws the memory over the steps, as SVG or, where the name ends in .png, as PNG; in a folder named after the network.",
            valueName: "path"))
    var output: String?

    @Flag(help: "Prints one JSON object instead of text.")
    var json = false

    /// What values between layers are stored as.
    enum PlannedPrecision: String, CaseIterable, ExpressibleByArgument {
        case f32, bf16
    }

    func validate() throws {
        try validateBatch(batch)
        if training, inference { throw ValidationError("give either --training or --inference") }
        if watch != nil, inference { throw ValidationError("--watch looks at trainings: leave --inference out") }
        if !(1...10_000).contains(rows) { throw ValidationError("--rows must be from 1 to 10000, not \(rows)") }
    }

    func run() throws {
        let network = try network.load()
        try network.requireGraph()
        let path = try output.map { given throws(InterchangeError) in
            try OutputPath.file(given, orInFolder: "\(network.name).memory", ending: ".svg")
        }
        if let path { try OutputPath.requireWritable(path, besides: network.files) }
        let isTraining = !inference && (training || network.training != nil || network.origin == .training)
        let batch = try network.batch(batch, usual: isTraining ? network.training?.recipe.batchSize ?? 64 : 1)
        var compiler = execution.planner(precision.flatMap { Precision(rawValue: $0.rawValue) })
        if let memory { compiler.memoryLimit = memory.bytes }
        if isTraining { try compiler.checkTraining(network, batch: batch) }
        let isWatched = watch != nil && isTraining && network.origin != .training
        let asked = try BatchMemory(compiler, network, training: isTraining, watched: isWatched)
        let predicting = isTraining && network.origin != .training ? try BatchMemory(compiler, network, training: false) : nil
        let (forecast, total) = (try asked.forecast(batch), try asked.total(batch))
        // As `braid train --memory` does.
        let recomputes = memory != nil && isTraining && network.origin != .training && total > compiler.memoryLimit
        let fitted =
            recomputes
            ? Result {
                try compiler.fittedStep(network, batch: batch, within: compiler.memoryLimit, beside: total - forecast.need.total)
            } : nil
        let report = MemoryReport(
            forecast, threads: compiler.threads, limit: compiler.memoryLimit, total: total, watching: try asked.watching(batch),
            fitted: try? fitted?.get(),
            trainingBatch: isTraining ? asked.largestBatch() : nil,
            predictingBatch: isTraining ? predicting?.largestBatch() : asked.largestBatch(), rows: rows)
        if json { Console.printJSON(report.record(path)) } else { report.show(path) }
        if let path { try report.plot.write(to: path) }
        if let fitted { _ = try fitted.get() } else { try asked.require(batch) }
    }
}
