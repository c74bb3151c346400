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

    /// Chains that do not nest may be of any length.
    @Test(arguments: [
        ("let z = if false { 1 } ", "else if false { 1 } ", "else { 2 }"), ("let z = x ", "|> relu ", ""), ("let z = concat(x", ", x", ")"),
        ("let z = [1", ", 1", "][0]"), ("", "let _a = x; ", ""), ("let z = x |> a", ".b", ": conv(1, 1)"),
    ])
    func takesLongChains(begin: String, piece: String, end: String) throws {
        let body = begin + String(repeating: piece, count: 20_000) + end
        let text = "network long {\n    input x: f32[N, 1, 4, 4]\n    \(body)\n    output y = x\n}\n"
        try check(text)
        let program = Program.load(path: "long", text: text) { _ in nil }
        #expect(!program.diagnostics.hasErrors)
        #expect(program.elaborate().network != nil)
        #expect(program.root.lexed.printed(program.map).utf8.count > 20_000)
        #expect(SourceFormatter.format(text, name: "long").text != nil)
    }

    /// Each link of a chain that is decided for every element is a level of the formula.
    @Test func limitsChainsOfConditions() {
        let chain = String(repeating: "else if x < 1 { 1 } ", count: 20_000)
        let text = "activation steps(x) = if x < 0 { 0 } \(chain)else { 2 }\nnetwork n { input x: f32[N, 4]; output y = x |> steps }\n"
        let program = Program.load(path: "chain", text: text) { _ in nil }
        #expect(program.check().map(\.message) == ["calls and expressions nest too deeply"])
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
