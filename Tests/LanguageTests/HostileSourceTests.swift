import Language
import Source
import Testing

/// Parses, prints and renders hostile text: nothing may trap, and every label must lie within the file.
private func check(_ text: String) throws {
    var map = SourceMap()
    let source = SourceFile(name: "fuzz", text: text)
    let file = map.add(source)
    let parsed = Parser.parse(source, as: file)
    for diagnostic in parsed.diagnostics {
        try #require(Int(diagnostic.primary.span.upper) <= source.bytes.count)
        try #require(!diagnostic.message.isEmpty)
    }
    try #require(parsed.lexed.tokens.last?.kind == .endOfFile)
    _ = DiagnosticRenderer(map).render(parsed.diagnostics.prefix(8))
    _ = parsed.syntax.printed()
    let program = Program.load(path: "fuzz", text: text) { _ in nil }
    _ = DiagnosticRenderer(program.map).render(program.check().prefix(8))
}

/// Sources that would exhaust the stack, memory or patience; Tests/CompilerTests/FuzzTests.swift tries random ones.
@Suite struct HostileSourceTests {
    @Test(arguments: ["(", "[", "-", "not ", "if x { ", "f(", "x + ", "x.", "x[", "x |> f(", "for i in x { ", "(x, "])
    func limitsNesting(_ piece: String) throws {
        let text = "block deep(x) {\n" + String(repeating: piece, count: 10_000)
        try check(text)
        var map = SourceMap()
        let source = SourceFile(name: "deep", text: text)
        let parsed = Parser.parse(source, as: map.add(source))
        #expect(parsed.diagnostics.contains { $0.message == "nested too deeply" })
        #expect(parsed.diagnostics.count <= 2)
    }

    /// Sources that would take for ever, or all memory, if nothing bounded them.
    @Test(arguments: [
        "for i in 0..<60000 { for j in 0..<60000 { for k in 0..<60000 { } } }",
        "var l = [1]\nfor i in 0..<100 { l = l + l }",
        "var t = \"a\"\nfor i in 0..<100 { t = t + t }",
        "var n = 1\nfor i in 0..<100 { n = n * n * 3 }",
        "let y = x |> b6 |> b6",
        "let y = x |> grow |> grow",
        "var y = x\nfor i in 0..<100 { y = concat(y, y, y, y) }",
        "let y = x |> wide: conv(2000000000, 1) |> wider: conv(2000000000, 1)",
        "let y = x |> pad: conv(1, 1, pad: 2147483647, stride: 2147483647)",
        "let y = nested(60)",
        "let w = x |> w: conv(5, 3)\nfor i in 0..<60000 { let _y = w + x }",
        "for i in 0..<60000 { let _y = x |> {i}: conv(5, 9) }",
        "let y = deep30(3)",
    ])
    func boundsElaboration(_ body: String) {
        let blocks = (1...6).map { level in
            "block b\(level)(x) { x \(String(repeating: "|> b\(level - 1) ", count: 12)) }\n"
        }
        let deep = (1...30).map { level in
            "block deep\(level)(n) { \(String(repeating: "-", count: 100))deep\(level - 1)(n) }\n"
        }
        let text = """
            block deep0(n) { n }
            \(deep.joined())block b0(x) { x |> relu }
            \(blocks.joined())activation doubled(x) = x * x + x * x
            activation more(x) = doubled(doubled(doubled(doubled(doubled(doubled(x))))))
            activation grow(x) = more(more(more(x)))
            block nested(n) { if n == 0 { n } else { nested(n - 1) } }
            network bounded {
                input x: f32[N, 3, 4, 4]
                \(body)
                output out = x
            }
            """
        let program = Program.load(path: "bounded", text: text) { _ in nil }
        #expect(program.check().hasErrors)
    }
}
