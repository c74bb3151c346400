import Source

/// A comparison of sizes that holds whenever a network runs: `H % 32 == 0`, `W >= 64`.
public struct SizeConstraint: Hashable, Sendable, CustomStringConvertible {
    public enum Comparison: String, Hashable, Sendable, CaseIterable {
        case equal = "=="
        case notEqual = "!="
        case lessOrEqual = "<="
        case less = "<"
        case greaterOrEqual = ">="
        case greater = ">"

        func holds(_ a: Int, _ b: Int) -> Bool {
            switch self {
            case .equal: a == b
            case .notEqual: a != b
            case .less: a < b
            case .lessOrEqual: a <= b
            case .greater: a > b
            case .greaterOrEqual: a >= b
            }
        }
    }

    public var left: SizeExpression
    public var comparison: Comparison
    public var right: SizeExpression
    /// What is said where it does not hold; empty where that is the constraint itself.
    public var message: String
    /// Where it stands in the source; of no matter to equality.
    public var span: Span

    public init(_ left: SizeExpression, _ comparison: Comparison, _ right: SizeExpression, message: String = "", span: Span = .none) {
        self.left = left
        self.comparison = comparison
        self.right = right
        self.message = message
        self.span = span
    }

    public static func == (a: SizeConstraint, b: SizeConstraint) -> Bool {
        a.left == b.left && a.comparison == b.comparison && a.right == b.right && a.message == b.message
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(left)
        hasher.combine(comparison)
        hasher.combine(right)
    }

    public var symbols: Set<SizeSymbol> { left.symbols.union(right.symbols) }

    /// The symbol that it says to be a multiple of a number, with that number: of `H % 32 == 0`, H and 32.
    public var multiple: (symbol: SizeSymbol, of: Int)? {
        guard comparison == .equal, right.value == 0, let (dividend, divisor) = left.remainder, let symbol = dividend.symbol else {
            return nil
        }
        return (symbol, divisor)
    }

    /// Whether it holds for these values of its symbols; nil where one is not given.
    public func holds(_ values: [String: Int]) -> Bool? {
        guard let a = left.evaluate(values), let b = right.evaluate(values) else { return nil }
        return comparison.holds(a, b)
    }

    /// Whether a side has left the bounds: of no use but to be refused.
    public var isUnbounded: Bool { left.isUnbounded || right.isUnbounded }

    /// Whether it holds whatever its symbols are; nil where that depends on them.
    public var isSettled: Bool? {
        guard let difference = (left - right).value else { return nil }
        return comparison.holds(difference, 0)
    }

    public func bound(_ values: [String: Int]) -> SizeConstraint {
        SizeConstraint(left.bound(values), comparison, right.bound(values), message: message, span: span)
    }

    /// The same of sizes of which nothing is known, as a graph's text has it.
    public var forgettingMultiples: SizeConstraint {
        SizeConstraint(left.forgettingMultiples, comparison, right.forgettingMultiples, message: message, span: span)
    }

    /// As the language writes it.
    public var description: String { "\(left.textWithRemainder) \(comparison.rawValue) \(right.textWithRemainder)" }

    /// Reads a constraint as `description` writes it.
    init(reading scanner: inout TextScanner) throws(TextError) {
        let left = try SizeExpression(reading: &scanner)
        guard let comparison = Comparison.allCases.first(where: { scanner.accept($0.rawValue) }) else {
            throw scanner.error("expected a comparison, found \(scanner.found)")
        }
        let right = try SizeExpression(reading: &scanner)
        self.init(left, comparison, right, message: scanner.sees("\"") ? try scanner.quoted() : "")
    }
}

extension SizeExpression {
    /// What is divided by what, where the expression is what is left of a division: `H - 32 * floor(H / 32)`.
    var remainder: (dividend: SizeExpression, divisor: Int)? {
        for term in terms where term.factors.count == 1 {
            guard case .quotient(let dividend, let divisor) = term.factors[0], term.coefficient == -divisor else { continue }
            if dividend.remainder(dividingBy: divisor) == self { return (dividend, divisor) }
        }
        return nil
    }

    fileprivate var textWithRemainder: String {
        guard let (dividend, divisor) = remainder else { return description }
        return dividend.symbol == nil ? "(\(dividend)) % \(divisor)" : "\(dividend) % \(divisor)"
    }
}
