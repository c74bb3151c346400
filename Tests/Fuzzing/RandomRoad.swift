import TestSupport

/// Makes networks with a training, of sizes on both sides of vectors, blocks and shares: few rows, odd extents, wide layers.
///
/// The first line says how they are run: `# road batch 3 pictures 8 threads 1 7 64 planned 2 seed 5`.
struct RandomRoad {
    private var random = SplitMix(seed: 0)
    private var lines: [String] = []
    private var count = 0

    private static let activations = [
        "relu", "relu6", "leaky_relu", "elu", "selu", "sigmoid", "log_sigmoid", "softplus", "gelu", "silu", "mish", "hard_swish", "tanh",
        "prelu",
    ]
    private static let channels = [1, 2, 3, 5, 8, 15, 16, 17, 24, 31, 33, 48, 64]
    private static let sides = [1, 2, 3, 5, 7, 8, 9, 11, 14, 15, 16, 17, 23, 28, 31]
    private static let threads = [2, 3, 4, 5, 7, 8, 12, 16, 24, 31, 32, 33, 48, 63, 64]

    static func make(_ random: inout SplitMix) -> String {
        var road = RandomRoad(random: random)
        let text = road.program()
        random = road.random
        return text
    }

    private init(random: SplitMix) { self.random = random }

    private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    private mutating func fresh(_ prefix: String) -> String {
        count += 1
        return "\(prefix)\(count)"
    }

    private mutating func program() -> String {
        let batch = random.choose([1, 2, 2, 3, 5, 7])
        let pictures = batch * 2 + Int.random(in: 0..<batch, using: &random)
        let threads = [1] + (0..<3).map { _ in random.choose(Self.threads) }
        let planned = random.choose([1, 2, 2, 3, 8, 17, 64])
        lines = [
            "# road batch \(batch) pictures \(pictures) threads \(threads.map(String.init).joined(separator: " ")) planned \(planned) "
                + "seed \(Int.random(in: 0..<1000, using: &random))",
            "network road(classes = \(random.choose([2, 3, 7, 10, 15, 16, 17, 100]))) {",
            "    input image: f32[N, \(random.choose([1, 1, 3, 3, 4, 17])), \(random.choose(Self.sides)), \(random.choose(Self.sides))]",
            "    var x = image",
        ]
        for _ in 0..<Int.random(in: 1...6, using: &random) { lines.append("    x = \(layer())") }
        // A wide layer before few classes: a parameter of few rows and many values. Behind a whole image its weights alone would be 100 MB.
        let isWide = chance(25)
        lines.append(
            "    x = x |> \(isWide ? "global_avg_pool |> flatten" : random.choose(["global_avg_pool |> flatten", "flatten", "flatten"]))")
        if isWide { lines.append("    x = x |> wide: linear(\(random.choose([2_100, 3_277, 5_001]))) |> relu") }
        lines += ["    output logits = x |> fc: linear(classes)", "}"]
        training()
        return lines.joined(separator: "\n") + "\n"
    }

    private mutating func layer() -> String {
        let width = random.choose(Self.channels)
        let activation = random.choose(Self.activations)
        switch Int.random(in: 0..<12, using: &random) {
        case 0, 1, 2:
            let kernel = random.choose(["1", "3", "3", "5", "(1, 3)", "(7, 1)"])
            let stride = random.choose(["", "", ", stride: 2", ", stride: 3"])
            return
                "x |> \(fresh("c")): conv(\(width), \(kernel), pad: \"same\"\(stride), bias: \(random.choose(["true", "false"]))) |> \(activate(activation))"
        case 3: return "x |> \(fresh("d")): conv(x.channels, 3, pad: 1, groups: x.channels) |> relu"
        case 4: return "x |> \(fresh("b")): batchnorm |> \(activate(activation))"
        case 5: return "x |> \(fresh("g")): \(random.choose(["group_norm(1)", "instance_norm", "layer_norm"]))"
        case 6:
            return
                "x |> \(random.choose(["max_pool", "avg_pool"]))(\(random.choose(["2, stride: 2, ceil: true", "3, pad: 1", "3, stride: 2, pad: 1"])))"
        case 7: return "relu(x + (x |> \(fresh("e")): conv(x.channels, 3, pad: 1)))"
        case 8:
            return
                "concat(x |> \(fresh("p")): conv(\(width), 1) |> relu, x |> \(fresh("q")): conv(\(random.choose(Self.channels)), 3, pad: 1), x)"
        case 9: return "x |> \(fresh("t")): conv_transpose(\(random.choose([2, 5, 17])), 3, stride: 2, pad: \"same\")"
        case 10: return "x |> dropout(0.3)"
        default: return "x |> \(activate(activation))"
        }
    }

    private mutating func activate(_ name: String) -> String { name == "prelu" ? "\(fresh("r")): prelu" : name }

    private mutating func training() {
        lines += [
            "training of road {", "    target label: i32[N]", "    loss cross_entropy(logits, label)",
            "    optimizer \(random.choose(["sgd(momentum: 0.9)", "sgd(momentum: 0.9, nesterov: true, weight_decay: 1e-3)", "adam", "adamw", "rmsprop"]))",
            "    schedule \(random.choose(["constant(0.003)", "cosine(0.003)", "one_cycle(0.003)"]))",
        ]
        if chance(40) { lines.append("    clip norm 1.0") }
        if chance(40) {
            lines.append("    augment \(random.choose(["flip", "shift(2)", "rotation(20), blur", "crop, cutout(3)", "rand_augment(5)"]))")
        }
        lines.append("}")
    }
}
