import Foundation
import Source
import Testing

/// Renders one diagnostic over `text`, whose labels name the snippets they mark, and compares with `expected`.
private func check(
    _ text: String, _ message: String = "something is wrong", primary: (String, String), secondary: [(String, String)] = [],
    notes: [String] = [], help: String? = nil, expected: String, sourceLocation: Testing.SourceLocation = #_sourceLocation
) throws {
    var map = SourceMap()
    let file = map.add(SourceFile(name: "case.braid", text: text))
    func label(_ marked: (String, String)) throws -> Diagnostic.Label {
        let (snippet, words) = marked
        let range = try #require(text.range(of: snippet), "the case marks text it does not have")
        let lower = text.utf8.distance(from: text.startIndex, to: range.lowerBound)
        return Diagnostic.Label(Span(file: file, lower..<lower + snippet.utf8.count), words)
    }
    let main = try label(primary)
    let diagnostic = Diagnostic(
        message, at: main.span, label: main.text, secondary: try secondary.map { try label($0) }, notes: notes, help: help)
    #expect(DiagnosticRenderer(map).render(diagnostic) == expected, sourceLocation: sourceLocation)
}

extension String {
    /// The first occurrence of `snippet`, without Foundation.
    fileprivate func range(of snippet: String) -> Range<String.Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(snippet) { return start..<index(start, offsetBy: snippet.count) }
            start = index(after: start)
        }
        return nil
    }
}

@Suite struct DiagnosticRendererTests {
    @Test func marksOneLine() throws {
        try check(
            "let x = 1\nlet y = z\n", "unknown name `z`", primary: ("z", "not found"), help: "did you mean `x`?",
            expected: """
                error: unknown name `z`
                 --> case.braid:2:9
                  |
                2 | let y = z
                  |         ^ not found
                  |
                  = help: did you mean `x`?

                """)
    }

    @Test func hangsLabelsThatShareALine() throws {
        try check(
            "relu(main + short)", primary: ("+", "cannot add"), secondary: [("main", "height 28"), ("short", "height 26")],
            expected: """
                error: something is wrong
                 --> case.braid:1:11
                  |
                1 | relu(main + short)
                  |      ---- ^ ----- height 26
                  |      |    |
                  |      |    cannot add
                  |      height 28

                """)
    }

    @Test func skipsLinesBetweenLabels() throws {
        try check(
            "a\nb\nc\nd\ne\nf", primary: ("f", "here"), secondary: [("a", "first"), ("c", "")], notes: ["one\ntwo"],
            expected: """
                error: something is wrong
                 --> case.braid:6:1
                  |
                1 | a
                  | - first
                2 | b
                3 | c
                  | -
                ...
                6 | f
                  | ^ here
                  |
                  = note: one
                          two

                """)
    }

    @Test func alignsTabsAndWideCharacters() throws {
        try check(
            "\t日本 x", primary: ("x", "é"),
            expected: """
                error: something is wrong
                 --> case.braid:1:5
                  |
                1 |     日本 x
                  |          ^ é

                """)
    }

    @Test func replacesWhatWouldSteerATerminal() throws {
        try check(
            "\u{1B}[2J x", "odd \u{7}", primary: ("x", ""),
            expected: """
                error: odd \u{FFFD}
                 --> case.braid:1:6
                  |
                1 | \u{FFFD}[2J x
                  |      ^

                """)
    }

    @Test func cutsLongLines() throws {
        let long = String(repeating: "a", count: 1000) + "!" + String(repeating: "b", count: 1000)
        var map = SourceMap()
        let file = map.add(SourceFile(name: "long", text: long))
        let lines = DiagnosticRenderer(map).render(Diagnostic("m", at: Span(file: file, 1000..<1001))).split(separator: "\n")
        #expect(lines.allSatisfy { $0.count < 220 })
        let marker = try #require(lines.last.map(Array.init)?.firstIndex(of: "^"))
        #expect(Array(lines[lines.count - 2])[marker] == "!")
    }

    @Test func marksTheEndOfAFile() throws {
        var map = SourceMap()
        let file = map.add(SourceFile(name: "end", text: "ab"))
        let text = DiagnosticRenderer(map).render(Diagnostic("m", at: Span(file: file, 2..<2)))
        #expect(text == "error: m\n --> end:1:3\n  |\n1 | ab\n  |   ^\n")
    }

    @Test func printsWithoutAPlace() {
        #expect(
            DiagnosticRenderer(SourceMap()).render(Diagnostic("m", severity: .warning, at: .none, help: "h")) == "warning: m\n  = help: h\n"
        )
    }

    @Test func paintsForTerminals() {
        let text = DiagnosticRenderer(SourceMap(), usesColor: true).render(Diagnostic("m", at: .none))
        #expect(text == "\u{1B}[1;31merror\u{1B}[0m\u{1B}[1m: m\u{1B}[0m\n")
    }

    /// What is quoted may be of any size; what is printed is not.
    @Test func shortensWhatIsQuoted() {
        func message(_ text: String) -> String { Diagnostic(text, at: .none).message }
        let name = String(repeating: "a", count: 40) + String(repeating: "b", count: 1_000_000) + String(repeating: "c", count: 40)
        let short = String(repeating: "a", count: 30) + "…" + String(repeating: "c", count: 29)
        #expect(message("unknown name `\(name)`; did you mean `relu`?") == "unknown name `\(short)`; did you mean `relu`?")
        #expect(message("\(name) and \(name)") == "\(short) and \(short)")
        let kept = "`" + String(repeating: "n", count: 100) + "` " + String(repeating: "/folder", count: 30)
        #expect(message(kept) == kept)
        let path = String(repeating: "/folder", count: 1_000)
        #expect(message("cannot read `\(path)`") == "cannot read `/folder/folder/folder/folder/f…r/folder/folder/folder/folder`")
        let words = String(repeating: "word ", count: 1_000)
        #expect(message("the text `\(words)` is long").count == "the text `` is long".count + 60)
        // Sentences are no quotations.
        let sentences = String(repeating: "One more word. ", count: 100)
        #expect(message(sentences + "`x`") == sentences + "`x`")
        let wide = String(repeating: "é\u{301}", count: 10_000)
        #expect(message("`\(wide)`").unicodeScalars.count == 62)
        let whole = Diagnostic(
            "m", at: .none, label: name, secondary: [Diagnostic.Label(.none, name)], notes: [name], help: name)
        #expect(whole.primary.text == short && whole.secondary[0].text == short && whole.notes == [short] && whole.help == short)
    }

    /// Of very many the first are drawn, errors before warnings, and the rest is counted.
    @Test func drawsSoManyAtMost() {
        var map = SourceMap()
        let file = map.add(SourceFile(name: "f", text: String(repeating: "x", count: 1_000)))
        func text(warnings: Int, errors: Int) -> String {
            let places = 0..<warnings + errors
            return DiagnosticRenderer(map).render(
                places.map { Diagnostic("m\($0)", severity: $0 < warnings ? .warning : .error, at: Span(file: file, $0..<$0 + 1)) })
        }
        let limit = DiagnosticRenderer.maximumDrawn
        #expect(text(warnings: 0, errors: limit).components(separatedBy: "error: ").count == limit + 1)
        #expect(!text(warnings: 0, errors: limit).contains("more"))
        let mixed = text(warnings: 300, errors: limit - 2)
        #expect(mixed.hasPrefix("warning: m0\n") && mixed.contains("warning: m1\n") && !mixed.contains("warning: m2\n"))
        #expect(mixed.contains("error: m\(300 + limit - 3)\n"))
        #expect(mixed.hasSuffix("\n\n... and 298 more: repair these first, and look again\n"))
    }

    /// Of a long line only the part around the first marker is looked at.
    @Test func showsPartsOfLongLines() {
        var map = SourceMap()
        let text = String(repeating: "é, ", count: 500_000) + "here" + String(repeating: " x", count: 500_000)
        let source = SourceFile(name: "f", text: text)
        let file = map.add(source)
        let start = 4 * 500_000
        let diagnostics = (0..<100).map { Diagnostic("message \($0)", at: Span(file: file, start..<start + 4)) }
        let output = DiagnosticRenderer(map).render(diagnostics)
        let lines = output.split(separator: "\n")
        #expect(lines[1] == " --> f:1:1500001")
        #expect(lines[3].count < 220 && lines[3].contains("here") && lines[3].hasPrefix("1 | …") && lines[3].hasSuffix("…"))
        let column = lines[3].distance(from: lines[3].startIndex, to: lines[3].range(of: "here")!.lowerBound)
        #expect(lines[4] == "  |" + String(repeating: " ", count: column - 3) + "^^^^")
    }
}
