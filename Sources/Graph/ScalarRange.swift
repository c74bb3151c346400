/// The numbers that a value may take, from `lower` to `upper`; what is no number does not count.
///
/// A bound that is never reached is written with the next number that is: `leastNonzeroMagnitude` for what is above 0.
public struct ValueRange: Hashable, Sendable {
    public var lower: Double
    public var upper: Double

    public init(_ lower: Double, _ upper: Double) {
        self.lower = lower
        self.upper = upper
    }

    public static let all = ValueRange(-.infinity, .infinity)
    public static let notNegative = ValueRange(0, .infinity)
    public static let positive = ValueRange(.leastNonzeroMagnitude, .infinity)

    public static func constant(_ value: Double) -> ValueRange { value.isNaN ? .all : ValueRange(value, value) }

    public var isNotNegative: Bool { lower >= 0 }
    public var isPositive: Bool { lower > 0 }
    /// Whether all numbers have one sign, or are zero.
    public var hasOneSign: Bool { lower >= 0 || upper <= 0 }
    public var containsZero: Bool { lower <= 0 && upper >= 0 }

    public func union(_ other: ValueRange) -> ValueRange {
        ValueRange(Swift.min(lower, other.lower), Swift.max(upper, other.upper))
    }

    /// What is in both; where nothing is, `self`: a branch that is never taken.
    func intersection(_ other: ValueRange) -> ValueRange {
        let common = ValueRange(Swift.max(lower, other.lower), Swift.min(upper, other.upper))
        return common.lower <= common.upper ? common : self
    }

    public static prefix func - (a: ValueRange) -> ValueRange { ValueRange(-a.upper, -a.lower) }

    public static func + (a: ValueRange, b: ValueRange) -> ValueRange {
        .between([a.lower + b.lower], [a.upper + b.upper])
    }

    public static func * (a: ValueRange, b: ValueRange) -> ValueRange {
        // 0 times something unbounded is 0 for every number that is there.
        func product(_ x: Double, _ y: Double) -> Double { x == 0 || y == 0 ? 0 : x * y }
        let ends = [product(a.lower, b.lower), product(a.lower, b.upper), product(a.upper, b.lower), product(a.upper, b.upper)]
        let range = between(ends, ends)
        return a.containsZero || b.containsZero ? range : range.withoutZero
    }

    public static func / (a: ValueRange, b: ValueRange) -> ValueRange { a * b.reciprocal }

    var reciprocal: ValueRange {
        guard !containsZero else { return .all }
        return ValueRange(1 / upper, 1 / lower).withoutZero
    }

    /// Of a range whose exact bounds are not 0, what rounding to 0 made of them put right.
    private var withoutZero: ValueRange {
        if lower == 0 { return ValueRange(.leastNonzeroMagnitude, upper) }
        if upper == 0 { return ValueRange(lower, -.leastNonzeroMagnitude) }
        return self
    }

    private static func between(_ lower: [Double], _ upper: [Double]) -> ValueRange {
        if (lower + upper).contains(where: \.isNaN) { return .all }
        return ValueRange(lower.min()!, upper.max()!)
    }
}

extension Scalar {
    /// The numbers that the expression may give for arguments within `arguments`, by interval arithmetic (Moore 1966): never too few. A
    /// comparison of an argument with a constant narrows it in either branch, so that `if x > 0 { x } else { 0 }` is not negative.
    public func range(_ arguments: [ValueRange]) -> ValueRange {
        switch self {
        case .constant(let value): return .constant(value)
        case .argument(let index): return arguments[index]
        case .coordinate: return .notNegative
        case .uniform: return ValueRange(0, 1)
        case .unary(let function, let a): return function.range(a.range(arguments))
        case .binary(.multiply, let a, let b) where a == b:
            let factor = a.range(arguments)
            let square = factor * factor
            return ValueRange(factor.containsZero ? 0 : square.lower, square.upper)
        case .binary(let function, let a, let b): return function.range(a.range(arguments), b.range(arguments))
        case .select(let comparison, let a, let b, let then, let otherwise):
            let (holds, fails) = comparison.narrowing(a, b, arguments)
            return then.range(holds).union(otherwise.range(fails))
        }
    }
}

extension Comparison {
    /// The ranges of the arguments where `a` compared with `b` holds, and where it does not.
    func narrowing(_ a: Scalar, _ b: Scalar, _ arguments: [ValueRange]) -> (holds: [ValueRange], fails: [ValueRange]) {
        var (holds, fails) = (arguments, arguments)
        func narrow(_ ranges: inout [ValueRange], _ index: Int, _ range: ValueRange) { ranges[index] = ranges[index].intersection(range) }
        switch (a, b) {
        case (.argument(let index), .constant(let bound)) where !bound.isNaN:
            switch self {
            case .less:
                narrow(&holds, index, ValueRange(-.infinity, bound.nextDown))
                narrow(&fails, index, ValueRange(bound, .infinity))
            case .lessOrEqual:
                narrow(&holds, index, ValueRange(-.infinity, bound))
                narrow(&fails, index, ValueRange(bound.nextUp, .infinity))
            case .equal: narrow(&holds, index, .constant(bound))
            }
        case (.constant(let bound), .argument(let index)) where !bound.isNaN:
            switch self {
            case .less:
                narrow(&holds, index, ValueRange(bound.nextUp, .infinity))
                narrow(&fails, index, ValueRange(-.infinity, bound))
            case .lessOrEqual:
                narrow(&holds, index, ValueRange(bound, .infinity))
                narrow(&fails, index, ValueRange(-.infinity, bound.nextDown))
            case .equal: narrow(&holds, index, .constant(bound))
            }
        default: break
        }
        return (holds, fails)
    }
}

extension UnaryFunction {
    fileprivate func range(_ a: ValueRange) -> ValueRange {
        switch self {
        case .negate: return -a
        case .absolute:
            if a.lower >= 0 { return a }
            return a.upper <= 0 ? -a : ValueRange(0, Swift.max(-a.lower, a.upper))
        case .reciprocal: return a.reciprocal
        // Below 0 the root is no number.
        case .squareRoot: return ValueRange(Swift.max(a.lower, 0).squareRoot(), Swift.max(a.upper, 0).squareRoot())
        case .exponential:
            return ValueRange(
                Swift.max(evaluate(a.lower), .leastNonzeroMagnitude), Swift.max(evaluate(a.upper), .leastNonzeroMagnitude))
        case .logarithm: return ValueRange(evaluate(Swift.max(a.lower, 0)), evaluate(Swift.max(a.upper, 0)))
        case .hyperbolicTangent, .errorFunction, .floor, .exponentialMinusOne:
            return ValueRange(evaluate(a.lower), evaluate(a.upper))
        case .logarithmOfOnePlus: return ValueRange(evaluate(Swift.max(a.lower, -1)), evaluate(Swift.max(a.upper, -1)))
        // Positive, and rising.
        case .logistic, .softplus, .normalDistribution:
            return ValueRange(
                Swift.max(evaluate(a.lower), .leastNonzeroMagnitude), Swift.max(evaluate(a.upper), .leastNonzeroMagnitude))
        case .gaussian:
            let ends = [evaluate(a.lower), evaluate(a.upper)]
            return ValueRange(
                Swift.max(ends.min()!, .leastNonzeroMagnitude), a.containsZero ? 1 : Swift.max(ends.max()!, .leastNonzeroMagnitude))
        }
    }
}

extension BinaryFunction {
    fileprivate func range(_ a: ValueRange, _ b: ValueRange) -> ValueRange {
        switch self {
        case .add: a + b
        case .subtract: a + -b
        case .multiply: a * b
        case .divide: a / b
        case .maximum: ValueRange(Swift.max(a.lower, b.lower), Swift.max(a.upper, b.upper))
        case .minimum: ValueRange(Swift.min(a.lower, b.lower), Swift.min(a.upper, b.upper))
        }
    }
}
