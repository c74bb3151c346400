import Source

/// A parsed file: whatever could be read, and everything that could not.
public struct ParsedFile: Sendable {
    public var lexed: LexedFile
    public var syntax: FileSyntax
    /// The lexer's and the parser's.
    public var diagnostics: [Diagnostic]
}

/// A hand-written recursive-descent parser. It never fails: a statement that it cannot read is reported, once, and skipped.
public struct Parser {
    /// Thrown after a report, to the nearest statement or clause, which skips to where the next one begins.
    struct Unreadable: Error {}

    /// Expressions, bodies and operator chains nest no deeper, so that hostile sources cannot exhaust the stack.
    static let maximumDepth = 128

    let source: SourceFile
    let tokens: [Token]
    /// Doc comments by the index of the token that follows.
    private var documentation: [Int: String] = [:]
    private(set) var position = 0
    /// Open parentheses and brackets within the innermost braces: line breaks mean nothing inside.
    var parentheses = 0
    private var depth = 0
    /// Set once nesting was too deep: what follows is not read, so nothing can be said about it.
    private(set) var hasGivenUp = false
    /// How many parentheses were open at the last report, for `synchronize`.
    private var openAtFailure = 0
    /// Where the statement or clause being read begins; one that fails there has read nothing.
    var statementStart = 0
    /// Whether the definition being read is known to lack a brace: one missing brace leaves every body around it open.
    private var lacksBrace = false
    /// The last braces of the definition being read that match, and whose lines begin in different columns.
    private var oddBraces: (open: Token, close: Token)?
    private(set) var diagnostics: [Diagnostic] = []
    /// Whether what is read are the braces of a text, not a file.
    private var endsWithBrace = false

    private init(_ source: SourceFile, _ lexed: LexedFile) {
        self.source = source
        var tokens: [Token] = []
        for token in lexed.tokens {
            if token.kind == .documentation {
                var text = source.text(in: token.span.range).dropFirst(3)
                if text.hasPrefix(" ") { text.removeFirst() }
                while text.last == " " || text.last == "\t" { text.removeLast() }
                let line = String(text)
                documentation[tokens.count] = documentation[tokens.count].map { $0 + "\n" + line } ?? line
            } else {
                // What stands before a `;` documents what comes after it: an empty statement is nothing.
                if token.kind == .semicolon, let waiting = documentation.removeValue(forKey: tokens.count) {
                    documentation[tokens.count + 1] = waiting
                }
                tokens.append(token)
            }
        }
        self.tokens = tokens
    }

    /// Reads what stands within another one's token.
    init(_ source: SourceFile, _ lexed: LexedFile, inside other: Parser) {
        self.init(source, lexed)
        diagnostics = lexed.diagnostics
        depth = other.depth
        parentheses = 1
        endsWithBrace = true
    }

    /// Takes over what one that read within a token has reported.
    mutating func take(over inner: Parser) {
        diagnostics += inner.diagnostics
        hasGivenUp = hasGivenUp || inner.hasGivenUp
    }

    public static func parse(_ source: SourceFile, as file: FileID) -> ParsedFile {
        let lexed = Lexer.lex(source, as: file)
        var parser = Parser(source, lexed)
        let syntax = parser.file()
        return ParsedFile(lexed: lexed, syntax: syntax, diagnostics: (lexed.diagnostics + parser.diagnostics).inReadingOrder())
    }
}

// MARK: - Tokens

extension Parser {
    var current: Token { tokens[position] }
    var previous: Token { tokens[max(0, position - 1)] }

    /// The token `ahead` of the current one; the end of the file beyond it.
    func peek(_ ahead: Int = 1) -> Token { tokens[min(position + ahead, tokens.count - 1)] }

    func at(_ kind: TokenKind) -> Bool { current.kind == kind }

    func text(of token: Token) -> String { source.text(in: token.span.range) }

    /// Whether `token` is the contextual word `word`.
    func isWord(_ word: String, _ token: Token) -> Bool { token.kind == .name && text(of: token) == word }

    @discardableResult
    mutating func advance() -> Token {
        let token = current
        if token.kind != .endOfFile { position += 1 }
        return token
    }

    /// Goes back to a token that was read as what it is not.
    mutating func goBack(to position: Int) { self.position = position }

    mutating func take(_ kind: TokenKind) -> Token? { at(kind) ? advance() : nil }

    mutating func expect(_ kind: TokenKind, _ purpose: String, help: String? = nil) throws(Unreadable) -> Token {
        guard let token = take(kind) else { throw expected(kind.phrase + " " + purpose, help: help) }
        return token
    }

    mutating func expectName(_ purpose: String) throws(Unreadable) -> NameSyntax {
        if let token = take(.name) { return NameSyntax(text: text(of: token), span: token.span) }
        if TokenKind.keywords.values.contains(current.kind), !current.startsLine {
            throw fail(
                "`\(current.kind.rawValue)` is a keyword and cannot be the name of \(purpose)", at: current.span,
                help: "choose another name")
        }
        throw expected("the name of " + purpose)
    }

    /// The doc comment before the current token, and "" where there is none.
    func currentDocumentation() -> String { documentation[position] ?? "" }

    func span(from start: Span) -> Span { start.joined(to: previous.span) }
}

// MARK: - Errors

extension Parser {
    /// Reports and returns the error to throw; of several reports at one place only the first counts.
    mutating func fail(
        _ message: String, at span: Span, label: String = "", secondary: [Diagnostic.Label] = [], help: String? = nil
    ) -> Unreadable {
        openAtFailure = parentheses
        if !hasGivenUp, current.kind != .unreadable || span != current.span, diagnostics.last?.primary.span != span {
            diagnostics.append(Diagnostic(message, at: span, label: label, secondary: secondary, help: help))
        }
        return Unreadable()
    }

    /// Reports that something else was expected where the current token stands.
    mutating func expected(_ what: String, secondary: [Diagnostic.Label] = [], help: String? = nil) -> Unreadable {
        let isElsewhere = position > 0 && (current.startsLine || at(.endOfFile))
        let place = isElsewhere ? previous.span.end : current.span
        let found =
            at(.endOfFile)
            ? (endsWithBrace ? "the braces end" : "the file ends") : isElsewhere ? "the line ends" : "found " + describe(current)
        return fail("expected \(what)", at: place, label: found, secondary: secondary, help: help)
    }

    private func describe(_ token: Token) -> String {
        switch token.kind {
        case .name, .integer, .number: "`\(text(of: token))`"
        default: token.kind.phrase
        }
    }

    /// Reports a body that the file, or the next definition, cuts short; once a definition.
    mutating func reportUnclosed(_ open: Token) {
        if !lacksBrace {
            if let odd = oddBraces, odd.open.span != open.span {
                _ = fail(
                    "this `{` is never closed", at: odd.open.span,
                    secondary: [Diagnostic.Label(odd.close.span, "this closes it, but is indented as if for another")],
                    help: "add the missing `}`")
            } else {
                _ = fail("this `{` is never closed", at: open.span, help: "add the missing `}`")
            }
        }
        lacksBrace = true
    }

    mutating func beginDefinition() {
        lacksBrace = false
        oddBraces = nil
    }

    /// Remembers braces whose closing one begins a line further left than the line of the opening one: where one is missing, they are
    /// likely to be those.
    mutating func noteIndentation(_ open: Token, _ close: Token) {
        guard close.startsLine, indentation(of: close) < indentation(of: open) else { return }
        oddBraces = oddBraces ?? (open, close)
    }

    /// The blanks before the first token of a token's line.
    private func indentation(of token: Token) -> Int {
        let line = source.lineRange(source.lineIndex(at: Int(token.span.lower)))
        return source.bytes[line].prefix { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }.count
    }

    /// Runs `body` one level deeper; too deep a nesting is reported once and ends the file.
    mutating func nested<Result>(_ body: (inout Parser) throws(Unreadable) -> Result) throws(Unreadable) -> Result {
        try deepen()
        defer { depth -= 1 }
        return try body(&self)
    }

    /// Counts a level of the tree; the caller takes it back with `rise`.
    mutating func deepen() throws(Unreadable) {
        guard depth < Self.maximumDepth else {
            let error = fail(
                "nested too deeply", at: current.span, help: "name a part with `let`; \(Self.maximumDepth) levels are the limit")
            position = tokens.count - 1
            hasGivenUp = true
            throw error
        }
        depth += 1
    }

    mutating func rise(_ levels: Int) { depth -= levels }

    /// Skips to where the next statement of the innermost braces can begin, or to their end.
    mutating func synchronize() {
        parentheses = 0
        var braces = 0
        var open = openAtFailure
        openAtFailure = 0
        // What is missing at the end of a line does not cost the next one.
        if position > statementStart, current.startsLine, startsStatement(open: open) { return }
        while !at(.endOfFile) {
            if current.startsLine, startsDefinition(at: position) { return }
            switch current.kind {
            case .leftBrace: braces += 1
            case .rightBrace:
                if braces == 0 { return }
                braces -= 1
            case .leftParenthesis, .leftBracket: open += 1
            case .rightParenthesis, .rightBracket: open -= 1
            case .semicolon where braces == 0 && open <= 0: return
            default: break
            }
            advance()
            if current.startsLine, braces == 0, startsStatement(open: open) { return }
        }
    }

    private func startsStatement(open: Int) -> Bool {
        switch current.kind {
        case .keywordLet, .keywordVar, .keywordFor: return true
        case .pipe, .keywordElse, .comma, .rightParenthesis, .rightBracket: return false
        case .name where ["output", "input", "precision", "parameter", "state", "update"].contains(text(of: current)):
            return peek().kind == .name
        default: return open <= 0
        }
    }
}
