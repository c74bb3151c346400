import ArgumentParser
import Compiler
import Graph
import Interchange
import Kernels
import LoopNest
import Source

struct DiffCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Finds the first tensor in which two runs of a network differ.",
        discussion: """
            EXAMPLES
              braid diff graphs/mnist_resnet.braid --with numerics=strict
              braid diff graphs/resnet.braid:resnet18 --with precision=bf16 --tolerance 0.05
              braid diff graphs/mnist_resnet.braid --with threads=1 --training --batch 8
              braid diff net.braid --weights net.safetensors --input x.npy --tensors from-pytorch.npz

            The network is run twice with the same weights and inputs, as the other options say and as --with does (precision, numerics, threads,
            target), and what kernels leave for each other is compared, layer by layer: the first tensor beyond --tolerance is named with its
            source line. --tensors compares with arrays that another program saved for the same weights and input: an .npz file whose arrays are named
            after labels of the network, such as layer1.0.conv1; of a label the last tensor counts, behind its activation.
            The status is 1 where something is beyond the tolerance.
            """)

    @OptionGroup var network: NetworkOptions

    @Option(
        name: .customLong("with"), parsing: .singleValue,
        help: ArgumentHelp("What the second run has otherwise; may be given repeatedly.", valueName: "key=value"))
    var others: [String] = []

    @Option(help: ArgumentHelp("Arrays of another program's run, .npz.", valueName: "path"))
    var tensors: String?

    @Option(help: ArgumentHelp("The largest difference that counts as none, relative to a tensor's largest element.", valueName: "share"))
    var tolerance = 1e-4

    @Flag(help: "Compares a training step.")
    var training = false

    @Option(help: ArgumentHelp("Pictures a run (default: 1, or as many as the input is declared with).", valueName: "count"))
    var batch: Int?

    @Option(help: ArgumentHelp("Weights: \(WeightsNames.formats) (default: random ones).", valueName: "path"))
    var weights: String?

    @OptionGroup var names: WeightsNames

    @Option(help: ArgumentHelp("A .npy file for the network's first input (default: random numbers).", valueName: "path"))
    var input: String?

    @Option(
        help: ArgumentHelp(
            "What values between layers are stored as: f32 or bf16 (default: what the file's clauses say).", valueName: "precision"))
    var precision: PlanCommand.PlannedPrecision?

    @OptionGroup var execution: ExecutionOptions

    @Flag(help: "Lists all tensors, not only the first that differs and what is around it.")
    var all = false

    @Flag(help: "Prints one JSON object instead of text.")
    var json = false

    func validate() throws {
        try validateBatch(batch)
        try names.requireWeights(weights)
        if !(tolerance >= 0) { throw ValidationError("--tolerance must be 0 or more, not \(tolerance)") }
        if others.isEmpty == (tensors == nil) { throw ValidationError("say what to compare with: --with KEY=VALUE or --tensors FILE") }
        _ = try second(Compiler(cache: nil))
    }

    /// The compiler with what `--with` says.
    private func second(_ compiler: Compiler) throws -> Compiler {
        var compiler = compiler
        for other in others {
            let parts = other.split(separator: "=", maxSplits: 1).map(String.init)
            let value = parts.count == 2 ? parts[1] : ""
            switch parts.first ?? "" {
            case "precision":
                guard let precision = Precision(rawValue: value) else { throw ValidationError("precision is f32 or bf16, not '\(value)'") }
                compiler.precision = precision
            case "numerics":
                guard let numerics = Numerics(argument: value) else {
                    throw ValidationError("numerics are default, strict or an error such as 1e-6, not '\(value)'")
                }
                compiler.numerics = numerics
            case "threads":
                guard let threads = Int(value), (1...1024).contains(threads) else {
                    throw ValidationError("threads are from 1 to 1024, not '\(value)'")
                }
                compiler.threads = threads
            case "target":
                compiler.target = try TargetOption.named(value, by: "--with target").on(.host)
            default: throw ValidationError("--with takes precision, numerics, threads or target, as in numerics=strict, not '\(other)'")
            }
        }
        return compiler
    }

    func run() throws {
        let network = try network.load()
        try network.requireGraph()
        let batch = try network.batch(batch, usual: 1)
        let isTraining = training || network.origin == .training
        let compiler = try execution.compiler(precision.flatMap { Precision(rawValue: $0.rawValue) })
        if isTraining { try compiler.checkTraining(network, batch: batch) }
        let options = BenchmarkOptions(batch: batch, isTraining: isTraining, weights: try names.open(weights), input: input)
        let comparison: RunComparison
        if let tensors {
            let file = try NumPyCollection(path: tensors)
            let saved = try file.names.map { name throws(InterchangeError) in (name: name, tensor: try file.read(name)) }
            comparison = try compiler.compare(network, withSaved: saved, path: tensors, options, tolerance: tolerance)
        } else {
            let second = try second(compiler)
            try TargetOption.requireRunnable(second.target)
            comparison = try compiler.compare(network, with: second, options, tolerance: tolerance)
        }
        if json {
            Console.printJSON(ComparisonRecord(comparison, network.sources))
        } else {
            RunComparisonReport(comparison, network.sources, showsAll: all).show()
        }
        if comparison.first != nil { throw ExitCode(1) }
    }
}
