import Foundation

/// A function of one number as mathematics has it: in fp64, with the digits of small results and the limits at infinities, by formulas
/// that share nothing with those of the compiler.
public struct TrueFunction: Sendable {
    public let name: String
    public let value: @Sendable (Double) -> Double
    /// Nil where it jumps, since a kink does not lie at the same place in f32.
    public let derivative: (@Sendable (Double) -> Double)?

    init(_ name: String, _ value: @escaping @Sendable (Double) -> Double, _ derivative: (@Sendable (Double) -> Double)? = nil) {
        (self.name, self.value, self.derivative) = (name, value, derivative)
    }

    /// All activations, and the functions of the language that are computed by polynomials.
    public static let all: [TrueFunction] = [
        TrueFunction("relu", { $0 <= 0 ? 0 : $0 }),
        TrueFunction("relu6", { $0 <= 0 ? 0 : $0 >= 6 ? 6 : $0 }),
        TrueFunction("leaky_relu", { $0 > 0 ? $0 : 0.01 * $0 }),
        TrueFunction("elu", { $0 > 0 ? $0 : expm1($0) }, { $0 > 0 ? 1 : exp($0) }),
        TrueFunction(
            "selu", { 1.0507009873554805 * ($0 > 0 ? $0 : 1.6732632423543772 * expm1($0)) },
            { 1.0507009873554805 * ($0 > 0 ? 1 : 1.6732632423543772 * exp($0)) }),
        TrueFunction("celu", { $0 > 0 ? $0 : expm1($0) }, { $0 > 0 ? 1 : exp($0) }),
        TrueFunction("log_sigmoid", { -softplus(-$0) }, { logistic(-$0) }),
        TrueFunction(
            "softsign", { $0.isInfinite ? ($0 > 0 ? 1 : -1) : $0 / (1 + abs($0)) }, { 1 / ((1 + abs($0)) * (1 + abs($0))) }),
        TrueFunction(
            "gelu", { limited($0, 40) { $0 * normal($0) } },
            { slope($0, 40) { normal($0) + $0 * exp(-$0 * $0 / 2) / (2 * Double.pi).squareRoot() } }),
        TrueFunction(
            "gelu_tanh", { limited($0, 40) { $0 * logistic(2 * inner($0)) } },
            { x in
                slope(x, 40) {
                    let z = 2 * inner($0)
                    let rate = 2 * (2 / Double.pi).squareRoot() * (1 + 3 * 0.044715 * $0 * $0)
                    return logistic(z) + $0 * rate * logistic(z) * logistic(-z)
                }
            }),
        TrueFunction("silu", { limited($0, 800) { $0 * logistic($0) } }, { slope($0, 800, siluSlope) }),
        TrueFunction("swish", { limited($0, 800) { $0 * logistic($0) } }, { slope($0, 800, siluSlope) }),
        TrueFunction(
            "mish", { limited($0, 800) { $0 * tanh(softplus($0)) } },
            { x in
                slope(x, 300) {
                    // tanh(log(1 + e)) = n / (n + 2) with n = e (e + 2), of which 1 - its square is free of cancellation.
                    let (e, below) = (exp(-abs($0)), $0 < 0)
                    let n = below ? e * (e + 2) : (1 + 2 * e)
                    let whole = below ? n + 2 : n + 2 * e * e
                    let rate = (below ? 4 * e * (1 + e) : 4 * e * e * (1 + e)) / (whole * whole)
                    return n / whole + $0 * rate
                }
            }),
        TrueFunction("hard_sigmoid", { $0 <= -3 ? 0 : $0 >= 3 ? 1 : ($0 + 3) / 6 }),
        TrueFunction("hard_swish", { $0 <= -3 ? 0 : $0 >= 3 ? $0 : $0 * ($0 + 3) / 6 }),
        TrueFunction("hard_tanh", { $0 <= -1 ? -1 : $0 >= 1 ? 1 : $0 }),
        TrueFunction("threshold", { $0 <= 0 ? 0 : $0 }),
        TrueFunction(
            "tanh", { tanh($0) },
            {
                let e = exp(-2 * abs($0))
                return 4 * e / ((1 + e) * (1 + e))
            }),
        TrueFunction("sigmoid", logistic, { logistic($0) * logistic(-$0) }),
        TrueFunction("softplus", softplus, logistic),
        TrueFunction("gaussian", { exp(-$0 * $0) }, { abs($0) > 40 ? 0 : -2 * $0 * exp(-$0 * $0) }),
        TrueFunction("exp", { exp($0) }),
        TrueFunction("log", { log($0) }),
        TrueFunction("expm1", { expm1($0) }),
        TrueFunction("log1p", { log1p($0) }),
        TrueFunction("erf", { erf($0) }),
        TrueFunction("normal_cdf", normal),
    ]

    @Sendable private static func logistic(_ x: Double) -> Double { x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x)) }
    @Sendable private static func softplus(_ x: Double) -> Double { x > 0 ? x + log1p(exp(-x)) : log1p(exp(x)) }
    @Sendable private static func normal(_ x: Double) -> Double { 0.5 * erfc(-x / 2.0.squareRoot()) }
    @Sendable private static func siluSlope(_ x: Double) -> Double { logistic(x) * (1 + x * logistic(-x)) }

    /// What the tangent of `gelu_tanh` is taken of.
    private static func inner(_ x: Double) -> Double { (2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x) }

    /// `function`, which is 0 below `-bound` and x above it.
    private static func limited(_ x: Double, _ bound: Double, _ function: (Double) -> Double) -> Double {
        x < -bound ? 0 : x > bound ? x : function(x)
    }

    /// Its derivative.
    private static func slope(_ x: Double, _ bound: Double, _ function: (Double) -> Double) -> Double {
        x < -bound ? 0 : x > bound ? 1 : function(x)
    }
}
