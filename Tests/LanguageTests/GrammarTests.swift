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
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../generated/grammar.ebnf").standardized
        if let difference = try Golden.difference(
            "(* The grammar of the language; docs/language.md explains it. *)\n\n" + Grammar.text, file)
        {
            Issue.record("\(difference)")
        }
    }
}
