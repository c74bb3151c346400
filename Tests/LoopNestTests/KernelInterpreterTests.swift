import Graph
import Testing

@testable import LoopNest

/// What the interpreter computes, and what it refuses.
@Suite struct KernelInterpreterTests {
    /// Runs the text of one kernel and returns its buffers.
    func run(_ text: String, _ buffers: [KernelArray], order: KernelInterpreter.TaskOrder = .ascending) throws -> [KernelArray] {
        var buffers = buffers
        for kernel in try KernelReader.read(text, checksAccesses: false) { try KernelInterpreter(order: order).run(kernel, &buffers) }
        return buffers
    }

    /// Expects y after a run of `body` on x = 0, 1, 2, ... with four lanes.
    func check(
        _ body: String, tasks: Int = 1, _ expected: [Float], sourceLocation: Testing.SourceLocation = #_sourceLocation
    ) throws {
        let text =
            "kernel k lanes 4 tasks \(tasks) (x: read f32[12], y: readWrite f32[\(expected.count)]) scratch (s: f32[8]) {\n\(body)\n}"
        for order in [KernelInterpreter.TaskOrder.ascending, .shuffled(seed: 5)] {
            let start: [KernelArray] = [.f32((0..<12).map(Float.init)), .f32(Array(repeating: -1, count: expected.count))]
            #expect(try run(text, start, order: order)[1] == .f32(expected), sourceLocation: sourceLocation)
        }
    }

    @Test func memory() throws {
        try check("%0 = load x[3] y[0] = %0", [3, 4, 5, 6])
        try check("%0 = load x[10] active 2 y[0] = %0", [10, 11, 0, 0])
        try check("%0 = load x[4] y[0] = %0 active task + 3", [4, 5, 6, -1])
        try check("%0 = load x[4] active -3 y[0] = %0 active 9", [0, 0, 0, 0])
        try check("%0 = broadcast x[7] y[0] = %0", [7, 7, 7, 7])
        try check("%0 = gather x[1 stride 3] y[0] = %0", [1, 4, 7, 10])
        try check("%0 = gather x[11 stride -4] active 3 y[0] = %0", [11, 7, 3, 0])
        try check("%0 = load x[0] y[1 stride 2] = %0 active 3", [-1, 0, -1, 1, -1, 2, -1])
        try check("%0 = load x[task * 4] y[task * 4] = %0", tasks: 2, [0, 1, 2, 3, 4, 5, 6, 7])
        try check("%0 = load x[2] s[4] = %0 %1 = load s[4] prefetch x[99] y[0] = %1", [2, 3, 4, 5])
    }

    @Test func arithmetic() throws {
        try check("%0 = load x[1] %1 = load x[5] %2 = fma(%0, %1, %0) y[0] = %2", [6, 14, 24, 36])
        try check("%0 = load x[1] %1 = load x[5] %2 = divide(%1, %0) %3 = subtract(%2, %0) y[0] = %3", [4, 1, Float(7) / 3 - 3, -2])
        try check("%0 = load x[0] %1 = constant 2 %2 = select(%0 < %1, %1, %0) y[0] = %2", [2, 2, 2, 3])
        try check("%0 = load x[0] %1 = constant 2 %2 = select(%0 <= %1, %1, %0) y[0] = %2", [2, 2, 2, 3])
        try check("%0 = load x[0] %1 = constant 2 %2 = select(%0 == %1, %0, %1) %3 = negate(%2) y[0] = %3", [-2, -2, -2, -2])
        try check("%0 = position task + 5 stride 3 y[0] = %0", [5, 8, 11, 14])
        try check("%0 = load x[3] %1 = across add(%0) y[0] = %1", [18, 18, 18, 18])
        try check("%0 = load x[3] %1 = across maximum(%0) %2 = across minimum(%0) %3 = subtract(%1, %2) y[0] = %3", [3, 3, 3, 3])
        try check("%0 = load x[3] %1 = keep %0 active 1 y[0] = %1", [3, 0, 0, 0])
        try check("%0 = load x[0] %1 = multiply(%0, %0) %2 = squareRoot(%1) y[0] = %2", [0, 1, 2, 3])
        let exponentials = (0..<4).map { Float(UnaryFunction.exponential.evaluate(Double($0))) }
        try check("%0 = load x[0] %1 = exponential(%0) y[0] = %1", exponentials)
    }

    @Test func fusedMultiplyAddRoundsOnce() throws {
        let x: Float = 1 + 0x1p-12
        let text =
            "kernel k lanes 1 tasks 1 (x: read f32[1], y: write f32[2]) { %0 = load x[0] %1 = constant -1.00048828125 "
            + "%2 = fma(%0, %0, %1) y[0] = %2 %3 = multiply(%0, %0) %4 = add(%3, %1) y[1] = %4 }"
        #expect(try run(text, [.f32([x]), .f32([9, 9])])[1] == .f32([0x1p-24, 0]))
    }

    @Test func lanesAreCombinedPairwise() throws {
        let values: [Float] = [1e8, 1, -1e8, 2]
        let text = "kernel k lanes 4 tasks 1 (x: read f32[4], y: write f32[4]) { %0 = load x[0] %1 = across add(%0) y[0] = %1 }"
        // (1e8 + -1e8) + (1 + 2), where a sum from left to right gives 2.
        #expect(try run(text, [.f32(values), .f32([0, 0, 0, 0])])[1] == .f32([3, 3, 3, 3]))
    }

    @Test func loopsAndConditions() throws {
        try check(
            "%0 = constant 0 (%1) = for i in 0 ..< 12 step 5 carrying (%2 = %0) { %3 = broadcast x[i] %4 = add(%2, %3) next %4 } y[0] = %1",
            [15, 15, 15, 15])
        try check("%0 = load x[2] (%1) = for i in 3 ..< 3 carrying (%2 = %0) { next %2 } y[0] = %1", [2, 3, 4, 5])
        try check(
            "%0 = constant 0 %1 = constant 1 (%2, %3) = for i in 0 ..< 10 carrying (%4 = %0, %5 = %1) {"
                + " %6 = add(%4, %5) next %5, %6 } y[0] = %2",
            [55, 55, 55, 55])
        try check(
            "%0 = load x[0] (%1) = when 1 <= task < 2 carrying (%0) { %2 = negate(%0) next %2 } y[task * 4] = %1", tasks: 2,
            [0, 1, 2, 3, 0, -1, -2, -3])
        try check(
            "for i in 0 ..< 4 { for j in i ..< min(i + 2, 4) { when i <= j < i + 1 and 1 <= i < 3 {"
                + " %0 = position i * 10 + j stride 0 y[i] = %0 active 1 } } }",
            [-1, 11, 22, -1])
        try check("for i in 0 ..< 4 { %0 = position i / 2 * 10 + i % 2 + max(i, 2) stride 0 y[i] = %0 active 1 }", [2, 3, 12, 14])
    }

    @Test func integersAreConverted() throws {
        let text =
            "kernel k lanes 4 tasks 1 (x: readWrite i32[4], y: write f32[4]) {"
            + " %0 = load x[0] y[0] = %0 %1 = constant -1.75 %2 = multiply(%0, %1) x[0] = %2 }"
        let result = try run(text, [.i32([1, -2, 3, 400]), .f32([0, 0, 0, 0])])
        #expect(result == [.i32([-1, 3, -5, -700]), .f32([1, -2, 3, 400])])
    }

    @Test func halvesOfFloatsAreWidenedAndRounded() throws {
        let text =
            "kernel k lanes 4 tasks 1 (x: read f32[8], y: write bf16[8], z: readWrite bf16[4], w: write f32[4]) {"
            + " for i in 0 ..< 8 step 4 { %0 = load x[i] y[i] = %0 } %1 = gather z[3 stride -1] w[0] = %1 %2 = broadcast z[1] z[0] = %2 active 1 }"
        // A unit in the last place at 1 is 2^-7: ties go to the even neighbour.
        let values: [Float] = [1, 0x1.01p0, 0x1.03p0, 0x1.0101p0, -0x1p-130, .infinity, -0x1.fffffep127, 0x1p-126]
        let numbers: [Float] = [1, -2, 3, 0x1p-130]
        let halves = numbers.map { BFloat16(bitPattern: UInt16($0.bitPattern >> 16)) }
        var arrays: [KernelArray] = [
            .f32(values), KernelArray(.bf16, numbers: [Double](repeating: 9, count: 8)), .bf16(halves), .f32([9, 9, 9, 9]),
        ]
        try KernelInterpreter().run(KernelReader.read(text)[0], &arrays)
        let rounded: [Double] = [1, 1, 1.015625, 1.0078125, 0, .infinity, -.infinity, 0x1p-126]
        #expect(arrays[1].numbers == rounded)
        #expect(arrays[1].numbers[4].sign == .minus)
        // What is loaded is exact, denormal numbers included.
        let (widened, kept): ([Double], [Double]) = ([0x1p-130, 3, -2, 1], [-2, -2, 3, 0x1p-130])
        #expect(arrays[3].numbers == widened)
        #expect(arrays[2].numbers == kept)
    }

    @Test func uniformNumbersAreTheGraphs() throws {
        let text = "kernel k lanes 4 tasks 1 (y: write f32[4]) { %0 = constant 77 %1 = uniform(%0, stream 3) at 10 stride 2 y[0] = %1 }"
        let expected = (0..<4).map { Float(uniformHash(seed: 77, stream: 3, counter: UInt32(10 + 2 * $0))) }
        #expect(try run(text, [.f32([0, 0, 0, 0])]) == [.f32(expected)])
    }

    @Test func scratchHoldsGarbageInEveryTask() throws {
        let text =
            "kernel k lanes 1 tasks 2 (y: write f32[2]) scratch (s: f32[1]) { %0 = load s[0] y[task] = %0 %1 = constant 3 s[0] = %1 }"
        guard case .f32(let values) = try run(text, [.f32([0, 0])])[0] else { return }
        #expect(values.filter { !$0.isNaN }.isEmpty)
    }

    /// Expects a run of `body` on x[12], y[4] to fail.
    func check(_ body: String, tasks: Int = 1, says expected: String, sourceLocation: Testing.SourceLocation = #_sourceLocation) {
        let text = "kernel k lanes 4 tasks \(tasks) (x: read f32[12], y: readWrite f32[4]) {\n\(body)\n}"
        do {
            _ = try run(text, [.f32(Array(repeating: 0, count: 12)), .f32(Array(repeating: 0, count: 4))])
            Issue.record("the run succeeded", sourceLocation: sourceLocation)
        } catch {
            #expect("\(error)" == "kernel k: \(expected)", sourceLocation: sourceLocation)
        }
    }

    @Test func accessesOutOfBoundsAreNamed() {
        check("%0 = load x[9]", says: "element 12 of 'x', which has 12, in `%0 = load x[9]` where task = 0")
        check(
            "for i in 0 ..< 4 { %0 = broadcast x[i * 5] }",
            says: "element 15 of 'x', which has 12, in `%0 = broadcast x[i * 5]` where task = 0, i = 3")
        check("%0 = gather x[3 stride -2]", says: "element -1 of 'x', which has 12, in `%0 = gather x[3 stride -2]` where task = 0")
        check("%0 = constant 0 y[task * 4] = %0", tasks: 2, says: "element 4 of 'y', which has 4, in `y[task * 4] = %0` where task = 1")
        check("%0 = constant 0 y[2 stride 1] = %0", says: "element 4 of 'y', which has 4, in `y[2 stride 1] = %0` where task = 0")
        check(
            "%0 = broadcast x[task * 9223372036854775807 + 9223372036854775807]",
            says: "element 9223372036854775807 of 'x', which has 12, in "
                + "`%0 = broadcast x[task * 9223372036854775807 + 9223372036854775807]` where task = 0")
    }

    @Test func tasksMustNotDependOnEachOther() {
        check("%0 = constant 0 y[0] = %0", tasks: 2, says: "tasks 0 and 1 both touch element 0 of 'y', and one writes it, in `y[0] = %0`")
        check(
            "%0 = load y[0] y[task] = %0 active 1", tasks: 2,
            says: "tasks 0 and 1 both touch element 0 of 'y', and one writes it, in `%0 = load y[0]`")
    }

    @Test func endlessRunsAreStopped() throws {
        let text = "kernel k lanes 1 tasks 1 () { for i in 0 ..< 9223372036854775807 step 2 { } }"
        let kernel = try KernelReader.read(text, checksAccesses: false)[0]
        var buffers: [KernelArray] = []
        #expect(throws: KernelError.tooLong(kernel: "k", turns: 1000)) { try KernelInterpreter(turnLimit: 1000).run(kernel, &buffers) }
    }

    @Test func buffersMustFit() throws {
        let kernel = try KernelReader.read("kernel k lanes 1 tasks 1 (x: read f32[2]) { }")[0]
        for wrong in [[], [KernelArray.f32([0])], [.i32([0, 0])], [.f32([0, 0]), .f32([])]] {
            var buffers = wrong
            #expect(throws: KernelError.self) { try KernelInterpreter().run(kernel, &buffers) }
        }
    }

    @Test(arguments: 0..<200) func randomKernelsNeverTrap(seed: Int) throws {
        let kernel = RandomKernel.make(seed: seed)
        var buffers: [KernelArray] = kernel.parameters.map { buffer in
            KernelArray(buffer.element, numbers: [Double](repeating: buffer.element == .i32 ? 2 : 1, count: buffer.count))
        }
        do {
            try KernelInterpreter(turnLimit: 3000).run(kernel, &buffers)
        } catch {
            #expect(error.description.hasPrefix("kernel \(kernel.name):"))
        }
    }
}
