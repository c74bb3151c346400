import Graph

/// What an expression of C stands for while a function is translated.
enum CValue: Equatable, Sendable {
    case integer(Int)
    /// A finite number.
    case number(Double)
    /// What differs from element to element.
    case element(ElementValue)
    /// A truth value that does, which C takes for 0 or 1.
    case condition(ElementCondition)
    case array([CValue])
    /// Of a variable that has no value yet.
    case undefined

    /// A constant of either kind.
    var constant: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    /// The value as an element's; nil for arrays and where there is none.
    var asElement: ElementValue? {
        switch self {
        case .integer(let value): ElementValue(.constant(Double(value)), isWhole: true)
        case .number(let value): ElementValue(.constant(value), isWhole: value.rounded() == value)
        case .element(let value): value
        case .condition(let condition): ElementValue.choice(condition, .constant(1), .constant(0))
        case .array, .undefined: nil
        }
    }
}

/// An element's expression with its size, which `Scalar` would have to count anew each time.
struct ElementValue: Equatable, Sendable {
    var scalar: Scalar
    /// At least its operations, counted as a tree.
    var count: Int
    /// At least how deep it nests.
    var depth: Int
    /// Whether it gives no number but integers.
    var isWhole: Bool

    init(_ scalar: Scalar, count: Int, depth: Int, isWhole: Bool) {
        self.scalar = scalar
        let isConstant = if case .constant = scalar { true } else { false }
        self.count = isConstant ? 0 : count
        self.depth = isConstant ? 0 : depth
        self.isWhole = isWhole
    }

    /// Of an expression whose size is not known.
    init(_ scalar: Scalar, isWhole: Bool) {
        self.init(scalar, count: scalar.operationCount, depth: scalar.depth, isWhole: isWhole)
    }

    static func constant(_ value: Double) -> ElementValue { ElementValue(.constant(value), isWhole: value.rounded() == value) }

    /// One value where the condition holds, another elsewhere; without an expression where that would be too large.
    static func choice(_ condition: ElementCondition, _ then: ElementValue, _ otherwise: ElementValue) -> ElementValue {
        let count = condition.choiceCount(then.count, otherwise.count)
        let depth = condition.depth + max(then.depth, otherwise.depth)
        let isWhole = then.isWhole && otherwise.isWhole
        guard count <= FunctionTranslator.maximumFormula, depth <= FunctionTranslator.maximumDepth else {
            return ElementValue(then.scalar, count: count, depth: depth, isWhole: isWhole).refused(count, depth)
        }
        let scalar = condition.condition.select(then: then.scalar, otherwise: otherwise.scalar)
        return ElementValue(scalar, count: count, depth: depth, isWhole: isWhole)
    }

    private func refused(_ count: Int, _ depth: Int) -> ElementValue {
        var value = self
        (value.count, value.depth) = (count, depth)
        return value
    }
}

/// A condition on elements, with its size.
struct ElementCondition: Equatable, Sendable {
    var condition: Condition
    private var parts: Parts

    /// What decides how large a choice becomes.
    private indirect enum Parts: Equatable, Sendable {
        case compare(count: Int)
        case not(Parts)
        case and(Parts, Parts)
        case or(Parts, Parts)

        /// The operations of a choice between values of so many.
        func count(_ then: Int, _ otherwise: Int) -> Int {
            switch self {
            case .compare(let count): min(1 << 30, 1 + count + then + otherwise)
            case .not(let inner): inner.count(otherwise, then)
            case .and(let a, let b): a.count(b.count(then, otherwise), otherwise)
            case .or(let a, let b): a.count(then, b.count(then, otherwise))
            }
        }
    }

    /// At least how many levels a choice adds.
    private(set) var depth: Int
    /// The comparisons in it.
    private(set) var size: Int

    private init(_ condition: Condition, _ parts: Parts, depth: Int, size: Int) {
        self.condition = condition
        self.parts = parts
        self.depth = depth
        self.size = size
    }

    static func compare(_ comparison: Comparison, _ a: ElementValue, _ b: ElementValue) -> ElementCondition {
        ElementCondition(
            .compare(comparison, a.scalar, b.scalar), .compare(count: a.count + b.count), depth: 1 + max(a.depth, b.depth), size: 1)
    }

    static prefix func ! (a: ElementCondition) -> ElementCondition {
        ElementCondition(.not(a.condition), .not(a.parts), depth: a.depth, size: a.size)
    }

    func and(_ other: ElementCondition) -> ElementCondition {
        ElementCondition(
            .and(condition, other.condition), .and(parts, other.parts), depth: depth + other.depth, size: size + other.size)
    }

    func or(_ other: ElementCondition) -> ElementCondition {
        ElementCondition(.or(condition, other.condition), .or(parts, other.parts), depth: depth + other.depth, size: size + other.size)
    }

    /// The operations of a choice between values of so many.
    func choiceCount(_ then: Int, _ otherwise: Int) -> Int { parts.count(then, otherwise) }
}
