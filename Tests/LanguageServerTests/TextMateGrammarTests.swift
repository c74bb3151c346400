import Foundation
import Language
import LanguageServer
import Source
import TestSupport
import Testing

/// A reader of TextMate grammars, enough for the language's own: line by line, the first rule of those that match earliest.
private struct Colourer {
    private let rules: [(rule: TextMateGrammar.Rule, pattern: NSRegularExpression)]

    init(_ grammar: TextMateGrammar) throws {
        rules = try grammar.patterns.map { ($0, try NSRegularExpression(pattern: try #require($0.match ?? $0.begin))) }
    }

    /// The scope of each UTF-16 unit of a line.
    func scopes(of line: String) throws -> [String] {
        var scopes = [String](repeating: "", count: line.utf16.count)
        var place = 0
        while place < scopes.count {
            let rest = NSRange(location: place, length: scopes.count - place)
            // Anchors and what stands behind are seen as in the whole line.
            let options: NSRegularExpression.MatchingOptions = [.withTransparentBounds, .withoutAnchoringBounds]
            let found = rules.compactMap { rule, pattern in pattern.firstMatch(in: line, options: options, range: rest).map { (rule, $0) } }
            guard let (rule, match) = found.min(by: { $0.1.range.location < $1.1.range.location }) else { break }
            var range = match.range
            if let end = rule.end {
                // The closing mark is the first that no backslash escapes.
                let inner = try NSRegularExpression(pattern: "(?:\\\\.|[^\"\\\\])*(?:\(end))")
                let from = NSRange(location: range.upperBound, length: scopes.count - range.upperBound)
                let text = try #require(inner.firstMatch(in: line, range: from))
                range = NSRange(location: range.location, length: text.range.upperBound - range.location)
            }
            if let name = rule.name { for unit in range.lowerBound..<range.upperBound { scopes[unit] = name } }
            for (group, capture) in rule.captures ?? [:] {
                let part = match.range(at: Int(group)!)
                for unit in part.lowerBound..<part.upperBound { scopes[unit] = capture.name }
            }
            place = max(range.upperBound, place + 1)
        }
        return scopes
    }
}

@Suite struct TextMateGrammarTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized

    @Test func isWrittenDown() throws {
        try Golden.check(TextMateGrammar.standard.json, Golden.root.appending(path: "editors/vscode/syntaxes/braid.tmLanguage.json"))
    }

    @Test func knowsEveryReservedWord() {
        #expect(TextMateGrammar.reserved.flatMap(\.words).sorted() == TokenKind.reservedWords)
    }

    /// `text` between `«` and `»` must have the scope.
    @Test(arguments: [
        ("«block» basic(x) {", "keyword.other.definition"), ("block «basic»(x) {", "entity.name.function.definition"),
        ("training «of» net {", "keyword.other.definition"), ("training of «net»(a: 1) {", "entity.name.function.definition"),
        ("«precision» bf16", "keyword.other.clause"), ("precision «bf16»", "storage.type"),
        ("precision «a.b, c{i}»: f32", "entity.name.tag.label"), ("    precision fc: «f32»", "storage.type"),
        ("«precision» = 3", "variable.other"), ("let y = «precision» + 1", "variable.other"),
        ("«parameter» w: f32[3] = 1", "keyword.other.clause"), ("parameter «w»: f32[3] = 1", "variable.other.declaration"),
        ("«state» u: f32[3] = 1", "keyword.other.clause"), ("{ «update» u = v", "keyword.other.clause"),
        ("«assert» x > 0, \"no\"", "keyword.other.clause"), ("{ «return» x", "keyword.other.clause"), ("«return» = 3", "variable.other"),
        ("let «state» = 3", "variable.other"), ("«state» = 3", "variable.other"), ("«update» = 3", "variable.other"),
        ("«import» \"a\"", "keyword.other.definition"), ("«extern» \"a.c\"", "keyword.other.definition"),
        ("let «block» = 3", "variable.other"),
        ("    «input» image: f32[N]", "keyword.other.clause"), ("    input «image»: f32[N]", "variable.other.declaration"),
        ("    input image: «f32»[N]", "storage.type"), ("network n { «output» y = x }", "keyword.other.clause"),
        ("input x: f32[N, 3, 8, 8] «prepare» resize: 9", "keyword.other.clause"), ("f32[N] prepare «resize»: 9", "variable.parameter"),
        ("    output logits «labels» \"a.txt\" = x", "keyword.other.clause"), ("    output «labels» = x", "variable.other.declaration"),
        ("let «prepare» = 3", "variable.other"), ("x[0] «prepare»", "variable.other"),
        ("    «loss» cross_entropy(a, b)", "keyword.other.clause"), ("    «batch» 64", "keyword.other.clause"),
        ("let «batch» = 3", "variable.other"), ("    «loss» = 3", "variable.other"),
        ("x |> «down.0»: conv(3, 1)", "entity.name.tag.label"), ("x |> «layer{i + 1}.conv»: conv(3)", "entity.name.tag.label"),
        ("x |> «share» down.0: conv(3)", "keyword.other.clause"), ("x |> share «down.0»: conv(3)", "entity.name.tag.label"),
        ("x |> «share»: conv(3)", "entity.name.tag.label"), ("let «share» = 3", "variable.other"),
        ("x «|>» down.0: conv(3, 1)", "keyword.operator.pipeline"), ("x |> a: «conv»(3, 1)", "support.function.operator"),
        ("x |> a: «mine»(3, 1)", "entity.name.function.call"), ("x |> «mine»", "entity.name.function.call"),
        ("x |> «relu»", "support.function.activation"), ("f(x, «pad»: 1)", "variable.parameter"),
        ("f(x, pad: «1»)", "constant.numeric.integer"), ("rate: «5e-4»", "constant.numeric.float"), ("«0.1» * x", "constant.numeric.float"),
        ("0«..<»3", "keyword.operator"), ("«0»..<3", "constant.numeric.integer"), ("a «<=» b", "keyword.operator"),
        ("«if» x", "keyword.control"), ("«let» x = 1", "keyword.other.binding"), ("a «and» b", "keyword.operator.word"),
        ("«true»", "constant.language"), ("x.«channels»", "support.variable.property"), ("«channels» + 1", "variable.other"),
        ("x = 1 «# if 3 \"»", "comment.line.number-sign"), ("«/// Doc.»", "comment.line.documentation"),
        ("f(«\"a # b\"»)", "string.quoted.double"), ("«\"a\\\"b\"» + 1", "string.quoted.double"), ("f(«\"open»", "string.quoted.double"),
    ])
    func colours(marked: String, scope: String) throws {
        let parts = marked.components(separatedBy: ["«", "»"])
        let scopes = try Colourer(.standard).scopes(of: parts.joined())
        let start = parts[0].utf16.count
        let found = Set(scopes[start..<start + parts[1].utf16.count])
        #expect(found == [scope + ".braid"], "\(marked)")
    }

    /// In the networks of `graphs/` every token of the lexer begins with the scope of its kind.
    @Test func agreesWithTheLexer() throws {
        let colourer = try Colourer(.standard)
        let files = FileManager.default.enumerator(at: Self.root.appending(path: "graphs"), includingPropertiesForKeys: nil)
        let sources = (files?.compactMap { $0 as? URL } ?? []).filter { $0.pathExtension == "braid" }
        #expect(!sources.isEmpty)
        for url in sources {
            var map = SourceMap()
            let source = SourceFile(name: url.lastPathComponent, text: try String(contentsOf: url, encoding: .utf8))
            let lines = try (0..<source.lineStarts.count).map { try colourer.scopes(of: source.line($0)) }
            for token in Lexer.lex(source, as: map.add(source)).tokens where token.kind != .endOfFile {
                let line = source.lineIndex(at: Int(token.span.lower))
                let column = source.text(in: source.lineStarts[line]..<Int(token.span.lower)).utf16.count
                let scope = lines[line][column]
                let isRight =
                    switch token.kind {
                    case .documentation: scope.hasPrefix("comment.line.documentation")
                    case .text: scope.hasPrefix("string")
                    case .integer, .number: scope.hasPrefix("constant.numeric") || scope.hasPrefix("entity.name.tag")
                    case .name:
                        ["entity", "support", "variable", "storage", "keyword.other"].contains { scope.hasPrefix($0) }
                    case .keywordTrue, .keywordFalse: scope.hasPrefix("constant.language")
                    case .pipe: scope.hasPrefix("keyword.operator.pipeline")
                    default:
                        ["keyword", "punctuation", "entity.name.tag"].contains { scope.hasPrefix($0) }
                    }
                #expect(isRight, "\(url.lastPathComponent):\(line + 1): \(map.text(of: token.span) ?? "") is '\(scope)'")
            }
        }
    }
}
