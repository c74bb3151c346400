import Graph
import Operators
import TestSupport

/// Makes well-formed programs: a network over blocks and activations, most of the time one whose shapes fit.
struct RandomProgram {
    private var random = SplitMix(seed: 0)
    private var lines: [String] = []
    /// Names of images that are bound, the newest last.
    private var images: [String] = ["image"]
    /// Steps that own parameters, as they are written behind `|>`, for others to share.
    private var owners: [String] = []
    private var count = 0

    static func make(_ random: inout SplitMix) -> String {
        var program = RandomProgram(random: random)
        let text = program.program()
        random = program.random
        return text
    }

    private init(random: SplitMix) { self.random = random }

    private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    private mutating func fresh(_ prefix: String) -> String {
        count += 1
        return "\(prefix)\(count)"
    }

    /// Mostly a small number, now and then one at a border.
    private mutating func integer() -> String {
        chance(4) ? random.choose(TextMutation.extremes) : "\(random.choose([1, 1, 2, 3, 4, 6, 8]))"
    }

    private mutating func program() -> String {
        let usesBlocks = chance(60)
        if usesBlocks {
            lines += [
                "block unit(x, width = \(integer()), act = relu) {\n    assert width < \(chance(90) ? "1000" : "2"), \"{width} is too wide\"\n"
                    + "    if act == none { return x |> {\"conv{width}\"}: conv(width, 1) }\n"
                    + "    x |> conv: conv(width, 3, pad: 1) |> bn: batchnorm |> act\n}",
                "activation curve(x, slope = 0.1) = \(formula(3))",
                "block twice(x, count = 2) {\n    var y = x\n    for i in 0..<count { y = y |> {i}: unit(x.channels) }\n    y + x\n}",
            ]
        }
        let (channels, side) = (integer(), random.choose([4, 6, 7, 8, 12]))
        lines.append("network fuzz(classes = \(integer())) {\n    input image: f32[N, \(channels), \(side), \(side)]")
        if chance(25) { parameters() }
        for _ in 0..<Int.random(in: 1...6, using: &random) { statement(usesBlocks) }
        lines.append("    output logits = \(images.last!) |> global_avg_pool |> flatten |> fc: linear(classes)")
        if chance(30) { precision() }
        if chance(20) { lines.append("    output features = \(random.choose(images))") }
        lines.append("}")
        if chance(40) { training() }
        return lines.joined(separator: "\n") + "\n"
    }

    /// A clause, mostly of labels that exist.
    private mutating func precision() {
        let others = ["c2", "u3", "d4", "u2.0.conv", "{classes}", "u{classes}.bn", "no.such", "0.1.a"]
        let labels = ["", "fc: ", chance(20) ? "fc, \(random.choose(others)): " : "fc: "]
        lines.append("    precision \(random.choose(labels))\(chance(5) ? "f8" : random.choose(["f32", "bf16"]))")
    }

    /// A parameter and a state, with weights that are computed from them.
    private mutating func parameters() {
        let width = chance(90) ? "4" : integer()
        let start = random.choose(["0", "1", "0.5", "he_normal", "normal(0.1)", "orthogonal", chance(90) ? "2" : integer()])
        let next = random.choose(["0.9", "2", "mean(own, [0, 1, 2, 3])"])
        let factor = random.choose(["2", "kept", "mean(kept, [0, 1, 2])"])
        lines += [
            "    parameter own: f32[\(width), image.channels, 3, 3] = \(start)",
            "    state kept: f32[\(chance(90) ? "1" : integer()), 1, 1] = 1",
            "    update kept = kept * \(next)",
            "    let made = image |> conv(\(width), 3, pad: 1, weight: own * \(factor), bias: false)",
        ]
        images.append("made")
    }

    private mutating func statement(_ usesBlocks: Bool) {
        let name = fresh("x")
        let x = chance(75) ? images.last! : random.choose(images)
        let value: String =
            switch Int.random(in: 0..<13, using: &random) {
            case 0, 1:
                "\(x) |> \(fresh("c")): conv(\(integer()), \(random.choose(["1", "3", "(1, 3)", "5"])), pad: \(random.choose([0, 1, 1, 2])))"
            case 2: "\(x) |> \(fresh("c")): conv(\(x).channels, 3, pad: 1, groups: \(x).channels) |> relu"
            case 3: "\(x) |> \(random.choose(["max_pool", "avg_pool"]))(2, stride: \(integer()), ceil: \(random.choose(["true", "false"])))"
            case 4: "\(x) |> \(fresh("b")): batchnorm"
            case 5: "\(x) |> \(fresh("d")): conv(\(x).channels, 3, pad: 1) |> tanh"
            case 6: "\(x) + (\(x) |> \(fresh("e")): conv(\(x).channels, 1)) * \(random.choose(["2", "0.5", x]))"
            case 7: "concat(\(x), \(random.choose(images)))"
            case 8:
                usesBlocks
                    ? "\(x) |> \(fresh("u")): \(random.choose(["unit", "twice", "unit(act: none)", "unit(act: curve(slope: 0.5))", "unit(2) |> print"]))"
                    : "\(x) |> gelu"
            case 9: usesBlocks ? "\(x) |> curve(\(integer()))" : "maximum(\(x), \(integer()))"
            case 11: "\(x) \(random.choose(["+", "*", "-"])) \(constant(on: x))"
            case 10: owners.isEmpty ? "\(x) |> \(fresh("c")): conv(3, 1)" : "\(x) |> share \(random.choose(owners))"
            default: call(on: x)
            }
        // What follows the label may hold further steps.
        if let pipe = value.range(of: " |> "), !value.hasPrefix("concat") {
            let step = String(value[pipe.upperBound...].prefix { $0 != "|" && $0 != "*" })
            if step.contains(": "), !step.hasPrefix("share "), step.count(where: { $0 == "(" }) == step.count(where: { $0 == ")" }) {
                owners.append(step)
            }
        }
        lines.append("    let \(name) = \(value)")
        images.append(name)
    }

    /// A tensor of the program's own that mostly goes with an image.
    private mutating func constant(on x: String) -> String {
        switch Int.random(in: 0..<10, using: &random) {
        case 0, 1, 2, 3: "[for i in 0..<\(x).channels { \(random.choose(["i", "sin(i)", "power(2, i)", "pi * i", "0.5"])) }]"
        case 4, 5, 6: "[[for i in 0..<\(x).height { [for j in 0..<\(x).width { i - j * 0.5 }] }]]"
        case 7, 8:
            "tensor(\(random.choose(["2", "2", "3", "[[[[1]]]]", "[[[[1]]]]", "[\(integer()), 1]", "\"kernel.npy\"", "[[1], [2, 3]]"])))"
        default: "tensor([for i in 0..<\(integer()) { [for j in 0..<\(integer()) { i * j }] }])"
        }
    }

    /// A call of any operator of the language, with arguments of the kinds that its row names.
    private mutating func call(on x: String) -> String {
        let operation = random.choose(OperatorCatalog.standard.operators.filter(\.isInLanguage))
        var arguments: [String] = []
        for parameter in operation.parameters where parameter.defaultValue == nil || chance(30) {
            let value: String =
                switch parameter.kind {
                case .integer, .number: integer()
                case .boolean: random.choose(["true", "false"])
                case .extent: random.choose([integer(), "x.height", "x.channels - 1"])
                case .pair, .integers, .shape, .extents: random.choose([integer(), "(\(integer()), \(integer()))", "[\(integer())]"])
                case .padding: random.choose([integer(), "\"same\"", "(\(integer()), 1)", "[0, 1, \(integer()), 2]"])
                case .text: "\"text\""
                case .function: random.choose(["relu", "tanh", "sigmoid"])
                }
            arguments.append("\(parameter.name): \(value)")
        }
        return "\(x) |> \(fresh("o")): \(operation.name)(\(arguments.joined(separator: ", ")))"
    }

    private mutating func formula(_ depth: Int) -> String {
        guard depth > 0 else { return random.choose(["x", "x", "slope", "0.5", "2"]) }
        switch Int.random(in: 0..<5, using: &random) {
        case 0: return "\(random.choose(["exp", "tanh", "abs", "sqrt", "log", "floor"]))(\(formula(depth - 1)))"
        case 1:
            return "if x \(random.choose(["<", ">", "==", ">="])) \(formula(0)) { \(formula(depth - 1)) } else { \(formula(depth - 1)) }"
        case 2: return "-(\(formula(depth - 1)))"
        default: return "(\(formula(depth - 1)) \(random.choose(["+", "-", "*", "/"])) \(formula(depth - 1)))"
        }
    }

    private mutating func training() {
        lines += [
            "training of fuzz(classes: \(integer())) {", "    target label: i32[N]",
            "    loss cross_entropy(logits, label) \(random.choose(["", "* 0.5", "+ mean(logits * logits, [0, 1])"]))",
            "    optimizer sgd(momentum: \(random.choose(["0", "0.9"])), nesterov: \(random.choose(["true", "false"])))",
            "    schedule \(random.choose(["constant(0.1)", "cosine(0.1)", "one_cycle(0.1)", "step(0.1, every: 2)"]))",
            chance(50) ? "    clip norm 1.0" : "    augment flip", "    batch \(integer())", "}",
        ]
    }
}
