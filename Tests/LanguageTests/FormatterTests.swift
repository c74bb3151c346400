import Foundation
import Language
import Source
import TestSupport
import Testing

private func parse(_ text: String) -> ParsedFile {
    var map = SourceMap()
    let source = SourceFile(name: "formatted", text: text)
    return Parser.parse(source, as: map.add(source))
}

/// Formats `text`, which must parse, and checks what must hold of every formatting.
@discardableResult
func checkFormatting(_ text: String, sourceLocation: Testing.SourceLocation = #_sourceLocation) throws -> String {
    let once = try #require(SourceFormatter.format(text, name: "formatted").text, "\(text)", sourceLocation: sourceLocation)
    let (before, after) = (parse(text), parse(once))
    #expect(after.diagnostics.isEmpty, "the result does not parse: \(text)\n-- as --\n\(once)", sourceLocation: sourceLocation)
    #expect(before.syntax.printed() == after.syntax.printed(), "\(text)\n-- as --\n\(once)", sourceLocation: sourceLocation)
    #expect(comments(of: text, before) == comments(of: once, after), sourceLocation: sourceLocation)
    let twice = SourceFormatter.format(once, name: "formatted").text
    #expect(twice == once, "\(text)\n-- as --\n\(once)", sourceLocation: sourceLocation)
    for line in once.split(separator: "\n") { #expect(!line.hasSuffix(" "), sourceLocation: sourceLocation) }
    #expect(once.isEmpty || once.hasSuffix("\n") && !once.hasSuffix("\n\n") && !once.contains("\n\n\n"), sourceLocation: sourceLocation)
    return once
}

private func comments(of text: String, _ parsed: ParsedFile) -> [String] {
    let bytes = Array(text.utf8)
    return parsed.lexed.comments.map {
        String(decoding: bytes[$0.range], as: UTF8.self).trimmingCharacters(in: .whitespaces)
    }
}

@Suite struct FormatterTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized

    private static let graphs: [URL] = {
        let folder = root.appending(path: "graphs")
        let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
        return (files?.compactMap { $0 as? URL } ?? []).filter { $0.pathExtension == "braid" }.sorted { $0.path < $1.path }
    }()

    /// Every source of the repository that parses: networks, examples of the documentation, cases of the tests.
    static let sources: [String] = {
        let page = (try? String(contentsOf: root.appending(path: "docs/language.md"), encoding: .utf8)) ?? ""
        let examples = page.components(separatedBy: "```").enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
        let whole = examples.filter { $0.hasPrefix("braid\n") || $0.hasPrefix("braid fails\n") }
            .map { String($0.drop { $0 != "\n" }) }
        let bodies = examples.filter { $0.hasPrefix("braid body\n") }.map { "network n {\($0.dropFirst(10))}" }
        let files = graphs.compactMap { try? String(contentsOf: $0, encoding: .utf8) } + [Prelude.text]
        return (files + whole + bodies + GoldenCase.all.map(\.text)).filter { parse($0).diagnostics.isEmpty }
    }()

    @Test func networksAreFormatted() throws {
        #expect(!Self.graphs.isEmpty)
        for file in Self.graphs {
            let text = try String(contentsOf: file, encoding: .utf8)
            #expect(try checkFormatting(text) == text, "braid format \(file.lastPathComponent)")
        }
    }

    @Test func examplesOfTheDocumentationAreFormatted() throws {
        #expect(Self.sources.count > 20)
        let page = try String(contentsOf: Self.root.appending(path: "docs/language.md"), encoding: .utf8)
        let blocks = page.components(separatedBy: "```braid\n").dropFirst()
        for block in blocks {
            let text = String(block.prefix(upTo: try #require(block.range(of: "```")).lowerBound))
            #expect(try checkFormatting(text) == text)
        }
    }

    @Test func keepsTheMeaningOfEverySource() throws {
        for source in Self.sources { try checkFormatting(source) }
    }

    /// Blanks, line breaks, comments and `;` at random places between tokens, as long as the text still parses.
    @Test func keepsTheMeaningOfRandomLayouts() throws {
        var generator = SplitMix(seed: 7)
        let pieces = [" ", "  ", "\n", "\n\n\n", "\t", " # note\n", "\n# note\n", "\n/// doc\n", ";", "\r\n", ""]
        var parsed = 0
        for source in Self.sources {
            let bytes = Array(source.utf8)
            let spans = parse(source).lexed.tokens.map(\.span.range)
            for _ in 0..<30 {
                var text = ""
                var end = 0
                let rate = Double.random(in: 0...0.15, using: &generator)
                for span in spans {
                    let between = String(decoding: bytes[end..<span.lowerBound], as: UTF8.self)
                    let isChanged = Double.random(in: 0..<1, using: &generator) < rate
                    text += isChanged && !between.contains("#") ? pieces.randomElement(using: &generator)! : between
                    text += String(decoding: bytes[span], as: UTF8.self)
                    end = span.upperBound
                }
                guard parse(text).diagnostics.isEmpty else { continue }
                parsed += 1
                try checkFormatting(text)
            }
        }
        #expect(parsed > 200, "\(parsed)")
    }

    /// The work grows with the text, not with its square.
    @Test(
        .timeLimit(.minutes(1)),
        arguments: ["# note\n", "\n# note\n", ";", "\n", "/// doc\n", "x\n", "x;", "f(\n# note\n);", "import \"a\"\n"])
    func formatsLongTexts(piece: String) throws {
        let many = String(repeating: piece, count: 20_000)
        let text = piece.hasPrefix("import") ? many : "block b(x) {\n\(many)x\n}\n\(piece.hasSuffix("# note\n") ? many : "")"
        _ = try #require(SourceFormatter.format(text, name: "long").text)
    }

    @Test func leavesWhatDoesNotParse() {
        let result = SourceFormatter.format("network n { input x: f32[N", name: "n")
        #expect(result.text == nil && result.diagnostics.hasErrors)
    }

    @Test(arguments: [
        ("", ""),
        ("\n\n  # only a comment \n\n", "# only a comment\n"),
        (
            "block b(x,width=3,act = relu){x|>conv1 : conv( width , 3 ,pad:1 )|>act}",
            "block b(x, width = 3, act = relu) { x |> conv1: conv(width, 3, pad: 1) |> act }\n"
        ),
        (
            "block b(x)\n{\n\n\nlet a=- x*( -2+x )%3\nfor i in 0 ..< 3{ }\n\n\na\n}\nblock c(x) {x}",
            "block b(x) {\n    let a = -x * (-2 + x) % 3\n    for i in 0..<3 {}\n\n    a\n}\n\nblock c(x) { x }\n"
        ),
        (
            "network n {\ninput x: f32[ N,3 ]; let a = x;\nlet b = if a.channels==3 { a }\nelse\n{\na }; \noutput y = b [0]\n}",
            """
            network n {
                input x: f32[N, 3]; let a = x
                let b = if a.channels == 3 { a }
                    else {
                        a
                    }
                output y = b[0]
            }

            """
        ),
        (
            "block b(x) {\nlet y = x |>\na |>  b.{ i+1 }.c : f\n|> long: long(1)  |> z # one\n|> s |> t    # two\n\n# next\ny # end\n# last\n}",
            """
            block b(x) {
                let y = x
                    |> a             |> b.{i + 1}.c: f
                    |> long: long(1) |> z  # one
                    |> s             |> t  # two

                # next
                y  # end
                # last
            }

            """
        ),
        (
            "import \"a\"\nimport \"b\"\n# about f\n/// Doc.   \n\nactivation f(x)=x\nactivation g(x) = not x\n/// T.\ntraining of n{loss (a)+-b\nclip norm -1 }",
            """
            import "a"
            import "b"

            # about f
            /// Doc.
            activation f(x) = x
            activation g(x) = not x

            /// T.
            training of n {
                loss (a) + -b
                clip norm -1
            }

            """
        ),
        (
            "block b(x) {\nconcat(\nx |> a(1),  # first\n\n\nx |> bb(2)\n|> c,\nlist([\n1,2\n])\n)\n}",
            """
            block b(x) {
                concat(
                    x |> a(1),  # first

                    x |> bb(2)
                        |> c,
                    list([
                        1, 2
                    ])
                )
            }

            """
        ),
    ])
    func formats(text: String, expected: String) throws {
        #expect(try checkFormatting(text) == expected)
    }
}
