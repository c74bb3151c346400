/// How a parameter tensor gets its first values.
public enum Initializer: Hashable, Sendable {
    case form(Chosen<InitializerForm>)
    /// The values themselves, as many as the parameter has.
    case values(ConstantTensor)

    public static let zeros = form(InitializerForm.zeros)
    public static let ones = form(InitializerForm.ones)

    public static func constant(_ value: Double) -> Initializer { form(.constant, ["value": .number(value)]) }

    /// The initializer of a form, with some of its parameters given.
    public static func form(_ form: InitializerForm, _ given: Attributes = [:]) -> Initializer { .form(form(given)) }
}

/// What values of a parameter are drawn from.
public enum Distribution: Hashable, Sendable {
    case constant(Double)
    case normal(deviation: Double)
    /// Normal, drawn anew where it lies beyond two deviations.
    case truncatedNormal(deviation: Double)
    /// Uniform in +-bound.
    case uniform(bound: Double)
    /// `gain` times a random matrix `[out, in * kernel...]` with orthonormal rows, or columns where these are fewer.
    case orthogonal(gain: Double)
}

/// How many values meet in an output, and how many outputs a value reaches, by a weight's shape `[out, in, kernel...]`; both are the length
/// of a vector.
public struct Fans: Sendable {
    public let input: Double
    public let output: Double

    public init(_ extents: [Int]) {
        let receptive = extents.dropFirst(2).reduce(1, *)
        let first = extents.first ?? 1
        input = Double(max(1, (extents.count > 1 ? extents[1] : first) * receptive))
        output = Double(max(1, first * receptive))
    }
}

/// One row an initializer: its name, its parameters, and what it draws from. Formulas and fans are PyTorch's (`torch.nn.init`).
public struct InitializerForm: Form {
    public static let kind = "initializer"

    public let name: String
    public let parameters: [FormParameter]
    public let summary: String
    public let source: String
    public let distribution: @Sendable (Attributes, Fans) -> Distribution

    init(
        _ name: String, _ parameters: [FormParameter], _ summary: String, source: String = "",
        _ distribution: @escaping @Sendable (Attributes, Fans) -> Distribution
    ) {
        self.name = name
        self.parameters = parameters
        self.summary = summary
        self.source = source
        self.distribution = distribution
    }
}

extension InitializerForm {
    public static let all: [InitializerForm] = [
        zeros, ones, constant, normal, truncatedNormal, uniform, orthogonal, heNormal, heUniform, heNormalFanOut, heUniformFanOut,
        xavierNormal, xavierUniform, lecunNormal, fanInUniform,
    ]

    public static let zeros = InitializerForm("zeros", [], "all 0") { _, _ in .constant(0) }
    public static let ones = InitializerForm("ones", [], "all 1") { _, _ in .constant(1) }
    public static let constant = InitializerForm("constant", [.number("value", -1e6...1e6)], "all `value`") { values, _ in
        .constant(values.number("value"))
    }
    public static let normal = InitializerForm("normal", [.number("deviation", 0...1e6)], "normal, of mean 0") { values, _ in
        .normal(deviation: values.number("deviation"))
    }
    public static let truncatedNormal = InitializerForm(
        "truncated_normal", [.number("deviation", 0...1e6)], "normal, drawn anew where it lies beyond two deviations",
        source: "Szegedy et al., arXiv 1512.00567"
    ) { values, _ in .truncatedNormal(deviation: values.number("deviation")) }
    public static let uniform = InitializerForm("uniform", [.number("bound", 0...1e6)], "uniform in +-`bound`") { values, _ in
        .uniform(bound: values.number("bound"))
    }
    public static let orthogonal = InitializerForm(
        "orthogonal", [.number("gain", 0...1e6, default: 1)],
        "`gain` times a random matrix `[out, in * kernel]` with orthonormal rows, or columns where these are fewer; 1024 x 9216 takes some "
            + "seconds, 4096 x 25088 about a minute and a half",
        source: "Saxe et al., arXiv 1312.6120"
    ) { values, _ in .orthogonal(gain: values.number("gain")) }

    private static let he = "He et al., arXiv 1502.01852"
    public static let heNormal = InitializerForm(
        "he_normal", [], "normal, of variance 2 / fan-in, which keeps the variance of values behind a ReLU", source: he
    ) { _, fans in .normal(deviation: (2 / fans.input).squareRoot()) }
    public static let heUniform = InitializerForm("he_uniform", [], "uniform, of variance 2 / fan-in", source: he) { _, fans in
        .uniform(bound: (6 / fans.input).squareRoot())
    }
    public static let heNormalFanOut = InitializerForm(
        "he_normal_fan_out", [],
        "normal, of variance 2 / fan-out, which keeps the variance of gradients instead, as torchvision's ResNets begin", source: he
    ) { _, fans in .normal(deviation: (2 / fans.output).squareRoot()) }
    public static let heUniformFanOut = InitializerForm("he_uniform_fan_out", [], "uniform, of variance 2 / fan-out", source: he) {
        _, fans in
        .uniform(bound: (6 / fans.output).squareRoot())
    }

    private static let glorot = "Glorot & Bengio 2010"
    public static let xavierNormal = InitializerForm(
        "xavier_normal", [], "normal, of variance 2 / (fan-in + fan-out)", source: glorot
    ) { _, fans in .normal(deviation: (2 / (fans.input + fans.output)).squareRoot()) }
    public static let xavierUniform = InitializerForm(
        "xavier_uniform", [], "uniform, of variance 2 / (fan-in + fan-out)", source: glorot
    ) { _, fans in .uniform(bound: (6 / (fans.input + fans.output)).squareRoot()) }
    public static let lecunNormal = InitializerForm(
        "lecun_normal", [], "normal, of variance 1 / fan-in, which keeps the variance of values behind SELU",
        source: "LeCun et al. 1998; Klambauer et al., arXiv 1706.02515"
    ) { _, fans in .normal(deviation: (1 / fans.input).squareRoot()) }
    public static let fanInUniform = InitializerForm(
        "fan_in_uniform",
        [.integer("fan_in", 1...Double(Shape.elementLimit), isOptional: true, "where the shape does not show it, as of a bias")],
        "uniform in +-1 / sqrt(fan-in), PyTorch's default"
    ) { values, fans in .uniform(bound: 1 / (values["fan_in"].map { _ in Double(values.integer("fan_in")) } ?? fans.input).squareRoot()) }
}

/// A parameter that an operator asks the language to create for one of its weight or state inputs.
public struct WeightDeclaration: Sendable {
    /// The input's name; the parameter is called `label.name`.
    public var name: String
    public var type: TensorType
    public var initializer: Initializer

    public init(_ name: String, _ type: TensorType, _ initializer: Initializer) {
        self.name = name
        self.type = type
        self.initializer = initializer
    }
}
