import Analysis
import Graph
import LoopNest
import Testing

@testable import Compiler

/// What layers are multiplied and stored in, beside what the plan has in memory.
@Suite struct LayerPrecisionTests {
    private static let source = """
        network layers() {
            input image: f32[N, 16, 12, 12]
            let stem = image |> stem: conv(32, 3, pad: 1, bias: false) |> norm: batchnorm |> active: relu |> pool: max_pool(2)
            let main = stem |> first: conv(32, 1, bias: false) |> relu |> second: conv(32, 3, pad: 1)
            let sum = main |> joined: add(stem)
            output scores = sum |> relu |> dropped: dropout(0.5) |> global_avg_pool |> flatten |> fc: linear(10)
        }
        """

    /// The layers as texts: label or operator, factors, what is stored.
    private static func layers(_ network: Network, _ precision: Precision, _ target: Target) throws -> [String] {
        let compiler = Compiler(target: target, cache: nil, precision: precision)
        let precisions = try compiler.layerPrecisions(of: network)
        return try NetworkDescription(network, precisions: precisions).layers.map { layer in
            let parts = [layer.precision?.factors, layer.precision?.stored].map { $0?.rawValue ?? "-" }
            return ([layer.label.isEmpty ? layer.operation : layer.label] + parts).joined(separator: " ")
        }
    }

    /// Everything is known of layers without labels, too; what is folded or left out has nothing of its own.
    @Test(arguments: [Target.x86AVX512, .x86AVX512BF16, .x86AVX2, .aarch64NEON]) func layersSayWhatIsRounded(target: Target) throws {
        let network = try Network.load(written: Self.source)
        let layers = try Self.layers(network, .bf16, target)
        let expected = [
            "stem f32 -", "norm - -", "active - bf16", "pool - bf16", "first bf16 -", "relu - bf16", "second bf16 -", "joined - -",
            "relu - bf16", "dropped - -", "global_avg_pool - f32", "flatten - -", "fc f32 f32",
        ]
        #expect(layers == expected)
        // As many values as the plan has in bf16.
        let plan = try Compiler(target: target, cache: nil, precision: .bf16).plan(network, batch: 1)
        #expect(plan.bufferOf.values.filter { plan.buffers[$0].element == .bf16 }.count == expected.count { $0.hasSuffix(" bf16") })
        #expect(try Self.layers(network, .f32, target).allSatisfy { !$0.contains("bf16") })
    }

    /// Bytes are those of what is stored.
    @Test func bytesAreThoseOfWhatIsStored() throws {
        let network = try Network.load(written: Self.source)
        let precisions = try Compiler(target: .x86AVX512, cache: nil, precision: .bf16).layerPrecisions(of: network)
        let (exact, narrow) = (try NetworkDescription(network, batch: 3), try NetworkDescription(network, batch: 3, precisions: precisions))
        #expect(narrow.isNarrow && !exact.isNarrow)
        for (exact, narrow) in zip(exact.layers, narrow.layers) {
            #expect(narrow.activationBytes * (narrow.precision?.stored == .bf16 ? 2 : 1) == exact.activationBytes, "\(narrow)")
        }
        #expect(narrow.activationBytes == narrow.layers.reduce(0) { $0 + $1.activationBytes })
    }

    /// A printed graph says the same; one of another precision is refused in the author's words.
    @Test func printedStagesSayTheSame() throws {
        let target = Target.x86AVX512
        let network = try Network.load(written: Self.source)
        let compiler = Compiler(target: target, cache: nil, precision: .bf16)
        let text = String(decoding: try compiler.dump(network, .optimized), as: UTF8.self)
        let printed = try Network.read(text, path: "layers.graph")
        let layers = try Self.layers(printed, .bf16, target)
        #expect(layers.contains("first bf16 -") && layers.contains("fc f32 -") && layers.contains("pool - bf16"), "\(layers)")
        #expect(layers.filter { $0.hasSuffix(" bf16") }.count == 4)
        let exact = try Network.read(
            String(decoding: try Compiler(target: target, cache: nil).dump(network, .optimized), as: UTF8.self), path: "x")
        let error = #expect(throws: CompilerError.self) { try compiler.layerPrecisions(of: exact) }
        #expect("\(error!)".contains("stored bf16  # active"), "\(error!)")
    }
}

/// The clauses of precision of a file, along the whole road.
@Suite struct PrecisionClauseTests {
    private static func source(_ clauses: String) -> String {
        """
        block pair(x) { x |> conv1: conv(32, 1) |> relu |> conv2: conv(32, 1) |> relu }
        network clauses {
            \(clauses)
            input image: f32[N, 16, 12, 12]
            let main = image |> stem: conv(32, 3, pad: 1) |> relu |> first: pair |> second: pair
            output scores = main |> global_avg_pool |> flatten |> fc: linear(10)
        }
        """
    }

    private static func factors(_ clauses: String, _ asked: Precision?) throws -> [String] {
        let network = try Network.load(written: source(clauses))
        let precisions = try Compiler(target: .x86AVX512BF16, cache: nil, precision: asked).layerPrecisions(of: network)
        let layers = try NetworkDescription(network, precisions: precisions).layers
        return layers.filter { $0.precision?.factors == .bf16 }.map(\.label)
    }

    private static func stored(_ clauses: String, _ asked: Precision?) throws -> Int {
        let network = try Network.load(written: source(clauses))
        return try Compiler(target: .x86AVX512BF16, cache: nil, precision: asked).optimize(network).nodes.count { $0.stored == .bf16 }
    }

    @Test func clausesDecideWhatIsRounded() throws {
        let inner = ["first.conv1", "first.conv2", "second.conv1", "second.conv2"]
        #expect(try Self.factors("", nil).isEmpty)
        #expect(try Self.factors("", .bf16) == inner)
        #expect(try Self.factors("precision bf16", nil) == inner)
        #expect(try Self.factors("precision bf16", .f32).isEmpty)
        #expect(try Self.factors("precision first: bf16", nil) == ["first.conv1", "first.conv2"])
        #expect(try Self.factors("precision first: f32", .bf16) == ["second.conv1", "second.conv2"])
        #expect(try Self.factors("precision first: bf16; precision first.conv2: f32", nil) == ["first.conv1"])
        // The first and the last, where they are named.
        #expect(try Self.factors("precision bf16; precision stem, fc: bf16", nil) == ["stem"] + inner + ["fc"])
        #expect(try Self.factors("precision stem: bf16", nil) == ["stem"])
    }

    /// A contraction in f32 reads what is not stored in bf16.
    @Test func whatIsReadInF32IsNotRounded() throws {
        #expect(try Self.stored("precision bf16", nil) == 5)
        #expect(try Self.stored("precision first.conv2: f32", .bf16) == 4)
        #expect(try Self.stored("precision second: bf16", nil) == 1)
        // What the last layer reads is worth rounding once that multiplies bf16.
        #expect(try Self.stored("precision bf16; precision fc: bf16", nil) == 6)
        #expect(try Self.stored("precision bf16", .f32) == 0)
    }

    /// No clause, no difference: the texts of all stages are those of a file without.
    @Test func allF32IsAsIfNothingWereSaid() throws {
        let compiler = Compiler(target: .x86AVX512BF16, cache: nil)
        let plain = try compiler.dump(try Network.load(written: Self.source("")), .kernels)
        let exact = Compiler(target: .x86AVX512BF16, cache: nil, precision: .f32)
        #expect(try exact.dump(try Network.load(written: Self.source("precision bf16; precision fc: bf16")), .kernels) == plain)
        #expect(try compiler.dump(try Network.load(written: Self.source("precision f32")), .kernels) == plain)
    }

    /// Printed stages carry the clauses along.
    @Test func printedStagesKeepThem() throws {
        let compiler = Compiler(target: .x86AVX512BF16, cache: nil)
        let network = try Network.load(written: Self.source("precision first: bf16; precision first.conv2: f32"))
        let kernels = try compiler.dump(network, .kernels)
        for stage in [Stage.graph, .optimized] {
            let text = String(decoding: try compiler.dump(network, stage), as: UTF8.self)
            #expect(text.contains("  precision first bf16\n  precision first.conv2 f32\n"), "\(text)")
            #expect(try compiler.dump(try Network.read(text, path: "x"), .kernels) == kernels)
        }
        let text = String(decoding: try compiler.dump(network, .optimized), as: UTF8.self)
        let tampered = text.replacing("precision first bf16", with: "precision first f32")
        let error = #expect(throws: CompilerError.self) { try Network.read(tampered, path: "x") }
        // At the node itself.
        let lines = tampered.split(separator: "\n", omittingEmptySubsequences: false)
        let line = try #require(lines.firstIndex { $0.contains("factors bf16") || $0.contains("stored bf16") }) + 1
        #expect("\(error!)".contains("a clause keeps it in f32") && "\(error!)".contains("x:\(line):"), "\(error!)")
    }
}
