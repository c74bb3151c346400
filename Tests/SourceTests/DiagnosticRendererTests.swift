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
}
