import Graph
import Operators
import TestSupport

/// Makes well-formed programs: a network over blocks and activations, most of the time one whose shapes fit.
struct RandomProgram {
    private var random = SplitMix(seed: 0)
    private var lines: [String] = []
    /// An image that is bound, and the number of its height and width: images of one number go together.
    private struct Image {
        var name: String
        var area: Int
    }

    /// The newest last.
    private var images = [Image(name: "image", area: 0)]
    /// Whether height and width are symbols.
    private var isSized = false
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
        isSized = chance(40)
        let area = isSized ? "H, \(random.choose(["W", "W", "H", "2 * H", "8"]))" : "\(side), \(side)"
        let constraints = isSized && chance(70) ? " where \(constraint())" : ""
        lines.append("network fuzz(classes = \(integer())) {\n    input image: f32[N, \(channels), \(area)]\(constraints)")
        if chance(25) { parameters() }
        for _ in 0..<Int.random(in: 1...6, using: &random) { statement(usesBlocks) }
        lines.append("    output logits = \(images.last!.name) |> global_avg_pool |> flatten |> fc: linear(classes)")
        if chance(30) { precision() }
        if chance(20) { lines.append("    output features = \(random.choose(images).name)") }
        lines.append("}")
        if chance(40) { training() }
        return lines.joined(separator: "\n") + "\n"
    }

    /// What holds for the height, which is a symbol.
    private mutating func constraint() -> String {
        random.choose(["H % 4 == 0", "H >= 4", "H % 2 == 0, H < 100", "H % 4 == 0, H != 7", chance(80) ? "H > 2" : "H % \(integer()) == 1"])
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
        images.append(Image(name: "made", area: 0))
    }

    private mutating func statement(_ usesBlocks: Bool) {
        let name = fresh("x")
        let image = chance(75) ? images.last! : random.choose(images)
        let x = image.name
        var area = image.area
        let value: String
        switch Int.random(in: 0..<17, using: &random) {
        case 16: return lines.append("    output \(name) = \(RandomWindow.make(on: x, label: fresh("w"), &random))")
        case 0, 1:
            let (kernel, pad) = random.choose([("1", "0"), ("3", "1"), ("3", "1"), ("(1, 3)", "(0, 1)"), ("5", "2"), ("5", "\"same\"")])
            value = "\(x) |> \(fresh("c")): conv(\(integer()), \(kernel), pad: \(chance(90) ? pad : integer()))"
        case 3:
            (value, area) = (pooled(x), count)
        case 13, 14:
            (value, area) = sized(x, area)
        case 15:
            (value, area) = (call(on: x), count)
        default: value = plain(x, area, usesBlocks)
        }
        note(value, as: name, area: area)
    }

    /// What makes images of another height and width.
    private mutating func pooled(_ x: String) -> String {
        count += 1
        let stride = chance(80) ? "1" : integer()
        return "\(x) |> \(random.choose(["max_pool", "avg_pool"]))(2, stride: \(stride), ceil: \(random.choose(["true", "false"])))"
    }

    /// What takes sizes, numbers or symbols: images of the same height and width, or of others.
    private mutating func sized(_ x: String, _ area: Int) -> (value: String, area: Int) {
        let more = chance(90) ? "1" : integer()
        let same = [
            "\(x) |> reshape((\(x).channels, -1)) |> reshape((\(x).channels, \(x).height, \(x).width))",
            "\(x) |> reshape((\(x).channels * \(x).height, \(x).width)) |> unflatten((\(x).channels, \(x).height, -1))",
            "\(x) |> resize((2 * \(x).height, \(x).width + \(more))) |> resize((\(x).height, \(x).width), mode: \"nearest\")",
            "\(x) |> pad((\(more), 0, 0, 0), mode: \"\(random.choose(["constant", "replicate", "reflect"]))\") |> slice(2, \(more), \(x).height)",
            "\(x) - sum(\(x), [2, 3], keep: true) / (\(x).height * \(x).width)",
            "\(x) |> global_avg_pool |> expand((-1, \(x).height, \(x).width))",
            "\(x) |> resize(scale: 2) |> slice(2, 0, \(x).height) |> slice(3, -\(x).width, \(x).width)",
            "\(x) |> stochastic_depth(0.1) |> slice(3, -1, -1, step: -1)",
        ]
        if chance(60) { return (random.choose(same), area) }
        count += 1
        let parts = fresh("y")
        switch Int.random(in: 0..<5, using: &random) {
        case 0:
            lines.append("    let (\(parts), _\(parts)) = \(x) |> split((\(x).height - 2, 2), axis: 2)")
            return ("\(parts) |> tanh", count)
        case 1:
            lines.append("    let (\(parts), _\(parts)) = \(x) |> chunk(2, axis: \(random.choose([2, 3])))")
            return (parts, count)
        case 2:
            lines.append(
                "    assert \(x).height \(random.choose([">=", "<", "!=", "=="])) \(random.choose(["\(x).height", "1", integer()])), \"{\(x).height}\""
            )
            return ("\(x) |> slice(2, \(more), \(x).height - \(more))", count)
        case 3: return ("\(x) |> resize((\(x).height, floor(\(x).width / 2)), mode: \"area\")", count)
        default: return ("\(x) |> pad((0, \(more), floor(\(x).height / 2), 1))", count)
        }
    }

    /// What leaves height and width as they are.
    private mutating func plain(_ x: String, _ area: Int, _ usesBlocks: Bool) -> String {
        let other = random.choose(images.filter { $0.area == area } + (chance(5) ? images : [])).name
        return
            switch Int.random(in: 0..<10, using: &random)
        {
        case 0: "\(x) |> \(fresh("c")): conv(\(x).channels, 3, pad: 1, groups: \(x).channels) |> relu"
        case 1: "\(x) |> \(fresh("b")): batchnorm"
        case 2: "\(x) |> \(fresh("d")): conv(\(x).channels, 3, pad: 1) |> tanh"
        case 3: "\(x) + (\(x) |> \(fresh("e")): conv(\(x).channels, 1)) * \(random.choose(["2", "0.5", x]))"
        case 4: "concat(\(x), \(other))"
        case 5:
            usesBlocks
                ? "\(x) |> \(fresh("u")): \(random.choose(["unit", "twice", "unit(act: none)", "unit(act: curve(slope: 0.5))", "unit(2) |> print"]))"
                : "\(x) |> gelu"
        case 6: usesBlocks ? "\(x) |> curve(\(integer()))" : "maximum(\(x), \(integer()))"
        case 7: "\(x) \(random.choose(["+", "*", "-"])) \(constant(on: x))"
        case 8 where !owners.isEmpty && chance(30): "\(x) |> share \(random.choose(owners))"
        default: "\(x) |> \(fresh("c")): conv(3, 1)"
        }
    }

    /// Binds a value; what owns parameters can be shared.
    private mutating func note(_ value: String, as name: String, area: Int) {
        // What follows the label may hold further steps.
        if let pipe = value.range(of: " |> "), !value.hasPrefix("concat") {
            let step = String(value[pipe.upperBound...].prefix { $0 != "|" && $0 != "*" })
            if step.contains(": "), !step.hasPrefix("share "), step.count(where: { $0 == "(" }) == step.count(where: { $0 == ")" }) {
                owners.append(step)
            }
        }
        lines.append("    let \(name) = \(value)")
        images.append(Image(name: name, area: area))
    }

    /// A tensor of the program's own that mostly goes with an image.
    private mutating func constant(on x: String) -> String {
        switch Int.random(in: 0..<10, using: &random) {
        case 0, 1, 2, 3: "[for i in 0..<\(x).channels { \(random.choose(["i", "sin(i)", "power(2, i)", "pi * i", "0.5"])) }]"
        case 4, 5, 6:
            isSized
                ? "tensor(\(random.choose(["2", "[[[[0.5]]]]", "[[1]]"])) * \(random.choose(["H", "(H + 1)", "\(x).width"]))"
                : "[[for i in 0..<\(x).height { [for j in 0..<\(x).width { i - j * 0.5 }] }]]"
        case 7, 8:
            "tensor(\(random.choose(["2", "2", "3", "[[[[1]]]]", "[[[[1]]]]", "[\(integer()), 1]", "\"kernel.npy\"", "[[1], [2, 3]]"])))"
        default: "tensor([for i in 0..<\(integer()) { [for j in 0..<\(integer()) { i * j }] }])"
        }
    }

    /// A call of any operator of the language, with arguments of the kinds that its row names.
    private mutating func call(on x: String) -> String {
        count += 1
        let operation = random.choose(OperatorCatalog.standard.operators.filter(\.isInLanguage))
        var arguments: [String] = []
        for parameter in operation.parameters where parameter.defaultValue == nil || chance(30) {
            let value: String =
                switch parameter.kind {
                case .integer, .number: integer()
                case .boolean: random.choose(["true", "false"])
                case .extent: random.choose([integer(), "\(x).height", "\(x).channels - 1"])
                case .extents: random.choose([integer(), "(\(x).channels, \(x).height, -1)", "(\(x).height, \(integer()))"])
                case .pair, .integers, .shape: random.choose([integer(), "(\(integer()), \(integer()))", "[\(integer())]"])
                case .numbers: random.choose([integer(), "[\(integer()), 0.5]", "[for i in 0..<\(x).channels { i + 0.5 }]"])
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
            chance(50) ? "    clip norm 1.0" : "    augment flip",
            random.choose(["", "    group \"*.weight\", rate: 0.1", "    group \"*\", rate: 0"]), "    batch \(integer())", "}",
        ]
    }
}
