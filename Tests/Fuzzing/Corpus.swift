import Compiler
import Foundation
import Graph
import Language
import Source
import TestSupport

/// The texts that mutations start from: the networks of `graphs/`, the golden cases, the examples of the documentation, and the printed
/// stages of small networks.
public struct Corpus: Sendable {
    /// What every file of labels holds, as many as the networks of `graphs` have classes.
    static let labels = (0..<1000).map { "class \($0)\n" }.joined()

    /// Programs of the language.
    public private(set) var sources: [String] = []
    /// Those of them with nothing wrong: a mutation of one still means something.
    public private(set) var soundSources: [String] = []
    /// C files.
    public private(set) var externs: [String] = []
    /// Printed graphs of the stages `graph`, `training` and `optimized`.
    public private(set) var graphs: [String] = []
    /// Printed loop nests.
    public private(set) var kernels: [String] = []

    /// Small files of each kind that is one.
    private(set) var files: [FuzzInput.Kind: [[UInt8]]] = [:]

    /// Longer texts are left out: they would only make every input slow.
    private static let longest = 12_000

    /// - Parameters:
    ///   - root: the folder of the package.
    ///   - models: a folder of models in ONNX, which are changed besides those that are made here.
    public init(root: URL, models: URL? = nil) throws {
        for folder in ["graphs", "Tests"] {
            let files = FileManager.default.enumerator(at: root.appending(path: folder), includingPropertiesForKeys: nil)
            while let file = files?.nextObject() as? URL {
                guard ["braid", "c"].contains(file.pathExtension) else { continue }
                let text = String(decoding: try Data(contentsOf: file), as: UTF8.self)
                if file.pathExtension == "braid" {
                    sources.append(text)
                } else if file.path.contains("/ForeignTests/") {
                    externs.append(text)
                }
            }
        }
        sources += Self.examples(try String(contentsOf: root.appending(path: "docs/language.md"), encoding: .utf8))
        externs = Set(externs.filter { $0.utf8.count <= Self.longest }).sorted()
        sources = Set(sources.filter { $0.utf8.count <= Self.longest }).sorted()

        soundSources = sources.filter { text in
            let program = Program.load(path: "corpus.braid", text: text) { $0.hasSuffix(".txt") ? Self.labels : nil }
            return !program.networks.isEmpty && !program.check().hasErrors
        }

        files = try FileCorpus.files(root: root, models: models)

        let compiler = Compiler(target: .x86AVX2, cache: nil, threads: 1)
        for seed in 0..<8 {
            let graph = RandomNetwork.make(seed: seed, training: seed % 2 == 1, batch: nil, operations: 4)
            let network = try Network.read(graph.text(), path: "random\(seed)")
            graphs += [graph.text(), try compiler.optimize(network).text()]
            if !graph.updates.isEmpty { graphs.append(try compiler.optimize(network, stoppingAfter: "decompose").text()) }
            kernels += try compiler.plan(network, batch: 2).kernels.map(\.description)
        }
        kernels.append(Self.tileProduct)
        kernels = Set(kernels.filter { $0.utf8.count <= Self.longest }).sorted()
    }

    /// Instructions that no schedule of the compiler's target uses.
    private static let tileProduct = """
        kernel tile_product lanes 16 tasks 2 (x: read bf16[2048], w: read bf16[1024], y: readWrite f32[512]) {
          %0 = sumTile y[task * 256 stride 16]
          %1 = zeroTile
          (%2, %3) = for i in 0 ..< 2 unroll 2 carrying (%4 = %0, %5 = %1) {
            %6 = pairTile x[task * 1024 + i * 32 stride 64]
            %7 = pairTile w[i * 512 stride 32]
            %8 = tileProduct(%6, %7, %4)
            %9 = tileProduct(%7, %6, %5)
            next %8, %9
          }
          writeTile %2 to y[task * 256 stride 16]
          when 0 <= task < 1 {
            writeTile %3 to y[240 stride -16]
          }
        }

        """

    /// The fenced blocks of the language in a page; those that are only a body get a network around them.
    private static func examples(_ page: String) -> [String] {
        var examples: [String] = []
        var kind: Substring?
        var lines: [Substring] = []
        for line in page.split(separator: "\n", omittingEmptySubsequences: false) {
            guard line.hasPrefix("```") else {
                lines.append(line)
                continue
            }
            let text = lines.joined(separator: "\n") + "\n"
            switch kind {
            case "braid", "braid fails": examples.append(text)
            case "braid body": examples.append("network example {\n    input image: f32[N, 8, 28, 28]\n\(text)}\n")
            default: break
            }
            kind = kind == nil ? line.dropFirst(3) : nil
            lines = []
        }
        return examples
    }
}
