import Graph
import Testing

@testable import LoopNest

/// The rules of kernels, each broken once.
@Suite struct KernelVerifierTests {
    /// Expects the message for a kernel with buffers x (read), y (write) and z (i32, readWrite).
    func check(_ body: String, lanes: Int = 8, says expected: String, sourceLocation: Testing.SourceLocation = #_sourceLocation) {
        do {
            _ = try KernelReader.read(
                "kernel k lanes \(lanes) tasks 2 (x: read f32[8], y: write f32[16], z: readWrite i32[4]) {\n\(body)\n}")
            Issue.record("the kernel was accepted", sourceLocation: sourceLocation)
        } catch {
            #expect(error.description == "kernel k: \(expected)", sourceLocation: sourceLocation)
        }
    }

    @Test func buffersHoldWhatKernelsCanRead() {
        let kernel = Kernel(name: "k", lanes: 8, taskCount: 1, parameters: [Buffer("x", .f16, count: 8, access: .read)])
        #expect(throws: KernelError.invalid(kernel: "k", statement: "", message: "'x' holds f16, which no kernel can")) {
            try kernel.verify()
        }
    }

    @Test func brokenRulesAreNamed() {
        check("", lanes: 3, says: "3 lanes; there may be 1, 4, 8 or 16")
        check("%0 = load x[0] %0 = load x[0]", says: "%0 is assigned twice, in `%0 = load x[0]`")
        check("%0 = negate(%0)", says: "%0 is used where it has no value, in `%0 = negate(%0)`")
        check("y[0] = %4", says: "there is no register %4, in `y[0] = %4`")
        check("for i in 0 ..< 2 { %0 = load x[0] } y[0] = %0", says: "%0 is used where it has no value, in `y[0] = %0`")
        check("when 0 <= task < 1 { %0 = load x[0] } y[0] = %0", says: "%0 is used where it has no value, in `y[0] = %0`")
        check("%0 = load y[0]", says: "'y' may only be written, in `%0 = load y[0]`")
        check("%0 = load x[0] x[0] = %0", says: "'x' may only be read, in `x[0] = %0`")
        check("for i in 0 ..< 2 step 0 { }", says: "a loop's step is positive, in `for i in 0 ..< 2 step 0 {`")
        check("for i in 0 ..< 2 unroll 0 { }", says: "a loop is unrolled at least once, in `for i in 0 ..< 2 unroll 0 {`")
        check("%0 = load x[task / 0]", says: "a divisor is positive, in `%0 = load x[task / 0]`")
        check(
            "%0 = load x[0] %1 = across multiply(%0)", says: "lanes are combined by add, maximum or minimum, in `%1 = across multiply(%0)`")
        check("for i@3 in 0 ..< 2 { }", says: "no loop has the variable 1 ('')")
    }

    /// What a register holds follows from the instruction that gives it, or from the register that it carries on.
    @Test func registersHoldWhatIsTaken() {
        let start = "%0 = load x[0] %1 = pack(%0, %0) "
        check(start + "%2 = negate(%1)", says: "%1 holds pairs, not a vector, in `%2 = negate(%1)`")
        check(start + "%2 = dot(%1, %0, %0)", says: "%0 holds a vector, not pairs, in `%2 = dot(%1, %0, %0)`")
        check(start + "%2 = dot(%1, %1, %1)", says: "%1 holds pairs, not a vector, in `%2 = dot(%1, %1, %1)`")
        check(start + "%2 = pack(%0, %1)", says: "%1 holds pairs, not a vector, in `%2 = pack(%0, %1)`")
        check(start + "y[0] = %1", says: "%1 holds pairs, not a vector, in `y[0] = %1`")
        check(start + "%2 = keep %1 active 3", says: "%1 holds pairs, not a vector, in `%2 = keep %1 active 3`")
        check(
            start + "(%2) = for i in 0 ..< 2 carrying (%3 = %1) { next %0 }",
            says: "%0 holds a vector, not pairs, in `(%2) = for i in 0 ..< 2 carrying (%3 = %1) {`")
        check(
            start + "(%2) = for i in 0 ..< 2 carrying (%3 = %1) { %4 = negate(%3) next %3 }",
            says: "%3 holds pairs, not a vector, in `%4 = negate(%3)`")
        check(
            start + "(%2) = for i in 0 ..< 2 carrying (%3 = %1) { next %3 } y[0] = %2",
            says: "%2 holds pairs, not a vector, in `y[0] = %2`")
        check(
            start + "(%2) = when 0 <= task < 1 carrying (%0) { next %1 }",
            says: "%1 holds pairs, not a vector, in `(%2) = when 0 <= task < 1 carrying (%0) {`")
        check(
            start + "(%2) = when 0 <= task < 1 carrying (%1) { next %1 } %3 = negate(%2)",
            says: "%2 holds pairs, not a vector, in `%3 = negate(%2)`")
    }

    /// Elements of x (8, read), y (16, written) and z (4 integers) that may be touched, though they do not exist.
    @Test func elementsOutsideOfBuffersAreNamed() {
        check("%0 = load x[1]", says: "elements 1 ... 8 of 'x' may be touched, which has 8, in `%0 = load x[1]`")
        check("%0 = load x[-1]", says: "elements -1 ... 6 of 'x' may be touched, which has 8, in `%0 = load x[-1]`")
        check("%0 = broadcast x[task * 8]", says: "elements 0 ... 8 of 'x' may be touched, which has 8, in `%0 = broadcast x[task * 8]`")
        check(
            "%0 = gather x[7 stride 360000]",
            says: "elements 7 ... 2520007 of 'x' may be touched, which has 8, in `%0 = gather x[7 stride 360000]`")
        check(
            "%0 = gather x[6 stride -1]", says: "elements -1 ... 6 of 'x' may be touched, which has 8, in `%0 = gather x[6 stride -1]`")
    }

    /// What keeps an access within: loops, their steps, conditions, counts of lanes, minima, maxima, quotients and remainders.
    @Test(arguments: [
        "%0 = load x[0]", "%0 = load x[6] active 2", "%0 = load x[task * 8] active task * -8 + 8",
        "%0 = load x[0] y[task * 8] = %0", "%0 = gather x[7 stride -1]", "%0 = gather x[task stride 2] active 4",
        "for i in 0 ..< 16 { %0 = broadcast x[i / 2] }", "for i in 0 ..< 999 { %0 = broadcast x[i % 8] }",
        "for i in 0 ..< 12 step 8 { %0 = load x[0] y[i] = %0 }",
        "for i in 0 ..< 7 { for j in 0 ..< min(3, i * -1 + 8) { %0 = broadcast x[i + j] } }",
        "for i in 0 ..< 20 { when 5 <= i < 13 { %0 = broadcast x[i - 5] } }",
        "for i in 0 ..< 9 { for j in max(0, i * -1 + 2) ..< 3 { when 0 <= i + j - 2 < 8 { %0 = broadcast x[i + j - 2] } } }",
        "for i in 0 ..< 30 { %0 = broadcast x[max(0, min(i - 3, 7))] }", "for i in 3 ..< 3 { %0 = load x[1000] }",
        "when 1 <= 0 < 2 { %0 = load x[1000] }", "for i in 0 ..< 64 { %0 = broadcast x[i / 16 * 2 + i % 16 / 8] }",
        "for i in 0 ..< 13 { %0 = broadcast y2[i / 5 * 5 + i % 5] }",
    ])
    func elementsInsideAreAccepted(_ body: String) throws {
        let text = "kernel k lanes 8 tasks 2 (x: read f32[8], y: write f32[16], y2: read f32[13]) {\n\(body)\n}"
        #expect(try KernelReader.read(text).count == 1)
    }

    /// Numbers with which the arithmetic of addresses would overflow, and loops that write out too much.
    @Test(arguments: ["-9223372036854775808", "9223372036854775807", "4611686018427387904", "562949953421312"])
    func numbersOutOfRangeAreRefused(_ number: String) {
        for body in [
            "%0 = load x[task * \(number)]", "%0 = broadcast x[task * 3 * \(number) * 0]", "prefetch x[\(number)]",
            "for i in 0 ..< \(number) { %0 = broadcast x[i] }", "for i in \(number) ..< 4 { %0 = broadcast x[i] }",
            "%0 = position task * \(number) stride 1", "%0 = position task stride \(number)",
            "%0 = gather x[0 stride \(number)]", "%0 = load x[0] active \(number) * task", "when \(number) <= task < 4 { %0 = load x[0] }",
            "for i in 0 ..< 4 step \(number) { for j in 0 ..< i unroll 4 { } }", "%0 = load x[task % \(number)]",
        ] {
            let text = "kernel k lanes 8 tasks 2 (x: read f32[8]) {\n\(body)\n}"
            #expect(throws: KernelError.self, "\(body)") { try KernelReader.read(text) }
        }
    }

    /// A quotient is as much smaller than what it is taken of as its divisor says, so that positions in a long row times its stride are bounded.
    @Test func largeStridesOfQuotientsAreRead() throws {
        _ = try KernelReader.read(
            """
            kernel k lanes 4 tasks 64 (y: write f32[3145824]) {
              for unit in task * 393228 / 64 ..< (task * 393228 + 393228) / 64 {
                %0 = constant 0
                y[unit / 65538 / 6 * 4 % 8 + unit / 65538 / 6 * 4 / 8 * 3145824 + unit / 65538 % 6 * 524304 + unit % 65538 * 8] = %0
              }
            }
            """)
        check(
            "for i in 0 ..< 1048576 { %0 = load x[i / 3 * 1048576 * 1048576] }",
            says: "a number in an index is too large: all that is added up may reach \(IndexBounds.largest), in "
                + "`%0 = load x[i / 3 * 1048576 * 1048576]`")
    }

    @Test func unboundedTextsAreRefused() {
        let large = IndexBounds.largest
        check(
            "for i in 0 ..< \(large) step 2 { }", lanes: 8,
            says: "a number in an index is too large: all that is added up may reach \(large), in `for i in 0 ..< \(large) step 2 {`")
        check("%0 = load x[(task - 1) / 2]", says: "what is divided may be negative, in `%0 = load x[(task - 1) / 2]`")
        check(
            "for i in 0 ..< 9 unroll 65536 { for j in 0 ..< i unroll 65536 { %0 = load x[0] } }",
            says: "unrolled loops write out more than \(KernelVerifier.mostStatements) statements, in `%0 = load x[0]`")
        let buffers = (0...KernelVerifier.mostBuffers).map { "b\($0): read f32[1]" }.joined(separator: ", ")
        #expect(throws: KernelError.self) { try KernelReader.read("kernel k lanes 8 tasks 1 (\(buffers)) {\n}") }
    }

    @Test func statementsBuiltWithWrongIdsAreNamed() {
        func check(_ body: [Statement], says expected: String) {
            let kernel = Kernel(name: "k", lanes: 8, taskCount: 1, parameters: [], registerCount: 1, body: body)
            #expect(throws: KernelError.self) { try kernel.verify() }
            do { try kernel.verify() } catch { #expect(error.description.hasPrefix("kernel k: \(expected)")) }
        }
        check([.define(Register(0), .broadcast(BufferID(0), 0))], says: "there is no buffer 0")
        check([.define(Register(0), .position(.variable(Variable(2)), stride: 1))], says: "there is no variable 2")
        check([.when([], carried: [], body: [])], says: "a condition compares at least one index")
        let inner = Loop(variable: .task, from: 0, to: 1, carried: [], body: [])
        check([.loop(inner)], says: "'task' is the variable of two loops")
    }
}
