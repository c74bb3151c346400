import Graph
import LoopNest
import Machine
import Testing

/// Every operation and memory access, compiled and interpreted alike.
@Suite struct OperationTests {
    /// Values at the edges of f32 and in between.
    static let edges: [Float] = [
        0, -0.0, 1, -1, 2.5, -2.5, .infinity, -.infinity, .nan, .greatestFiniteMagnitude, -.greatestFiniteMagnitude,
        .leastNormalMagnitude, .leastNonzeroMagnitude, 1e-20, 3e20, 0.5,
    ]

    /// A kernel of three inputs and one output, a vector a task.
    private func kernel(_ target: Target, tasks: Int, _ body: (KernelBuilder, [BufferID]) -> Register) -> Kernel {
        let builder = KernelBuilder(name: "operation", lanes: target.lanes, taskCount: tasks)
        let inputs = ["a", "b", "c"].map { builder.parameter($0, count: tasks * target.lanes, .read) }
        let output = builder.parameter("output", count: tasks * target.lanes, .write)
        builder.store(output, builder.task * target.lanes, body(builder, inputs))
        return builder.finish()
    }

    /// Runs over all triples of edges.
    private func checkElementwise(_ target: Target, _ comment: Comment, _ operation: (KernelBuilder, [Register]) -> Register) throws {
        let count = Self.edges.count * Self.edges.count * Self.edges.count
        let kernel = kernel(target, tasks: count / target.lanes) { builder, inputs in
            operation(builder, inputs.map { builder.load($0, builder.task * target.lanes) })
        }
        let arrays =
            [1, 16, 256].map { (stride: Int) -> KernelArray in .f32((0..<count).map { Self.edges[$0 / stride % 16] }) }
            + [.f32(Array(repeating: 7, count: count))]
        try check(kernel, arrays, on: target, comment)
    }

    @Test(arguments: runnable) func arithmetic(target: Target) throws {
        for function in [UnaryFunction.negate, .absolute, .reciprocal, .squareRoot, .floor] {
            try checkElementwise(target, "\(function)") { $0.define(.unary(function, $1[0])) }
        }
        for function in BinaryFunction.allCases { try checkElementwise(target, "\(function)") { $0.binary(function, $1[0], $1[1]) } }
        for comparison in Comparison.allCases {
            try checkElementwise(target, "\(comparison)") { $0.define(.select(comparison, $1[0], $1[1], then: $1[2], otherwise: $1[0])) }
        }
        try checkElementwise(target, "fused multiply-add") { $0.multiplyAdd($1[0], $1[1], $1[2]) }
        try checkElementwise(target, "constant") { $0.binary(.multiply, $1[0], $0.constant(0.1)) }
        try checkElementwise(target, "interleaved") {
            $0.binary(.add, $0.define(.interleaveFirst($1[0], $1[1])), $0.define(.interleaveSecond($1[1], $1[2])))
        }
        for function in [BinaryFunction.add, .maximum, .minimum] {
            try checkElementwise(target, "\(function) across lanes") { $0.define(.acrossLanes(function, $1[0])) }
        }
    }

    /// A maximum with a constant keeps a NaN and is one instruction of x86; of two variables it takes three.
    @Test(arguments: [Target.x86AVX512, .x86AVX2]) func aMaximumWithAConstantIsOneInstruction(target: Target) throws {
        func mnemonics(_ body: (KernelBuilder, [BufferID]) -> Register) throws -> [String] {
            let object = try CodeGenerator(for: target).object([(kernel(target, tasks: 1, body), "kernel")])
            return try Disassembly.functions(of: object, for: target).flatMap(\.instructions).map {
                String($0.prefix { $0 != "\t" && $0 != " " })
            }
        }
        func count(_ function: BinaryFunction, _ bound: Double?) throws -> (extremes: Int, comparisons: Int, choices: Int) {
            let all = try mnemonics { builder, inputs in
                let a = builder.load(inputs[0], builder.task * target.lanes)
                return builder.binary(function, a, bound.map(builder.constant) ?? builder.load(inputs[1], builder.task * target.lanes))
            }
            return (
                all.filter { ["vmaxps", "vminps"].contains($0) }.count, all.filter { $0.hasPrefix("vcmp") }.count,
                all.filter { $0.contains("blend") }.count
            )
        }
        for function in [BinaryFunction.maximum, .minimum] {
            for bound in [0, 6, -1] as [Double] { #expect(try count(function, bound) == (1, 0, 0), "\(function) \(bound)") }
            let variables = try count(function, nil)
            #expect(variables.extremes == 1 && variables.comparisons == 1 && variables.choices <= 1, "\(function)")
        }
    }

    /// Pairs of bf16 and their dot products: by instructions of the target, and by others where it has none.
    @Test(arguments: runnable + [Target.host.withoutDotProducts], [DotProduct.PairRule.fused, .odd])
    func pairs(target: Target, rule: DotProduct.PairRule) throws {
        func dot(_ builder: KernelBuilder, _ values: [Register]) -> Register {
            let (a, b) = (
                builder.define(.pack(low: values[0], high: values[1])), builder.define(.pack(low: values[2], high: values[0]))
            )
            return builder.define(rule.operation(a, b, sum: values[1]))
        }
        try checkElementwise(target, "dot products of edges", dot)
        try checkElementwise(target, "what rounding to bf16 leaves") { builder, values in
            let pairs = builder.define(.pack(low: values[0], high: values[1]))
            let rest = builder.binary(.subtract, values[0], builder.define(.lower(pairs)))
            return builder.binary(.maximum, rest, builder.binary(.subtract, values[1], builder.define(.upper(pairs))))
        }
        try checkElementwise(target, "rounded to bf16") { builder, values in
            let pairs = builder.define(.pack(low: values[0], high: builder.constant(0)))
            let ones = builder.define(.pack(low: builder.constant(1), high: builder.constant(1)))
            return builder.define(.dot(pairs, ones, sum: builder.constant(0)))
        }
        let count = 1 << 16
        let kernel = kernel(target, tasks: count / target.lanes) { builder, inputs in
            dot(builder, inputs.map { builder.load($0, builder.task * target.lanes) })
        }
        let arrays = (1...3).map { KernelArray.f32(narrowNumbers(count, seed: $0)) } + [.f32(Array(repeating: 0, count: count))]
        try check(kernel, arrays, on: target, "dot products of random numbers")
        for lanes in [1, 4, 8] where lanes < target.lanes {
            var narrow = target
            narrow.vectors.lanes = lanes
            let kernel = self.kernel(narrow, tasks: count / lanes) { builder, inputs in
                dot(builder, inputs.map { builder.load($0, builder.task * lanes) })
            }
            try check(kernel, arrays, on: narrow, "dot products of \(lanes) lanes")
        }

        let object = try CodeGenerator(for: target).object([(kernel, "kernel")])
        let instructions = try Disassembly.functions(of: object, for: target).flatMap(\.instructions)
        let isNative = target.dotProducts[.bfloat16]?.instruction == .vdpbf16ps
        for (name, isMade) in [("vdpbf16ps", isNative && rule == .fused), ("vcvtne2ps2bf16", isNative)] {
            #expect(instructions.contains { $0.hasPrefix(name) } == isMade, "\(target): \(name)")
        }
    }

    @Test(arguments: runnable) func positionsAndRandomNumbers(target: Target) throws {
        let lanes = target.lanes
        let kernel = kernel(target, tasks: 9) { builder, inputs in
            let position = builder.define(.position(builder.task * 1000 - 3, stride: 7))
            let seed = builder.load(inputs[0], builder.task * lanes)
            let random = builder.define(.uniform(seed: seed, stream: 3, builder.task * lanes, stride: 5))
            return builder.binary(.add, position, random)
        }
        let seeds = (0..<9 * lanes).map { Float($0 * 1234) }
        let empty = KernelArray.f32(Array(repeating: 0, count: 9 * lanes))
        try check(kernel, [.f32(seeds), empty, empty, empty], on: target)

        let hash = self.kernel(target, tasks: 9) { builder, inputs in
            builder.define(
                .uniform(seed: builder.load(inputs[0], builder.task * lanes), stream: 3, builder.task * lanes, stride: 1))
        }
        let observed = try execute(hash, [.f32(seeds), empty, empty, empty], on: target)[3].floats
        for (index, seed) in seeds.enumerated() {
            #expect(observed[index] == Float(uniformHash(seed: UInt32(seed), stream: 3, counter: UInt32(index))))
        }
    }

    /// How many lanes are in use: all, none, some, known or not, also past the end and below zero.
    static let counts: [Index?] = [nil, 0, 1, 3, 64, .variable(.task), .variable(.task) - 3, .variable(.task) * 5]

    @Test(arguments: runnable) func memory(target: Target) throws {
        let (lanes, tasks, room) = (target.lanes, 20, 700)
        for element in StoredElement.ofKernels {
            for stride in [0, 1, 2, 3, 17, -1, -4] {
                for count in Self.counts {
                    let builder = KernelBuilder(name: "memory", lanes: lanes, taskCount: tasks)
                    let input = builder.parameter("input", element, count: room, .read)
                    let output = builder.parameter("output", element, count: tasks * room, .readWrite)
                    let start = builder.task + .constant(stride < 0 ? -stride * 16 : 5)
                    let gathered = builder.define(.gather(input, start, stride: stride, active: count))
                    let place = builder.task * room + .constant(stride < 0 ? -stride * 16 : 0)
                    builder.scatter(output, place, stride: stride, gathered, active: count)
                    let loaded = builder.load(input, start, active: count)
                    let kept = count.map { builder.define(.keep(builder.broadcast(input, start), active: $0)) } ?? loaded
                    builder.store(output, builder.task * room + 400, builder.binary(.add, loaded, kept), active: count)
                    builder.prefetch(input, start + 10)
                    let (values, before) = (numbers(room), numbers(tasks * room, seed: 2))
                    let scale = element == .i32 ? 1e6 : 1
                    let arrays = [values, before].map { KernelArray(element, numbers: $0.map { Double($0) * scale }) }
                    try check(builder.finish(), arrays, on: target, "stride \(stride), active \(count.map { "\($0)" } ?? "all")")
                }
            }
        }
    }

    @Test(arguments: runnable) func integersAreTruncatedAndSaturated(target: Target) throws {
        let lanes = target.lanes
        let builder = KernelBuilder(name: "convert", lanes: lanes, taskCount: 16 / lanes)
        let input = builder.parameter("input", count: 16, .read)
        let output = builder.parameter("output", .i32, count: 16, .write)
        builder.store(output, builder.task * lanes, builder.load(input, builder.task * lanes))
        let observed = try execute(builder.finish(), [.f32(Self.edges), .i32(Array(repeating: 0, count: 16))], on: target)
        #expect(observed[1] == .i32([0, 0, 1, -1, 2, -2, .max, .min, 0, .max, .min, 0, 0, 0, .max, 0]))
    }

    /// Rounding to bf16 where the processor has an instruction for it and where it has not: all exponents, ties, what lies beside them,
    /// infinities and NaNs, in registers that are full and that are not.
    @Test(arguments: runnable) func roundsToBFloat16(target: Target) throws {
        let lanes = target.lanes
        let fractions: [UInt32] = [
            0, 1, 0x7fff, 0x8000, 0x8001, 0xffff, 0x1_0000, 0x1_7fff, 0x1_8000, 0x1_8001, 0x7f_7fff, 0x7f_8000, 0x7f_ffff,
        ]
        let values = (0..<256).flatMap { exponent in
            fractions.flatMap { [$0, $0 | 0x8000_0000].map { Float(bitPattern: $0 | UInt32(exponent) << 23) } }
        }
        let tasks = (values.count + lanes - 1) / lanes
        let builder = KernelBuilder(name: "round", lanes: lanes, taskCount: tasks)
        let input = builder.parameter("input", count: values.count, .read)
        let output = builder.parameter("output", .bf16, count: values.count, .write)
        let active = Index.constant(values.count) + builder.task * -lanes
        builder.store(output, builder.task * lanes, builder.load(input, builder.task * lanes, active: active), active: active)
        let empty = KernelArray(.bf16, numbers: values.map { _ in 0 })
        let observed = try execute(builder.finish(), [.f32(values), empty], on: target)[1]
        #expect(observed.comparableBits == KernelArray.bf16(values.map { BFloat16($0) }).comparableBits)
        // What BFloat16 says, said another way: the nearest of the neighbours in fp64, even ones in ties.
        for value in values where value.isFinite && value.magnitude >= .leastNormalMagnitude {
            let down = UInt16(value.bitPattern >> 16)
            let neighbours = [down, down + 1].map { bits in
                (bits, bits & 0x7fff == 0x7f80 ? 0x1p128 : Double(BFloat16(bitPattern: bits).float.magnitude))
            }
            let distances = neighbours.map { abs($0.1 - Double(value.magnitude)) }
            let nearest =
                distances[0] == distances[1] ? neighbours.first { $0.0 % 2 == 0 }! : neighbours[distances[0] < distances[1] ? 0 : 1]
            #expect(BFloat16(value).bitPattern == nearest.0, "\(value)")
        }
    }

    /// Buffers in the table and in scratch are told apart, and scratch is aligned.
    @Test(arguments: runnable) func scratch(target: Target) throws {
        let lanes = target.lanes
        let builder = KernelBuilder(name: "scratch", lanes: lanes, taskCount: 3)
        let input = builder.parameter("input", count: 3 * lanes, .read)
        let output = builder.parameter("output", count: 3 * lanes, .write)
        let (first, second) = (builder.scratch("first", count: lanes + 1), builder.scratch("second", count: 2 * lanes))
        let value = builder.load(input, builder.task * lanes)
        builder.store(second, .constant(lanes), value)
        builder.store(first, 1, builder.binary(.add, value, value))
        let sum = builder.binary(.add, builder.load(second, .constant(lanes)), builder.load(first, 1))
        builder.store(output, builder.task * lanes, sum)
        try check(builder.finish(), [.f32(numbers(3 * lanes)), .f32(numbers(3 * lanes))], on: target)
    }
}
