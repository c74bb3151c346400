import Source

/// The kinds of token; a token's text is what its span covers.
public enum TokenKind: String, Hashable, Sendable {
    case name, integer, number, text
    /// A `///` comment; it documents what follows it.
    case documentation
    case keywordLet = "let"
    case keywordVar = "var"
    case keywordIf = "if"
    case keywordElse = "else"
    case keywordFor = "for"
    case keywordIn = "in"
    case keywordAnd = "and"
    case keywordOr = "or"
    case keywordNot = "not"
    case keywordTrue = "true"
    case keywordFalse = "false"
    case leftParenthesis = "("
    case rightParenthesis = ")"
    case leftBracket = "["
    case rightBracket = "]"
    case leftBrace = "{"
    case rightBrace = "}"
    case comma = ","
    case colon = ":"
    case semicolon = ";"
    case dot = "."
    case rangeBelow = "..<"
    case rangeThrough = "..."
    case pipe = "|>"
    case equal = "="
    case equalEqual = "=="
    case notEqual = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case plus = "+"
    case minus = "-"
    case star = "*"
    case slash = "/"
    case percent = "%"
    /// Bytes that are no token; the lexer has reported them.
    case unreadable
    case endOfFile

    /// The reserved words, by spelling. (`block`, `network`, `input` and the like are words only where they can begin something.)
    static let keywords: [String: TokenKind] = Dictionary(
        uniqueKeysWithValues: [
            keywordLet, keywordVar, keywordIf, keywordElse, keywordFor, keywordIn, keywordAnd, keywordOr, keywordNot, keywordTrue,
            keywordFalse,
        ].map { ($0.rawValue, $0) })

    /// The spellings of the reserved words.
    public static let reservedWords: [String] = keywords.keys.sorted()

    /// The spellings of the marks; a longer one stands before its beginnings.
    public static let marks: [String] = Lexer.marks.map(\.rawValue)

    /// Whether a value can begin with the token.
    var canBeginValue: Bool {
        switch self {
        case .name, .integer, .number, .text, .keywordIf, .keywordNot, .keywordTrue, .keywordFalse, .leftParenthesis, .leftBracket: true
        default: false
        }
    }

    /// Whether a label can begin with the token.
    var canBeginLabel: Bool {
        switch self {
        case .name, .integer, .number, .leftBrace: true
        default: false
        }
    }

    /// How a diagnostic calls the token.
    var phrase: String {
        switch self {
        case .name: "a name"
        case .integer: "an integer"
        case .number: "a number"
        case .text: "a text"
        case .documentation: "a doc comment"
        case .unreadable: "what cannot be read"
        case .endOfFile: "the end of the file"
        default: "`\(rawValue)`"
        }
    }
}

/// A word, number or mark of the source text.
public struct Token: Hashable, Sendable {
    public var kind: TokenKind
    public var span: Span
    /// Whether only blanks stand before it on its line.
    public var startsLine: Bool
    /// Whether a blank or line break stands just before it.
    public var followsSpace: Bool
}
