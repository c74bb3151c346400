extension Scalar {
    /// The partial derivative with respect to argument `index`, as an expression over the same arguments.
    ///
    /// At a kink the derivative of the branch that `evaluate` takes is used: relu'(0) = 0, as PyTorch has it.
    public func derivative(_ index: Int) -> Scalar {
        switch self {
        case .constant, .coordinate, .uniform: 0
        case .argument(let other): other == index ? 1 : 0
        case .unary(let function, let a): a.derivative(index).isZero ? 0 : function.derivative(at: a) * a.derivative(index)
        case .binary(.add, let a, let b): a.derivative(index) + b.derivative(index)
        case .binary(.subtract, let a, let b): a.derivative(index) - b.derivative(index)
        case .binary(.multiply, let a, let b): a.derivative(index) * b + a * b.derivative(index)
        case .binary(.divide, let a, let b): a.derivative(index) / b - self * (b.derivative(index) / b)
        case .binary(.maximum, let a, let b): .selecting(.less, b, a, then: a.derivative(index), otherwise: b.derivative(index))
        case .binary(.minimum, let a, let b): .selecting(.less, a, b, then: a.derivative(index), otherwise: b.derivative(index))
        case .select(let comparison, let a, let b, let then, let otherwise):
            .selecting(comparison, a, b, then: then.derivative(index), otherwise: otherwise.derivative(index))
        }
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
        case .hyperbolicTangent: 1 - .unary(.hyperbolicTangent, a) * .unary(.hyperbolicTangent, a)
        case .errorFunction: .constant(1.128_379_167_095_512_6) * .exponential(-(a * a))
        case .floor: 0
        }
    }
}
