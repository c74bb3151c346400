import ArgumentParser
import Compiler
import Graph
import Interchange
import Training
import Viewer

struct ViewCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "view",
        abstract: "Writes a network as a page to look through: its graph, all stages, passes, kernels, memory, gradients.",
        discussion: """
            EXAMPLES
              braid view graphs/mnist_resnet.braid
              braid view graphs/resnet.braid:resnet152 -o resnet152.html
              braid view graphs/googlenet.braid --profile --code -o googlenet.html
              braid view graphs/mnist_resnet.braid --training --watched digits.layers.csv -o training.html

            The page is one file, which loads nothing and can be kept, sent and opened anywhere. Blocks of the graph fold and unfold; a click on
            a layer shows its shape, parameters and multiply-accumulates, and the parts of every stage's text that belong to it: the file, the
            graph before and behind each pass, the plan, the kernels. Passes run as a film that lights up what each changes. Memory is
            drawn over the steps, gradients as they are predicted as colours of the graph.
            --profile measures the kernels on this machine, and adds times and a roofline. --watched adds the gradients that
            `braid train --watch gradients` measured. --code adds LLVM IR and assembly of all kernels, which takes seconds to a minute.
            Sizes that are symbols get common numbers, unless -D gives them.
            """)

    @OptionGroup var network: NetworkOptions

    @Flag(help: "Shows a training step rather than a prediction.")
    var training = false

    @Option(help: ArgumentHelp("Pictures a run (default: 1; in training the recipe's).", valueName: "count"))
    var batch: Int?

    @Flag(help: "Measures the kernels on this machine, and draws the roofline.")
    var profile = false

    @Option(help: ArgumentHelp("With --profile: at least so many seconds of runs.", valueName: "seconds"))
    var seconds = 2.0

    @Option(
        help: ArgumentHelp(
            "The table of layers that `braid train --watch gradients -o NAME` wrote, NAME.layers.csv.", valueName: "path"),
        completion: .file(extensions: ["csv"]))
    var watched: String?

    @Flag(help: "Adds LLVM IR and assembly of all kernels.")
    var code = false

    @Option(
        help: ArgumentHelp(
            "What values between layers are stored as: f32 or bf16 (default: in predictions what the file's clauses say; else f32).",
            valueName: "precision"))
    var precision: PlanCommand.PlannedPrecision?

    @OptionGroup var execution: ExecutionOptions

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "Where the page is written, or a folder (default: in this one, NETWORK.html).", valueName: "path"))
    var output: String?

    @Flag(help: "Prints what the page shows as one JSON object; a page is written only where -o says so.")
    var json = false

    func validate() throws {
        try validateBatch(batch)
        if !(0...3600).contains(seconds) { throw ValidationError("--seconds must be from 0 to 3600, not \(seconds)") }
        if seconds != 2, !profile { throw ValidationError("--seconds is for --profile") }
    }

    func run() throws {
        if profile { try execution.requireRunnable() }
        let network = try network.load()
        try network.requireGraph()
        let path =
            try output.map { given throws(InterchangeError) in
                try OutputPath.file(given, orInFolder: network.name, ending: ".html")
            } ?? (json ? nil : "\(network.name).html")
        if let path { try OutputPath.requireWritable(path, besides: network.files) }
        let isTraining = training || network.origin == .training
        let batch = try network.batch(batch, usual: isTraining ? network.training?.recipe.batchSize ?? 1 : 1)
        let chosen = precision.flatMap { Precision(rawValue: $0.rawValue) }
        let compiler = profile ? try execution.compiler(chosen) : execution.planner(chosen)
        var options = NetworkPage.Options(isTraining: isTraining, batch: batch, hasCode: code)
        options.watched = try watched.map { path throws(InterchangeError) in try WatchedTable(path: path) }
        if profile {
            try network.requireSizes()
            if isTraining { try compiler.checkTraining(network, batch: batch) }
            options.measured = try compiler.measure(
                BenchmarkOptions(batch: batch, isTraining: isTraining, runs: 10, seconds: seconds, measuresSteps: true)
            ) { () throws(CompilerError) in network }
        }
        let page = try compiler.page(of: network, options)
        if json { Console.printJSON(page) }
        guard let path else { return }
        let html = ViewerPage.html(page)
        try AtomicFile.write(html, to: path)
        if !json { print("wrote \(path): \(Format.bytes(html.count))") }
    }
}
