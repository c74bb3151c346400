import CompiledC
import Foreign
import Language
import Source
import Testing

/// Operators in C: what does not fit, in the declaration and in C, and what fits.
@Suite(
    .enabled(if: hasClang && ArrayFunction.isClangInstalled, "clang is not installed: apt-get install clang-19 libclang-19-dev"))
struct OperatorTests {
    private static let declaration =
        "operator f(x: f32[N, C, H, W], k = 1, s = 0.5): f32[N, C, H, W] = extern \"ops.c\" f, gradient g\n"
    private static let network = "network n { input x: f32[N, 2, 4, 4]; output y = x |> f }\n"
    private static let include = "#include <stdint.h>\n"
    private static let forward = "void f(const float *x, float *y, const int64_t *shape, int k, float s) { y[0] = k * s * x[0]; }\n"
    private static let backward =
        "void g(const float *x, const float *dy, float *dx, const int64_t *shape, int k, float s) { dx[0] = k * s * dy[0]; }\n"

    private static func check(_ braid: String, _ c: String) -> (text: String, hasErrors: Bool) {
        let program = load(braid, ["ops.c": c, "own.h": "#pragma once\nstatic inline float twice(float x) { return 2 * x; }\n"])
        let diagnostics = program.check()
        return (DiagnosticRenderer(program.map).render(diagnostics), diagnostics.hasErrors)
    }

    @Test func fits() {
        let own = "#include \"own.h\"\n#include \"own.h\"\n"
        let library = "static float tanhf(float x) { return 7; }\nvoid h(float *y) { y[0] = tanhf(1); }\n"
        let written = Self.forward.replacing("*x", with: "x[]").replacing("*y", with: "y[restrict 2]").replacing("*shape", with: "shape[3]")
        for c in [
            library + written + Self.backward, Self.forward + Self.backward, own + Self.forward + Self.backward,
            own + "/* §äö */\n" + Self.forward + Self.backward,
        ] {
            let (text, hasErrors) = Self.check(Self.declaration + Self.network, Self.include + c)
            #expect(!hasErrors, "\(text)")
        }
    }

    /// What is wrong with the C functions, said at their place with the operator's.
    @Test(arguments: [
        (
            "void f(const float *x, const float *y, const int64_t *shape, int k, float s) { }\n", "ops.c:2:37",
            "parameter 2 of `f` is `const float *`, and must be `float *`, for the result"
        ),
        (
            "void f(const float *x, float *y, int k, float s) { }\n", "ops.c:2:38",
            "parameter 3 of `f` is `int`, and must be `const int64_t *`, for the shapes"
        ),
        (
            "void f(const float *x, float *y, const int64_t *shape) { }\n", "ops.c:2:6",
            "`f` takes 3 parameters, and the operator has 5 for it"
        ),
        (
            "void f(float *x, float *y, const int64_t *shape, int k, float s) { }\n", "ops.c:2:15",
            "parameter 1 of `f` is `float *`, and must be `const float *`, for the input `x`"
        ),
        (
            "void f(const double *x, float *y, const int64_t *shape, int k, float s) { }\n", "ops.c:2:22",
            "parameter 1 of `f` is `const double *`, and must be `const float *`"
        ),
        (
            "void f(const float *x, float *y, const int64_t *shape, int k, double s) { }\n", "ops.c:2:70",
            "parameter 5 of `f` is `double`, and must be `float`, for the number `s`"
        ),
        (
            "void f(const float *x, volatile float *y, const int64_t *shape, int k, float s) { }\n", "ops.c:2:40",
            "parameter 2 of `f` is `volatile float *`"
        ),
        (
            "void f(const float *x, float *y, const int *shape, int k, float s) { }\n", "ops.c:2:45",
            "parameter 3 of `f` is `const int *`, and must be `const int64_t *`"
        ),
        ("void ff(const float *x, float *y) { }\n", "main.braid:1:82", "`ops.c` has no function `f` over arrays"),
        ("", "main.braid:1:82", "`ops.c` has no function `f` over arrays"),
        ("float f(float x) { return x; }\n", "main.braid:1:82", "`ops.c` has no function `f` over arrays"),
        ("static float sum;\n" + forward, "ops.c:2:14", "`sum` lasts from call to call"),
        ("void h(float *y) { static int count; y[0] = count++; }\n" + forward, "ops.c:2:31", "`count` lasts from call to call"),
        ("void system(const char *);\n" + forward, "ops.c:2:6", "`system` has no body"),
        ("void braid_entry(float *y) { }\n" + forward, "ops.c:2:6", "names that begin with `braid_` are Braid's"),
        ("void h(float *y) { __asm__(\"nop\"); }\n" + forward, "ops.c:2:20", "assembly cannot be used here"),
        ("void h(float *y) { y[0] = z; }\n" + forward, "ops.c:2:27", "use of undeclared identifier `z`"),
        ("void h(float *y) { y[0] = exp(1); }\n" + forward, "ops.c:2:27", "call to undeclared library function `exp`"),
        ("#include <stdio.h>\n" + forward, "ops.c:2:10", "there is no `<stdio.h>` here"),
        ("float tanhf(float x) { return 7; }\n" + forward, "ops.c:2:7", "`tanhf` is a function of C's library"),
        ("float fabsf(float x) { return 7; }\n" + forward, "ops.c:2:7", "`fabsf` is a function of C's library"),
        ("#include <math.h>\nfloat expf(float x) { return 7; }\n" + forward, "ops.c:3:7", "`expf` is a function of C's library"),
        (
            "void *memset(void *to, int c, unsigned long n) { return to; }\n" + forward, "ops.c:2:7",
            "`memset` is a function of C's library, and stands for it wherever it is called"
        ),
        ("void h(float *y) { char w[1ull<<34]; y[0] = w[4]; }\n" + forward, "ops.c:2:25", "`w` takes 17179869184 bytes of the stack"),
        ("extern const float foo[4];\n" + forward, "ops.c:2:20", "`foo` has no value"),
        ("void h(float *y) { extern const float foo[4]; y[0] = foo[1]; }\n" + forward, "ops.c:2:39", "`foo` has no value"),
        ("extern const char *const environ[];\n" + forward, "ops.c:2:26", "`environ` has no value"),
        ("__asm__(\".incbin \\\"/etc/hostname\\\"\");\n" + forward, "ops.c:2:1", "assembly cannot be used here"),
        ("void h(float *y) { register int q __asm__(\"rsp\"); }\n" + forward, "ops.c:2:35", "assembly cannot be used here"),
        ("#define A asm\n" + forward, "ops.c:2:11", "assembly cannot be used here"),
        ("__attribute__((constructor)) static void h(void) { }\n" + forward, "ops.c:2:1", "attributes cannot be used here"),
        ("[[noreturn]] static void h(void) { }\n" + forward, "ops.c:2:2", "attributes cannot be used here"),
        ("_Noreturn void h(void) { for (;;) ; }\n" + forward, "ops.c:2:1", "attributes cannot be used here"),
        ("static void h(void) { __builtin_printf(\"x\"); }\n" + forward, "ops.c:2:23", "`__builtin_printf` cannot be used here"),
        ("static void h(void) { __builtin_alloca(4); }\n" + forward, "ops.c:2:23", "`__builtin_alloca` cannot be used here"),
        ("static void h(void) { __builtin_trap(); }\n" + forward, "ops.c:2:23", "`__builtin_trap` cannot be used here"),
        ("__attribute__((unavailable)) void h(void) { }\n" + forward, "ops.c:2:1", "attributes cannot be used here"),
        ("#pragma STDC FP_CONTRACT ON\n" + forward, "ops.c:2:2", "this pragma is not allowed"),
        ("void h(float *y, ...) { }\n" + forward, "ops.c:2:6", "a function must name its parameters"),
        (
            "static const _Bool z = ((_BitInt(8388000))3 << 8387000) / (((_BitInt(8388000))7 << 4000000) + 1) > 5;\n" + forward,
            "ops.c:2:26",
            "`_BitInt` cannot be used here"
        ),
        ("static const char q[1u<<30] = {[(1u<<30)-1] = 1};\n" + forward, "ops.c:2:32", "the element that this is for must be a number"),
        ("int f(const float *x, float *y) { return 1; }\n", "main.braid:1:82", "`ops.c` has no function `f` over arrays"),
        ("static " + forward, "main.braid:1:82", "`ops.c` has no function `f` over arrays"),
        (
            "float h(float x) { return " + String(repeating: "- ", count: 13_000) + "x; }\n" + forward, "main.braid:1:74",
            "`ops.c`: clang gives up on a C file"
        ),
    ])
    func mistakesInC(c: String, place: String, message: String) {
        let (text, hasErrors) = Self.check(Self.declaration + Self.network, Self.include + c + Self.backward)
        #expect(hasErrors && text.contains("error: \(message)") && text.contains("--> \(place)\n"), "\(text)")
    }

    /// What is wrong with the gradient's function.
    @Test(arguments: [
        (
            "void g(const float *x, float *dx, const int64_t *shape, int k, float s) { }\n", "ops.c:3:31",
            "parameter 2 of `g` is `float *`, and must be `const float *`, for the gradient of the result"
        ),
        (
            "void g(const float *x, const float *dy, const int64_t *shape, int k, float s) { }\n", "ops.c:3:56",
            "parameter 3 of `g` is `const int64_t *`, and must be `float *`, for the gradient of the input `x`"
        ),
        (
            "void g(const float *x, const float *dy, float *dx, const int64_t *shape, float k, float s) { }\n", "ops.c:3:80",
            "parameter 5 of `g` is `float`, and must be `int`, for the number `k`"
        ),
        ("void h(const float *x) { }\n", "main.braid:1:94", "`ops.c` has no function `g` over arrays"),
    ])
    func mistakesInGradients(c: String, place: String, message: String) {
        let (text, hasErrors) = Self.check(Self.declaration + Self.network, Self.include + Self.forward + c)
        #expect(hasErrors && text.contains("error: \(message)") && text.contains("--> \(place)\n"), "\(text)")
    }

    /// What is wrong with the types of the declaration, and with uses.
    @Test(arguments: [
        ("x: f32[N, C, H, W]", "f32[4, C, H, W]", "x", "the first extent of the result must be the batch"),
        ("x: f32[N, C, H, W]", "f32[N, C, N, W]", "x", "`N` is the batch, and can only be a first extent"),
        ("x: f32[C, C, H, W]", "f32[N, C, H, W]", "x", "unknown name `N`"),
        ("x: f32[C, 2 * N, H, W]", "f32[C, C, H, W]", "x", "unknown name `N`"),
        ("x: f32[N, C, H, 2 * W]", "f32[N, C, H, W]", "x", "unknown name `W`"),
        ("x: f32[N, C, H, W]", "f32[N, C, H, W / 2]", "x", "an extent must be a positive integer, not "),
        ("x: f32[N, C, H, W]", "f32[N, C, H, s]", "x", "an extent must be a positive integer, not a"),
        ("x: f32[N, C, H, W]", "f32[N, C, H, 99999999999]", "x", "99999999999 is too large"),
        ("x: f32[]", "f32[N, C, H, W]", "x", "unknown name `N`"),
        ("x: f32[N, C, H, W]", "f32[N, C, H - 9, W]", "x", "the result f32[N, C, H - 9, W] would have an extent of -5"),
        ("x: f32[N, C, H, H]", "f32[N, C, H, H]", "x |> pad((0, 1))", "`x` must be f32[N, C, H, H], not f32[N, 2, 4, 6]"),
        ("x: f32[N, 3, H, W]", "f32[N, 3, H, W]", "x", "`x` must be f32[N, 3, H, W], not f32[N, 2, 4, 4]"),
        ("x: f32[N, C, H]", "f32[N, C, H]", "x", "`x` must be f32[N, C, H], not f32[N, 2, 4, 4]"),
        ("x: f32[N, C, H, W]", "f32[N, C, H, W]", "3", "`f` takes a tensor as `x`, not a"),
        ("x: f32[N, C, H, W]", "f32[N, C, H, W]", "x |> global_avg_pool |> flatten", "`x` must be f32[N, C, H, W], not f32[N, 2]"),
    ])
    func mistakesInTypes(input: String, result: String, use: String, message: String) {
        let braid = """
            operator f(\(input), k = 1, s = 0.5): \(result) = extern "ops.c" f, gradient g
            network n { input x: f32[N, 2, 4, 4]; output y = (\(use)) |> f; output z = x }

            """
        let (text, hasErrors) = Self.check(braid, Self.include + Self.forward + Self.backward)
        #expect(hasErrors && text.contains("error: \(message)"), "\(text)")
    }

    @Test(arguments: [
        ("k: 0.5", "`k` must be an integer of 32 bits, not 0.5"), ("k: 3000000000", "`k` must be an integer of 32 bits, not 3000000000"),
        ("k: 2.0", "`k` must be an integer of 32 bits, not 2.0"), ("k: [1]", "`k` must be an integer of 32 bits, not a list"),
        ("s: 1e60", "`s` must be a number of f32, not 1e+60"), ("s: true", "`s` must be a number of f32, not a truth value"),
        ("t: 1", "`f` has no argument `t`"),
    ])
    func mistakesInNumbers(argument: String, message: String) {
        let network = "network n { input x: f32[N, 2, 4, 4]; output y = x |> f(\(argument)) }\n"
        let (text, hasErrors) = Self.check(Self.declaration + network, Self.include + Self.forward + Self.backward)
        #expect(hasErrors && text.contains("error: \(message)"), "\(text)")
    }

    /// What there is instead of what is not there.
    @Test(arguments: [
        ("y[0] = lrintf(x[0]);", "there is no `lrintf` here; `<math.h>` has `acosf`, `acoshf`, "),
        ("y[0] = isinf(x[0]);", "there is no `isinf` here; `<math.h>` has `acosf`, "),
        ("y[0] = sinf(x[0]);", "include the header <math.h> or explicitly provide a declaration for `sinf`"),
    ])
    func helpsWithFunctions(statement: String, help: String) {
        let c = Self.include + "void h(const float *x, float *y) { \(statement) }\n" + Self.forward + Self.backward
        let (text, hasErrors) = Self.check(Self.declaration + Self.network, c)
        #expect(hasErrors && text.contains("= help: \(help)"), "\(text)")
    }

    /// Why a function of the name does not count, at its place.
    @Test(arguments: [
        ("int f(const float *x, float *y) { return 1; }\n", "it gives `int`, and must give nothing: `void`"),
        ("static " + forward, "it is `static`, and so for other functions of the file only"),
        ("void f(float x) { }\n", "it takes no arrays"),
    ])
    func saysWhyAFunctionDoesNotCount(c: String, reason: String) {
        let (text, _) = Self.check(Self.declaration + Self.network, Self.include + c + Self.backward)
        #expect(text.contains("::: ops.c:2:") && text.contains(reason), "\(text)")
    }

    /// What comes before a function without a gradient cannot be trained: that is said where it is checked.
    @Test func gradientsAreAskedFor() {
        let training = "training of n { loss mean(y, [0, 1, 2, 3]); optimizer sgd; schedule constant(rate: 0.1, epochs: 1) }\n"
        let declaration = Self.declaration.replacing(", gradient g", with: "")
        for (body, isWrong) in [("x |> c: conv(2, 1) |> f", true), ("x |> f |> c: conv(2, 1)", false)] {
            let network = "network n { input x: f32[N, 2, 4, 4]; output y = \(body) }\n"
            let (text, hasErrors) = Self.check(declaration + network + training, Self.include + Self.forward)
            #expect(hasErrors == isWrong, "\(text)")
            if isWrong {
                #expect(text.contains("error: the C function `f` has no gradient, and what comes before it is trained"), "\(text)")
            }
        }
        let list = Self.check(Self.declaration + "network n { output y = f([1, 2]) }\n", Self.include + Self.forward + Self.backward).text
        #expect(list.contains("error: `f` takes a tensor as `x`, not a list") && list.contains("= help: write `tensor([…])`"), "\(list)")
    }

    @Test func saysWhatIsNotInstalled() {
        let program = Program.load(
            path: "main.braid", text: Self.declaration, foreign: CLoader(compiles: false), readFile: { _ in Self.forward })
        let text = DiagnosticRenderer(program.map).render(program.check())
        #expect(text.contains("error: clang 19, which compiles C functions over arrays, is not installed"), "\(text)")
        #expect(text.contains("apt-get install clang-19"))
    }

    /// The comments of the C file are the operator's documentation.
    @Test func isDocumented() throws {
        let c = Self.include + "/// Halves.\n/// @param x The picture.\n/// @param s By how much.\n" + Self.forward + Self.backward
        let described = try #require(load(Self.declaration, ["ops.c": c]).describe(callable: "f"))
        #expect(described.documentation == "Halves." && described.kind == .operator)
        #expect(described.parameters.map(\.summary) == ["The picture.", "", "By how much."])
        #expect(described.signature == "f(x, k = 1, s = 0.5)")
    }
}
