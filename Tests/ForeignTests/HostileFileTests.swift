import Foreign
import Foundation
import Language
import Source
import TestSupport
import Testing

/// No C file may end the process, take it over, or read what it must not.
@Suite(.enabled(if: hasClang, skipped), .timeLimit(.minutes(5))) struct HostileFileTests {
    /// Checks a file and returns the first message.
    private func check(_ c: String, _ files: [String: String] = [:]) throws -> String {
        let program = load("extern \"f.c\"\n", files.merging(["f.c": c]) { $1 })
        for diagnostic in program.check() {
            let places = [diagnostic.primary.span] + diagnostic.secondary.map(\.span)
            for span in places where !span.isNone {
                let file = try #require(program.map[span.file])
                #expect(span.range.upperBound <= file.bytes.count)
            }
        }
        return program.check().first?.message ?? ""
    }

    /// As many levels as tokens are allowed, of each construct that clang reads by calling itself.
    @Test(arguments: [
        "float f(float x) { return #-# x; }", "float f(float x) { #if (x)# return x; return 0; }",
        "float f(float x) { return #x ? x :# x; }",
        "float f(float x) { return #(int)# x; }", "float f(float x) { return #x +# x; }", "float #*#p;",
        "float f(float x) { return #(#x; }",
        "float f(float x) { #if (x); else# return x; return 0; }", "#if #(#1\n#endif\n", "#if #!#1\n#endif\n",
        "float f(float x) { float y; #y =# x; return y; }", "float t[] = #{#;", "float f(float x) { #a:# return x; }",
        "float f(float x) { #while (x)#; return 0; }", "float f(float x) { return #sizeof# x; }", "float f(float x) { return #f(#x; }",
        "float f#()#;", "float f#[1]#;", "#struct s {#", "float f(float x) { return #__extension__# x; }",
        "float f(float x) { return 0 #&& x && 1#; }", "float f(float x) { return x#[0]#; }", "float f(float x) { #{# return x; }",
        "float f(float x) { return #x == # x; }", "#define A #(#\n", "float f(float x) { return #*&#x; }", "float f(float x) { #do# ; }",
        "#typedef int# a;", "float f(float x) { return #x,# x; }", "float f(float x) { return x#.a#; }", "#__attribute__((#",
        "float f(float x) { #for (;;)# ; }", "float f(float x) { switch (1) { #case 1:# ; } }", "float f(float x) { return #_Generic(#x; }",
    ]) func nestsDeeply(form: String) throws {
        let parts = form.split(
            separator: "#", maxSplits: form.hasPrefix("#if") || form.hasPrefix("#define") ? 3 : 2, omittingEmptySubsequences: false)
        let (before, unit, after) = parts.count == 4 ? ("#" + parts[1], parts[2], parts[3]) : (String(parts[0]), parts[1], parts[2])
        let tokens = max(1, unit.split { " ();:".contains($0) }.count + unit.filter { "();:{[.*!,".contains($0) }.count)
        let start = ContinuousClock.now
        _ = try check(before + String(repeating: unit + " ", count: 15_000 / tokens) + after)
        #expect(ContinuousClock.now - start < .seconds(30))
    }

    /// Macros and includes that would make more than any memory holds are refused before clang sees them.
    @Test func multiplies() throws {
        let objects = (0..<60).map { "#define A\($0) A\($0 + 1) A\($0 + 1)\n" }.joined()
        #expect(try check(objects + "float f(float x) { return A0; }").hasPrefix("this file has more than 16000 tokens"))
        let functions = (0..<60).map { "#define A\($0)(x) A\($0 + 1)(x x)\n" }.joined()
        #expect(try check(functions + "float f(float x) { return A0(1); }").hasPrefix("this file has more than 16000 tokens"))
        let nested = String(repeating: "D(", count: 60) + "x" + String(repeating: ")", count: 60)
        #expect(try check("#define D(x) (x + x)\nfloat f(float x) { return \(nested); }").hasPrefix("this file has more than 16000 tokens"))
        let hidden = "#define D(x) (x + x)\n#define E(m, x) m(x)\nfloat f(float x) { return E(D, x); }"
        #expect(try check(hidden) == "the macro `D` needs its arguments behind it")
        let spliced = "#define AB(x) (x + x)\nfloat f(float x) { return A\\\nB; }"
        #expect(try check(spliced) == "the macro `AB` needs its arguments behind it")
        let digraph = "%:define AB(x) (x + x)\nfloat f(float x) { return AB; }"
        #expect(try check(digraph) == "the macro `AB` needs its arguments behind it")
        let commented = "#/* a */define/* b\n */AB(x) (x + x)\nfloat f(float x) { return AB; }"
        #expect(try check(commented) == "the macro `AB` needs its arguments behind it")
        let twice = Dictionary(
            uniqueKeysWithValues: (0..<40).map { ("h\($0).h", "#include \"h\($0 + 1).h\"\n#include \"h\($0 + 1).h\"\n") })
        let last = ["h40.h": "int a; int b;\n"]
        #expect(try check("#include \"h0.h\"\n", twice.merging(last) { $1 }).hasPrefix("this file has more than 16000 tokens"))
        let many = Dictionary(uniqueKeysWithValues: (0..<100).map { ("h\($0).h", "#include \"h\($0 + 1).h\"\n") })
        #expect(try check("#include \"h0.h\"\n", many) == "this includes too much")
        #expect(
            try check("float f(float x) { return x; } /* " + String(repeating: "a", count: 2 << 20) + "*/").hasPrefix("this file has more"))
    }

    /// Loops and formulas end by their own limits.
    @Test func repeats() throws {
        let loops = "float f(float x) { for (int i = 0; i < 1000000; i++) for (int j = 0; j < 1000000; j++) ; return x; }"
        #expect(try check(loops) == "this takes too many steps to translate")
        #expect(try check("float f(float x) { for (int i = 0; ; i += 0) ; return x; }").hasPrefix("this `for` lacks"))
        #expect(try check("float f(float x) { while (1) ; return x; }") == "this takes too many steps to translate")
        let calls = (0..<30).map { "static float a\($0)(float x) { return a\($0 + 1)(x) + a\($0 + 1)(x); }\n" }.reversed().joined()
        #expect(try check("static float a30(float x) { return x; }\n" + calls + "float f(float x) { return a0(x); }").hasPrefix("this"))
        let chain = (0..<50).map { "static float a\($0)(float x) { return a\($0 + 1)(x); }\n" }.reversed().joined()
        let called = try check("static float a50(float x) { return x; }\n" + chain + "float f(float x) { return a0(x); }")
        #expect(called == "calls nest too deeply")
        let table = "float f(float x) { float t[64] = {0}; for (int i = 0; i < 64; i++) t[i] = t[(int)x] + 1; return t[(int)x]; }"
        #expect(try check(table) == "this formula is too long")
        let conditions = "float f(float x) { int c = x > 0; for (int i = 0; i < 60; i++) c = c == (x > i); return c; }"
        _ = try check(conditions)
        let branches = "float f(float x) { float y = x; for (int i = 0; i < 5000; i++) if (y > i) y = y + 1; return y; }"
        #expect(try check(branches).hasPrefix("this formula"))
    }

    /// Bytes and words of good files changed at random: a diagnostic at most.
    @Test func isDamaged() throws {
        let folder = Golden.folder("Cases", beside: #filePath)
        let texts = try Golden.files(in: folder, suffix: ".c").map { try Data(contentsOf: $0) }
        var generator = SplitMix(seed: 77)
        for round in 0..<300 {
            var bytes = Array(generator.choose(texts))
            for _ in 0..<1 + round % 4 {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                switch round % 3 {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 1...20, using: &generator)))
                default:
                    let other = Array(generator.choose(texts))
                    let start = Int.random(in: 0..<other.count, using: &generator)
                    bytes.insert(contentsOf: other[start..<min(other.count, start + 30)], at: place)
                }
                if bytes.isEmpty { bytes = [0] }
            }
            _ = try check(String(decoding: bytes, as: UTF8.self))
        }
    }

    /// Only files that the reader gives are seen, whatever the paths say.
    @Test func readsNothingElse() throws {
        #expect(try check("#include \"/etc/hostname\"\n") == "the path of an include must be relative")
        #expect(try check("#include \"../../../../../../etc/hostname\"\nfloat f(float x) { return x; }").hasSuffix("file not found"))
        #expect(try check("#if 0\n#include \"none.h\"\n#endif\nfloat f(float x) { return x; }").isEmpty)
    }
}

@Suite struct MissingLibraryTests {
    /// All else works without libclang, and the error says what to install.
    @Test func saysWhatToInstall() {
        let files = ["f.c": "float f(float x) { return x; }"]
        let text = "extern \"f.c\"\nnetwork n { input x: f32[N, 2]; output y = f(x) }"
        let program = Program.load(path: "main.braid", text: text, foreign: CLoader(library: "/there/is/no/library.so")) { files[$0] }
        let found = program.check()
        let report = DiagnosticRenderer(program.map).render(found)
        #expect(
            report.contains(/error: `f\.c` is C, and libclang \d+, which reads it, is not installed\n --> main\.braid:1:8\n/), "\(report)")
        #expect(found.count == 1 && found[0].help?.contains(/^on Debian: apt-get install libclang-\d+-dev/) == true)
        let other = Program.load(path: "main.braid", text: "network n { input x: f32[N, 2]; output y = x |> relu }") { _ in nil }
        #expect(other.check().isEmpty)
    }
}
