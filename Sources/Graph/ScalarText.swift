/// The names of functions in expressions, here and in the language.
extension UnaryFunction {
    public var textName: String {
        switch self {
        case .negate: "-"
        case .absolute: "abs"
        case .reciprocal: "reciprocal"
        case .squareRoot: "sqrt"
        case .exponential: "exp"
        case .logarithm: "log"
        case .hyperbolicTangent: "tanh"
        case .errorFunction: "erf"
        case .floor: "floor"
        case .exponentialMinusOne: "expm1"
        case .logarithmOfOnePlus: "log1p"
        case .logistic: "sigmoid"
        case .softplus: "softplus"
        case .gaussian: "gaussian"
        case .normalDistribution: "normal_cdf"
        }
    }
}

extension BinaryFunction {
    public var textName: String {
        switch self {
        case .add: "+"
        case .subtract: "-"
        case .multiply: "*"
        case .divide: "/"
        case .maximum: "max"
        case .minimum: "min"
        }
    }
}

extension Comparison {
    public var textName: String {
        switch self {
        case .less: "<"
        case .lessOrEqual: "<="
        case .equal: "=="
        }
    }
}

/// How tightly the parts of an expression hold together.
private enum Precedence: Int, Comparable {
    case whole, sum, product, prefix, primary
    static func < (a: Precedence, b: Precedence) -> Bool { a.rawValue < b.rawValue }
    var next: Precedence { Precedence(rawValue: rawValue + 1) ?? .primary }
}

extension Scalar {
    /// The expression as infix text; argument `i` appears as `arguments[i]`, or as `$i` where there is no such name.
    ///
    /// Coordinates are `@axis`. `Scalar(reading:arguments:)` reads it back to an equal expression.
    public func text(arguments: [String] = []) -> String { text(arguments, within: .whole) }

    private func text(_ names: [String], within outer: Precedence) -> String {
        func part(_ child: Scalar, _ precedence: Precedence) -> String { child.text(names, within: precedence) }
        func wrapped(_ text: String, _ own: Precedence) -> String { own < outer ? "(\(text))" : text }
        switch self {
        case .constant(let value): return TextScanner.text(ofNumber: value)
        case .argument(let index): return index < names.count ? names[index] : "$\(index)"
        case .coordinate(let axis): return "@\(axis)"
        case .unary(.negate, .constant(let value)): return wrapped("-(\(TextScanner.text(ofNumber: value)))", .prefix)
        case .unary(.negate, let a): return wrapped("-" + part(a, .primary), .prefix)
        case .unary(let function, let a): return "\(function.textName)(\(part(a, .whole)))"
        case .binary(let function, let a, let b):
            switch function {
            case .add, .subtract, .multiply, .divide:
                let own: Precedence = function == .add || function == .subtract ? .sum : .product
                return wrapped("\(part(a, own)) \(function.textName) \(part(b, own.next))", own)
            case .maximum, .minimum: return "\(function.textName)(\(part(a, .whole)), \(part(b, .whole)))"
            }
        case .select(let comparison, let a, let b, let then, let otherwise):
            let condition = "\(part(a, .whole)) \(comparison.textName) \(part(b, .whole))"
            return wrapped("if \(condition) { \(part(then, .whole)) } else { \(part(otherwise, .whole)) }", .whole)
        case .uniform(let seed, let stream): return "uniform(\(part(seed, .whole)), \(stream))"
        }
    }
}

extension ScalarFunction {
    /// The parameters' names where they are unambiguous words, else `$index`.
    var argumentNames: [String] {
        parameters.enumerated().map { index, name in
            let isWord = name.utf8.first.map(TextScanner.isNameStart) == true && !name.utf8.contains(UInt8(ascii: "."))
            let isUsable = isWord && TextScanner.text(ofName: name) == name && !ScalarReader.reserved.contains(name)
            return isUsable && parameters.filter { $0 == name }.count == 1 ? name : "$\(index)"
        }
    }

    /// `relu(x) = max(x, 0)`.
    public var text: String {
        let header = parameters.map(TextScanner.text(ofName:)).joined(separator: ", ")
        return "\(TextScanner.text(ofName: name))(\(header)) = \(body.text(arguments: argumentNames))"
    }

    /// Reads what `text` prints; stops after the expression.
    public init(reading scanner: inout TextScanner) throws(TextError) {
        let start = scanner.skipBlanks()
        let name = try scanner.name("the name of a scalar function")
        try scanner.expect("(")
        var parameters: [String] = []
        while !scanner.accept(")") {
            if !parameters.isEmpty { try scanner.expect(",") }
            parameters.append(try scanner.name("a parameter's name"))
            guard parameters.count <= 64 else { throw scanner.error("'\(name)' has more than 64 parameters") }
        }
        try scanner.expect("=")
        // Bodies may only use the parameters; the initializer below would trap on others.
        let names = ScalarFunction(name, parameters, 0).argumentNames
        let body = try Scalar(reading: &scanner, arguments: names)
        guard body.arity <= parameters.count else {
            throw scanner.error("'\(name)' uses $\(body.arity - 1) but has \(parameters.count) parameters", at: start)
        }
        self.init(name, parameters, body)
    }
}

extension Scalar {
    /// Reads an expression as `text(arguments:)` prints it, node for node: nothing is simplified.
    public init(reading scanner: inout TextScanner, arguments: [String] = []) throws(TextError) {
        var reader = ScalarReader(scanner: scanner, arguments: arguments)
        self = try reader.sum().scalar
        scanner = reader.scanner
    }
}

/// Reads expressions by recursive descent, no deeper than other recursions over expressions can bear.
struct ScalarReader {
    struct Part {
        var scalar: Scalar
        var depth: Int
    }

    static let depthLimit = 400
    private static let unaryByName = Dictionary(uniqueKeysWithValues: UnaryFunction.allCases.map { ($0.textName, $0) })
    private static let binaryByName: [String: BinaryFunction] = ["max": .maximum, "min": .minimum]
    /// Words that cannot be names of arguments.
    static let reserved = Set(unaryByName.keys).union(binaryByName.keys).union(["if", "else", "inf", "nan", "uniform"])

    var scanner: TextScanner
    let arguments: [String]
    private var nesting = 0

    init(scanner: TextScanner, arguments: [String]) {
        self.scanner = scanner
        self.arguments = arguments
    }

    private func checked(_ scalar: Scalar, _ parts: Part...) throws(TextError) -> Part {
        let depth = 1 + (parts.map(\.depth).max() ?? 0)
        guard depth <= Self.depthLimit else { throw scanner.error("the expression is nested more than \(Self.depthLimit) deep") }
        return Part(scalar: scalar, depth: depth)
    }

    mutating func sum() throws(TextError) -> Part {
        nesting += 1
        defer { nesting -= 1 }
        guard nesting <= Self.depthLimit else { throw scanner.error("the expression is nested more than \(Self.depthLimit) deep") }
        var left = try product()
        while true {
            let function: BinaryFunction
            if scanner.accept("+") { function = .add } else if scanner.accept("-") { function = .subtract } else { return left }
            let right = try product()
            left = try checked(.binary(function, left.scalar, right.scalar), left, right)
        }
    }

    private mutating func product() throws(TextError) -> Part {
        var left = try prefix()
        while true {
            let function: BinaryFunction
            if scanner.accept("*") { function = .multiply } else if scanner.accept("/") { function = .divide } else { return left }
            let right = try prefix()
            left = try checked(.binary(function, left.scalar, right.scalar), left, right)
        }
    }

    private mutating func prefix() throws(TextError) -> Part {
        guard scanner.accept("-") else { return try primary() }
        // A minus that touches a number belongs to it.
        if scanner.seesDigit() || scanner.sees("inf") || scanner.sees("nan") {
            return try checked(.constant(-(try scanner.unsignedNumber())))
        }
        let operand = try primary()
        return try checked(.unary(.negate, operand.scalar), operand)
    }

    private mutating func primary() throws(TextError) -> Part {
        let start = scanner.skipBlanks()
        if scanner.accept("(") {
            let inner = try sum()
            try scanner.expect(")")
            return inner
        }
        if scanner.accept("$") { return try checked(.argument(try scanner.integer("an argument's index", in: 0...63))) }
        if scanner.accept("@") { return try checked(.coordinate(try scanner.integer("an axis", in: 0...63))) }
        if scanner.seesDigit() || scanner.sees("inf") || scanner.sees("nan") { return try checked(.constant(try scanner.unsignedNumber())) }
        if scanner.accept("if") { return try conditional() }
        let name = try scanner.name("an expression")
        if scanner.accept("(") {
            let result = try call(name, at: start)
            try scanner.expect(")")
            return result
        }
        guard let index = arguments.firstIndex(of: name) else {
            let known = arguments.joined(separator: ", ")
            throw scanner.error("'\(name)' is not an argument", repair: known.isEmpty ? nil : "there are \(known)", at: start)
        }
        return try checked(.argument(index))
    }

    private mutating func conditional() throws(TextError) -> Part {
        let a = try sum()
        let comparison: Comparison
        if scanner.accept("<=") {
            comparison = .lessOrEqual
        } else if scanner.accept("<") {
            comparison = .less
        } else if scanner.accept("==") {
            comparison = .equal
        } else {
            throw scanner.error("expected '<', '<=' or '==', found \(scanner.found)")
        }
        let b = try sum()
        try scanner.expect("{")
        let then = try sum()
        try scanner.expect("}")
        try scanner.expect("else")
        try scanner.expect("{")
        let otherwise = try sum()
        try scanner.expect("}")
        return try checked(.select(comparison, a.scalar, b.scalar, then: then.scalar, otherwise: otherwise.scalar), a, b, then, otherwise)
    }

    private mutating func call(_ name: String, at start: Int) throws(TextError) -> Part {
        let first = try sum()
        if let function = Self.unaryByName[name] { return try checked(.unary(function, first.scalar), first) }
        if let function = Self.binaryByName[name] {
            try scanner.expect(",")
            let second = try sum()
            return try checked(.binary(function, first.scalar, second.scalar), first, second)
        }
        guard name == "uniform" else {
            let known = Self.reserved.subtracting(["if", "else", "inf", "nan", "-"]).sorted().joined(separator: ", ")
            throw scanner.error("there is no function '\(name)'", repair: "there are \(known)", at: start)
        }
        try scanner.expect(",")
        return try checked(.uniform(seed: first.scalar, stream: try scanner.integer("a stream")), first)
    }
}
