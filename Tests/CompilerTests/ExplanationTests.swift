import Foundation
import Graph
import Kernels
import LoopNest
import Testing

@testable import Compiler
@testable import Machine

/// Lines of networks followed to their kernels.
@Suite struct ExplanationTests {
    private static let compiler = Compiler(target: .x86AVX2, cache: nil, threads: 2)

    private static func load(_ path: String, _ name: String? = nil) throws -> Network {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        return try Network.load(root.appending(path: "graphs").appending(path: path).path, name: name)
    }

    /// The number of the first line of a file that holds a text.
    private static func line(with text: String, in network: Network) throws -> Int {
        let source = try #require(network.sources[network.program!.root.lexed.tokens.last!.span.file])
        let index = try #require(source.text.split(separator: "\n", omittingEmptySubsequences: false).firstIndex { $0.contains(text) })
        return index + 1
    }

    /// Five lines of Inception v3: a convolution of 5x5 that two blocks call, one of 1x7, a pooling, the head, and the first layers.
    @Test(arguments: [
        ("branch5x5_2: conv_bn(64, 5", ["branch5x5_2"], "Winograd"), ("branch7x7_2: conv_bn(width", ["branch7x7_2"], nil),
        ("x |> max_pool(3, stride: 2))", [], nil), ("dropout(0.5) |> fc: linear", ["fc"], nil), ("Conv2d_1a_3x3", ["Conv2d_1a_3x3"], nil),
    ]) func linesOfInceptionLeadToKernels(_ text: String, _ labels: [String], _ algorithm: String?) throws {
        let network = try Self.load("inception_v3.braid")
        let line = try SourceLine(Self.line(with: text, in: network), of: nil, in: network)
        #expect(line.text.contains(text))
        let explanation = try Self.compiler.explain(.line(line), of: network, training: false, batch: 1)
        #expect(!explanation.history.nodes.isEmpty && !explanation.kernels.isEmpty)
        for label in labels {
            #expect(explanation.kernels.contains { $0.ownLabels.contains { $0.contains(label) } }, "\(explanation.kernels.map(\.labels))")
        }
        if let algorithm { #expect(explanation.kernels.contains { $0.choice?.chosen.algorithm.hasPrefix(algorithm) ?? false }) }
        for kernel in explanation.kernels {
            #expect(
                kernel.nest.hasPrefix("kernel \(kernel.name)") && kernel.assembly.contains(kernel.name) && kernel.llvm.contains(kernel.name)
            )
            #expect(kernel.instructions.all > 10 && kernel.tensors.contains { $0.access != "read" })
            if kernel.multiplyAccumulates > 0 {
                let (counts, text) = try #require(kernel.innermost)
                #expect(counts.products > 0 && text.count == counts.all && counts.loads > 0)
            }
        }
    }

    /// A normalization's own line leads to the kernel of the convolution that it was folded into.
    @Test func foldedNormalizationsLeadToTheirConvolution() throws {
        let network = try Self.load("mnist_resnet.braid")
        let explanation = try Self.compiler.explain(.label("bn"), of: network, training: false, batch: 1)
        #expect(explanation.kernels.contains { $0.labels.contains("stem") })
        let fold = try #require(explanation.history.steps.first { $0.pass == "fold_batchnorm" })
        #expect(fold.changes.contains { $0.rules == ["fold"] })
    }

    /// All steps of a training come of some node of the network, or of the optimizer: what is explained of all lines together is everything.
    @Test func allKernelsComeOfLabelledNodes() throws {
        let network = try Self.load("mnist_resnet.braid")
        let all = try Self.compiler.plan(network, training: true, batch: 4).steps.count
        let labels = Set(network.training!.graph.nodes.compactMap(\.label)).map { $0.split(separator: ".")[0] }
        var steps: Set<Int> = []
        for label in Set(labels) {
            let found = try Self.compiler.explain(.label(String(label)), of: network, training: true, batch: 4)
            steps.formUnion(found.kernels.map(\.step))
        }
        #expect(steps.count > all * 9 / 10, "\(steps.count) of \(all)")
    }

    @Test func kernelsLeadBackToTheirNodes() throws {
        let network = try Self.load("mnist_resnet.braid")
        let plan = try Self.compiler.plan(network, batch: 1)
        let name = plan.kernels[plan.steps[0].kernel].name
        let explanation = try Self.compiler.explain(.kernel(name), of: network, training: false, batch: 1)
        #expect(explanation.kernels.map(\.name) == [name] && explanation.history.nodes.contains { $0.contains("# stem") })
    }

    @Test func whatIsNotThereIsTold() throws {
        let network = try Self.load("mnist_resnet.braid")
        func message(_ body: () throws -> Void) -> String { do { try body() } catch { return "\(error)" }; return "" }
        #expect(message { _ = try SourceLine(1, of: nil, in: network) }.contains("nothing of the network 'mnist_resnet' comes of line 1"))
        #expect(message { _ = try SourceLine(4000, of: nil, in: network) }.contains("has no line 4000"))
        #expect(message { _ = try SourceLine(1, of: "other.braid", in: network) }.contains("was read from no file 'other.braid'"))
        #expect(
            message { _ = try Self.compiler.explain(.label("stam"), of: network, training: false, batch: 1) }.contains("labelled 'stam'"))
        let kernel = message { _ = try Self.compiler.explain(.kernel("stem_conv"), of: network, training: false, batch: 1) }
        #expect(kernel.contains("did you mean stem_conv_"))
    }

    @Test func instructionsAreCounted() {
        let counts = InstructionCounts([
            "vfmadd231ps\t(%rax,%rcx), %ymm1, %ymm0", "vmovups\t%ymm0, (%rdx)", "vmovups\t%ymm3, 32(%rsp)", "leaq\t8(%rax), %rax",
            "prefetcht0\t64(%rax)", "tdpbf16ps\t%tmm1, %tmm2, %tmm3", "tileloadd\t(%rax,%rbx), %tmm1", "fmla\tv0.4s, v1.4s, v2.4s",
            "ldr\tq0, [x1, #16]", "str\tq0, [x2]", "jl\t-20",
        ])
        #expect(counts.all == 11 && counts.products == 3 && counts.loads == 3 && counts.stores == 2 && counts.spills == 1)
    }
}
