import CompiledC
import Foreign
import Language
import Source
import TestSupport
import Testing

/// The example of `docs/c.md` is right, and its lists are those of the sources.
@Suite(.enabled(if: hasClang, skipped)) struct DocumentationTests {
    private let lines: [String]

    init() throws { lines = try FencedBlock.lines(of: Golden.root.appending(path: "docs/c.md")) }

    @Test(.enabled(if: ArrayFunction.isClangInstalled)) func examplesAreRight() throws {
        let blocks = FencedBlock.all(in: lines)
        let (c, braid) = (blocks.filter { $0.kind == "c" }, blocks.filter { $0.kind == "braid" })
        #expect(c.count == 3 && braid.count == 3)
        for (c, braid) in zip(c, braid) {
            let program = load(braid.text, ["ops.c": c.text])
            let report = DiagnosticRenderer(program.map).render(program.check())
            #expect(report.isEmpty, "\(report)")
        }
    }

    /// Operators can call each function of `math.h` that the page names for them, in both precisions, and the page names all.
    @Test func functionsOfOperatorsExist() throws {
        let page = lines.joined(separator: "\n")
        let list = try #require(page.firstMatch(of: /- Of `math.h` they may call, with and without `f`: ([^;]*);/)).1
        let names = list.matches(of: /`([a-z][a-z0-9_]*)`/).map { String($0.1) }
        let header = try #require(StandardHeaders.files.first { $0.name == "math.h" }).text
        let declared = header.matches(of: /(?:float|double) (\w+)\(/).map { String($0.1) }
        #expect(Set(names.flatMap { [$0, $0 + "f"] }) == Set(declared))
    }

    /// Each function and header that the page names can be used, alone.
    @Test func functionsAndHeadersExist() throws {
        let page = lines.joined(separator: "\n")
        let paragraph = try #require(page.split(separator: "\n\n").first { $0.hasPrefix("The functions of `math.h`") })
        let names = paragraph.matches(of: /`([a-z][a-z0-9_]*)`/).map { String($0.1) }.filter { !["f", "pow"].contains($0) }
        #expect(names.count > 20)
        for name in names {
            let count = ["fmax", "fmin", "fdim"].contains(name) ? 2 : name == "fma" ? 3 : 1
            for suffix in name == "isnan" || name.hasPrefix("braid_") ? [""] : ["", "f"] {
                let call = "\(name)\(suffix)(\(Array(repeating: "x", count: count).joined(separator: ", ")))"
                let c = "#include <math.h>\n#include <braid.h>\nfloat f(float x) { return \(call); }"
                let found = load("extern \"f.c\"", ["f.c": c]).check()
                #expect(found.isEmpty, "\(call): \(found.map(\.message))")
            }
        }
        let headers = try #require(page.firstMatch(of: /In `<…>` stand ([^;]*;)/)).1.matches(of: /`([a-z]+\.h)`/).map { String($0.1) }
        let unknown = load("extern \"f.c\"", ["f.c": "#include <zzzzzz>\n"]).check().first?.help ?? ""
        #expect(unknown == "there are " + headers.sorted().map { "`<\($0)>`" }.joined(separator: ", "))
    }
}
