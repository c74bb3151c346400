import CompiledC
import Foreign
import Language
import Source
import Testing

/// C files that would have clang compute for hours, or use memory without end, are refused before it sees them.
@Suite(.enabled(if: hasClang, skipped), .timeLimit(.minutes(2))) struct UnboundedFileTests {
    private static let function = "float f(float x) { return x; }\n"

    private func message(_ c: String, _ files: [String: String] = [:]) -> String {
        load("extern \"f.c\"\n", files.merging(["f.c": c]) { $1 }).check().first { $0.severity == .error }?.message ?? ""
    }

    /// What `#if` and `#elif` compute is counted like other text.
    @Test func conditions() {
        let sums = "#define A0 1+1\n" + (1...40).map { "#define A\($0) A\($0 - 1)+A\($0 - 1)\n" }.joined()
        let calls = "#define F0(x) x+x\n" + (1...40).map { "#define F\($0)(x) F\($0 - 1)(x)+F\($0 - 1)(x)\n" }.joined()
        let nested = "#define D(x) x+x\n"
        let deep = String(repeating: "D(", count: 40) + "1" + String(repeating: ")", count: 40)
        for condition in ["#if A40", "#if 0\n#elif A40", "#if 0\n#if A40\n#endif", "#if defined(A40) && A40", "#if !A40"] {
            #expect(
                message(sums + condition + "\n#endif\n" + Self.function).hasPrefix("this file has more than 16000 tokens"), "\(condition)")
        }
        #expect(message(calls + "#if F40(1)\n#endif\n" + Self.function).hasPrefix("this file has more than 16000 tokens"))
        #expect(message(nested + "#if \(deep)\n#endif\n" + Self.function).hasPrefix("this file has more than 16000 tokens"))
        #expect(message("#include \"own.h\"\n" + Self.function, ["own.h": sums + "#if A40\n#endif\n"]).hasPrefix("this file has more"))
        // What a macro is, is not asked for here.
        #expect(message(sums + nested + "#if defined D && defined(A40)\n#endif\n#ifdef A40\n#endif\n" + Self.function).isEmpty)
    }

    /// Long words count for more than short ones.
    @Test func words() {
        let text = "#define S \"" + String(repeating: "a", count: 60_000) + "\"\n"
        let many = text + "static const char t[] = " + String(repeating: "S ", count: 10_000) + ";\n" + Self.function
        #expect(message(many).hasPrefix("this file has more than 16000 tokens"))
        #expect(message("static const int i = 1" + String(repeating: "0", count: 200_000) + "wb;\n") == "this number is too long")
        #expect(message("static const double d = ." + String(repeating: "3", count: 900_000) + ";\n") == "this number is too long")
    }

    /// Elements far away, also behind what a macro hides.
    @Test(arguments: [
        "static const char q[1u<<30] = {[(1u<<30)-1] = 1};", "static const float q[1u<<28] = {[0 ... (1u<<28)-1] = 1};",
        "static const char q[] = {[1u<<30] = 1};", "static const char q[] = <%<:1u<<30:> = 1%>;", "static const char q[] = {0, [1<<30] 1};",
        "static const char q[2][1<<29] = {[1][1<<28] = 1};", "static const char q[] = {[4096] = 1};",
        "struct s { char a[1<<30]; };\nstatic const struct s q = {.a[1<<29] = 1};", "#define AT [1<<30]\nstatic const char q[] = {AT = 1};",
        "#define NONE\nstatic const char q[] = {NONE [1<<30] = 1};", "#define OPEN {\nstatic const char q[] = OPEN [1<<30] = 1};",
        "#define OPEN(x) {\nstatic const char q[] = OPEN(1)[1<<30] = 1};", "#define AT(p) p[1<<30] = 1\nstatic const char q[] = {AT()};",
        "#define AT(p) p[1<<30] = 1\n#define NONE\nstatic const char q[] = {AT(NONE)};",
        "#define AT(p) p[1<<30] = 1\nstatic const char q[] = AT({)};", "static const char q[] = { 0,\n#if 0\na\n#endif\n[1<<30] = 1};",
        "enum { far = 1 << 30 };\nstatic const char q[] = {[far] = 1};",
    ])
    func elements(c: String) {
        let found = message(c + "\n" + Self.function)
        #expect(
            found == "the element that this is for must be a number up to 4095"
                || found == "an argument of the macro `AT` cannot be empty here, nor end with an open brace", "\(found)")
    }

    /// What only looks like it.
    @Test(arguments: [
        "static const float t[8] = {[3] = 1, [4] = 2};", "#define A B\n#define B A",
        "#define AT(p, i) p[i]\n#define T t\nstatic const float t[2] = {1, 2};",
        "typedef float row[1 + 1];", "struct s { float a[2]; };\nstatic const struct s q = {.a[1] = 1};",
        "#define SCALE(x, by) ((x) * by)\nstatic float s(float x) { return SCALE(x, .5f); }",
    ])
    func near(c: String) { #expect(message(c + "\n" + Self.function).isEmpty) }
}
