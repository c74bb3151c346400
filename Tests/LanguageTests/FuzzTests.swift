import Language
import Source
import Testing

/// A small generator with a fixed seed (SplitMix64, Steele et al. 2014), so that a failure can be repeated.
private struct Generator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

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

@Suite struct FuzzTests {
    private static let fragments = [
        "{", "}", "(", ")", "[", "]", "|>", "..<", "=", "let ", "if ", "else ", "for i in ", "\n", "\"", "#", "///", "block b(x) {", "1e9",
        "network n {", "training of n {", "0.1.2:", "{i}:", "\u{0}", "é", "-", ",", ": ", "99999999999999999999",
    ]

    @Test(arguments: GoldenCase.all)
    func survivesMutations(of golden: GoldenCase) throws {
        var generator = Generator(state: 20_240_601)
        for _ in 0..<40 {
            var bytes = Array(golden.text.utf8)
            for _ in 0..<Int.random(in: 1...4, using: &generator) where !bytes.isEmpty {
                let at = Int.random(in: 0..<bytes.count, using: &generator)
                let end = min(bytes.count, at + Int.random(in: 0...20, using: &generator))
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes.removeSubrange(at..<end)
                case 1: bytes.insert(contentsOf: Self.fragments.randomElement(using: &generator)!.utf8, at: at)
                case 2: bytes[at] = UInt8.random(in: 0...255, using: &generator)
                default: bytes.insert(contentsOf: bytes[at..<end], at: Int.random(in: 0...bytes.count, using: &generator))
                }
            }
            try check(String(decoding: bytes, as: UTF8.self))
        }
    }

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
