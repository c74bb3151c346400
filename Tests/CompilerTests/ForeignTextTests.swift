import CompiledC
import Foreign
import Testing

@testable import Compiler

/// The C text of printed graphs and kernels goes through the checks of C files: it may come from anyone.
@Suite(
    .enabled(
        if: CLoader().isAvailable && ArrayFunction.isClangInstalled, "clang is not installed: apt-get install clang-19 libclang-19-dev"),
    .timeLimit(.minutes(2)))
struct ForeignTextTests {
    private static let graph = """
        graph m {
          %0 = input x : f32[N, 2, 4, 4]
          %1 = c_function(%0) rule="x: f32[N, C, H, W] -> f32[N, C, H, W]" function="f" gradient="g" source="SOURCE" : f32[N, 2, 4, 4]
          output y = %1
        }

        """
    private static let forward =
        "void f(const float *x, float *r, const long *s) { for (long i = 0; i < s[0]*s[1]*s[2]; i++) r[i] = x[i]; }\n"
    private static let backward =
        "void g(const float *x, const float *q, float *d, const long *s) { for (long i = 0; i < s[0]*s[1]*s[2]; i++) d[i] = q[i]; }\n"

    private func problem(_ source: String, gradient: String = "g") -> String {
        let quoted = source.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
        let text = Self.graph.replacing("\"g\"", with: "\"\(gradient)\"").replacing("SOURCE", with: quoted)
        do {
            _ = try Network.read(text, path: "m.graph")
            return ""
        } catch {
            return error.text()
        }
    }

    @Test func acceptsWhatIsRight() { #expect(problem(Self.forward + Self.backward).isEmpty) }

    @Test(arguments: [
        ("#include \"/etc/hostname\"\n", "the path of an include must be relative"), ("#include \"own.h\"\n", "`own.h` file not found"),
        ("#embed \"/etc/hostname\"\n", "`#embed` is not allowed"), ("static int count;\n", "`count` lasts from call to call"),
        ("__asm__(\"nop\");\n", "assembly cannot be used here"),
        ("float tanhf(float x) { return 7; }\n", "`tanhf` is a function of C's library"),
        (
            "#define A0 1+1\n" + (1...40).map { "#define A\($0) A\($0 - 1)+A\($0 - 1)\n" }.joined() + "#if A40\n#endif\n",
            "this file has more than 16000 tokens"
        ),
    ])
    func refusesAsInFiles(c: String, message: String) {
        let found = problem(c + Self.forward + Self.backward)
        #expect(found.contains("error: \(message)") && found.contains("--> m.graph, C text:"), "\(found)")
    }

    @Test func refusesWhatDoesNotFit() {
        let wide = problem(Self.forward.replacing("const float *x", with: "const double *x") + Self.backward)
        #expect(wide.contains("error: parameter 1 of `f` is `const double *`, and must be `const float *`"), "\(wide)")
        #expect(wide.contains("--> m.graph, C text:1:22\n") && wide.contains("::: m.graph:3:3\n"), "\(wide)")
        let none = problem(Self.forward + Self.backward, gradient: "nope")
        #expect(none.contains("error: `m.graph, C text` has no function `nope` over arrays\n --> m.graph:3:3\n"), "\(none)")
        let swapped = problem(Self.forward + Self.backward, gradient: "f")
        #expect(
            swapped.contains("error: parameter 2 of `f` is `float *`, and must be `const float *`, for the input `gradient`"), "\(swapped)")
    }

    /// Kernels hold the text too.
    @Test func refusesInKernels() throws {
        let quoted = (Self.forward + Self.backward).replacing("\n", with: "\\n")
        let network = try Network.read(Self.graph.replacing("SOURCE", with: quoted), path: "m.graph")
        let plan = try Compiler(target: .host, cache: nil, threads: 1).plan(network, batch: 1)
        let text = plan.kernels.map(\.description).joined(separator: "\n")
        _ = try Network.read(text, path: "m.kernels")
        for (wrong, message) in [
            ("const double *x", "parameter 1 of `f` is `const double *`"), ("float *x", "parameter 1 of `f` is `float *`"),
            ("const float *x, int k", "parameter 2 of `f` is `int`, and must be `float *`, for the result"),
            ("const float *x, const float *y", "parameter 2 of `f` is `const float *`, and must be `float *`"),
        ] {
            let error = #expect(throws: CompilerError.self) {
                try Network.read(text.replacing("void f(const float *x", with: "void f(" + wrong), path: "m.kernels")
            }
            #expect(error?.text().contains(message) == true, "\(error?.text() ?? "")")
        }
    }
}
