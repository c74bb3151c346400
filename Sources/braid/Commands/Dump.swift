import ArgumentParser
import Compiler
import Foundation
import Interchange
import Kernels
import Machine

struct Dump: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prints a stage of the compilation, from the words of the text to machine code.",
        discussion: """
            EXAMPLES
              braid dump graphs/mnist_resnet.braid --stage graph
              braid dump graphs/mnist_resnet.braid --stage kernels --batch 64 --training
              braid dump graphs/mnist_resnet.braid --stage assembly --target x86-64-avx2 -o net.s
              braid dump graphs/mnist_resnet.braid --dump-after fold_batchnorm

            STAGES
            \(Stage.allCases.map { "  " + $0.rawValue.padding(toLength: 11, withPad: " ", startingAt: 0) + $0.summary }.joined(separator: "\n"))

            The texts of graph, training, optimized and kernels can be read back: name the printed file in place of a .braid file.
            """)

    @OptionGroup var network: NetworkOptions

    @Option(help: ArgumentHelp("What to print: \(Stage.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "stage"))
    var stage: Stage?

    @OptionGroup var target: TargetOption

    @Flag(help: "Shows the training step rather than the network as it predicts.")
    var training = false

    @Option(help: ArgumentHelp("The images of a run, from the stage plan on.", valueName: "count"))
    var batch = 1

    @Flag(help: "Plans with what `braid tune` measured on this machine with all its cores; other plans are the same on all machines.")
    var tuned = false

    @Option(name: .customLong("dump-after"), help: ArgumentHelp("Prints the graph after this pass instead of a stage.", valueName: "pass"))
    var pass: String?

    @Option(name: .shortAndLong, help: ArgumentHelp("Writes to a file instead of standard output.", valueName: "path"))
    var output: String?

    func validate() throws {
        try validateBatch(batch)
        if (stage == nil) == (pass == nil) { throw ValidationError("give either --stage or --dump-after") }
        if stage == .object, output == nil, isatty(STDOUT_FILENO) == 1 { throw ValidationError("an object file is no text: give -o PATH") }
    }

    func run() throws {
        let network = try network.load()
        let compiler = Compiler(target: target.target)
        let bytes = try (tuned ? compiler.tuned(by: .standard) : compiler).dump(network, stage ?? .graph, training: training, batch: batch, afterPass: pass)
        if let output { try AtomicFile.write(bytes, to: output) } else { Console.write(bytes) }
    }
}

extension Stage: ExpressibleByArgument {}
