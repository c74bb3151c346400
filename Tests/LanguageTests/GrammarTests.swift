import Foundation
import Language
import Source
import TestSupport
import Testing

/// The grammar that people read and the parser that reads are one language.
@Suite struct GrammarTests {
    private static let sentences = GrammarSentences(Grammar.text)

    private func diagnostics(of text: String) -> String {
        var map = SourceMap()
        let source = SourceFile(name: "sentence", text: text)
        let parsed = Parser.parse(source, as: map.add(source))
        return DiagnosticRenderer(map).render(parsed.diagnostics)
    }

    /// Names mean nothing in them, so only the syntax is looked at.
    @Test func sentencesOfTheGrammarParse() throws {
        var generator = SplitMix(seed: 11)
        var lengths = 0
        for number in 0..<2000 {
            let text = Self.sentences.sentence(size: 20 + number % 200, using: &generator)
            lengths += text.utf8.count
            let found = diagnostics(of: text)
            try #require(found.isEmpty, "\(text)\n\(found)")
        }
        #expect(lengths > 100_000, "\(lengths)")
    }

    /// The tokens of a text as the grammar has them, doc comments left out.
    private func tokens(of text: String) -> [GrammarToken] {
        var map = SourceMap()
        let source = SourceFile(name: "sentence", text: text)
        let kinds: [TokenKind: String] = [.name: "NAME", .integer: "INTEGER", .number: "NUMBER", .text: "TEXT"]
        return Lexer.lex(source, as: map.add(source)).tokens.filter { $0.kind != .documentation && $0.kind != .endOfFile }.map { token in
            GrammarToken(
                kind: kinds[token.kind] ?? "", text: map.text(of: token.span) ?? "",
                endsLineBefore: token.startsLine || token.kind == .rightBrace)
        }
    }

    /// What the parser accepts is a sentence: networks, examples of the documentation, cases, and what the grammar makes itself.
    @Test func sourcesAreSentences() {
        var generator = SplitMix(seed: 13)
        let made = (0..<100).map { _ in Self.sentences.sentence(size: 80, using: &generator) }
        for text in FormatterTests.sources + made {
            let isSentence = Self.sentences.accept(tokens(of: text))
            #expect(isSentence, "\(text)")
        }
    }

    /// So are those of them with a word left out or put in that the parser still accepts.
    @Test func damagedSourcesAreSentencesWhereTheyParse() {
        var generator = SplitMix(seed: 14)
        var accepted = 0
        for source in FormatterTests.sources {
            let spans = tokenSpans(of: source)
            for _ in 0..<30 {
                let (place, other) = (generator.choose(spans), generator.choose(spans))
                var bytes = Array(source.utf8)
                let isLeftOut = Bool.random(using: &generator)
                bytes.replaceSubrange(place, with: isLeftOut ? [] : bytes[other] + Array(" ".utf8) + bytes[place])
                let text = String(decoding: bytes, as: UTF8.self)
                guard diagnostics(of: text).isEmpty else { continue }
                accepted += 1
                let isSentence = Self.sentences.accept(tokens(of: text))
                #expect(isSentence, "\(text)")
            }
        }
        #expect(accepted > 100, "\(accepted)")
    }

    private func tokenSpans(of text: String) -> [Range<Int>] {
        var map = SourceMap()
        let source = SourceFile(name: "sentence", text: text)
        return Lexer.lex(source, as: map.add(source)).tokens.filter { $0.kind != .documentation && $0.kind != .endOfFile }.map(\.span.range)
    }

    /// Formatting gives them another look and the same tree.
    @Test func sentencesCanBeFormatted() throws {
        var generator = SplitMix(seed: 12)
        for number in 0..<400 { try checkFormatting(Self.sentences.sentence(size: 20 + number % 200, using: &generator)) }
    }

    /// Every reserved word and mark of the language stands in the grammar, and nothing else but the words of definitions and clauses.
    @Test func usesTheWordsOfTheLexer() {
        let marks = Set(TokenKind.reservedWords + TokenKind.marks)
        let words = Set(Parser.contextualWords)
        #expect(Self.sentences.literals == marks.union(words))
    }

    @Test func isWrittenDown() throws {
        let text = "(* The grammar of the language; docs/language.md explains it. *)\n\n" + Grammar.text
        try Golden.check(text, Golden.root.appending(path: "generated/grammar.ebnf"))
    }
}
