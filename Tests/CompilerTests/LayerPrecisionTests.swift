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
        return NetworkDescription(network, precisions: precisions).layers.map { layer in
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
        let (exact, narrow) = (NetworkDescription(network, batch: 3), NetworkDescription(network, batch: 3, precisions: precisions))
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
