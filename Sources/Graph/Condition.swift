/// A truth value that differs from element to element.
public indirect enum Condition: Hashable, Sendable {
    case constant(Bool)
    case compare(Comparison, Scalar, Scalar)
    case not(Condition)
    case and(Condition, Condition)
    case or(Condition, Condition)

    /// `then` where the condition holds, `otherwise` elsewhere.
    public func select(then: Scalar, otherwise: Scalar) -> Scalar {
        switch self {
        case .constant(let value): value ? then : otherwise
        case .compare(let comparison, let a, let b): .selecting(comparison, a, b, then: then, otherwise: otherwise)
        case .not(let condition): condition.select(then: otherwise, otherwise: then)
        case .and(let a, let b): a.select(then: b.select(then: then, otherwise: otherwise), otherwise: otherwise)
        case .or(let a, let b): a.select(then: then, otherwise: b.select(then: then, otherwise: otherwise))
        }
    }
}
