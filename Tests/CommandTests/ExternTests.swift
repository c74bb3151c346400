import Foreign
import Foundation
import Testing

/// Networks with functions of C files, as users of the command meet them.
@Suite(.enabled(if: CLoader().isAvailable, "libclang is not installed: apt-get install libclang-19-dev"), .timeLimit(.minutes(4)))
struct ExternTests {
    private static let network = """
        extern "ops.c"
        network n {
            input x: f32[N, 4, 8, 8]
            output y = x |> f |> conv: conv(4, 3, pad: 1) |> f
        }

        """

    /// Each kind of mistake, with the line and column at which it is reported.
    @Test(arguments: [
        ("float f(float x) { return x +; }", "1:30", "expected expression"),
        ("float f(float x) {\n    return y;\n}", "2:12", "use of undeclared identifier `y`"),
        ("float f(float x) { return g(x); }", "1:27", "call to undeclared function `g`"),
        ("float f(float x) { return x }", "1:28", "expected `;` after return statement"),
        ("#include <stdio.h>\nfloat f(float x) { return x; }", "1:10", "there is no `<stdio.h>` here"),
        ("#include \"tables.h\"\nfloat f(float x) { return x; }", "1:10", "`tables.h` file not found"),
        ("float f(const float *x) { return *x; }", "1:9", "the parameter `x` is a pointer"),
        ("float f(float x) { double y = x; return y; }", "1:20", "`y` is a `double`"),
        ("float f(float x) {\n    for (int i = 0; i < x; i++) x *= 2;\n    return x;\n}", "2:21", "how often this loop runs"),
        ("float f(float x) { return x > 0 ? f(x - 1) : x; }", "1:35", "`f` calls itself"),
        ("float f(float x) { static float sum; sum += x; return sum; }", "1:20", "`sum` is static"),
        ("float total;\nfloat f(float x) { total += x; return x; }", "2:20", "`total` can change"),
        ("float f(float x) { goto end; end: return x; }", "1:20", "`goto` cannot be translated"),
        ("#include <math.h>\nfloat f(float x) { return sinf(x); }", "2:27", "`sinf` cannot be called here"),
        ("float f(float x) { int i = x; return i / 2; }", "1:38", "integers that depend on an element cannot be divided"),
        ("float f(float x) { float t[2] = {1, 2}; return t[2] * x; }", "1:50", "`t` has no element 2"),
        ("float f(float x) { if (x > 0) return 1; }", "1:7", "`f` may end without a value"),
        ("float f(float x) { int i = 2147483647; return x * (i + 1); }", "1:51", "this integer does not fit its type"),
        ("#define A A A\nfloat f(float x) { return x + A; }", "1:9", "the macro `A` names itself"),
        ("float conv(float x) { return x; }", "1:7", "`conv` is an operator"),
    ])
    func mistakesHaveTheirPlace(c: String, place: String, message: String) throws {
        let workplace = try Workplace()
        try workplace.write(Self.network, to: "net.braid")
        try workplace.write(c + "\n", to: "ops.c")
        for command in [["check", "net.braid"], ["describe", "net.braid"]] {
            let result = try workplace.run(command)
            #expect(result.status == 1)
            #expect(result.errors.contains("error: \(message)") && result.errors.contains("--> ops.c:\(place)\n"), "\(result.errors)")
        }
    }

    @Test func runsAndIsDescribed() throws {
        let workplace = try Workplace()
        try workplace.write(Self.network + "block twice(x) { f(f(x)) }\n", to: "net.braid")
        try workplace.write(
            "/// A kink.\n/// @param slope = 0.25 Below zero.\nfloat f(float x, float slope) { return x > 0 ? x : slope * x; }\n",
            to: "ops.c")
        let check = try workplace.run("check", "net.braid")
        #expect(check.status == 0 && check.output.hasPrefix("net.braid: "))
        let run = try workplace.run("bench", "net.braid", "--runs", "1", "--seconds", "0", "--json")
        #expect(run.status == 0, "\(run.errors)")
        let operators = try workplace.run("describe", "--operators", "net.braid")
        #expect(operators.status == 0)
        #expect(
            operators.output == """
                BLOCKS

                twice(x)

                ACTIVATIONS

                f(x, slope = 0.25)
                    A kink.
                        slope  Below zero.

                """, "\(operators.output)")
    }
}
