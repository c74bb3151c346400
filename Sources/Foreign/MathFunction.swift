import Graph

/// A function that C files can call and expressions have, one row a function.
struct MathFunction: Sendable {
    /// Without the `f` of the one for `float`.
    let name: String
    let parameterCount: Int
    let formula: @Sendable ([Scalar]) -> Scalar
    /// Whether it gives integers only: always, or for integers.
    var givesWhole: Bool { ["floor", "ceil", "trunc", "round"].contains(name) }
    var keepsWhole: Bool { ["fabs", "fmax", "fmin", "fdim", "fma"].contains(name) }

    private init(_ name: String, _ formula: @escaping @Sendable (Scalar) -> Scalar) {
        self.name = name
        parameterCount = 1
        self.formula = { formula($0[0]) }
    }

    private init(_ name: String, of two: @escaping @Sendable (Scalar, Scalar) -> Scalar) {
        self.name = name
        parameterCount = 2
        formula = { two($0[0], $0[1]) }
    }

    private init(_ name: String, ofThree three: @escaping @Sendable (Scalar, Scalar, Scalar) -> Scalar) {
        self.name = name
        parameterCount = 3
        formula = { three($0[0], $0[1], $0[2]) }
    }

    /// `fmax` and `fmin` give a NaN where either number is one, as all of Braid does; C's give the other number.
    static let all: [MathFunction] = [
        MathFunction("exp") { .exponential($0) },
        MathFunction("expm1") { .unary(.exponentialMinusOne, $0) },
        MathFunction("log") { .logarithm($0) },
        MathFunction("log1p") { .unary(.logarithmOfOnePlus, $0) },
        MathFunction("sqrt") { .squareRoot($0) },
        MathFunction("fabs") { .unary(.absolute, $0) },
        MathFunction("tanh") { .unary(.hyperbolicTangent, $0) },
        MathFunction("erf") { .unary(.errorFunction, $0) },
        // 1 - erf(x) would leave no digits of small results.
        MathFunction("erfc") { 2 * .unary(.normalDistribution, .constant(-(2.0.squareRoot())) * $0) },
        MathFunction("floor") { .unary(.floor, $0) },
        MathFunction("ceil") { -.unary(.floor, -$0) },
        MathFunction("trunc", truncated),
        MathFunction("round") { x in
            // From 0.49999997 on, x + 0.5 would be rounded up before it is rounded down.
            let size = Scalar.unary(.absolute, x)
            let whole = Scalar.unary(.floor, size)
            let rounded = Scalar.select(.lessOrEqual, 0.5, size - whole, then: whole + 1, otherwise: whole)
            return .select(.less, x, 0, then: -rounded, otherwise: rounded)
        },
        MathFunction("fmax", of: { .maximum($0, $1) }),
        MathFunction("fmin", of: { .minimum($0, $1) }),
        MathFunction("fdim", of: { .maximum($0 - $1, 0) }),
        MathFunction("fma", ofThree: { $0 * $1 + $2 }),
    ]

    /// The functions of `braid.h`, which C's library lacks and formulas need to keep their digits.
    private static let own: [MathFunction] = [
        MathFunction("braid_sigmoid") { .unary(.logistic, $0) },
        MathFunction("braid_softplus") { .unary(.softplus, $0) },
        MathFunction("braid_gaussian") { .unary(.gaussian, $0) },
        MathFunction("braid_normal_cdf") { .unary(.normalDistribution, $0) },
    ]

    private static let byName = Dictionary(
        uniqueKeysWithValues: all.flatMap { [($0.name, $0), ($0.name + "f", $0)] } + own.map { ($0.name, $0) })

    /// The function of the name in C, with or without the `f` of `float`.
    static subscript(name: String) -> MathFunction? { byName[name] }

    /// Towards zero.
    static func truncated(_ x: Scalar) -> Scalar {
        .select(.less, x, 0, then: -.unary(.floor, -x), otherwise: .unary(.floor, x))
    }
}
