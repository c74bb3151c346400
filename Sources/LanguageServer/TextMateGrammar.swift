import Foundation
import Graph
import Language
import Source

/// The colours of the language for editors that read TextMate grammars: made from the words of the parser and the catalog.
public struct TextMateGrammar: Encodable {
    /// What a piece of text is called, and how it is found.
    public struct Rule: Encodable {
        public struct Capture: Encodable {
            public var name: String
        }
        public var name: String?
        public var match: String?
        public var begin: String?
        public var end: String?
        public var captures: [String: Capture]?
        public var patterns: [Rule]?
    }

    public var scopeName = "source.braid"
    public var name = "Braid"
    public var fileTypes = ["braid"]
    /// Tried in order at every place.
    public var patterns: [Rule]

    /// The reserved words by what they do; together all that the lexer knows.
    public static let reserved: [(scope: String, words: [String])] = [
        ("keyword.control.braid", ["if", "else", "for", "in"]), ("keyword.other.binding.braid", ["let", "var"]),
        ("keyword.operator.word.braid", ["and", "or", "not"]), ("constant.language.braid", ["true", "false"]),
    ]

    /// The grammar of the language as it is.
    public static var standard: TextMateGrammar {
        let program = Program.load(path: "empty", text: "") { _ in nil }
        let callables = program.callables.compactMap { program.describe(callable: $0) }
        func names(_ kinds: CallableDescription.Kind...) -> [String] { callables.filter { kinds.contains($0.kind) }.map(\.name) }
        let name = "[A-Za-z_][A-Za-z0-9_]*"
        // Words that are words only where a statement or clause begins.
        let start = "(?:^|(?<=[{;]))\\s*"

        var rules: [Rule] = [
            .match("///.*$", "comment.line.documentation.braid"), .match("#.*$", "comment.line.number-sign.braid"),
            Rule(
                name: "string.quoted.double.braid", begin: "\"", end: "\"|$",
                patterns: [.match("\\\\.", "constant.character.escape.braid"), .match("\\{[^}\"]*\\}", "meta.embedded.braid")]),
            .match(start + "(import|extern)(?=\\s*\")", captures: "keyword.other.definition.braid"),
            .match(
                start + "(block|activation|operator|network)\\s+(\(name))(?=\\s*[({=])",
                captures: "keyword.other.definition.braid", "entity.name.function.definition.braid"),
            .match(
                start + "(training)\\s+(of)\\s+(\(name))",
                captures: "keyword.other.definition.braid", "keyword.other.definition.braid", "entity.name.function.definition.braid"),
            .match(
                start + "(input|output|target)\\s+(\(name))", captures: "keyword.other.clause.braid", "variable.other.declaration.braid"),
            .match(
                start + "(parameter|state)\\s+(\(name))(?=\\s*:)", captures: "keyword.other.clause.braid",
                "variable.other.declaration.braid"),
            .match(start + "(assert|return)(?=\\s+[A-Za-z0-9_\"(\\[-])", captures: "keyword.other.clause.braid"),
            .match(start + "(update)\\s+(\(name))(?=\\s*=)", captures: "keyword.other.clause.braid", "variable.other.braid"),
            .match(
                start + "(precision)\\s+(?:((?:[A-Za-z0-9_.,\\s]|\\{[^{}|]*\\})+?)\\s*(:)\\s*)?" + any(Precision.allCases.map(\.rawValue)),
                captures: "keyword.other.clause.braid", "entity.name.tag.label.braid", "punctuation.separator.braid", "storage.type.braid"),
            .match("(?<==)\\s*(extern)(?=\\s*\")", captures: "keyword.other.clause.braid"),
            .match("(?<=,)\\s*(gradient)(?=\\s+\(name)\\s*$)", captures: "keyword.other.clause.braid"),
            .match("(labels)(?=\\s*\"[^\"]*\"\\s*(?:=|$|[;}#]))", captures: "keyword.other.clause.braid"),
            .match("(?<=\\])\\s*(prepare)(?=\\s+\(name)\\s*:)", captures: "keyword.other.clause.braid"),
            .match(
                start + any(Parser.contextualClauses) + "(?!\\(|\\s*(?:=(?!=)|[,.:]|\\|>))", captures: "keyword.other.clause.braid"),
            .match(
                "(\\|>)\\s*(share)\\s+((?:[A-Za-z0-9_.]|\\{[^{}|]*\\})+)\\s*(:)",
                captures: "keyword.operator.pipeline.braid", "keyword.other.clause.braid", "entity.name.tag.label.braid",
                "punctuation.separator.braid"),
            .match(
                "(\\|>)\\s*((?:[A-Za-z0-9_.]|\\{[^{}|]*\\})+)\\s*(:)",
                captures: "keyword.operator.pipeline.braid", "entity.name.tag.label.braid", "punctuation.separator.braid"),
            .match("\\b(\(name))\\s*(:)", captures: "variable.parameter.braid", "punctuation.separator.braid"),
            .match(any(ElementType.allCases.map(\.rawValue)) + "(?=\\s*\\[)", captures: "storage.type.braid"),
            .match("\\b[0-9]+(?:\\.[0-9]+(?:[eE][+-]?[0-9]+)?|[eE][+-]?[0-9]+)\\b", "constant.numeric.float.braid"),
            .match("\\b[0-9]+\\b", "constant.numeric.integer.braid"),
        ]
        rules += reserved.map { .match(any($0.words), captures: $0.scope) }
        rules += [
            .match("(?<=\\.)" + any(Program.properties), captures: "support.variable.property.braid"),
            .match(any(names(.activation)), captures: "support.function.activation.braid"),
            .match(any(names(.operator, .function)), captures: "support.function.operator.braid"),
            .match("\\b\(name)(?=\\()", "entity.name.function.call.braid"),
            .match("(?<=\\|>\\s)\(name)\\b", "entity.name.function.call.braid"),
            .match("\\b\(name)\\b", "variable.other.braid"),
            .match("\\|>", "keyword.operator.pipeline.braid"),
        ]
        let brackets = TokenKind.marks.filter { "()[]{},:;.".contains($0) }
        let operators = TokenKind.marks.filter { !brackets.contains($0) && $0 != "|>" }
        rules.append(.match(operators.map(NSRegularExpression.escapedPattern).joined(separator: "|"), "keyword.operator.braid"))
        rules.append(.match(brackets.map(NSRegularExpression.escapedPattern).joined(separator: "|"), "punctuation.braid"))
        return TextMateGrammar(patterns: rules)
    }

    /// One of some words, captured.
    private static func any(_ words: [String]) -> String { "\\b(" + words.joined(separator: "|") + ")\\b" }

    /// The grammar as editors read it.
    public var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(self) else { preconditionFailure("a grammar cannot be written as JSON") }
        return String(decoding: data, as: UTF8.self) + "\n"
    }
}

extension TextMateGrammar.Rule {
    fileprivate static func match(_ pattern: String, _ name: String) -> Self { Self(name: name, match: pattern) }

    /// A pattern whose groups have names of their own.
    fileprivate static func match(_ pattern: String, captures: String...) -> Self {
        let named = captures.enumerated().map { (String($0.offset + 1), Capture(name: $0.element)) }
        return Self(match: pattern, captures: Dictionary(uniqueKeysWithValues: named))
    }
}
