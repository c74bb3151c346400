import Analysis
import Foundation
import Graph
import Interchange
import Language
import Source
import TestSupport
import Testing

@testable import Compiler

private let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../graphs").standardized

/// The networks of `graphs/`, which are products: counts, names and shapes beside the common PyTorch definitions, and the whole road up
/// to a plan.
@Suite struct NetworkTests {
    /// Parameters, multiply-accumulates for one image, and where there is a PyTorch definition, a digest of its parameters' names and shapes.
    ///
    /// Made with torchvision 0.29 and timm 1.0: the sizes of `parameters()`, a hook on `Conv1d`, `Conv2d`, `Conv3d`, `ConvTranspose2d` and `Linear`, and the
    /// first 16 digits of the SHA-256 of the sorted lines `name [extents]` of `state_dict()`, without `num_batches_tracked`.
    struct Expected: CustomTestStringConvertible, Sendable {
        var network: String
        var parameters: Int
        var macs: Int
        var names: String?
        var definitions: [String: String] = [:]

        var testDescription: String { network }
    }

    static let expected = [
        Expected(network: "alexnet", parameters: 61_100_840, macs: 714_188_480, names: "58e71d46cc5e1724"),
        Expected(network: "vgg11", parameters: 132_863_336, macs: 7_609_090_048, names: "0aec3dcb5ca3ff49"),
        Expected(network: "vgg13", parameters: 133_047_848, macs: 11_308_466_176, names: "d849782b372c89d8"),
        Expected(network: "vgg16", parameters: 138_357_544, macs: 15_470_264_320, names: "63f9f2f4402fbe84"),
        Expected(network: "vgg19", parameters: 143_667_240, macs: 19_632_062_464, names: "0b00b188366bf7d2"),
        Expected(network: "vgg11_bn", parameters: 132_868_840, macs: 7_609_090_048, names: "fa457ebf25b6673b"),
        Expected(network: "vgg13_bn", parameters: 133_053_736, macs: 11_308_466_176, names: "ff7119b3c54e3de4"),
        Expected(network: "vgg16_bn", parameters: 138_365_992, macs: 15_470_264_320, names: "8929ade7db571d0e"),
        Expected(network: "vgg19_bn", parameters: 143_678_248, macs: 19_632_062_464, names: "8989b31877efddc1"),
        Expected(network: "resnet18", parameters: 11_689_512, macs: 1_814_073_344, names: "efcc90900c7214aa"),
        Expected(network: "resnet34", parameters: 21_797_672, macs: 3_663_761_408, names: "27a12c09c7f34a1f"),
        Expected(network: "resnet50", parameters: 25_557_032, macs: 4_089_184_256, names: "138c8c8ccc17d9f2"),
        Expected(network: "resnet101", parameters: 44_549_160, macs: 7_801_405_440, names: "a89f774f7adb318e"),
        Expected(network: "resnet152", parameters: 60_192_808, macs: 11_513_626_624, names: "5102f2083292a28b"),
        Expected(network: "googlenet", parameters: 6_624_904, macs: 1_498_376_192, names: "8bab9470fea4b934"),
        Expected(network: "inception_v3", parameters: 23_834_568, macs: 5_713_216_096, names: "bf17370bc0480f83"),
        Expected(network: "inception_v4", parameters: 42_679_816, macs: 12_253_974_624, names: "8c45eebc92149a35"),
        Expected(network: "inception_resnet_v2", parameters: 55_843_464, macs: 13_155_794_016, names: "5f1f250eb0fc9933"),
        Expected(network: "squeezenet1_0", parameters: 1_248_424, macs: 818_924_576, names: "467cfc08be37f3ad"),
        Expected(network: "densenet121", parameters: 7_978_856, macs: 2_834_161_664, names: "b192360cfa58fb5f"),
        Expected(network: "densenet169", parameters: 14_149_480, macs: 3_359_843_328, names: "dfbfe56af795c2b6"),
        Expected(network: "mobilenet_v2", parameters: 3_504_872, macs: 300_774_272, names: "8aec9e720e48963c"),
        Expected(network: "resnext50_32x4d", parameters: 25_028_904, macs: 4_230_479_872, names: "ea01496daa5fe722"),
        Expected(network: "resnext101_32x8d", parameters: 88_791_336, macs: 16_414_015_488, names: "89bd5fd426c25bc6"),
        Expected(network: "seresnet50", parameters: 28_088_024, macs: 4_091_699_200, names: "a2383eb41585c12d"),
        Expected(network: "efficientnet_b0", parameters: 5_288_548, macs: 385_814_752, names: "46e5e8e10e27ed38"),
        Expected(network: "mobilenet_v3_large", parameters: 5_483_032, macs: 216_589_760, names: "4a311cb4819c2d07"),
        Expected(network: "mobilenet_v3_small", parameters: 2_542_856, macs: 56_510_400, names: "9cc3d7fe15e49db1"),
        Expected(network: "shufflenet_v2_x1_0", parameters: 2_278_604, macs: 144_907_992, names: "ed7bfec0ec2d9fc3"),
        Expected(network: "convnext_tiny", parameters: 28_589_128, macs: 4_455_531_264, names: "00f52956e8dfc5b5"),
        Expected(
            network: "unet", parameters: 31_037_698, macs: 48_171_581_440, names: "6a3e3d15fe674d08",
            definitions: ["H": "256", "W": "256"]),
        Expected(network: "dcgan_discriminator", parameters: 2_765_568, macs: 103_817_216, names: "b11507d1d8a2462c"),
        Expected(
            network: "espcn", parameters: 22_729, macs: 1_482_686_464, names: "99c9c9ad73ccf0a5", definitions: ["H": "256", "W": "256"]),
        Expected(
            network: "style_transfer", parameters: 1_679_235, macs: 7_716_667_392, names: "19e29032825649d4",
            definitions: ["H": "224", "W": "224"]),
        Expected(network: "m5", parameters: 26_915, macs: 1_880_256, names: "60a555abc8f6ed2c", definitions: ["L": "8000"]),
        Expected(network: "r3d_18", parameters: 33_371_472, macs: 40_696_553_472, names: "4146f07c79dc9992"),
        Expected(network: "siamese", parameters: 38_951_745, macs: 1_817_251_840, names: "aefce8267b35edaa"),
        // The hooks do not see the products of attention: twice 197 x 197 x 64 for each of 3 heads in 12 layers.
        Expected(
            network: "vit_tiny_patch16_224", parameters: 5_717_416, macs: 1_074_851_328 + 2 * 197 * 197 * 64 * 3 * 12,
            names: "83c47e22f0fa314f"),
        // A hook on a transposed convolution counts the taps of the pixels it reads, what is counted here those of a result's pixels, as of
        // any convolution: more at borders that are not cut off.
        Expected(
            network: "dcgan_generator", parameters: 3_576_704, macs: 104_628_224 + (4 * 4 - 1) * 16 * 100 * 512, names: "2b682dc8014beb94"),
        Expected(
            network: "fcn8s", parameters: 134_489_759,
            macs: 181_529_034_048 + 21 * 21 * 4 * (34 * 34 - 32 * 32 + 70 * 70 - 68 * 68 + 568 * 568 - 560 * 560),
            names: "e71457980efd49e7",
            definitions: ["H": "500", "W": "500"]),
        // With their auxiliary heads, whose multiply-accumulates the hooks do not see in evaluation mode.
        Expected(
            network: "googlenet", parameters: 13_004_888, macs: 1_498_376_192 + 8_372_224, names: "eeeff0e435517f2b",
            definitions: ["auxiliary": "true"]),
        Expected(
            network: "inception_v3", parameters: 27_161_264, macs: 5_713_216_096 + 5_683_200, names: "5d26d9fa4a1c106f",
            definitions: ["auxiliary": "true"]),
        // Counts of the published weights, by the same hooks on pytorchcv 0.0.74's `bninception`.
        Expected(network: "inception_v2", parameters: 11_295_240, macs: 2_032_600_064),
        // The parameters of the Caffe models. The multiply-accumulates of the maps that the papers give; 1,431,556,352 of GoogLeNet, if its
        // poolings leave out partial windows.
        Expected(network: "alexnet_two_groups", parameters: 60_965_224, macs: 654_560_384),
        Expected(network: "alexnet_two_groups", parameters: 60_965_224, macs: 724_406_816, definitions: ["size": "227"]),
        Expected(network: "googlenet_paper", parameters: 6_998_552, macs: 1_582_671_872),
        Expected(network: "googlenet_paper", parameters: 6_998_552, macs: 1_431_556_352, definitions: ["ceil": "false"]),
        Expected(network: "mnist_resnet", parameters: 696_042, macs: 80_508_672),
    ]

    /// A generator is trained through a discriminator that stands still meanwhile, in turn with it, and style transfer through the features
    /// of a trained VGG, which stands still too: neither is what one recipe can say.
    private static let untrained: Set = ["dcgan_generator", "style_transfer"]

    /// The sizes at which a network is counted, where it takes several: those at which PyTorch's was.
    private static func sizes(of network: Network) -> [String: Int] {
        let given = expected.first { $0.network == network.name }?.definitions.filter { network.sizeSymbols.contains($0.key) } ?? [:]
        return given.isEmpty ? network.typicalSizes ?? [:] : given.compactMapValues { Int($0) }
    }

    private static func path(of network: String) throws -> String {
        for file in try FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted() where file.hasSuffix(".braid") {
            let path = folder.appending(path: file).path
            if try Network.program(path).root.syntax.definitions.contains(where: { $0.isNetwork(network) }) { return path }
        }
        throw CompilerError("no network is called '\(network)'")
    }

    @Test(arguments: expected) func countsAndNamesAgree(_ expected: Expected) throws {
        let network = try Network.load(Self.path(of: expected.network), name: expected.network, definitions: expected.definitions)
        let rendered = DiagnosticRenderer(network.sources).render(network.diagnostics)
        #expect(network.diagnostics.isEmpty || !expected.definitions.isEmpty, "\(rendered)")
        let description = try NetworkDescription(network)
        #expect(description.parameters == expected.parameters)
        #expect(description.macs == expected.macs)
        guard let names = expected.names else { return }
        let lines = network.graph.nodes.compactMap { node in node.parameter.map { "\($0.name) \(node.type.shape)\n" } }.sorted()
        #expect(SHA256.hexadecimal(Data(lines.joined().utf8)).prefix(16) == names, "\(lines.joined())")
    }

    /// Every network of every file goes the whole road up to a plan without a warning, and its arena is nearly as small as one can be.
    @Test(arguments: try networks()) func plans(_ name: String) throws {
        let compiler = Compiler(target: .x86AVX512, cache: nil, threads: 2)
        let network = try Network.load(Self.path(of: name), name: name)
        #expect(network.diagnostics.isEmpty)
        let sized = try network.sized(Self.sizes(of: network))
        #expect(network.training != nil || Self.untrained.contains(name), "every network of graphs/ says how its paper trains it")
        for batch in [1, 16] {
            let plan = try compiler.plan(sized, batch: batch)
            #expect(!plan.steps.isEmpty)
            #expect(Double(plan.arenaBytes) <= 1.10 * Double(plan.arenaLowerBound), "batch \(batch)")
            // Weights are as large as they are in a file, or as the convolutions want them; nothing is kept twice.
            for (parameter, buffer) in plan.parameters where !plan.steps.contains(where: { $0.buffers.contains(buffer) }) {
                if case .temporary = plan.buffers[buffer].storage { continue }
                Issue.record("'\(parameter.name)' is kept though no step reads it")
            }
        }
    }

    /// `generated/networks.md` lists what there is.
    @Test func pageOfNetworksIsFresh() throws {
        func grouped(_ number: Int) -> String { number.formatted(.number.locale(Locale(identifier: "en_US")).grouping(.automatic)) }
        var lines = [
            "# Networks", "",
            "Made from `graphs/` by the tests (`UPDATE_EXPECTED=1`). Parameters are trained values; MACs are the multiply-accumulates of",
            "convolutions and linear layers for one image, at the sizes beside them where a network takes several. Nearly all have the recipe",
            "of their paper: `braid train`, `braid overfit`.", "",
            "| network | file | what it is | parameters | MACs | layers |", "|---|---|---|---|---|---|",
        ]
        for file in try Self.files() {
            for name in try Network.program(folder.appending(path: file).path).networks.map(\.name.text) {
                let network = try Network.load(folder.appending(path: file).path, name: name)
                let sizes = Self.sizes(of: network)
                let description = try NetworkDescription(network, sizes: sizes)
                let given = sizes.sorted { $0.key < $1.key }.map { "\($0.key) = \($0.value)" }.joined(separator: ", ")
                let summary = network.documentation.split(separator: "\n", omittingEmptySubsequences: false).prefix { !$0.isEmpty }
                #expect(!summary.isEmpty, "\(name) has no documentation")
                lines.append(
                    "| `\(name)` | [`\(file)`](../graphs/\(file)) | \(summary.joined(separator: " ")) | \(grouped(description.parameters)) "
                        + "| \(grouped(description.macs))\(given.isEmpty ? "" : " (\(given))") | \(description.layers.count) |")
            }
        }
        let page = folder.appending(path: "../generated/networks.md").standardized
        try Golden.check(lines.joined(separator: "\n") + "\n", page)
    }

    private static func files() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".braid") }.sorted()
    }

    private static func networks() throws -> [String] {
        try files().flatMap { file in try Network.program(folder.appending(path: file).path).networks.map(\.name.text) }
    }
}

extension DefinitionSyntax {
    fileprivate func isNetwork(_ name: String) -> Bool { if case .network(let network) = self { network.name.text == name } else { false } }
}
