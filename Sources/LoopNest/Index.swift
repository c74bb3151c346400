/// A loop variable of a kernel; variable 0 is the number of the task.
public struct Variable: Hashable, Sendable {
    public var index: Int
    public init(_ index: Int) { self.index = index }
    public static let task = Variable(0)
}

/// An integer expression over loop variables: an element offset, a loop bound, a count of lanes.
///
/// `quotient` and `remainder` round towards zero; kernels only divide what is not negative.
public indirect enum Index: Hashable, Sendable {
    case constant(Int)
    case variable(Variable)
    case sum(Index, Index)
    case product(Index, Int)
    case quotient(Index, Int)
    case remainder(Index, Int)
    case minimum(Index, Index)
    case maximum(Index, Index)
}

extension Index: ExpressibleByIntegerLiteral {
    public init(integerLiteral value: Int) { self = .constant(value) }

    /// The value if no variable occurs.
    public var constantValue: Int? { if case .constant(let value) = self { value } else { nil } }

    public static func + (a: Index, b: Index) -> Index {
        switch (a, b) {
        case (.constant(let x), .constant(let y)): .constant(x + y)
        case (.constant(0), _): b
        case (_, .constant(0)): a
        case (.constant, _): b + a
        case (.sum(let inner, .constant(let x)), .constant(let y)): inner + .constant(x + y)
        case (_, .sum(let inner, .constant(let x))): (a + inner) + .constant(x)
        case (.sum(let inner, .constant(let x)), _): (inner + b) + .constant(x)
        default: .sum(a, b)
        }
    }

    public static func - (a: Index, b: Int) -> Index { a + .constant(-b) }

    public static func * (a: Index, b: Int) -> Index {
        switch (a, b) {
        case (_, 0): .constant(0)
        case (_, 1): a
        case (.constant(let x), _): .constant(x * b)
        case (.sum(let x, let y), _): x * b + y * b
        case (.product(let inner, let c), _): .product(inner, c * b)
        default: .product(a, b)
        }
    }

    /// `a / b`, exact where the terms show it: `(x * 16 + 3) / 16` is `x`.
    public static func / (a: Index, b: Int) -> Index {
        if b == 1 { return a }
        switch a {
        case .constant(let x): return .constant(x / b)
        case .product(let x, let c) where c % b == 0: return x * (c / b)
        case .sum(let x, .constant(let y)) where x.isMultiple(of: b) && y >= 0: return x / b + .constant(y / b)
        case .sum(let x, let y) where x.isMultiple(of: b) && y.isMultiple(of: b): return x / b + y / b
        default: return .quotient(a, b)
        }
    }

    public static func % (a: Index, b: Int) -> Index {
        if b == 1 || a.isMultiple(of: b) { return .constant(0) }
        switch a {
        case .constant(let x): return .constant(x % b)
        case .sum(let x, .constant(let y)) where x.isMultiple(of: b) && y >= 0: return .constant(y % b)
        default: return .remainder(a, b)
        }
    }

    /// Whether the terms show that the value is a multiple of `factor`.
    public func isMultiple(of factor: Int) -> Bool {
        switch self {
        case .constant(let value): value % factor == 0
        case .product(_, let c): c % factor == 0
        case .sum(let a, let b): a.isMultiple(of: factor) && b.isMultiple(of: factor)
        default: false
        }
    }

    public static func least(_ a: Index, _ b: Index) -> Index {
        if case .constant(let x) = a, case .constant(let y) = b { return .constant(min(x, y)) }
        return .minimum(a, b)
    }

    public static func greatest(_ a: Index, _ b: Index) -> Index {
        if case .constant(let x) = a, case .constant(let y) = b { return .constant(max(x, y)) }
        return .maximum(a, b)
    }

    /// The value, given the variables' values by index.
    public func evaluate(_ variables: [Int]) -> Int {
        switch self {
        case .constant(let value): value
        case .variable(let variable): variables[variable.index]
        case .sum(let a, let b): a.evaluate(variables) + b.evaluate(variables)
        case .product(let a, let factor): a.evaluate(variables) * factor
        case .quotient(let a, let divisor): a.evaluate(variables) / divisor
        case .remainder(let a, let divisor): a.evaluate(variables) % divisor
        case .minimum(let a, let b): min(a.evaluate(variables), b.evaluate(variables))
        case .maximum(let a, let b): max(a.evaluate(variables), b.evaluate(variables))
        }
    }
}
