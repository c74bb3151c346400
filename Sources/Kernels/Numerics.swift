/// How exactly kernels compute sums of products.
public enum Numerics: String, Hashable, Sendable, CaseIterable {
    /// One f32 accumulator an element: what the arithmetic of other engines is, too.
    case standard = "default"
    /// Convolutions and linear layers (and the gradients of their inputs) carry the rounding error of every product and sum along, and
    /// add it at the end: as if computed in twice the precision and rounded once (Ogita, Rump and Oishi 2005, algorithm Dot2). About
    /// ten times the arithmetic.
    case strict

    /// The registers that a kernel's accumulators may be counted against: each takes two where errors are carried along.
    func accumulatorRegisters(of target: Target) -> Int {
        switch self {
        case .standard: target.vectorRegisters
        case .strict: max(4, target.vectorRegisters / 2 - 2)
        }
    }
}

extension KernelBuilder {
    /// `sum + a * b` with `error` grown by what its rounding lost.
    func compensatedMultiplyAdd(_ a: Register, _ b: Register, sum: Register, error: Register) -> (sum: Register, error: Register) {
        let product = binary(.multiply, a, b)
        let lostOfProduct = multiplyAdd(a, b, define(.unary(.negate, product)))
        // Knuth's sum of two numbers, whose rounding error is exact without knowing which is larger.
        let total = binary(.add, sum, product)
        let part = binary(.subtract, total, sum)
        let lostOfSum = binary(.add, binary(.subtract, sum, binary(.subtract, total, part)), binary(.subtract, product, part))
        return (total, binary(.add, error, binary(.add, lostOfProduct, lostOfSum)))
    }
}
