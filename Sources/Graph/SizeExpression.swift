/// A size that is known when a network runs: a sum of products of symbols and of quotients that are rounded down, with integer factors.
///
/// Two expressions that are equal for all sizes by the rules below have one form, and so are equal values:
/// - like terms are joined, and stand in one order;
/// - whole parts leave a quotient, `floor((4 * H + W + 5) / 4) = H + 1 + floor((W + 1) / 4)`;
/// - quotients are in lowest terms, `floor((2 * H + 3) / 4) = floor((H + 1) / 2)`;
/// - a quotient of a quotient is one, `floor((floor(H / 2) + 1) / 2) = floor((H + 2) / 4)`
///   (Graham, Knuth & Patashnik, "Concrete Mathematics", 1994, section 3.2);
/// - a symbol that is a multiple of m is m times an unnamed integer, so that `floor((H + 1) / 2) = H / 2` where `H % 2 == 0`.
///
/// Sums and products that leave the integers, and forms that grow too long, become `unbounded`, which no shape may hold; so arithmetic
/// never fails, and whoever makes a shape checks once.
public struct SizeExpression: Hashable, Sendable {
    /// What is multiplied: an integer that is known later.
    indirect enum Factor: Hashable, Sendable {
        /// A symbol divided by what it is known to be a multiple of.
        case symbol(SizeSymbol)
        /// An expression divided by an integer of 2 or more, rounded down.
        case quotient(SizeExpression, Int)
    }

    /// A product of factors, in order.
    struct Term: Hashable, Sendable {
        var factors: [Factor]
        var coefficient: Int
    }

    /// In order, with distinct factors and coefficients other than 0.
    private(set) var terms: [Term]
    public private(set) var constant: Int
    /// Whether it has left the bounds: of no use but to be refused.
    public private(set) var isUnbounded = false

    /// The largest magnitude of a coefficient or constant.
    static let largestCoefficient = 1 << 40
    /// The most symbols and quotients that an expression holds.
    static let largestLength = 48
    /// The largest divisor of a quotient.
    static let largestDivisor = 1 << 31

    /// A size that is no longer bounded.
    public static let unbounded: SizeExpression = {
        var result = SizeExpression(0)
        result.isUnbounded = true
        return result
    }()

    public init(_ constant: Int) {
        terms = []
        self.constant = constant
        if constant.magnitude > Self.largestCoefficient { self = .unbounded }
    }

    /// The symbol itself.
    public init(_ symbol: SizeSymbol) {
        terms = [Term(factors: [.symbol(symbol)], coefficient: symbol.multiple)]
        constant = 0
    }

    /// Joins like terms, and puts them in order.
    private init(_ parts: [Term], constant: Int) {
        var sums: [[Factor]: Int] = [:]
        for part in parts { sums[part.factors, default: 0] = .clampedSum(sums[part.factors] ?? 0, part.coefficient) }
        terms = sums.filter { $0.value != 0 }.map { Term(factors: $0.key, coefficient: $0.value) }.sorted { $0.order < $1.order }
        self.constant = constant
        let isLarge = constant.magnitude > Self.largestCoefficient || terms.contains { $0.coefficient.magnitude > Self.largestCoefficient }
        if isLarge || length > Self.largestLength { self = .unbounded }
    }

    /// The number, where it is one.
    public var value: Int? { terms.isEmpty && !isUnbounded ? constant : nil }

    /// The symbol, where it is nothing else.
    public var symbol: SizeSymbol? {
        guard terms.count == 1, constant == 0, case .symbol(let symbol)? = terms[0].factors.first, terms[0].factors.count == 1 else {
            return nil
        }
        return terms[0].coefficient == symbol.multiple ? symbol : nil
    }

    /// The least that it can be, for symbols of 1 and more; nil where a term makes it smaller the larger its symbols are.
    public var lowerBound: Int? {
        guard !isUnbounded else { return nil }
        var sum = constant
        for term in terms {
            var least = term.coefficient
            for case .quotient(let inner, let divisor) in term.factors {
                guard let bound = inner.lowerBound, bound >= 0 else { return nil }
                least = .clampedProduct(least, bound / divisor)
            }
            guard term.coefficient > 0 else { return nil }
            sum = .clampedSum(sum, least)
        }
        return sum
    }

    /// How many symbols and quotients there are, within quotients too.
    private var length: Int {
        terms.reduce(0) { sum, term in
            term.factors.reduce(sum) { count, factor in
                if case .quotient(let inner, _) = factor { count + 1 + inner.length } else { count + 1 }
            }
        }
    }

    /// The symbols that occur, in order of their names.
    public var symbols: Set<SizeSymbol> {
        var result: Set<SizeSymbol> = []
        for factor in terms.flatMap(\.factors) {
            switch factor {
            case .symbol(let symbol): result.insert(symbol)
            case .quotient(let inner, _): result.formUnion(inner.symbols)
            }
        }
        return result
    }
}

/// A size that is known when a network runs, by its name.
public struct SizeSymbol: Hashable, Sendable {
    public var name: String
    /// What it is known to be a multiple of; 1 where nothing is known.
    public var multiple: Int

    public init(_ name: String, multipleOf multiple: Int = 1) {
        self.name = name
        self.multiple = multiple
    }

    /// The symbol, known to be a multiple of another number too: of the least common multiple of both, where that is bounded.
    public func multiple(of number: Int) -> SizeSymbol {
        let (common, overflows) = multiple.multipliedReportingOverflow(by: number / Int.greatestCommonDivisor(multiple, number))
        return overflows || common > SizeExpression.largestDivisor ? self : SizeSymbol(name, multipleOf: common)
    }
}

// MARK: - Arithmetic

extension SizeExpression {
    public static func + (a: SizeExpression, b: SizeExpression) -> SizeExpression {
        guard !a.isUnbounded, !b.isUnbounded else { return .unbounded }
        return SizeExpression(a.terms + b.terms, constant: a.constant + b.constant)
    }

    public static func - (a: SizeExpression, b: SizeExpression) -> SizeExpression { a + b * SizeExpression(-1) }

    public static func * (a: SizeExpression, b: SizeExpression) -> SizeExpression {
        guard !a.isUnbounded, !b.isUnbounded, a.terms.count * b.terms.count <= largestLength else { return .unbounded }
        var parts: [Term] = []
        for x in a.terms + [Term(factors: [], coefficient: a.constant)] {
            for y in b.terms + [Term(factors: [], coefficient: b.constant)] {
                let factors = (x.factors + y.factors).sorted { $0.order < $1.order }
                parts.append(Term(factors: factors, coefficient: .clampedProduct(x.coefficient, y.coefficient)))
            }
        }
        let constant = parts.removeLast().coefficient
        return SizeExpression(parts, constant: constant)
    }

    /// The quotient rounded down. `divisor` is positive.
    public func dividedRoundingDown(by divisor: Int) -> SizeExpression {
        guard !isUnbounded, divisor <= Self.largestDivisor else { return .unbounded }
        guard divisor > 1 else { return self }
        // What the divisor divides leaves the quotient.
        var (whole, rest): ([Term], [Term]) = ([], [])
        for term in terms {
            let (quotient, remainder) = term.coefficient.flooredQuotient(by: divisor)
            whole.append(Term(factors: term.factors, coefficient: quotient))
            if remainder != 0 { rest.append(Term(factors: term.factors, coefficient: remainder)) }
        }
        let (quotient, remainder) = constant.flooredQuotient(by: divisor)
        let front = SizeExpression(whole, constant: quotient)
        guard !rest.isEmpty else { return front }
        // In lowest terms.
        let common = rest.reduce(divisor) { Int.greatestCommonDivisor($0, $1.coefficient) }
        var inner = SizeExpression(
            rest.map { Term(factors: $0.factors, coefficient: $0.coefficient / common) }, constant: remainder / common)
        var divisor = divisor / common
        guard divisor > 1 else { return front + inner }
        // A quotient of a quotient.
        if inner.terms.count == 1, inner.terms[0].coefficient == 1, inner.terms[0].factors.count == 1,
            case .quotient(let numerator, let first) = inner.terms[0].factors[0]
        {
            inner = numerator + SizeExpression(.clampedProduct(inner.constant, first))
            divisor = .clampedProduct(divisor, first)
            return front + inner.dividedRoundingDown(by: divisor)
        }
        return front + SizeExpression([Term(factors: [.quotient(inner, divisor)], coefficient: 1)], constant: 0)
    }

    /// The quotient rounded up. `divisor` is positive.
    public func dividedRoundingUp(by divisor: Int) -> SizeExpression {
        (self + SizeExpression(divisor - 1)).dividedRoundingDown(by: divisor)
    }

    /// The quotient, where it is a whole number for all sizes.
    public func dividedExactly(by divisor: Int) -> SizeExpression? {
        guard !isUnbounded, divisor >= 1, terms.allSatisfy({ $0.coefficient % divisor == 0 }), constant % divisor == 0 else { return nil }
        return dividedRoundingDown(by: divisor)
    }

    /// The quotient by another expression, where it is one term or a number and divides every term for all sizes.
    public func dividedExactly(by other: SizeExpression) -> SizeExpression? {
        if let divisor = other.value { return divisor >= 1 ? dividedExactly(by: divisor) : nil }
        guard !isUnbounded, other.terms.count == 1, other.constant == 0, constant == 0, other.terms[0].coefficient > 0 else { return nil }
        let divisor = other.terms[0]
        var quotients: [Term] = []
        var number = 0
        for term in terms {
            var rest = term.factors
            for factor in divisor.factors {
                guard let index = rest.firstIndex(of: factor) else { return nil }
                rest.remove(at: index)
            }
            guard term.coefficient % divisor.coefficient == 0 else { return nil }
            let coefficient = term.coefficient / divisor.coefficient
            if rest.isEmpty { number += coefficient } else { quotients.append(Term(factors: rest, coefficient: coefficient)) }
        }
        return SizeExpression(quotients, constant: number)
    }

    /// What is left of a division by a positive integer: `self - divisor * floor(self / divisor)`.
    public func remainder(dividingBy divisor: Int) -> SizeExpression {
        self - SizeExpression(divisor) * dividedRoundingDown(by: divisor)
    }

    /// The number that it is with the symbols' values; nil where one of them is not given, or the number leaves the integers.
    public func evaluate(_ values: [String: Int]) -> Int? {
        guard !isUnbounded else { return nil }
        var sum = constant
        for term in terms {
            var product = term.coefficient
            for factor in term.factors {
                let value: Int
                switch factor {
                case .symbol(let symbol):
                    guard let given = values[symbol.name] else { return nil }
                    // A value that is no multiple of what its symbol is said to be: refused before, by the constraint that said so.
                    value = given.flooredQuotient(by: symbol.multiple).quotient
                case .quotient(let inner, let divisor):
                    guard let numerator = inner.evaluate(values) else { return nil }
                    value = numerator.flooredQuotient(by: divisor).quotient
                }
                let (next, overflows) = product.multipliedReportingOverflow(by: value)
                guard !overflows else { return nil }
                product = next
            }
            let (next, overflows) = sum.addingReportingOverflow(product)
            guard !overflows else { return nil }
            sum = next
        }
        return sum
    }

    /// The expression with the symbols that have values replaced by them.
    public func bound(_ values: [String: Int]) -> SizeExpression {
        guard !isUnbounded, symbols.contains(where: { values[$0.name] != nil }) else { return self }
        if let value = evaluate(values) { return SizeExpression(value) }
        return replacingSymbols { symbol in values[symbol.name].map { SizeExpression($0.flooredQuotient(by: symbol.multiple).quotient) } }
    }

    /// The expression with sizes for symbols of which nothing is known; those without one stay.
    public func substituting(_ values: [String: SizeExpression]) -> SizeExpression {
        replacingSymbols { $0.multiple == 1 ? values[$0.name] : nil }
    }

    /// The expression where more is known of its symbols: that they are multiples of these numbers, too.
    public func knowing(_ multiples: [String: Int]) -> SizeExpression {
        replacingSymbols { symbol in
            let known = multiples[symbol.name].map(symbol.multiple(of:)) ?? symbol
            return SizeExpression([Term(factors: [.symbol(known)], coefficient: known.multiple / symbol.multiple)], constant: 0)
        }
    }

    /// The expression of symbols of which nothing is known: rounded down where they are divided by what they are multiples of.
    public var forgettingMultiples: SizeExpression {
        guard !isUnbounded else { return self }
        return terms.reduce(SizeExpression(constant)) { sum, term in
            var coefficient = term.coefficient
            var product = SizeExpression(1)
            for factor in term.factors {
                switch factor {
                case .quotient(let inner, let divisor): product = product * inner.forgettingMultiples.dividedRoundingDown(by: divisor)
                case .symbol(let symbol):
                    let (own, isWhole) = (SizeExpression(SizeSymbol(symbol.name)), coefficient % symbol.multiple == 0)
                    product = product * (isWhole ? own : own.dividedRoundingDown(by: symbol.multiple))
                    if isWhole { coefficient /= symbol.multiple }
                }
            }
            return sum + SizeExpression(coefficient) * product
        }
    }

    /// The expression with other integers for those that its symbols stand for, which are symbols divided by what they are known to be multiples
    /// of; nil leaves one as it is.
    private func replacingSymbols(_ replacement: (SizeSymbol) -> SizeExpression?) -> SizeExpression {
        guard !isUnbounded else { return self }
        return terms.reduce(SizeExpression(constant)) { sum, term in
            sum
                + term.factors.reduce(SizeExpression(term.coefficient)) { product, factor in
                    switch factor {
                    case .symbol(let symbol):
                        product * (replacement(symbol) ?? SizeExpression([Term(factors: [factor], coefficient: 1)], constant: 0))
                    case .quotient(let inner, let divisor):
                        product * inner.replacingSymbols(replacement).dividedRoundingDown(by: divisor)
                    }
                }
        }
    }
}

extension Int {
    /// The quotient rounded down, and what is left. `divisor` is positive.
    fileprivate func flooredQuotient(by divisor: Int) -> (quotient: Int, remainder: Int) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }

    static func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
        var (a, b) = (abs(a), abs(b))
        while b != 0 { (a, b) = (b, a % b) }
        return a
    }
}
