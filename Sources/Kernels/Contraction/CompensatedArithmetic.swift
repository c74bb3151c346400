import LoopNest

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
