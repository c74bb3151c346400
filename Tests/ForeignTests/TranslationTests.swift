import Foundation
import Graph
import Language
import Source
import TestSupport
import Testing

@testable import Foreign

/// The formula of the only function of a C file, of elements only.
private func formula(_ c: String) throws -> Scalar {
    let program = load("extern \"f.c\"\nnetwork n { input x: f32[N, 2]; output y = f(x) }", ["f.c": c])
    let (network, diagnostics) = program.elaborate()
    let graph = try #require(network?.graph, "\(DiagnosticRenderer(program.map).render(diagnostics))")
    for node in graph.nodes {
        if case .function(let function)? = node.attributes["function"] { return function.body }
    }
    throw Missing()
}

private struct Missing: Error {}

/// The formula of an activation of the language.
private func native(_ activation: String) throws -> Scalar {
    let program = load("activation f\(activation)\nnetwork n { input x: f32[N, 2]; output y = f(x) }", [:])
    let (network, diagnostics) = program.elaborate()
    let graph = try #require(network?.graph, "\(DiagnosticRenderer(program.map).render(diagnostics))")
    for node in graph.nodes {
        if case .function(let function)? = node.attributes["function"] { return function.body }
    }
    throw Missing()
}

@Suite(.enabled(if: hasClang, skipped)) struct TranslationTests {
    private static let samples = [-1e30, -300, -7.5, -2, -1, -0.75, -0.5, -1e-9, 0, 1e-9, 0.25, 0.5, 1, 1.5, 2, 2.5, 3, 20, 300, 1e30]

    /// C's own functions, as Swift's Foundation calls them, for the numbers of all kinds.
    @Test func computesAsCDoes() throws {
        let cases: [(String, (Double) -> Double)] = [
            ("float f(float x) { return roundf(x); }", { $0.rounded() }),
            ("float f(float x) { return truncf(x); }", { trunc($0) }),
            ("float f(float x) { return ceilf(x) - floorf(x); }", { ceil($0) - floor($0) }),
            ("float f(float x) { return erfcf(x); }", { erfc($0) }),
            ("float f(float x) { return fdimf(x, 1) + fmaf(x, 2, 3); }", { fdim($0, 1) + ($0 * 2 + 3) }),
            ("float f(float x) { return powf(x, 3) + powf(x, -2); }", { pow($0, 3) + pow($0, -2) }),
            ("float f(float x) { return (x > 0) + 2 * !x - (x != x); }", { ($0 > 0 ? 1 : 0) + ($0 == 0 ? 2 : 0) }),
            ("float f(float x) { return x > -2 && x < 2 || x == 20 ? 1 : 7; }", { $0 > -2 && $0 < 2 || $0 == 20 ? 1 : 7 }),
            ("float f(float x) { return -7 / 2 + -7 % 2 + 7.0f / 2 + x; }", { -3 - 1 + 3.5 + $0 }),
            ("float f(float x) { int i = x; return abs(i) + x; }", { abs(trunc($0)) + $0 }),
            (
                "float f(float x) { if (x < 0) { if (x < -1) return 1; x = -x; } if (x > 2) return 2; return x; }",
                { $0 < -1 ? 1 : abs($0) > 2 ? 2 : abs($0) }
            ),
            (
                "float f(float x) { float y = 0; for (int i = 0; i < 5; i++) { if (i == 1) continue; if (i == 4) break; y += i * x; } return y; }",
                { 5 * $0 }
            ),
            ("#include <stdbool.h>\nfloat f(float x) { bool b = x; int i = b; i += 2; return i; }", { $0 != 0 ? 3 : 2 }),
        ]
        for (text, expected) in cases {
            let found = try formula(text.contains("#include") ? text : "#include <math.h>\n#include <stdlib.h>\n" + text)
            for x in Self.samples {
                let (a, b) = (found.evaluate([x]), expected(x))
                #expect(a == b || abs(a - b) <= 1e-12 * max(abs(a), abs(b)), "\(text) at \(x): \(a), not \(b)")
            }
        }
    }

    /// An index between the ends chooses as C does; one beyond stays at the end, and what is no number stays none.
    @Test(arguments: [1, 2, 3, 7, 64]) func choosesFromTables(count: Int) throws {
        let values = (0..<count).map { Double(($0 * 37) % 64) + 0.5 }
        let list = values.map { "\($0)f" }.joined(separator: ", ")
        let found = try formula("#include <math.h>\nstatic const float t[] = {\(list)};\nfloat f(float x) { return t[(int)floorf(x)]; }")
        for index in -3..<count + 3 {
            for part in [0, 0.5, 0.999] {
                #expect(found.evaluate([Double(index) + part]) == values[min(max(index, 0), count - 1)], "\(index)")
            }
        }
        #expect(found.evaluate([.infinity]) == (count == 1 ? values[0] : values[count - 1]))
        #expect(found.evaluate([-.infinity]) == values[0])
        #expect(found.evaluate([.nan]).isNaN == (count > 1))
        // A step has no slope, and no NaN in its place.
        #expect([-1, 0.5, 1.5].allSatisfy { found.derivative(0).evaluate([$0]) == 0 })
    }

    /// What is written alike in both languages is one formula, to the last bit of its constants.
    @Test func isTheFormulaOfTheLanguage() throws {
        let pairs = [
            ("return x > 0 ? x : 0.01f * x;", "(x) = if x > 0 { x } else { 0.01 * x }"),
            ("if (x > 0) return x; return 1.6732632423543772 * expm1f(x);", "(x) = if x > 0 { x } else { 1.6732632423543772 * expm1(x) }"),
            ("return x * braid_sigmoid(1.702f * x);", "(x) = x * sigmoid(1.702 * x)"),
            ("return x / (1 + fabsf(x));", "(x) = x / (1 + abs(x))"),
            (
                "float s = 0; for (int i = 0; i < 3; i++) s = s * x + (i + 1); return s / (1 + x * x);",
                "(x) = ((x + 2) * x + 3) / (1 + x * x)"
            ),
            ("return fminf(fmaxf(x + 3, 0), 6) / 6;", "(x) = minimum(maximum(x + 3, 0), 6) / 6"),
            ("float y = x; if (x > 1 && x <= 2) y = 3 - x; return y;", "(x) = if x > 1 and x <= 2 { 3 - x } else { x }"),
            ("return !(x >= 1) ? -x : floorf(x);", "(x) = if not (x >= 1) { -x } else { floor(x) }"),
            (
                "return x - tanhf(braid_softplus(x)) + braid_gaussian(x) * braid_normal_cdf(x);",
                "(x) = x - tanh(softplus(x)) + gaussian(x) * normal_cdf(x)"
            ),
        ]
        for (c, language) in pairs {
            let found = try formula("#include <math.h>\n#include <braid.h>\nfloat f(float x) { \(c) }")
            #expect(found == (try native(language)), "\(c)")
        }
    }

    /// An activation of the language may call one of C, with numbers and with other formulas.
    @Test func isCalledFromActivations() throws {
        let c = "/// @param slope = 0.5\nfloat bent(float x, float slope) { return x > 0 ? x : slope * x; }"
        let text = """
            extern "f.c"
            activation twice(x) = bent(2 * x, slope: bent(-1)) + bent(3)
            network n { input x: f32[N, 2]; output y = x |> twice }
            """
        let program = load(text, ["f.c": c])
        let (network, diagnostics) = program.elaborate()
        let graph = try #require(network?.graph, "\(DiagnosticRenderer(program.map).render(diagnostics))")
        #expect(graph.text().contains("(if 0 < 2 * x { 2 * x } else { -0.5 * (2 * x) }) + 3"), "\(graph.text())")
    }

    /// What a comment says of parameters, on lines of their own or behind other words.
    @Test(arguments: [
        "/// Bends.\n/// @param slope = 0.5 Below zero.\n/// @return twice as much",
        "/** Bends. @param slope = 0.5 Below zero. @return twice as much */",
        "/** Bends.  \\param slope=0.5 Below\n * zero.\n * @returns twice as much\n */",
    ])
    func readsComments(comment: String) throws {
        let read = DocumentationComment(comment)
        #expect(read.text.split(whereSeparator: \.isWhitespace) == ["Bends.", "Returns", "twice", "as", "much"], "\(read)")
        #expect(read.parameters.map(\.name) == ["slope"] && read.parameters[0].summary == "Below zero.", "\(read)")
        #expect(read.parameters[0].defaultValue?.text == "0.5")
        let range = try #require(read.parameters.first?.range)
        #expect(String(decoding: Array(comment.utf8)[range], as: UTF8.self) == "slope")
    }

    /// What depends on a given number is reported where it stands in C, with the call.
    @Test func reportsWhatArgumentsBringAbout() throws {
        let c = "/// @param n = 1\nfloat f(float x, int n) { float y = x; for (int i = 0; i < n; i++) y = y * x; return y; }"
        for (call, message) in [
            ("f(x, 1000000)", "this formula nests too deeply"), ("f(x, n: 0.5)", "`n` must be an integer, not 0.5"),
            ("f(x, n: 1e30)", "`n` must be an integer, not 1e+30"),
        ] {
            let program = load("extern \"f.c\"\nnetwork n { input x: f32[N, 2]; output y = \(call) }", ["f.c": c])
            let (network, diagnostics) = program.elaborate()
            let report = DiagnosticRenderer(program.map).render(diagnostics)
            #expect(
                network == nil && report.contains("error: \(message)\n --> f.c:2:") && report.contains("`f` is called here"), "\(report)")
        }
    }
}
