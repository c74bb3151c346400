import Graph
import LoopNest
import Machine
import Testing

/// Loops, conditions and carried registers, compiled and interpreted alike.
@Suite struct LoopTests {
    struct Bounds: CustomStringConvertible {
        var from: Index
        var to: Index
        var step: Int
        var unroll: Int
        var description: String { "\(from) ..< \(to) by \(step), unrolled \(unroll)" }
    }

    /// Known and unknown bounds, with and without a remainder, down to no turn at all.
    static let bounds: [Bounds] = {
        var all: [Bounds] = []
        let task = Index.variable(.task)
        for (from, to) in [(0, 10), (3, 4), (5, 5), (7, 2), (0, 16), (task, 12), (1, task * 3), (task - 4, task + 7)] as [(Index, Index)] {
            for step in [1, 3] { for unroll in [1, 2, 4, 16] { all.append(Bounds(from: from, to: to, step: step, unroll: unroll)) } }
        }
        return all
    }()

    /// Two registers change places while one of them grows, so that order, number and starting values of turns all show.
    @Test(arguments: runnable) func carriedRegisters(target: Target) throws {
        let lanes = target.lanes
        for bounds in Self.bounds {
            let builder = KernelBuilder(name: "loop", lanes: lanes, taskCount: 9)
            let input = builder.parameter("input", count: 64 + lanes, .read)
            let output = builder.parameter("output", count: 9 * 2 * lanes, .write)
            let initial = [builder.constant(1), builder.load(input, builder.task)]
            let results = builder.loop(
                "i", from: bounds.from, to: bounds.to, step: bounds.step, unroll: bounds.unroll, carrying: initial
            ) { i, carried in
                let value = builder.load(input, i + 8)
                return [carried[1], builder.multiplyAdd(carried[0], value, carried[1])]
            }
            for (index, result) in results.enumerated() {
                builder.store(output, builder.task * (2 * lanes) + .constant(index * lanes), result)
            }
            try check(builder.finish(), [.f32(numbers(64 + lanes)), .f32(numbers(18 * lanes))], on: target, "\(bounds)")
        }
    }

    @Test(arguments: runnable) func conditions(target: Target) throws {
        let lanes = target.lanes
        let task = Index.variable(.task)
        let ranges: [[IndexRange]] = [
            [IndexRange(task, 2, 5)], [IndexRange(task - 3, 0, 3), IndexRange(task % 2, 0, 1)], [IndexRange(3, 0, 4)],
            [IndexRange(4, 0, 4)], [IndexRange(5, task, task * 2)], [IndexRange(task, 5, 2)],
            [IndexRange(0, 0, 9), IndexRange(task, 0, 4)],
        ]
        for conditions in ranges {
            let builder = KernelBuilder(name: "when", lanes: lanes, taskCount: 9)
            let input = builder.parameter("input", count: 64 + lanes, .read)
            let output = builder.parameter("output", count: 9 * lanes, .write)
            let initial = builder.load(input, builder.task * 3)
            let results = builder.when(conditions, carrying: [initial]) {
                [
                    builder.loop("i", to: 3, carrying: [initial]) { i, carried in
                        [builder.binary(.add, carried[0], builder.load(input, i + builder.task))]
                    }[0]
                ]
            }
            builder.store(output, builder.task * lanes, results[0])
            try check(builder.finish(), [.f32(numbers(64 + lanes)), .f32(numbers(9 * lanes))], on: target, "\(conditions)")
        }
    }

    /// Kernels of nested loops and conditions with all kinds of indices, made from a seed.
    @Test(arguments: runnable) func randomKernels(target: Target) throws {
        for seed in 0..<150 {
            let kernel = BoundedKernel.make(seed: seed, lanes: target.lanes)
            let arrays = kernel.parameters.map { buffer -> KernelArray in
                let values = numbers(buffer.count, seed: seed)
                return KernelArray(buffer.element, numbers: values.map { Double($0) * (buffer.element == .i32 ? 100 : 1) })
            }
            try check(kernel, arrays, on: target, "seed \(seed):\n\(kernel)")
        }
    }
}
