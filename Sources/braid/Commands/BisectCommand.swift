import ArgumentParser
import Compiler
import Graph
import Interchange

struct BisectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bisect",
        abstract: "Finds the pass or the kernel that changes what a network computes.",
        discussion: """
            EXAMPLES
              braid bisect graphs/mnist_resnet.braid
              braid bisect graphs/mnist_resnet.braid --training --batch 4
              braid bisect net.braid --precision bf16 --numerics strict -o case

            First the graph is computed in fp64 before all passes and behind them, and, where the two differ, between them by halves. Then the network
            is run step by step, and what each group of kernels leaves is compared with fp64 computed from what they read, so that errors before do
            not count: the first that is off is told of. With -o its nodes are written as a network of their own, example.graph, with
            the arrays that they read, so that `braid run example.graph --input x0=x0.npy …` does the same.
            The status is 1 where something is at fault.
            """)

    @OptionGroup var network: NetworkOptions

    @Flag(help: "Looks at a training step.")
    var training = false

    @Option(help: ArgumentHelp("Pictures a run (default: 1, or as many as the input is declared with).", valueName: "count"))
    var batch: Int?

    @Option(help: ArgumentHelp("Weights for the kernels: \(WeightsNames.formats) (default: random ones).", valueName: "path"))
    var weights: String?

    @OptionGroup var names: WeightsNames

    @Option(help: ArgumentHelp("A .npy file for the network's first input (default: random numbers).", valueName: "path"))
    var input: String?

    @Option(
        help: ArgumentHelp(
            "What values between layers are stored as: f32 or bf16 (default: what the file's clauses say).", valueName: "precision"))
    var precision: PlanCommand.PlannedPrecision?

    @OptionGroup var execution: ExecutionOptions

    @Option(name: .shortAndLong, help: ArgumentHelp("A folder for what is at fault, made if need be.", valueName: "folder"))
    var output: String?

    @Flag(help: "Prints one JSON object instead of text.")
    var json = false

    func validate() throws {
        try validateBatch(batch)
        try names.requireWeights(weights)
    }

    func run() throws {
        let network = try network.load()
        try network.requireGraph()
        let batch = try network.batch(batch, usual: 1)
        let isTraining = training || network.origin == .training
        let compiler = try execution.compiler(precision.flatMap { Precision(rawValue: $0.rawValue) })
        if isTraining { try compiler.checkTraining(network, batch: batch) }
        let options = BenchmarkOptions(batch: batch, isTraining: isTraining, weights: try names.open(weights), input: input)
        let found = try compiler.bisect(
            network, options,
            progress: { stage in if !json { Console.error("looking at \(stage)\n") } })
        var files: [String] = []
        if let output, let kernel = found.kernel { files = try kernel.example.write(to: output) }
        if json { Console.printJSON(BisectionRecord(found, files)) } else { BisectionReport(found, files).show() }
        if found.pass != nil || found.kernel != nil { throw ExitCode(1) }
    }
}
