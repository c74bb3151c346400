import CompiledC
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

    /// Operators in C: what is wrong has its place, and what is right trains and passes the check of its gradient.
    @Test(.enabled(if: ArrayFunction.isClangInstalled, "clang is not installed: apt-get install clang-19")) func operatorsTrain() throws {
        let workplace = try Workplace()
        try workplace.write(
            """
            operator squares(x: f32[N, C, H, W], scale = 0.5): f32[N, C, H, W] = extern "ops.c" squares, gradient squares_gradient
            network n {
                input image: f32[N, 1, 28, 28]
                output logits = image |> c: conv(2, 3, stride: 3) |> squares |> flatten |> fc: linear(10)
            }
            training of n { target label: i32[N]; loss cross_entropy(logits, label); optimizer adam; schedule constant(rate: 0.01, epochs: 1); batch 16 }

            """, to: "net.braid")
        func write(_ value: String, _ derivative: String) throws {
            try workplace.write(
                """
                #include <stdint.h>
                void squares(const float *x, float *y, const int64_t *shape, float scale) {
                    for (int64_t i = 0; i < shape[0] * shape[1] * shape[2]; i++) y[i] = \(value);
                }
                void squares_gradient(const float *x, const float *dy, float *dx, const int64_t *shape, float scale) {
                    for (int64_t i = 0; i < shape[0] * shape[1] * shape[2]; i++) dx[i] = \(derivative);
                }

                """, to: "ops.c")
        }
        try write("scale * x[i] * x[i]", "2 * scale * x[i] * dy[i]")
        let right = try workplace.run("check", "net.braid", "--gradients")
        #expect(right.status == 0 && right.errors.contains("runs `squares` and `squares_gradient`\n"), "\(right.errors)")
        let table = try workplace.run("describe", "net.braid").output
        #expect(table.contains("squares(0.5) ") && !table.contains("f32[N, C, H, W]") && !table.contains("int64_t"), "\(table)")
        let training = try workplace.run("overfit", "net.braid", "--steps", "150")
        #expect(training.status == 0, "\(training.errors)")
        let losses = training.output.matches(of: /loss ([0-9.]+) to ([0-9.]+)/).first
        #expect(try #require(Double(losses?.2 ?? "")) < 0.5 * (try #require(Double(losses?.1 ?? ""))))

        try write("scale * x[i] * x[i]", "scale * x[i] * dy[i]")
        let wrong = try workplace.run("check", "net.braid", "--gradients")
        #expect(wrong.status == 1 && wrong.errors.contains("error: the gradient of `x` by `squares_gradient` is wrong\n --> net.braid:4:"))
        #expect(try workplace.run("check", "net.braid").status == 0)

        try write("scale * x[i] *", "scale")
        let broken = try workplace.run("describe", "net.braid")
        #expect(broken.status == 1 && broken.errors.contains("error: expected expression\n --> ops.c:3:"), "\(broken.errors)")
    }

    /// Links are followed; of what has no text it is said why.
    @Test func saysWhyAFileCannotBeRead() throws {
        let workplace = try Workplace()
        try workplace.write(Self.network, to: "net.braid")
        try workplace.makeFolder("own")
        try workplace.write("/// A \u{1B}[31mred\u{7} word.\n/// @param x \u{1B}[2J.\nfloat f(float x) { return x; }\n", to: "own/real.c")
        for (line, reason) in [
            ("ln -s own/real.c ops.c", nil), ("ln -sf nowhere ops.c", "it is a link that leads to nothing"),
            ("rm ops.c; mkdir ops.c", "it is a folder"), ("rmdir ops.c; mkfifo ops.c", "it is a device or a pipe, and no file that ends"),
            ("rm ops.c; ln -s /dev/zero ops.c", "it is a device or a pipe, and no file that ends"),
            ("rm ops.c; printf '\\377' > ops.c", "'./ops.c' is not UTF-8 text"),
        ] as [(String, String?)] {
            _ = try workplace.run(line: line)
            let check = try workplace.run("check", "net.braid")
            #expect(check.status == (reason == nil ? 0 : 1), "\(line): \(check.errors)")
            if let reason {
                #expect(check.errors.contains("error: cannot read `ops.c`: \(reason.replacing("./", with: ""))"), "\(check.errors)")
                continue
            }
            let operators = try workplace.run("describe", "--operators", "net.braid").output
            #expect(operators.contains("red") && !operators.contains("\u{1B}") && !operators.contains("\u{7}"), "\(operators)")
        }
    }

    /// Whatever signal ends the command: clang ends with it, and its folder goes.
    @Test(.enabled(if: ArrayFunction.isClangInstalled, "clang is not installed: apt-get install clang-19"), arguments: ["KILL", "TERM"])
    func leavesNothingBehind(signal: String) throws {
        let workplace = try Workplace()
        try workplace.makeFolder("temporary")
        try workplace.write(
            "operator f(x: f32[N, 4]): f32[N, 4] = extern \"ops.c\" f\nnetwork n { input x: f32[N, 4]; output y = x |> f }\n",
            to: "net.braid")
        // clang writes a gigabyte.
        let slow = "static const char z[1u<<30] = \"abc\"; r[0] = z[(long)x[0]];"
        try workplace.write("void f(const float *x, float *r, const long *s) { \(slow) }\n", to: "ops.c")
        let line = """
            TMPDIR=$PWD/temporary '\(Workplace.command.path)' check net.braid > /dev/null & command=$!
            for i in $(seq 300); do ls temporary/*/source.c > /dev/null 2>&1 && break; sleep 0.1; done
            sleep 0.5; kill -\(signal) $command; wait $command 2> /dev/null
            for i in $(seq 100); do [ -z "$(ls temporary)" ] && break; sleep 0.1; done
            ls temporary; readlink /proc/[0-9]*/cwd 2> /dev/null | grep "$PWD/temporary"; true
            """
        #expect(try workplace.run(line: line).output == "")
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
