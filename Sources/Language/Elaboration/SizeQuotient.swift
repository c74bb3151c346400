import Graph

/// A size divided by a positive integer: what `H / 2` is before it is rounded.
struct SizeQuotient: Hashable, CustomStringConvertible {
    private(set) var dividend: SizeExpression
    private(set) var divisor: Int

    /// The quotient in lowest terms, as far as the dividend is a multiple of the divisor's factors.
    init(_ dividend: SizeExpression, over divisor: Int = 1) {
        (self.dividend, self.divisor) = (dividend, divisor)
        for factor in [divisor] + [2, 3, 5, 7] {
            while factor > 1, self.divisor % factor == 0, let exact = self.dividend.dividedExactly(by: factor) {
                (self.dividend, self.divisor) = (exact, self.divisor / factor)
            }
        }
    }

    init(_ integer: Int) { self.init(SizeExpression(integer)) }

    /// The size, where it is a whole number.
    var whole: SizeExpression? { divisor == 1 ? dividend : nil }

    /// The value, where it depends on no size.
    var value: ElaboratedValue {
        guard divisor == 1, let value = dividend.value else { return .size(self) }
        return .integer(value)
    }

    var isUnbounded: Bool { dividend.isUnbounded || divisor > 1 << 31 }

    static func + (a: SizeQuotient, b: SizeQuotient) -> SizeQuotient {
        let (x, y) = (a.dividend * SizeExpression(b.divisor), b.dividend * SizeExpression(a.divisor))
        return SizeQuotient(x + y, over: .clampedProduct(a.divisor, b.divisor))
    }

    static func - (a: SizeQuotient, b: SizeQuotient) -> SizeQuotient { a + b * SizeQuotient(-1) }

    static func * (a: SizeQuotient, b: SizeQuotient) -> SizeQuotient {
        SizeQuotient(a.dividend * b.dividend, over: .clampedProduct(a.divisor, b.divisor))
    }

    /// The quotient by a positive integer.
    func divided(by number: Int) -> SizeQuotient { SizeQuotient(dividend, over: .clampedProduct(divisor, number)) }

    var roundedDown: SizeQuotient { SizeQuotient(dividend.dividedRoundingDown(by: divisor)) }
    var roundedUp: SizeQuotient { SizeQuotient(dividend.dividedRoundingUp(by: divisor)) }
    /// The nearest integer, halves upwards.
    var rounded: SizeQuotient { (self + SizeQuotient(SizeExpression(1), over: 2)).roundedDown }

    /// What the function of numbers called `name` makes of it; nil where that is no rounding.
    func rounded(by name: String) -> SizeQuotient? {
        switch name {
        case "floor": roundedDown
        case "ceil": roundedUp
        case "round": rounded
        default: nil
        }
    }

    var description: String {
        divisor == 1 ? "\(dividend)" : dividend.symbol == nil ? "(\(dividend)) / \(divisor)" : "\(dividend) / \(divisor)"
    }
}
