import Graph
import Kernels
import Testing

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
