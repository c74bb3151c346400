import ArgumentParser
import Foundation
import Fuzzing

@main
struct Fuzz: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "braid-fuzz",
        abstract: "Throws mutated and random programs at the compiler's front end, passes and readers of printed stages.",
        discussion: """
            Inputs are tried in a child process. One that crashes it, hangs, or breaks an assertion is kept, shortened, in the folder of
            findings. Exit status 1 where there was a finding.
            """)

    @Option(help: "How long to try.") var minutes = 1.0
    @Option(
        help: """
            Tries one kind of input: bytes, tokens, trees, programs, externs (C files), graphs, kernels, files (of tensors) or roads \
            (trainings and runs with many threads).
            """)
    var only: FuzzInput.Kind?
    @Option(help: "Another seed tries other inputs.") var seed = 1
    @Option(help: "The package's folder, with its networks and golden cases.") var root = "."
    @Option(help: "Where findings are kept.") var findings = "out/fuzz"
    @Option(help: "Tries one kept input again, and says what is wrong with it.") var replay: String?
    @Option(help: "Prints the input of this number, and does not try it.") var show: Int?
    @Option(help: .private) var workerFrom: Int?

    func run() throws {
        if let replay { return try Worker.replay(replay) }
        try FileManager.default.createDirectory(atPath: findings, withIntermediateDirectories: true)
        let generator = FuzzGenerator(try Corpus(root: URL(filePath: root)), seed: seed, only: only)
        if let show {
            let input = generator.input(show)
            print("# \(input.kind.rawValue)\n\(input.text)", terminator: "")
        } else if let workerFrom {
            try Worker(generator, folder: findings).run(from: workerFrom, seconds: minutes * 60)
        } else {
            let found = try Supervisor(generator, seed: seed, only: only, root: root, folder: findings).run(seconds: minutes * 60)
            if found > 0 { throw ExitCode(1) }
        }
    }
}

extension FuzzInput.Kind: ExpressibleByArgument {}
