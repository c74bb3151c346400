import EmulatorSupport
import Graph
import LoopNest
import Machine
import Testing

/// Machine code of AArch64 beside the interpreter, bit for bit, where an emulator is installed (`Emulator`); else these are skipped.
@Suite(.enabled(if: Emulator.runsAArch64, "qemu-aarch64, clang and ld.lld are not all installed")) struct EmulatedTests {
    private static let targets = [Target.aarch64NEON, .aarch64NEONBF16]
    private static let lanes = Target.aarch64NEON.lanes

    private func check(_ kernel: Kernel, _ arrays: [KernelArray], on target: Target, _ comment: Comment) throws {
        try MachineTests.check(kernel, arrays, on: target, comment) { try Emulator.run($0, $1, on: $2) }
    }

    /// Numbers of every kind, each with all others: zeros, denormal, least, near one, odd and even, largest, infinite, none.
    private static let edges: [UInt16] = [
        0x0000, 0x8000, 0x0001, 0x807f, 0x0080, 0x8081, 0x1fff, 0x2000, 0x3f7f, 0x3f80, 0xbf80, 0x3f81, 0x4b7f, 0xcb80, 0x5f80, 0x7f7f,
        0xff7f, 0x7f80, 0xff80, 0x7fc1,
    ]

    /// Dot products of pairs whose bits are any, by the instruction where the target has it and by others where it has not.
    @Test(arguments: targets + [Target.aarch64NEONBF16.withoutDotProducts], [DotProduct.PairRule.fused, .odd])
    func dotProducts(target: Target, rule: DotProduct.PairRule) throws {
        let triples = Self.edges.flatMap { a in Self.edges.flatMap { b in Self.edges.map { (a, b, $0) } } }
        let random = (narrowNumbers(1 << 16, seed: 1), narrowNumbers(1 << 16, seed: 2), narrowNumbers(1 << 16, seed: 3))
        // The lower numbers and the sum go through all triples; the upper numbers are one, so that either product may be the larger.
        var (a, b, sums): ([UInt32], [UInt32], [Float]) = ([], [], [])
        for (first, second, third) in triples {
            for (x, y, sum) in [(first, second, third), (first, third, second)] {
                a += [UInt32(x) | 0x3f80_0000, UInt32(x) << 16 | UInt32(y)]
                b += [UInt32(y) | UInt32(sum) << 16, UInt32(sum) << 16 | 0x3f80]
                sums += [Float(bitPattern: UInt32(sum) << 16 | 1), Float(bitPattern: UInt32(y) << 16)]
            }
        }
        a += random.0.map(\.bitPattern)
        b += random.1.map(\.bitPattern)
        sums += random.2
        let count = sums.count
        #expect(count % Self.lanes == 0)
        func pairs(_ words: [UInt32]) -> KernelArray { words.withUnsafeBytes { KernelArray(.bf16, bytes: $0) } }

        let builder = KernelBuilder(name: "dot", lanes: Self.lanes, taskCount: count / Self.lanes)
        let first = builder.parameter("a", .bf16, count: 2 * count, .read), second = builder.parameter("b", .bf16, count: 2 * count, .read)
        let sum = builder.parameter("sum", count: count, .read), result = builder.parameter("result", count: count, .write)
        let place = builder.task * Self.lanes
        let (x, y) = (builder.define(.loadPairs(first, place * 2)), builder.define(.loadPairs(second, place * 2)))
        builder.store(result, place, builder.define(rule.operation(x, y, sum: builder.load(sum, place))))
        let kernel = builder.finish()
        let zeros = KernelArray.f32([Float](repeating: 0, count: count))
        try check(kernel, [pairs(a), pairs(b), .f32(sums), zeros], on: target, "\(rule) dot products")

        let functions = try Disassembly.functions(of: CodeGenerator(for: target).object([(kernel, "kernel")]), for: target)
        let isNative = functions.flatMap(\.instructions).contains { $0.hasPrefix("bfdot") }
        #expect(isNative == (rule == .odd && target.pairRule == .odd), "\(target)")
    }

    /// Rounding to bf16, and what vectors do besides: the functions with polynomials among them.
    @Test(arguments: targets) func operations(target: Target) throws {
        let count = 1 << 12
        let arrays = (4...6).map { KernelArray.f32(narrowNumbers(count, seed: $0)) } + [.f32([Float](repeating: 0, count: count))]
        func kernel(_ body: (KernelBuilder, [Register]) -> Register) -> Kernel {
            let builder = KernelBuilder(name: "operation", lanes: Self.lanes, taskCount: count / Self.lanes)
            let inputs = ["a", "b", "c"].map { builder.parameter($0, count: count, .read) }
            let output = builder.parameter("output", count: count, .write)
            builder.store(
                output, builder.task * Self.lanes, body(builder, inputs.map { builder.load($0, builder.task * Self.lanes) }))
            return builder.finish()
        }
        for rule in [DotProduct.PairRule.fused, .odd] {
            let packed = kernel { builder, values in
                let (a, b) = (
                    builder.define(.pack(low: values[0], high: values[1])), builder.define(.pack(low: values[2], high: values[0]))
                )
                return builder.define(rule.operation(a, b, sum: values[1]))
            }
            try check(packed, arrays, on: target, "packed \(rule)")
        }
        try check(kernel { $0.multiplyAdd($1[0], $1[1], $1[2]) }, arrays, on: target, "fused multiply-add")
        for function in [UnaryFunction.negate, .absolute, .reciprocal, .squareRoot, .floor] {
            try check(kernel { $0.define(.unary(function, $1[0])) }, arrays, on: target, "\(function)")
        }
        for function in BinaryFunction.allCases {
            try check(kernel { $0.binary(function, $1[0], $1[1]) }, arrays, on: target, "\(function)")
        }
    }
}
