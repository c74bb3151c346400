import ArgumentParser
import Compiler
import Foundation
import Interchange
import LoopNest
import Machine
import Runtime

struct DumpCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dump",
        abstract: "Prints a stage of the compilation, from the words of the text to machine code.",
        discussion: """
            EXAMPLES
              braid dump graphs/mnist_resnet.braid --stage graph
              braid dump graphs/mnist_resnet.braid --stage kernels --batch 64 --training
              braid dump graphs/mnist_resnet.braid --stage assembly --target x86-64-avx2 -o net.s
              braid dump graphs/mnist_resnet.braid --dump-after fold_batchnorm
              braid dump printed.graph --stage language -o net.braid

            STAGES
            \(Stage.allCases.map { "  " + $0.rawValue.padding(toLength: 11, withPad: " ", startingAt: 0) + $0.summary }.joined(separator: "\n"))

            The texts of graph, training, optimized and kernels can be read back: name the printed file in place of a .braid file.
            """)

    @OptionGroup var network: NetworkOptions

    @Option(help: ArgumentHelp("What to print: \(Stage.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "stage"))
    var stage: Stage?

    @OptionGroup var precision: PrecisionOption

    @OptionGroup var calibration: CalibrationWeights

    @OptionGroup var machine: TargetOption

    @Flag(help: "Shows the training step rather than the network as it predicts.")
    var training = false

    @Option(
        help: ArgumentHelp(
            "The images of a run, from the stage plan on (default: 1, or as many as the input is declared with).", valueName: "count"))
    var batch: Int?

    @Flag(help: "Plans with what `braid tune` measured on this machine with all its cores; other plans are the same on all machines.")
    var tuned = false

    @Option(name: .customLong("dump-after"), help: ArgumentHelp("Prints the graph after this pass instead of a stage.", valueName: "pass"))
    var pass: String?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "Writes to a file, or to one named after the network in a folder, instead of standard output.", valueName: "path"))
    var output: String?

    func validate() throws {
        try validateBatch(batch)
        try precision.validate(training: training, flag: "--training")
        try calibration.validate(precision)
        try precision.requireSamples()
        if (stage == nil) == (pass == nil) { throw ValidationError("give either --stage or --dump-after") }
        if stage == .object, output == nil, isatty(STDOUT_FILENO) == 1 { throw ValidationError("an object file is no text: give -o PATH") }
    }

    func run() throws {
        let network = try network.load()
        let batch = try network.batch(batch, usual: 1)
        let ending = stage?.ending ?? Stage.graph.ending
        let path = try output.map { try OutputPath.file($0, orInFolder: network.name, ending: ending) }
        if let path { try OutputPath.requireWritable(path, besides: network.files) }
        var compiler = Compiler(target: tuned ? machine.measuredHere : machine.target, precision: precision.chosen)
        if tuned { compiler = compiler.tuned(by: .standard) }
        var computed = network
        if precision.isAuto {
            // Errors are those of runs.
            try machine.requireRunnable()
            if !tuned { compiler.target = machine.here }
            (compiler, computed, _) = try Calibration(precision, weights: calibration.open(), batch: batch)
                .apply(to: network, compiler, ThreadPool(threads: compiler.threads))
        }
        let bytes = try compiler.dump(computed, stage ?? .graph, training: training, batch: batch, afterPass: pass)
        if let path { try AtomicFile.write(bytes, to: path) } else { StandardOutput.write(bytes) }
    }
}

extension Stage: ExpressibleByArgument {
    /// The ending of a file's name.
    fileprivate var ending: String {
        switch self {
        case .language: ".braid"
        case .llvm: ".ll"
        case .assembly: ".s"
        case .object: ".o"
        default: ".\(rawValue)"
        }
    }
}
