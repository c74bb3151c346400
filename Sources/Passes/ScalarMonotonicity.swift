import Graph

extension Scalar {
    /// Whether the expression never falls as the argument grows, in exact numbers and as any precision rounds them; `false` where it is not
    /// seen.
    ///
    /// Seen are clamps, sums, positive constant factors, and two branches that meet or rise at a constant boundary: `relu`,
    /// `relu6`, `leaky_relu`. Functions such as `tanh` rise too, but what computes them may fall by a unit in the last place.
    func isNonDecreasing(in index: Int) -> Bool {
        switch self {
        case .constant: return true
        case .argument(let argument): return argument == index
        case .binary(.maximum, let a, let b), .binary(.minimum, let a, let b), .binary(.add, let a, let b):
            return a.isNonDecreasing(in: index) && b.isNonDecreasing(in: index)
        case .binary(.multiply, .constant(let factor), let other), .binary(.multiply, let other, .constant(let factor)):
            return factor > 0 && factor.isFinite && other.isNonDecreasing(in: index)
        case .select(let comparison, let a, let b, let then, let otherwise):
            let below: Scalar
            let above: Scalar
            let boundary: Double
            switch (a, b) {
            // c < x, c <= x
            case (.constant(let bound), .argument(index)): (below, above, boundary) = (otherwise, then, bound)
            // x < c, x <= c
            case (.argument(index), .constant(let bound)): (below, above, boundary) = (then, otherwise, bound)
            default: return false
            }
            guard comparison != .equal, below.isNonDecreasing(in: index), above.isNonDecreasing(in: index), arity == index + 1 else {
                return false
            }
            var arguments = [Double](repeating: 0, count: arity)
            arguments[index] = boundary
            return below.evaluate(arguments) <= above.evaluate(arguments)
        default: return false
        }
    }
}
