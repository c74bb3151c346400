import Graph

/// A word, number or sign of a kernel's text.
struct KernelToken {
    enum Kind: Equatable {
        /// A bare word: a keyword or a name.
        case word(String)
        /// A name in quotes.
        case name(String)
        /// The digits of a number, with no sign.
        case number(String)
        /// `%7`; nil if the number is too large.
        case register(Int?)
        case sign(String)
        case end
    }

    var kind: Kind
    /// The offset of the first byte.
    var offset: Int

    /// The token as a message shows it.
    var phrase: String {
        switch kind {
        case .word(let text), .number(let text), .sign(let text): "'\(text)'"
        case .name(let text): "'\"\(text)\"'"
        case .register(let index): "'%\(index.map(String.init) ?? "...")'"
        case .end: "the end of the text"
        }
    }
}

/// Splits a kernel's text into tokens, on demand. Line breaks only separate; `#` begins a comment that ends with the line.
struct KernelLexer {
    private var scanner: TextScanner

    init(_ text: String) { scanner = TextScanner(text) }

    /// The signs, of which none begins like a later one.
    private static let signs = ["..<", "<=", "=="] + "()[]{},:=<+-*/%@".map(String.init)

    /// An error at a byte of the text.
    func error(at offset: Int, _ message: String, repair: String? = nil) -> KernelError {
        .text(scanner.error(message, repair: repair, at: offset))
    }

    mutating func next() throws(KernelError) -> KernelToken {
        scanner.skipLines()
        let offset = scanner.offset
        do {
            return KernelToken(kind: try kind(), offset: offset)
        } catch {
            throw .text(error)
        }
    }

    private mutating func kind() throws(TextError) -> KernelToken.Kind {
        if scanner.isAtEnd { return .end }
        if scanner.sees("\"") { return .name(try scanner.quoted()) }
        if scanner.seesName() { return .word(try scanner.name("a word")) }
        if scanner.seesDigit() { return .number(scanner.numeral()) }
        if scanner.sees("%"), scanner.seesDigit(1) {
            try scanner.expect("%")
            return .register(Int(scanner.digits()))
        }
        for sign in Self.signs where scanner.accept(sign) { return .sign(sign) }
        throw scanner.error("a kernel's text has no use for this character")
    }
}
