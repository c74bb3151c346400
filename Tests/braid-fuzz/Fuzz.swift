import ArgumentParser
import Foundation
import Fuzzing

@main
struct Fuzz: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "braid-fuzz",
        abstract:
            "Throws mutated and random programs at the compiler's front end, passes and readers of printed stages, and mutated files at all readers.",
        discussion: """
            Inputs are tried in a child process. One that crashes it, hangs, takes more memory than it may, or breaks an assertion is kept, shortened, in
            the folder of findings. Exit status 1 where there was a finding.
            """)

    @Option(help: "How long to try.") var minutes = 1.0
    @Option(
        help: """
            Tries some kinds of input, with commas between them: bytes, tokens, trees, programs, externs (C files), graphs, kernels, roads \
            (trainings and runs with many threads), or files of the kinds onnx, safetensors, pth, npy, npz, png, jpeg, webp, pnm and idx; \
            files stands for all of these.
            """)
    var only = FuzzKinds()
    @Option(help: "A folder of models in ONNX, which are changed, too.") var models: String?
    @Option(help: "Another seed tries other inputs.") var seed = 1
    @Option(help: "The package's folder, with its networks and golden cases.") var root = "."
    @Option(help: "Where findings are kept.") var findings = "out/fuzz"
    @Option(help: "Tries one kept input again, and says what is wrong with it.") var replay: String?
    @Option(help: "Prints the input of this number, and does not try it.") var show: Int?
    @Option(help: .private) var workerFrom: Int?

    func run() throws {
        if let replay { return try Worker.replay(replay) }
        try FileManager.default.createDirectory(atPath: findings, withIntermediateDirectories: true)
        let corpus = try Corpus(root: URL(filePath: root), models: models.map { URL(filePath: $0) })
        let generator = FuzzGenerator(corpus, seed: seed, only: only.kinds)
        if let show {
            let input = generator.input(show)
            print("# \(input.kind.rawValue)\n\(input.text)", terminator: "")
        } else if let workerFrom {
            try Worker(generator, folder: findings).run(from: workerFrom, seconds: minutes * 60)
        } else {
            let options =
                ["--seed", "\(seed)", "--root", root] + (only.kinds.isEmpty ? [] : ["--only", "\(only)"])
                + (models.map { ["--models", $0] } ?? [])
            let found = try Supervisor(generator, seed: seed, options: options, folder: findings).run(seconds: minutes * 60)
            if found > 0 { throw ExitCode(1) }
        }
    }
}

/// Kinds of inputs as they are named on the command line.
struct FuzzKinds: ExpressibleByArgument, CustomStringConvertible {
    /// None stands for a mixture of all.
    var kinds: [FuzzInput.Kind] = []

    init() {}

    init?(argument: String) {
        for name in argument.split(separator: ",") {
            if name == "files" {
                kinds += FuzzInput.Kind.files
            } else {
                guard let kind = FuzzInput.Kind(rawValue: String(name)) else { return nil }
                kinds.append(kind)
            }
        }
        if kinds.isEmpty { return nil }
    }

    var description: String { kinds.map(\.rawValue).joined(separator: ",") }
}
