/// A function of one number that every backend evaluates itself.
public enum UnaryFunction: String, Hashable, Sendable, CaseIterable {
    case negate, absolute, reciprocal, squareRoot, exponential, logarithm, hyperbolicTangent, errorFunction, floor
    /// exp(x) - 1 and log(1 + x), with all digits near zero.
    case exponentialMinusOne, logarithmOfOnePlus
    /// 1 / (1 + exp(-x)) and log(1 + exp(x)), with all digits of small results.
    case logistic, softplus
    /// exp(-x * x), and the distribution function of the standard normal distribution, with all digits of small results.
    case gaussian, normalDistribution
}

/// A function of two numbers that every backend evaluates itself.
public enum BinaryFunction: String, Hashable, Sendable, CaseIterable {
    case add, subtract, multiply, divide, maximum, minimum
}

/// A comparison that decides a `select`.
public enum Comparison: String, Hashable, Sendable, CaseIterable {
    case less, lessOrEqual, equal
}

/// An expression over numbers: what an element-wise operator, an activation or an optimizer update computes for one element.
///
/// The primitives are few, and each is evaluated (`ScalarEvaluation`), differentiated (`ScalarDerivative`) and emitted in one place,
/// so whatever is written with them needs no code of its own anywhere.
public indirect enum Scalar: Hashable, Sendable {
    case constant(Double)
    /// The element of operand `index` (of an element-wise operator) or the value of read `index` (of a formula).
    case argument(Int)
    /// The position along axis `axis` of the iteration space, as a number.
    case coordinate(Int)
    case unary(UnaryFunction, Scalar)
    case binary(BinaryFunction, Scalar, Scalar)
    case select(Comparison, Scalar, Scalar, then: Scalar, otherwise: Scalar)
    /// A uniform number in [0, 1) that depends only on the seed (an integer below 2^24), the stream and the element's row-major
    /// position in the result: the same for any number of threads and any layout. See `uniformHash`.
    case uniform(seed: Scalar, stream: Int)
}

extension Scalar: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
    public init(floatLiteral value: Double) { self = .constant(value) }
    public init(integerLiteral value: Int) { self = .constant(Double(value)) }
}

/// Construction, with the identities that keep derived expressions short (`0 * x = 0` holds for the finite values derivatives see).
///
/// No identity makes a constant that is not finite: not a number would not equal itself. `1 / 0` stays an operation.
extension Scalar {
    public static func + (a: Scalar, b: Scalar) -> Scalar {
        switch (a, b) {
        case (.constant(let x), .constant(let y)) where (x + y).isFinite: .constant(x + y)
        case (.constant(0), _): b
        case (_, .constant(0)): a
        default: .binary(.add, a, b)
        }
    }

    public static func - (a: Scalar, b: Scalar) -> Scalar {
        switch (a, b) {
        case (.constant(let x), .constant(let y)) where (x - y).isFinite: .constant(x - y)
        case (_, .constant(0)): a
        case (.constant(0), _): -b
        default: .binary(.subtract, a, b)
        }
    }

    public static func * (a: Scalar, b: Scalar) -> Scalar {
        switch (a, b) {
        case (.constant(let x), .constant(let y)) where (x * y).isFinite: .constant(x * y)
        case (.constant(0), _), (_, .constant(0)): .constant(0)
        case (.constant(1), _): b
        case (_, .constant(1)): a
        case (.constant(-1), _): -b
        case (_, .constant(-1)): -a
        default: .binary(.multiply, a, b)
        }
    }

    public static func / (a: Scalar, b: Scalar) -> Scalar {
        switch (a, b) {
        case (.constant(let x), .constant(let y)) where (x / y).isFinite: .constant(x / y)
        case (_, .constant(0)): .binary(.divide, a, b)
        case (.constant(0), _): .constant(0)
        case (_, .constant(1)): a
        default: .binary(.divide, a, b)
        }
    }

    public static prefix func - (a: Scalar) -> Scalar {
        switch a {
        case .constant(let x): .constant(-x)
        case .unary(.negate, let inner): inner
        default: .unary(.negate, a)
        }
    }

    public static func maximum(_ a: Scalar, _ b: Scalar) -> Scalar { extreme(.maximum, a, b) }
    public static func minimum(_ a: Scalar, _ b: Scalar) -> Scalar { extreme(.minimum, a, b) }

    /// A constant becomes the second operand: for it alone is one instruction enough that keeps a NaN of the other (`OperationEmitter`).
    private static func extreme(_ function: BinaryFunction, _ a: Scalar, _ b: Scalar) -> Scalar {
        switch (a, b) {
        case (.constant, .constant): .binary(function, a, b)
        case (.constant(let bound), _) where !bound.isNaN: .binary(function, b, a)
        default: .binary(function, a, b)
        }
    }
    public static func exponential(_ a: Scalar) -> Scalar { .unary(.exponential, a) }
    public static func logarithm(_ a: Scalar) -> Scalar { .unary(.logarithm, a) }
    public static func squareRoot(_ a: Scalar) -> Scalar { .unary(.squareRoot, a) }
    public static func reciprocal(_ a: Scalar) -> Scalar { .unary(.reciprocal, a) }

    /// The direct subexpressions, in order.
    public var children: [Scalar] {
        switch self {
        case .constant, .argument, .coordinate: []
        case .unary(_, let a): [a]
        case .binary(_, let a, let b): [a, b]
        case .select(_, let a, let b, let then, let otherwise): [a, b, then, otherwise]
        case .uniform(let seed, _): [seed]
        }
    }

    /// The expression with `transform` applied to each direct subexpression.
    public func mapChildren(_ transform: (Scalar) -> Scalar) -> Scalar {
        switch self {
        case .constant, .argument, .coordinate: self
        case .unary(.negate, let a): -transform(a)
        case .unary(let function, let a): .unary(function, transform(a))
        case .binary(.add, let a, let b): transform(a) + transform(b)
        case .binary(.subtract, let a, let b): transform(a) - transform(b)
        case .binary(.multiply, let a, let b): transform(a) * transform(b)
        case .binary(.divide, let a, let b): transform(a) / transform(b)
        case .binary(.maximum, let a, let b): .maximum(transform(a), transform(b))
        case .binary(.minimum, let a, let b): .minimum(transform(a), transform(b))
        case .select(let comparison, let a, let b, let then, let otherwise):
            .select(comparison, transform(a), transform(b), then: transform(then), otherwise: transform(otherwise))
        case .uniform(let seed, let stream): .uniform(seed: transform(seed), stream: stream)
        }
    }

    /// The expression with every argument replaced by `replacements[index]`.
    public func substituting(_ replacements: [Scalar]) -> Scalar {
        if case .argument(let index) = self { return replacements[index] }
        return mapChildren { $0.substituting(replacements) }
    }

    /// Whether argument `index` occurs.
    public func reads(argument index: Int) -> Bool {
        if case .argument(let other) = self { return other == index }
        return children.contains { $0.reads(argument: index) }
    }

    /// One more than the largest argument index that occurs.
    public var arity: Int {
        if case .argument(let index) = self { return index + 1 }
        return children.map(\.arity).max() ?? 0
    }

    /// How deep the expression nests.
    public var depth: Int { (children.map(\.depth).max() ?? -1) + 1 }

    /// The number of primitive operations in the expression, counted as a tree.
    public var operationCount: Int {
        switch self {
        case .constant, .argument, .coordinate: 0
        default: 1 + children.map(\.operationCount).reduce(0, +)
        }
    }
}

/// A named scalar function, as an `activation` definition of the language makes it.
public struct ScalarFunction: Hashable, Sendable {
    public var name: String
    /// Parameter names, in argument order; they are for printing only.
    public var parameters: [String]
    public var body: Scalar

    public init(_ name: String, _ parameters: [String], _ body: Scalar) {
        precondition(body.arity <= parameters.count, "\(name): the body uses more arguments than it declares")
        self.name = name
        self.parameters = parameters
        self.body = body
    }
}
