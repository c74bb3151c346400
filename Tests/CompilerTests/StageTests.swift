import Foundation
import Graph
import LoopNest
import Machine
import Operators
import TestSupport
import Testing

@testable import Compiler

private let root = Golden.root

/// The stages of the networks in `graphs/`, for a fixed target.
@Suite struct StageTests {
    private let compiler = Compiler(target: .x86AVX512, cache: nil, threads: 2)
    private let network = try! Network.load(root.appending(path: "graphs/mnist_resnet.braid").path)

    private func text(_ stage: Stage, training: Bool = false) throws -> String {
        String(decoding: try compiler.dump(network, stage, training: training), as: UTF8.self)
    }

    /// The dumps under `generated/` are what the compiler makes today.
    @Test(arguments: [
        ("tokens.txt", Stage.tokens, false), ("syntax.txt", .syntax, false), ("network.graph", .graph, false),
        ("training.graph", .training, false), ("optimized.graph", .optimized, false), ("optimized_training.graph", .optimized, true),
        ("plan.txt", .plan, false),
    ])
    func generatedIsFresh(file: String, stage: Stage, training: Bool) throws {
        // Diagnostics and dumps name the source as it was given; the fresh dump must not depend on where the package lies.
        let fresh = try text(stage, training: training).replacingOccurrences(of: root.path + "/", with: "")
        try Golden.check(fresh, Golden.root.appending(path: "generated/mnist_resnet/\(file)"))
    }

    /// Of the kernels, those of one block are written out, small enough to be read when they change. Of all there is a digest.
    @Test func generatedKernelsAreFresh() throws {
        let kernels = try compiler.plan(network, batch: 1).kernels
        #expect(try text(.kernels) == kernels.map(\.description).joined(separator: "\n"))
        let block = kernels.filter { $0.name.hasPrefix("blocks_4_") }
        #expect(block.count > 5)
        let folder = Golden.root.appending(path: "generated/mnist_resnet")
        try Golden.check(
            "# What `braid dump graphs/mnist_resnet.braid --stage kernels` prints for the block `blocks.4`, planned for x86-64-avx512.\n"
                + block.map(\.description).joined(separator: "\n"), folder.appending(path: "blocks.4.kernels"))
        try Golden.check(
            """
            All kernels of mnist_resnet at batch 1 for x86-64-avx512: the tasks, the lines of the text and the start of its SHA-256, and
            how often each operation stands in it.


            """ + kernels.map(\.digest).joined(), folder.appending(path: "kernels.digest"))
    }

    @Test func graphsReadBack() throws {
        for (stage, training) in [(Stage.graph, false), (.graph, true), (.training, false), (.optimized, false), (.optimized, true)] {
            let printed = try text(stage, training: training)
            #expect(try Graph(reading: printed, catalog: .standard).description == printed, "\(stage) does not read back")
        }
    }

    /// The network as a source, and that of its printed graph, are networks with the same parameters; later stages are none of the language.
    @Test func languageReadsBack() throws {
        let printed = try Network.read(try text(.graph), path: "printed.graph")
        for source in [try text(.language), String(decoding: try compiler.dump(printed, .language), as: UTF8.self)] {
            let again = try Network.read(source, path: "again.braid")
            #expect(Set(again.graph.nodes.compactMap { $0.parameter?.name }) == Set(network.graph.nodes.compactMap { $0.parameter?.name }))
            #expect(again.graph.outputs.map(\.name) == network.graph.outputs.map(\.name))
        }
        let optimized = try Network.read(try text(.optimized), path: "optimized.graph")
        #expect(throws: CompilerError.self) { try compiler.dump(optimized, .language) }
        // The loss, too, is a network; what a step updates is not.
        #expect(try text(.language, training: true).contains("output loss = "))
    }

    @Test func kernelsReadBack() throws {
        let kernels = try compiler.plan(network, training: true, batch: 2).kernels
        #expect(try KernelReader.read(kernels.map(\.description).joined(separator: "\n")) == kernels)
    }

    /// A printed stage goes on along the road to the same kernels.
    @Test func printedStagesAreAccepted() throws {
        let expected = try compiler.plan(network, batch: 2).kernels
        let folder = FileManager.default.temporaryDirectory.appending(path: "braid-stages-\(ProcessInfo.processInfo.processIdentifier)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for stage in [Stage.graph, .optimized] {
            let file = folder.appending(path: "\(stage).graph")
            try text(stage).write(to: file, atomically: true, encoding: .utf8)
            #expect(try compiler.plan(Network.load(file.path), batch: 2).kernels == expected, "\(stage)")
        }
    }

    /// Kernels trust layouts and groups, so a text that was edited there is refused, and the message shows where.
    @Test func editedLayoutsAndGroupsAreRefused() throws {
        let printed = try text(.optimized)
        let file = FileManager.default.temporaryDirectory.appending(path: "braid-edited-\(ProcessInfo.processInfo.processIdentifier).graph")
        defer { try? FileManager.default.removeItem(at: file) }
        for (from, to) in [("group 4 ", "group 5 "), ("blocked(1:16)", "plain"), (" group 2\n", "\n")] {
            let range = try #require(printed.range(of: from))
            try printed.replacingCharacters(in: range, with: to).write(to: file, atomically: true, encoding: .utf8)
            let error = #expect(throws: CompilerError.self) { try compiler.plan(Network.load(file.path), batch: 1) }
            #expect(error?.description.contains("leave them to the passes") == true)
        }
    }

    @Test(arguments: Target.presets) func everyTargetCompiles(target: Target) throws {
        let compiler = Compiler(target: target, cache: nil, threads: 2)
        let object = try compiler.dump(network, .object)
        #expect(object.starts(with: [0x7f, 0x45, 0x4c, 0x46]), "an ELF file for \(target.name)")
    }
}
