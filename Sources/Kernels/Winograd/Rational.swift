/// A fraction in lowest terms: transforms are derived exactly and rounded once.
struct Rational: Hashable {
    let numerator: Int
    let denominator: Int

    init(_ numerator: Int, _ denominator: Int = 1) {
        precondition(denominator != 0, "a denominator is not zero")
        let divisor = Self.greatestCommonDivisor(abs(numerator), abs(denominator)) * (denominator < 0 ? -1 : 1)
        self.numerator = numerator / divisor
        self.denominator = denominator / divisor
    }

    private static func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int { b == 0 ? max(a, 1) : greatestCommonDivisor(b, a % b) }

    static let zero = Rational(0)
    static let one = Rational(1)

    var value: Double { Double(numerator) / Double(denominator) }

    static func + (a: Rational, b: Rational) -> Rational {
        Rational(a.numerator * b.denominator + b.numerator * a.denominator, a.denominator * b.denominator)
    }
    static func - (a: Rational, b: Rational) -> Rational { a + b * Rational(-1) }
    static func * (a: Rational, b: Rational) -> Rational { Rational(a.numerator * b.numerator, a.denominator * b.denominator) }
    static func / (a: Rational, b: Rational) -> Rational { Rational(a.numerator * b.denominator, a.denominator * b.numerator) }

    func power(_ exponent: Int) -> Rational { (0..<exponent).reduce(.one) { product, _ in product * self } }
}
