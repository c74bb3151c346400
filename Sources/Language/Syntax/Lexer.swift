import Source

/// The tokens of a file, with what was left out between them.
public struct LexedFile: Sendable {
    /// Ends in an `endOfFile` token.
    public var tokens: [Token]
    /// The plain `#` comments, for the formatter.
    public var comments: [Span]
    public var diagnostics: [Diagnostic]
}

/// Cuts a source text into tokens; what is no token is reported and left out.
public struct Lexer {
    /// Up to the end of what is read, from the file's first byte on.
    private let bytes: ArraySlice<UInt8>
    private let file: FileID
    private var offset = 0
    private var startsLine = true
    private var followsSpace = true
    private var result = LexedFile(tokens: [], comments: [], diagnostics: [])

    private init(_ source: SourceFile, _ file: FileID, in range: Range<Int>) {
        bytes = source.bytes[..<range.upperBound]
        offset = range.lowerBound
        self.file = file
    }

    public static func lex(_ source: SourceFile, as file: FileID) -> LexedFile {
        var lexer = Lexer(source, file, in: 0..<source.bytes.count)
        // A byte-order mark says nothing in UTF-8.
        if source.bytes.starts(with: [0xEF, 0xBB, 0xBF]) { lexer.offset = 3 }
        while lexer.next() {}
        return lexer.result
    }

    /// The tokens of a part of a file.
    static func lex(_ source: SourceFile, as file: FileID, in range: Range<Int>) -> LexedFile {
        var lexer = Lexer(source, file, in: range)
        lexer.startsLine = false
        while lexer.next() {}
        return lexer.result
    }

    private func byte(_ ahead: Int = 0) -> UInt8? { offset + ahead < bytes.endIndex ? bytes[offset + ahead] : nil }

    /// Reads one token, comment or blank; false after the end of the file.
    private mutating func next() -> Bool {
        let start = offset
        guard let first = byte() else {
            add(.endOfFile, from: start)
            return false
        }
        switch first {
        case UInt8(ascii: "\n"):
            offset += 1
            startsLine = true
            followsSpace = true
        case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"):
            offset += 1
            followsSpace = true
        case UInt8(ascii: "#"):
            skipLine()
            result.comments.append(Span(file: file, start..<offset))
        case UInt8(ascii: "/") where byte(1) == UInt8(ascii: "/"):
            let isDocumentation = byte(2) == UInt8(ascii: "/")
            skipLine()
            if isDocumentation {
                add(.documentation, from: start)
            } else {
                report("`//` does not begin a comment", start..<start + 2, help: "comments begin with `#`, doc comments with `///`")
            }
        case UInt8(ascii: "\""): text()
        case _ where first.isDigit: number()
        case _ where first.isNameStart: name()
        default: mark()
        }
        return true
    }

    private mutating func skipLine() {
        while let byte = byte(), byte != UInt8(ascii: "\n") { offset += 1 }
        if offset > 0, bytes[offset - 1] == UInt8(ascii: "\r") { offset -= 1 }
    }

    private mutating func name() {
        let start = offset
        while let byte = byte(), byte.isNameStart || byte.isDigit { offset += 1 }
        add(TokenKind.keywords[String(decoding: bytes[start..<offset], as: UTF8.self)] ?? .name, from: start)
    }

    private mutating func number() {
        let start = offset
        var kind = TokenKind.integer
        skipDigits()
        if byte() == UInt8(ascii: "."), byte(1)?.isDigit == true {
            kind = .number
            offset += 1
            skipDigits()
        }
        if byte() == UInt8(ascii: "e") || byte() == UInt8(ascii: "E") {
            let hasSign = byte(1) == UInt8(ascii: "-") || byte(1) == UInt8(ascii: "+")
            if byte(hasSign ? 2 : 1)?.isDigit == true {
                kind = .number
                offset += hasSign ? 2 : 1
                skipDigits()
            }
        }
        if byte()?.isNameStart == true {
            while let byte = byte(), byte.isNameStart || byte.isDigit { offset += 1 }
            let spelling = String(decoding: bytes[start..<offset], as: UTF8.self)
            report("`\(spelling)` is neither a number nor a name", start..<offset, help: "names begin with a letter or `_`")
            kind = .name
        }
        add(kind, from: start)
    }

    private mutating func skipDigits() {
        while byte()?.isDigit == true { offset += 1 }
    }

    private mutating func text() {
        let start = offset
        offset += 1
        while let byte = byte(), byte != UInt8(ascii: "\"") {
            if byte == UInt8(ascii: "\n") { break }
            offset += byte == UInt8(ascii: "\\") && self.byte(1) != nil && self.byte(1) != UInt8(ascii: "\n") ? 2 : 1
        }
        if byte() == UInt8(ascii: "\"") {
            offset += 1
        } else {
            report("this text does not end on its line", start..<offset, help: "close it with `\"`")
        }
        add(.text, from: start)
    }

    /// All marks; a longer one stands before its beginnings.
    static let marks: [TokenKind] = [
        .rangeBelow, .rangeThrough, .pipe, .equalEqual, .notEqual, .lessOrEqual, .greaterOrEqual, .leftParenthesis, .rightParenthesis,
        .leftBracket, .rightBracket, .leftBrace, .rightBrace, .comma, .colon, .semicolon, .dot, .equal, .less, .greater, .plus, .minus,
        .star, .slash, .percent,
    ]

    private mutating func mark() {
        let start = offset
        if let foreign = ForeignSpelling.marks.first(where: { bytes[start...].starts(with: $0.mark.utf8) }) {
            offset += foreign.mark.utf8.count
            report("`\(foreign.mark)` has no meaning here", start..<offset, help: foreign.repair)
            add(.unreadable, from: start)
            return
        }
        for kind in Self.marks where bytes[start...].starts(with: kind.rawValue.utf8) {
            offset += kind.rawValue.utf8.count
            add(kind, from: start)
            return
        }
        if foreignText() { return }
        // One report for a run of bytes that begin nothing.
        while let byte = byte(), !byte.beginsSomething, offset == start || !bytes[offset...].starts(with: "|>".utf8) { offset += 1 }
        if offset == start { offset += 1 }
        let spelling = String(decoding: bytes[start..<offset].prefix(24), as: UTF8.self)
        report("\(ForeignSpelling.phrase(spelling)) has no meaning here", start..<offset, help: ForeignSpelling.repair(spelling))
        add(.unreadable, from: start)
    }

    /// Reads a text in quotes that are not the language's, if one ends on this line: reported once, for both of its quotes.
    private mutating func foreignText() -> Bool {
        let start = offset
        guard let quote = ForeignSpelling.quotes.first(where: { bytes[start...].starts(with: $0.utf8) }) else { return false }
        let line = bytes[start...].prefix { $0 != UInt8(ascii: "\n") }
        let inside = start + quote.utf8.count
        for end in inside..<max(inside, line.endIndex) {
            guard let close = ForeignSpelling.quotes.first(where: { bytes[end...].starts(with: $0.utf8) }) else { continue }
            offset = end + close.utf8.count
            report("`\(quote)` does not begin a text", start..<offset, help: "texts stand in straight double quotes: `\"…\"`")
            add(.text, from: start)
            return true
        }
        return false
    }

    private mutating func add(_ kind: TokenKind, from start: Int) {
        result.tokens.append(
            Token(kind: kind, span: Span(file: file, start..<offset), startsLine: startsLine, followsSpace: followsSpace))
        startsLine = false
        followsSpace = false
    }

    private mutating func report(_ message: String, _ range: Range<Int>, help: String?) {
        result.diagnostics.append(Diagnostic(message, at: Span(file: file, range), help: help))
    }
}

extension UInt8 {
    fileprivate var isDigit: Bool { self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9") }

    fileprivate var isNameStart: Bool {
        self == UInt8(ascii: "_") || (self | 0x20) >= UInt8(ascii: "a") && (self | 0x20) <= UInt8(ascii: "z")
    }

    /// Whether a token, comment or blank can begin with the byte.
    fileprivate var beginsSomething: Bool {
        isDigit || isNameStart || " \t\r\n#\"()[]{},:;.=<>+-*/%".utf8.contains(self)
    }
}

extension LexedFile {
    /// One line a token: `line:column  kind  text`.
    public func printed(_ map: SourceMap) -> String {
        var lines: [String] = []
        for token in tokens {
            let place = map.location(of: token.span).map { "\($0.line):\($0.column)" } ?? "?"
            let kind = "\(token.kind)"
            let text = token.kind == .endOfFile ? "" : map.text(of: token.span) ?? ""
            let padded = place + String(repeating: " ", count: max(1, 10 - place.count)) + kind
            lines.append(text.isEmpty ? padded : padded + String(repeating: " ", count: max(1, 30 - padded.count)) + text)
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
