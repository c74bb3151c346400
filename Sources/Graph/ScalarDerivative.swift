extension Scalar {
    /// The partial derivative with respect to argument `index`, as an expression over the same arguments.
    ///
    /// At a kink the derivative of one branch is used: of a `select` the one that `evaluate` takes, of a maximum or minimum of equal
    /// operands the second one, a constant if there is one; so relu'(0) = 0, as PyTorch has it. A NaN stays on the side where the function
    /// moves: the gradient passes through a maximum of which either operand is one, as PyTorch has it, too.
    public func derivative(_ index: Int) -> Scalar {
        switch self {
        case .constant, .coordinate, .uniform: 0
        case .argument(let other): other == index ? 1 : 0
        case .unary(let function, let a): Self.product(function.derivative(at: a), a.derivative(index))
        case .binary(.add, let a, let b): a.derivative(index) + b.derivative(index)
        case .binary(.subtract, let a, let b): a.derivative(index) - b.derivative(index)
        case .binary(.multiply, let a, let b): Self.product(b, a.derivative(index)) + Self.product(a, b.derivative(index))
        case .binary(.divide, let a, let b): a.derivative(index) / b - self * (b.derivative(index) / b)
        case .binary(.maximum, .constant(let bound), let b): Self.extreme(b, .constant(bound), index) { ($0, $1) }
        case .binary(.minimum, .constant(let bound), let b): Self.extreme(b, .constant(bound), index) { ($1, $0) }
        case .binary(.maximum, let a, let b): Self.extreme(a, b, index) { ($0, $1) }
        case .binary(.minimum, let a, let b): Self.extreme(a, b, index) { ($1, $0) }
        case .select(let comparison, let a, let b, let then, let otherwise):
            .selecting(comparison, a, b, then: then.derivative(index), otherwise: otherwise.derivative(index))
        }
    }

    /// `factor` times a derivative; a choice between derivatives becomes one between products, so that where the derivative is zero the
    /// product is, even if the factor is infinite.
    private static func product(_ factor: Scalar, _ derivative: Scalar) -> Scalar {
        switch derivative {
        case .constant(0): 0
        case .select(let comparison, let a, let b, let then, let otherwise):
            .selecting(comparison, a, b, then: product(factor, then), otherwise: product(factor, otherwise))
        default: factor * derivative
        }
    }

    /// The derivative of the maximum or minimum of `a` and `b`; `ordered` gives them so that `b` is taken where the first is less.
    private static func extreme(_ a: Scalar, _ b: Scalar, _ index: Int, _ ordered: (Scalar, Scalar) -> (Scalar, Scalar)) -> Scalar {
        let (fromA, fromB) = (a.derivative(index), b.derivative(index))
        let (low, high) = ordered(a, b)
        if fromA == fromB { return fromA }
        if fromB.isZero { return .select(.lessOrEqual, low, high, then: 0, otherwise: fromA) }
        let unlessFirst = Scalar.select(.less, high, low, then: fromA, otherwise: fromB)
        if fromA.isZero { return unlessFirst }
        return .select(.lessOrEqual, low, high, then: fromB, otherwise: .select(.less, high, low, then: fromA, otherwise: fromA + fromB))
    }

    /// Whether the expression is the constant zero.
    public var isZero: Bool { self == .constant(0) }

    /// A `select` that vanishes when both branches agree.
    public static func selecting(_ comparison: Comparison, _ a: Scalar, _ b: Scalar, then: Scalar, otherwise: Scalar) -> Scalar {
        then == otherwise ? then : .select(comparison, a, b, then: then, otherwise: otherwise)
    }
}

extension UnaryFunction {
    /// The derivative at `a`.
    func derivative(at a: Scalar) -> Scalar {
        switch self {
        case .negate: -1
        case .absolute: .select(.less, a, 0, then: -1, otherwise: .selecting(.less, 0, a, then: 1, otherwise: 0))
        case .reciprocal: -.unary(.reciprocal, a * a)
        case .squareRoot: 0.5 / .squareRoot(a)
        case .exponential: .exponential(a)
        case .logarithm: 1 / a
        // 1 - tanh(a)^2 would leave no digits where tanh is near 1.
        case .hyperbolicTangent: 4 * (.unary(.logistic, 2 * a) * .unary(.logistic, -2 * a))
        case .errorFunction: .constant(1.128_379_167_095_512_6) * .unary(.gaussian, a)
        case .floor: 0
        case .exponentialMinusOne: .exponential(a)
        case .logarithmOfOnePlus: 1 / (1 + a)
        case .logistic: .unary(.logistic, a) * .unary(.logistic, -a)
        case .softplus: .unary(.logistic, a)
        // Beyond 20 the exponential is zero, and an infinite factor would make it no number.
        case .gaussian: -2 * .maximum(.minimum(a, 20), -20) * .unary(.gaussian, a)
        case .normalDistribution: .constant(0.398_942_280_401_432_7) * .unary(.gaussian, .constant(0.5.squareRoot()) * a)
        }
    }
}
