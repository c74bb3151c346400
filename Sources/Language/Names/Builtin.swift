import Graph

/// A function of numbers that the language knows: one row a function. On elements it becomes a part of the expression, on tensors an
/// element-wise operation.
public struct Builtin: Sendable {
    public let name: String
    public let summary: String
    public let parameters: [String]
    /// What it is good and bad at as an activation, nil for what is none.
    public let useAsActivation: String?
    let formula: @Sendable ([Scalar]) -> Scalar
    /// Whether a number's result is an integer.
    var givesInteger = false
    /// Whether integers give an integer where the result is one.
    var keepsIntegers = false

    private init(
        _ name: String, _ summary: String, _ formula: @escaping @Sendable (Scalar) -> Scalar, givesInteger: Bool = false,
        keepsIntegers: Bool = false, useAsActivation: String? = nil
    ) {
        self.useAsActivation = useAsActivation
        self.name = name
        self.summary = summary
        parameters = ["x"]
        self.formula = { formula($0[0]) }
        self.givesInteger = givesInteger
        self.keepsIntegers = keepsIntegers
    }

    private init(
        _ name: String, _ summary: String, _ parameters: [String] = ["a", "b"], of several: @escaping @Sendable ([Scalar]) -> Scalar
    ) {
        self.name = name
        self.summary = summary
        self.parameters = parameters
        useAsActivation = nil
        keepsIntegers = true
        formula = several
    }

    public static let all: [Builtin] = [
        Builtin("square", "x * x.", { $0 * $0 }, keepsIntegers: true),
        Builtin(
            "sign", "1 above 0, -1 below, else 0; its gradient is 0.",
            { .select(.less, 0, $0, then: 1, otherwise: .select(.less, $0, 0, then: -1, otherwise: 0)) }, givesInteger: true),
        Builtin("reciprocal", "1 / x.") { .reciprocal($0) },
        Builtin("exp", "e to the power of x.") { .exponential($0) },
        Builtin("log", "The natural logarithm.") { .logarithm($0) },
        Builtin("expm1", "exp(x) - 1, with all digits near zero.") { .unary(.exponentialMinusOne, $0) },
        Builtin("log1p", "log(1 + x), with all digits near zero.") { .unary(.logarithmOfOnePlus, $0) },
        Builtin("sqrt", "The square root.") { .squareRoot($0) },
        Builtin("abs", "The absolute value.", { .unary(.absolute, $0) }, keepsIntegers: true),
        Builtin(
            "tanh", "The hyperbolic tangent.", { .unary(.hyperbolicTangent, $0) },
            useAsActivation:
                "Zero-centred and bounded, so hidden layers train faster than with sigmoid (LeCun et al. 1998); saturates at both ends, "
                + "where gradients vanish, and costs an exponential."),
        Builtin("erf", "The error function, 2 / sqrt(pi) times the integral of exp(-t * t) from 0 to x.") { .unary(.errorFunction, $0) },
        Builtin("normal_cdf", "The distribution function of the standard normal distribution, (1 + erf(x / sqrt(2))) / 2.") {
            .unary(.normalDistribution, $0)
        },
        Builtin(
            "sigmoid", "The logistic function 1 / (1 + exp(-x)).", { .unary(.logistic, $0) },
            useAsActivation:
                "Right for gates and probabilities; in hidden layers it saturates at both ends, where gradients vanish, is not "
                + "zero-centred and costs an exponential."),
        Builtin(
            "softplus", "log(1 + exp(x)), computed without overflow (Dugas et al. 2001).", { .unary(.softplus, $0) },
            useAsActivation:
                "A smooth relu without dead units, right for values that must be positive; not zero-centred, seldom better than relu, and "
                + "costs an exponential and a logarithm."),
        Builtin(
            "gaussian", "exp(-x * x).", { .unary(.gaussian, $0) },
            useAsActivation:
                "Local: answers to elements near zero only, as radial basis functions need; no gradient far from zero on either side, and "
                + "costs an exponential."),
        Builtin("floor", "The largest integer not above x.", { .unary(.floor, $0) }, givesInteger: true),
        Builtin("ceil", "The smallest integer not below x.", { -.unary(.floor, -$0) }, givesInteger: true),
        Builtin("round", "The nearest integer, halves upwards.", { .unary(.floor, $0 + 0.5) }, givesInteger: true),
        Builtin("maximum", "The larger of two values, NaN where either is.", of: { .maximum($0[0], $0[1]) }),
        Builtin("minimum", "The smaller of two values, NaN where either is.", of: { .minimum($0[0], $0[1]) }),
        Builtin("clamp", "x, not below low and not above high.", ["x", "low", "high"]) { .minimum(.maximum($0[0], $0[1]), $0[2]) },
        Builtin("power", "x to the power of an exponent.", ["x", "exponent"]) { .power($0[0], $0[1]) },
    ]

    static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

    /// The function over its parameters as arguments.
    var function: ScalarFunction { ScalarFunction(name, parameters, formula(parameters.indices.map { .argument($0) })) }
}
