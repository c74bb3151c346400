import Graph

/// A value that is decided while the network is built, as a source says it: an argument of a call.
indirect enum Term: Hashable {
    case integer(Int)
    case number(Double)
    case boolean(Bool)
    case text(String)
    case list([Term])
    case tuple([Term])
    case size(SizeExpression)
    /// An activation or function by its name, with the numbers that it is given.
    case function(FunctionName)
    /// A parameter of the block around, or a property of a tensor.
    case name(String)
    case multiple(Int, Term)
    case quotient(Term, Int)
    /// `floor(kernel / 2)`.
    case flooredHalf(Term)

    /// How tightly parts of an expression hold together, from the loosest.
    enum Precedence: Int, Comparable {
        case pipeline, comparison, sum, product, unary, primary
        static func < (a: Precedence, b: Precedence) -> Bool { a.rawValue < b.rawValue }
    }

    /// The value of an operator's parameter; nil for what the language has no word for.
    init?(_ attribute: Attribute, as kind: AttributeKind) {
        switch attribute {
        case .integer(let value): self = .integer(value)
        case .number(let value):
            guard value.isFinite else { return nil }
            self = .number(value)
        case .boolean(let value): self = .boolean(value)
        case .text(let value): self = .text(value)
        case .integers(let values):
            let isDoubled = kind == .pair && values.count == 2 && values[0] == values[1]
            if values.count == 1 || isDoubled, kind != .numbers {
                self = .integer(values[0])
            } else {
                self = values.count < 2 || kind == .integers ? .list(values.map(Term.integer)) : .tuple(values.map(Term.integer))
            }
        case .numbers(let values):
            guard values.allSatisfy(\.isFinite) else { return nil }
            self = .list(values.map(Term.number))
        case .shape(let shape) where kind == .extent || kind == .extents:
            let sizes = shape.dimensions.map { $0.value.map(Term.integer) ?? .size($0.expression) }
            // One size alone is a list all the same, where several could stand.
            self = kind == .extent && sizes.count == 1 ? sizes[0] : sizes.count < 2 ? .list(sizes) : .tuple(sizes)
        case .shape, .function: return nil
        }
    }

    /// The text and how tightly it holds together.
    func text(_ symbols: SymbolNames) -> (text: String, precedence: Precedence) {
        func joined(_ items: [Term]) -> String { items.map { $0.text(symbols).text }.joined(separator: ", ") }
        func part(_ term: Term, _ least: Precedence) -> String {
            let (text, precedence) = term.text(symbols)
            return precedence < least ? "(\(text))" : text
        }
        switch self {
        case .integer(let value): return ("\(value)", value < 0 ? .unary : .primary)
        case .number(let value): return (Self.text(ofNumber: value), value.sign == .minus ? .unary : .primary)
        case .boolean(let value): return ("\(value)", .primary)
        case .text(let value): return (Self.quoted(value), .primary)
        case .list(let items): return ("[\(joined(items))]", .primary)
        case .tuple(let items): return ("(\(joined(items)))", .primary)
        case .size(let size): return (symbols.text(size), symbols.precedence(of: size))
        case .function(let function):
            guard !function.given.isEmpty else { return (function.name, .primary) }
            let given = function.given.map { "\($0.name): \(Self.text(ofNumber: $0.value))" }.joined(separator: ", ")
            return ("\(function.name)(\(given))", .primary)
        case .name(let name): return (name, .primary)
        case .multiple(let factor, let term): return ("\(factor) * \(part(term, .unary))", .product)
        case .quotient(let term, let divisor): return ("\(part(term, .product)) / \(divisor)", .product)
        case .flooredHalf(let term): return ("floor(\(part(term, .product)) / 2)", .primary)
        }
    }

    /// A finite number as the language reads it, to the last bit.
    static func text(ofNumber value: Double) -> String {
        // Integers that are larger are none that parameters take.
        if value == value.rounded(), abs(value) < Double(Elaborator.maximumInteger) {
            return value == 0 && value.sign == .minus ? "-0.0" : "\(Int(value))"
        }
        let text = "\(value)"
        // 1e-05 is 1e-5.
        guard let mark = text.firstIndex(of: "e") else { return text }
        var exponent = text[text.index(after: mark)...]
        let isNegative = exponent.first == "-"
        if isNegative || exponent.first == "+" { exponent.removeFirst() }
        var front = String(text[..<mark])
        if front.hasSuffix(".0") { front.removeLast(2) }
        return front + "e" + (isNegative ? "-" : "") + exponent.drop { $0 == "0" }
    }

    /// A text in quotes, with nothing in it that would be computed.
    static func quoted(_ text: String) -> String {
        var result = "\""
        for character in text.unicodeScalars {
            switch character {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case "{": result += "\\{"
            default: result.unicodeScalars.append(character)
            }
        }
        return result + "\""
    }

    /// The symbols that the value depends on, which only the network itself knows.
    var holdsSize: Bool {
        switch self {
        case .size: true
        case .list(let items), .tuple(let items): items.contains(where: \.holdsSize)
        default: false
        }
    }
}

/// An activation or function of the language by its name, with the numbers that it is given.
struct FunctionName: Hashable {
    struct Given: Hashable {
        var name: String
        var value: Double
    }
    var name: String
    var given: [Given] = []
    /// Whether what is given is all that can be, so that it needs no name in a call.
    var takesOneNumber = false
}
