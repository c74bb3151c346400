import CompiledC
import Testing

/// C functions, compiled: with clang's command, which these tests need.
@Suite(.enabled(if: ArrayFunction.isClangInstalled, "clang is not installed: apt-get install clang-19")) struct ArrayFunctionTests {
    private static let source = """
        #include <braid.h>
        #include <math.h>
        #include <stdint.h>

        void f(const float *x, float *y, const int64_t *shape, int power, float scale) {
            for (int64_t i = 0; i < shape[0]; i++) y[i] = scale * powf(x[i], power) + braid_sigmoid(x[i]) + sizeof(float);
        }

        """

    private static func call<Number: BinaryFloatingPoint>(_ element: ArrayFunction.Element, _ numbers: [Number]) throws -> [Number] {
        let function = ArrayFunction(source: source, name: "f", arrays: 2, numbers: ["3", "0.1f"])
        let entry = try function.entry(computingIn: element)
        var (x, y) = (numbers, numbers)
        let count = [Int64(numbers.count)]
        x.withUnsafeMutableBytes { x in
            y.withUnsafeMutableBytes { y in entry([x.baseAddress, y.baseAddress], count) }
        }
        return y
    }

    /// The same text computes in f32 and in fp64, numbers of the call and functions of both headers included.
    @Test func computesInBoth() throws {
        let points = [-1.75, 0.3, 2.1]
        let expected = points.map { x in 0.1 * x * x * x + 1 / (1 + expOf(-x)) }
        for (y, want) in zip(try Self.call(.double, points), expected) { #expect(abs(y - 8 - want) < 1e-7) }
        for (y, want) in zip(try Self.call(.float, points.map(Float.init)), expected) { #expect(abs(Double(y) - 4 - want) < 1e-5) }
    }

    /// The series of the exponential function, of numbers this small.
    private func expOf(_ x: Double) -> Double {
        var (sum, term) = (1.0, 1.0)
        for n in 1..<60 {
            term *= x / Double(n)
            sum += term
        }
        return sum
    }

    @Test func givesBitcode() throws {
        let function = ArrayFunction(source: Self.source, name: "f", arrays: 2, numbers: ["3", "0.1f"])
        for triple in ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"] {
            #expect(try function.bitcode(for: triple).starts(with: [0x42, 0x43, 0xC0, 0xDE]))
        }
    }

    @Test(arguments: [
        ("void g(void) { }", "call to undeclared function 'f'"), ("void f(float *x { }", "expected ')'"),
        ("#include \"own.h\"\n", "'own.h' file not found"), ("#include <stdio.h>\n", "'stdio.h' file not found"),
    ])
    func saysWhatIsWrong(source: String, message: String) {
        let function = ArrayFunction(source: source, name: "f", arrays: 1, numbers: [])
        let error = #expect(throws: CompilationError.self) { try function.bitcode(for: "x86_64-unknown-linux-gnu") }
        #expect(error?.message.hasPrefix("clang cannot compile a C file: ") == true && error?.message.contains(message) == true)
    }

    /// What is declared and nowhere defined is found when it is linked, before anything runs.
    @Test func refusesWhatHasNoBody() {
        let function = ArrayFunction(
            source: "void nowhere(void); void f(float *x, const long *s) { nowhere(); }", name: "f", arrays: 1, numbers: [])
        #expect(throws: CompilationError.self) { try function.entry(computingIn: .double) }
    }

    @Test func headersDeclareTheSameForReadingAndCompiling() {
        #expect(StandardHeaders.names.contains("braid.h") && StandardHeaders.files.map(\.name) == StandardHeaders.names)
    }
}
