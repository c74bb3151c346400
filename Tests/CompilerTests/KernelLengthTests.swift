import Kernels
import LoopNest
import Recipes
import TestSupport
import Testing

@testable import Compiler

/// No stride, dilation, window or padding makes kernels long, or many: what they write out is bounded. Other kernels then compute the same.
@Suite struct KernelLengthTests {
    /// An image, layers behind it, and whether the reference is fast enough to compute them, too.
    static let networks: [(image: String, layers: String, isSmall: Bool)] = [
        // Taps that lie further apart than the image is long, whose copies would be zeros.
        ("2, 3, 5, 5", #"layer: conv(4, 3, pad: "same", dilation: (1, 1048576))"#, true),
        ("2, 3, 5, 5", #"layer: conv(4, 3, pad: "same", dilation: (4099, 3)) |> relu"#, true),
        ("1, 16, 5, 9", #"layer: conv(16, 3, pad: "same", dilation: (2, 1000))"#, true),
        ("1, 20, 5, 5", #"layer: conv(20, 3, pad: "same", dilation: 1048576, groups: 20)"#, true),
        ("1, 16, 9, 300", #"layer: conv(16, 3, pad: "same", dilation: (1, 2000))"#, false),
        // Many phases, of which some or most have no taps.
        ("1, 3, 150, 7", "layer: conv(4, 3, stride: (90, 2))", true),
        ("1, 3, 224, 224", #"layer: conv(4, 1, stride: 300, pad: "same")"#, false),
        ("1, 3, 70, 70", "layer: conv(4, 2, stride: 60)", false),
        ("1, 3, 2, 3", "layer: conv_transpose(4, (1, 2), stride: (300, 2))", true),
        ("1, 3, 3, 2", "layer: conv_transpose(4, (5, 63), stride: (1, 60))", true),
        ("2, 1, 7, 7", "layer: conv_transpose(4, (1000, 2), stride: (13, 4097))", false),
        // Windows of many rows, or of none that lie inside.
        ("1, 20, 40, 7", "max_pool((40, 1), stride: 1)", true),
        ("1, 20, 700, 7", "max_pool((700, 1), stride: 1)", false),
        ("1, 20, 1000, 28", "adaptive_avg_pool((1, 14))", false),
        ("1, 4, 2, 1000", "avg_pool((1, 1000), stride: 1)", false),
        ("1, 20, 3, 2000", #"layer: conv(20, 3, pad: "same", dilation: (1, 1999), groups: 20)"#, false),
        ("1, 20, 3, 3", "layer: conv(20, 3, pad: (1, 4000), groups: 20)", false),
    ]

    private static func network(_ image: String, _ layers: String) throws -> Network {
        let text = """
            network edge {
                input image: f32[\(image)]
                let wide = image |> mixed: conv(image.channels, 1)
                output y = wide |> \(layers)
                output loss = mean(y * y)
            }
            """
        return try Network.read(text, path: "edge.braid")
    }

    /// What is read twice by what is read twice is computed once: 40 steps are no 2^40.
    @Test(arguments: ["x * 0.25 + relu(x)", "x + x", "x * 0.5 + x * 0.5"]) func valuesThatAreReadTwiceAreComputedOnce(step: String) throws {
        let steps = (1...40).map { "let y\($0) = \(step.replacing("x", with: "y\($0 - 1)"))" }
        let text = """
            network doubled {
                input image: f32[2, 3, 5, 5]
                let y0 = image |> layer: conv(4, 3)
                \(steps.joined(separator: "\n    "))
                output y = y40
                output loss = mean(y40 * y40)
            }
            """
        var network = try Network.read(text, path: "doubled.braid")
        network.training = .init(graph: network.graph, recipe: TrainingRecipe(optimizer: Optimizer.sgd()), targets: [])
        for target in Target.presets {
            for isTraining in [false, true] {
                let plan = try Compiler(target: target, cache: nil, threads: 2).plan(network, training: isTraining, batch: 1)
                let lines = plan.kernels.map { $0.description.count { $0 == "\n" } }
                #expect(lines.reduce(0, +) < 20_000, "\(target), training \(isTraining)")
            }
        }
    }

    @Test(arguments: networks) func kernelsAreShort(image: String, layers: String, isSmall: Bool) throws {
        var network = try Self.network(image, layers)
        network.training = .init(graph: network.graph, recipe: TrainingRecipe(optimizer: Optimizer.sgd()), targets: [])
        for target in Target.presets {
            for isTraining in [false, true] {
                let compiler = Compiler(target: target, cache: nil, threads: 2)
                let plan = try compiler.plan(network, training: isTraining, batch: 1)
                let lines = plan.kernels.map { $0.description.count { $0 == "\n" } }
                #expect(lines.max()! < 4000, "\(layers) for \(target), training \(isTraining)")
                #expect(lines.reduce(0, +) < 20_000, "\(layers) for \(target), training \(isTraining)")
            }
        }
    }

    @Test(arguments: networks.filter(\.isSmall), [Target.host, .x86AVX2]) func kernelsAgree(
        _ one: (image: String, layers: String, isSmall: Bool), target: Target
    ) throws {
        let network = try Self.network(one.image, one.layers)
        for isTraining in [false, true] {
            try expectAgreement(of: network.graph, seed: 7, training: isTraining, batch: 1, target: target)
        }
    }
}
