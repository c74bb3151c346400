import Source

/// What is wrong with a text that a reader of this compiler was given: where, and how to repair it.
public struct TextError: Mistake, Hashable {
    /// The place as a UTF-8 offset, for a `Span`.
    public var offset: Int
    /// From 1, as is `column`, which counts bytes.
    public var line: Int
    public var column: Int
    public var message: String
    public var repair: String?

    public var description: String { "\(line):\(column): \(message)" + (repair.map { "; \($0)" } ?? "") }

    public var diagnostic: Diagnostic { Diagnostic("\(line):\(column): \(message)", at: .none, help: repair) }

    /// The error as a diagnostic about `file`, the text that was read.
    public func diagnostic(in file: FileID) -> Diagnostic {
        Diagnostic(message, at: Span(file: file, offset..<offset), help: repair)
    }
}

/// Reads tokens off a text line by line, for the readers of graphs and kernels.
///
/// Every read skips blanks, never leaves the text and reports what it expected. Numbers are bounded, so that what is read can be
/// multiplied without overflow.
public struct TextScanner {
    public let bytes: [UInt8]
    public private(set) var offset = 0
    /// What is known of the symbols in shapes, by their names.
    public var symbols: [String: SizeSymbol] = [:]

    /// The largest magnitude of an integer: products of two still fit in 64 bits.
    public static let integerLimit = Int(Int32.max)

    public init(_ text: String) { bytes = Array(text.utf8) }

    /// The error `message` at `offset`, by default where the scanner stands.
    public func error(_ message: String, repair: String? = nil, at place: Int? = nil) -> TextError {
        let place = min(place ?? offset, bytes.count)
        let newline = UInt8(ascii: "\n")
        let lineStart = (bytes[..<place].lastIndex(of: newline) ?? -1) + 1
        let line = bytes[..<place].reduce(1) { $1 == newline ? $0 + 1 : $0 }
        return TextError(offset: place, line: line, column: place - lineStart + 1, message: message, repair: repair)
    }

    public var isAtEnd: Bool { offset >= bytes.count }

    private func byte(_ distance: Int = 0) -> UInt8 {
        let index = offset + distance
        return index < bytes.count ? bytes[index] : 0
    }

    /// Skips spaces and tabs, then returns where the next token begins.
    @discardableResult
    public mutating func skipBlanks() -> Int {
        while byte() == UInt8(ascii: " ") || byte() == UInt8(ascii: "\t") || byte() == UInt8(ascii: "\r") { offset += 1 }
        return offset
    }

    /// Skips line breaks, blank lines and lines that are comments: those whose first character is `#`.
    public mutating func skipLines() {
        while true {
            skipBlanks()
            if byte() == UInt8(ascii: "#") {
                while !isAtEnd, byte() != UInt8(ascii: "\n") { offset += 1 }
            }
            guard !isAtEnd, byte() == UInt8(ascii: "\n") else { return }
            offset += 1
        }
    }

    /// Requires that nothing more stands on the line, and goes on to the next.
    public mutating func endLine() throws(TextError) {
        skipBlanks()
        guard !isAtEnd else { return }
        guard byte() == UInt8(ascii: "\n") else { throw error("expected the end of the line, found \(found)") }
        offset += 1
    }

    /// Whether the next characters are `token`, which is not taken.
    public mutating func sees(_ token: String) -> Bool {
        skipBlanks()
        return startsHere(token)
    }

    private func startsHere(_ token: String) -> Bool {
        let expected = token.utf8
        guard byte() == expected.first, bytes.count - offset >= expected.count, zip(bytes[offset...], expected).allSatisfy({ $0 == $1 })
        else { return false }
        // A word ends where it ends: `if` is not the beginning of `iffy`.
        guard let last = expected.last, Self.isNameByte(last) else { return true }
        return !Self.isNameByte(byte(expected.count))
    }

    /// Takes `token` if it comes next.
    public mutating func accept(_ token: String) -> Bool {
        guard sees(token) else { return false }
        offset += token.utf8.count
        return true
    }

    public mutating func expect(_ token: String) throws(TextError) {
        guard accept(token) else { throw error("expected '\(token)', found \(found)") }
    }

    /// Whether a name comes next.
    public mutating func seesName() -> Bool {
        skipBlanks()
        return Self.isNameStart(byte()) || byte() == UInt8(ascii: "\"")
    }

    /// Whether a digit stands `distance` bytes on.
    public func seesDigit(_ distance: Int = 0) -> Bool { Self.isDigit(byte(distance)) }

    /// A name such as `layer1.0.conv1`, or any text in quotes.
    public mutating func name(_ what: String) throws(TextError) -> String {
        skipBlanks()
        if byte() == UInt8(ascii: "\"") { return try quoted() }
        guard Self.isNameStart(byte()) else { throw error("expected \(what), found \(found)") }
        return take(while: Self.isNameByte)
    }

    /// A text in double quotes; `\"`, `\\` and `\n` stand for a quote, a backslash and a line break.
    public mutating func quoted() throws(TextError) -> String {
        try expect("\"")
        let start = offset - 1
        var content: [UInt8] = []
        while byte() != UInt8(ascii: "\"") {
            guard !isAtEnd, byte() != UInt8(ascii: "\n") else { throw error("this quote is not closed", repair: "add '\"'", at: start) }
            var next = byte()
            if next == UInt8(ascii: "\\") {
                offset += 1
                switch byte() {
                case UInt8(ascii: "n"): next = UInt8(ascii: "\n")
                case UInt8(ascii: "\\"), UInt8(ascii: "\""): next = byte()
                default: throw error("unknown escape in a quoted text", repair: "write '\\\\' for a backslash")
                }
            }
            content.append(next)
            offset += 1
        }
        offset += 1
        return String(decoding: content, as: UTF8.self)
    }

    /// A whole number within `range`.
    public mutating func integer(
        _ what: String, in range: ClosedRange<Int> = -integerLimit...integerLimit
    ) throws(TextError) -> Int {
        let start = skipBlanks()
        var digits = ""
        if byte() == UInt8(ascii: "-"), seesDigit(1) {
            digits = "-"
            offset += 1
        }
        digits += self.digits()
        guard digits.last?.isNumber == true else { throw error("expected \(what), found \(found)", at: start) }
        guard let value = Int(digits), range.contains(value) else {
            throw error("\(what) must lie in \(range.lowerBound)...\(range.upperBound), not \(digits)", at: start)
        }
        return value
    }

    /// A number without its sign.
    public mutating func unsignedNumber() throws(TextError) -> Double {
        let start = skipBlanks()
        if accept("inf") { return .infinity }
        if accept("nan") { return .nan }
        guard let value = Double(numeral()) else { throw error("expected a number, found \(found)", at: start) }
        return value
    }

    /// The digits that stand here, perhaps none.
    public mutating func digits() -> String { take(while: Self.isDigit) }

    /// The digits that stand here, with a fraction and an exponent if they follow.
    public mutating func numeral() -> String {
        var text = digits()
        if byte() == UInt8(ascii: "."), seesDigit(1) {
            offset += 1
            text += "." + digits()
        }
        if byte() == UInt8(ascii: "e") || byte() == UInt8(ascii: "E") {
            let isSigned = byte(1) == UInt8(ascii: "-") || byte(1) == UInt8(ascii: "+")
            if seesDigit(isSigned ? 2 : 1) {
                text += isSigned && byte(1) == UInt8(ascii: "-") ? "e-" : "e"
                offset += isSigned ? 2 : 1
                text += digits()
            }
        }
        return text
    }

    /// A number with or without a sign.
    public mutating func number() throws(TextError) -> Double {
        accept("-") ? -(try unsignedNumber()) : try unsignedNumber()
    }

    private mutating func take(while condition: (UInt8) -> Bool) -> String {
        let start = offset
        while !isAtEnd, condition(byte()) { offset += 1 }
        return String(decoding: bytes[start..<offset], as: UTF8.self)
    }

    /// What stands here, in words.
    public var found: String {
        guard !isAtEnd else { return "the end of the text" }
        if byte() == UInt8(ascii: "\n") { return "the end of the line" }
        let isWord = Self.isNameByte(byte())
        let rest = bytes[offset...].prefix(isWord ? 40 : 1)
        return "'" + String(decoding: isWord ? rest.prefix(while: Self.isNameByte) : rest, as: UTF8.self) + "'"
    }

    static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    static func isNameStart(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
            || byte == UInt8(ascii: "_")
    }

    static func isNameByte(_ byte: UInt8) -> Bool { isNameStart(byte) || isDigit(byte) || byte == UInt8(ascii: ".") }

    /// `name` as `name(_:)` reads it: bare if it can be, else in quotes.
    public static func text(ofName name: String) -> String {
        if let first = name.utf8.first, isNameStart(first), name.utf8.allSatisfy(isNameByte) { return name }
        return quoted(name)
    }

    /// `text` as `quoted()` reads it.
    public static func quoted(_ text: String) -> String {
        var result = "\""
        for character in text.unicodeScalars {
            switch character {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(character)
            }
        }
        return result + "\""
    }

    /// `value` as `number()` reads it, to the last bit; whole numbers without a point. All that are no numbers are the same.
    public static func text(ofNumber value: Double) -> String {
        if value.isNaN { return "nan" }
        if value == value.rounded(), abs(value) < 1e15, !(value == 0 && value.sign == .minus) { return "\(Int(value))" }
        return "\(value)"
    }
}
