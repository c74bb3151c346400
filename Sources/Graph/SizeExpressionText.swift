extension SizeExpression: CustomStringConvertible {
    /// As the language and the graph's text write it: `2 * H + floor((W + 1) / 2) - 3`.
    public var description: String {
        guard !isUnbounded else { return "(too large a size)" }
        var text = ""
        for term in terms {
            let (magnitude, isNegative) = (term.text, term.coefficient < 0)
            text += text.isEmpty ? (isNegative ? "-" : "") + magnitude : (isNegative ? " - " : " + ") + magnitude
        }
        if text.isEmpty { return "\(constant)" }
        if constant != 0 { text += (constant < 0 ? " - " : " + ") + "\(constant.magnitude)" }
        return text
    }
}

extension SizeExpression.Term {
    /// The term without its sign: `3 * H * W / 4`, where H and W are known to be even.
    fileprivate var text: String {
        var denominator = 1
        for case .symbol(let symbol) in factors { denominator = .clampedProduct(denominator, symbol.multiple) }
        let common = Int.greatestCommonDivisor(coefficient, denominator)
        let numerator = coefficient.magnitude / UInt(common)
        // What stands before a division is within the bounds, too, so that the text can be read: else each symbol is divided by itself.
        let dividend = Int.clampedProduct(Int(clamping: numerator), denominator)
        guard dividend <= SizeExpression.largestCoefficient, denominator / common <= SizeExpression.largestDivisor else {
            let units = factors.map { factor in
                if case .symbol(let symbol) = factor, symbol.multiple > 1 { "\(factor.text) / \(symbol.multiple)" } else { factor.text }
            }
            return (units + (coefficient.magnitude == 1 ? [] : ["\(coefficient.magnitude)"])).joined(separator: " * ")
        }
        let product = (numerator == 1 ? [] : ["\(numerator)"]) + factors.map(\.text)
        return product.joined(separator: " * ") + (denominator == common ? "" : " / \(denominator / common)")
    }

    /// What terms are put in order by: products of more factors first, then as they are written.
    var order: (Int, String) { (-factors.count, factors.map(\.order).joined(separator: " ")) }
}

extension SizeExpression.Factor {
    /// Symbols are shown without what they are known to be multiples of, which the term's text divides by.
    fileprivate var text: String {
        switch self {
        case .symbol(let symbol): TextScanner.text(ofName: symbol.name)
        case .quotient(let inner, let divisor): "floor(\(inner.isPlain ? "\(inner)" : "(\(inner))") / \(divisor))"
        }
    }

    /// What factors are put in order by: symbols by their names, then quotients.
    var order: String {
        switch self {
        case .symbol(let symbol): "0 \(symbol.name) \(symbol.multiple)"
        case .quotient(let inner, let divisor): "1 \(inner) / \(divisor)"
        }
    }
}

extension SizeExpression {
    /// Whether it is written as one name.
    fileprivate var isPlain: Bool { symbol != nil }

    /// Reads an expression as `description` writes it; what symbols are multiples of, the scanner knows.
    ///
    /// - Throws: for what is no expression, for a quotient that is neither rounded nor whole, and for one out of bounds.
    init(reading scanner: inout TextScanner) throws(TextError) {
        let start = scanner.skipBlanks()
        self = try Self.sum(&scanner, depth: 0)
        if isUnbounded { throw scanner.error("this size is too long or too large", at: start) }
    }

    private static func sum(_ scanner: inout TextScanner, depth: Int) throws(TextError) -> SizeExpression {
        guard depth < 32 else { throw scanner.error("this size nests too deeply") }
        var result = SizeExpression(0)
        var isNegative = scanner.accept("-")
        repeat {
            let product = try product(&scanner, depth: depth)
            result = isNegative ? result - product : result + product
            if scanner.accept("+") { isNegative = false } else if scanner.accept("-") { isNegative = true } else { return result }
        } while true
    }

    private static func product(_ scanner: inout TextScanner, depth: Int) throws(TextError) -> SizeExpression {
        var result = try factor(&scanner, depth: depth)
        while true {
            let start = scanner.skipBlanks()
            if scanner.accept("*") {
                result = result * (try factor(&scanner, depth: depth))
            } else if scanner.accept("/") {
                let divisor = try divisor(&scanner)
                guard let quotient = result.dividedExactly(by: divisor) else {
                    throw scanner.error(
                        "\(result) is no multiple of \(divisor)", repair: "round it down: floor((\(result)) / \(divisor))", at: start)
                }
                result = quotient
            } else if scanner.accept("%") {
                result = result.remainder(dividingBy: try divisor(&scanner))
            } else {
                return result
            }
        }
    }

    private static func factor(_ scanner: inout TextScanner, depth: Int) throws(TextError) -> SizeExpression {
        scanner.skipBlanks()
        if scanner.seesDigit() { return SizeExpression(try scanner.integer("a size", in: 0...largestCoefficient)) }
        if scanner.accept("(") {
            let inner = try sum(&scanner, depth: depth + 1)
            try scanner.expect(")")
            return inner
        }
        let name = try scanner.name("a size")
        guard name == "floor", scanner.accept("(") else { return SizeExpression(scanner.symbols[name] ?? SizeSymbol(name)) }
        var numerator = try factor(&scanner, depth: depth + 1)
        while scanner.accept("*") { numerator = numerator * (try factor(&scanner, depth: depth + 1)) }
        try scanner.expect("/")
        let quotient = numerator.dividedRoundingDown(by: try divisor(&scanner))
        try scanner.expect(")")
        return quotient
    }

    private static func divisor(_ scanner: inout TextScanner) throws(TextError) -> Int {
        try scanner.integer("a divisor", in: 1...largestDivisor)
    }
}
