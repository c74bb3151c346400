import ArgumentParser
import Compiler
import Graph
import Interchange

struct ProfileCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "profile",
        abstract: "Shows where a network's time goes: kernel by kernel, as a roofline, thread by thread.",
        discussion: """
            EXAMPLES
              braid profile graphs/mnist_resnet.braid
              braid profile graphs/resnet.braid:resnet50 --batch 8 --train --roofline roofline.svg
              braid profile graphs/googlenet.braid --threads 2 --trace trace.json

            The network is measured with random weights and inputs, as `braid bench --per-kernel` does, and each kernel beside the least time
            that this machine's peak allows for its products and its bytes. Kernels that reach less than 60 % of that, and take at least 0.5 % of
            all time, are listed with the reasons that its plan and its code give.
            --roofline draws the contractions under the roofs of memory, caches and multiply-adds, as SVG or, where the name ends in .png, as
            PNG. --trace writes one run as Chrome's and Perfetto's viewers read it (ui.perfetto.dev): a row a thread, a slice a step.
            `braid explain FILE --kernel NAME` follows one of the kernels back to its lines.
            """)

    @OptionGroup var network: NetworkOptions

    @OptionGroup var execution: ExecutionOptions

    @Flag(help: "Profiles a training step: forward, backward, update.")
    var train = false

    @Option(help: ArgumentHelp("Pictures a run (default: 1; in training the recipe's).", valueName: "count"))
    var batch: Int?

    @Option(
        help: ArgumentHelp(
            "What values between layers are stored as: f32 or bf16 (default: in predictions what the file's clauses say; else f32).",
            valueName: "precision"))
    var precision: PlanCommand.PlannedPrecision?

    @Option(help: ArgumentHelp("At least so many seconds of runs.", valueName: "seconds"))
    var seconds = 2.0

    @Option(help: ArgumentHelp("The kernels that are listed, the slowest first.", valueName: "count"))
    var rows = 20

    @Option(help: ArgumentHelp("Draws the roofline, as SVG or PNG.", valueName: "path"))
    var roofline: String?

    @Option(help: ArgumentHelp("Writes a run for the viewers of Chrome and Perfetto.", valueName: "path"))
    var trace: String?

    @Flag(help: "Prints one JSON object instead of text.")
    var json = false

    func validate() throws {
        try validateBatch(batch)
        if !(0...3600).contains(seconds) { throw ValidationError("--seconds must be from 0 to 3600, not \(seconds)") }
        if !(1...100_000).contains(rows) { throw ValidationError("--rows must be from 1 to 100000, not \(rows)") }
    }

    func run() throws {
        try execution.requireRunnable()
        let network = try network.load()
        let files = [roofline, trace].compactMap(\.self)
        try OutputPath.requireWritable(files, besides: network.files)
        if !files.isEmpty { StandardOutput.outlivesItsReader() }
        try network.requireGraph()
        let isTraining = train || network.origin == .training
        let batch = try network.batch(batch, usual: isTraining ? network.training?.recipe.batchSize ?? 1 : 1)
        let compiler = try execution.compiler(precision.flatMap { Precision(rawValue: $0.rawValue) })
        if isTraining { try compiler.checkTraining(network, batch: batch) }
        let options = BenchmarkOptions(
            batch: batch, isTraining: isTraining, runs: 10, seconds: seconds, measuresSteps: true, tracesThreads: trace != nil)
        let result = try compiler.measure(options) { () throws(CompilerError) in network }
        let advice = try compiler.advise(result, network)
        if let roofline {
            guard let plot = result.roofline else {
                throw CompilerError(
                    "'\(network.name)' has no convolution or linear layer to draw a roofline of", help: "leave out --roofline")
            }
            try plot.write(to: roofline)
        }
        if let trace, let data = result.chromeTrace { try AtomicFile.write([UInt8](data), to: trace) }
        let record = BenchmarkRecord(result, target: execution.target)
        if json { return Console.printJSON(ProfileRecord(record: record, result, advice)) }
        BenchReport(result, record).show(rows: rows)
        ProfileReport(result, advice).show()
        for path in files { print("wrote \(path)") }
    }
}
