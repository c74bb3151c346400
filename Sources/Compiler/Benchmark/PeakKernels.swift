import Kernels
import LoopNest

/// The loop nests that the peak is measured with; a task a thread.
struct PeakKernels {
    struct Nest {
        let measures: StepBound
        let kernel: Kernel
        /// What one run does: operations, or bytes.
        let work: Int
        /// The bytes that it reads from, and in how many places one after the other: what comes from memory is measured a part at a time,
        /// so that a moment without others is enough.
        var bytes = 0
        var places = 1
        /// Whether the threads share what is measured: the last-level cache, memory.
        var isShared = false
    }

    /// Products and sums on every unit that is asked for; reads from the second level, the third where there is one to tell apart, and
    /// memory.
    let nests: [Nest]
    /// The bytes of all data, and of results.
    let dataBytes: Int
    let resultBytes: Int

    /// - Parameter units: besides multiply-adds.
    init(target: Target, units: Set<ProductUnit> = [], threads: Int, memoryLimit: Int) {
        let lanes = target.lanes
        let turns = 1 << 15
        let sums = Self.accumulators(target)
        var nests = units.union([.multiplyAdds]).sorted { $0.rawValue < $1.rawValue }.map { unit in
            let kernel: Kernel
            // The multiply-accumulates of a turn.
            let products: Int
            switch unit {
            case .multiplyAdds: (kernel, products) = (Self.multiplyAdds(target, turns: turns, tasks: threads), lanes * sums)
            case .dotProducts: (kernel, products) = (Self.dotProducts(target, turns: turns, tasks: threads), 2 * lanes * sums)
            case .tiles: (kernel, products) = (Self.tileProducts(turns: turns, tasks: threads), 4 * TileElement.multiplyAccumulates)
            }
            return Nest(measures: StepBound(unit), kernel: kernel, work: 2 * products * turns * threads)
        }
        // Far more than one second-level cache and less than the last-level one, which others use too.
        let level3Bytes = min(4 * target.caches.level2, target.caches.level3 / 2 / threads)
        let hasLevel3 = level3Bytes >= 2 * target.caches.level2
        let memoryBytes = Self.memoryBytes(target, limit: memoryLimit)
        let levels: [(StepBound, Int)] =
            [(.level2, target.caches.level2 / 2)] + (hasLevel3 ? [(.level3, level3Bytes)] : []) + [(.memory, (8 << 20) / threads)]
        for (level, part) in levels {
            let count = max(1, part / 4 / (lanes * Self.readsAtOnce)) * lanes * Self.readsAtOnce
            // Enough passes to make starting the threads negligible, few enough for moments in which all of them have a core.
            let passes = level == .memory ? 1 : max(1, (16 << 20) / (count * 4))
            let bytes = count * 4 * threads
            nests.append(
                Nest(
                    measures: level, kernel: Self.reads(lanes: lanes, count: count, passes: passes, tasks: threads), work: bytes * passes,
                    bytes: bytes, places: level == .memory ? max(1, memoryBytes / bytes) : 1, isShared: level != .level2))
        }
        self.nests = nests
        dataBytes = max(nests.map { $0.bytes * $0.places }.max() ?? 0, (sums + 2) * lanes * 4, 4 * 1024)
        resultBytes = threads * max(lanes * max(sums, Self.readsAtOnce), 4 * TileElement.rows * TileElement.columns) * 4
    }

    /// The bytes that are read from in turn so that none is in a cache: of what a process may take, an eighth.
    static func memoryBytes(_ target: Target, limit: Int) -> Int {
        min(max(64 << 20, min(4 * target.caches.level3, 512 << 20)), max(1 << 20, limit / 8))
    }

    static let readsAtOnce = 8

    /// More than the latency of a multiply-add times the two that a core starts a cycle, and room for its operands.
    static func accumulators(_ target: Target) -> Int { target.vectors.registers * 3 / 4 }

    /// `sum = sum * factor + addend` for as many sums as registers hold, over and over.
    ///
    /// - Parameter sums: how many, if not so many: a single one takes the latency of a multiply-add a turn.
    static func multiplyAdds(_ target: Target, turns: Int, tasks: Int, sums: Int? = nil) -> Kernel {
        products("peak_multiply_adds", target, turns: turns, tasks: tasks, sums: sums) { builder, factor, addend in
            { builder.multiplyAdd($0, factor, addend) }
        }
    }

    /// The dot product of two registers of pairs of bf16 added to as many sums as registers hold, over and over.
    static func dotProducts(_ target: Target, turns: Int, tasks: Int) -> Kernel {
        products("peak_dot_products", target, turns: turns, tasks: tasks) { builder, low, high in
            let (a, b) = (builder.define(.pack(low: low, high: high)), builder.define(.pack(low: high, high: low)))
            let rule = target.pairRule ?? .fused
            return { builder.define(rule.operation(a, b, sum: $0)) }
        }
    }

    /// Two tiles times two, added to four, over and over.
    static func tileProducts(turns: Int, tasks: Int) -> Kernel {
        let (rows, columns) = (TileElement.rows, TileElement.columns)
        let builder = KernelBuilder(name: "peak_tile_products", lanes: columns, taskCount: tasks)
        let numbers = builder.parameter("numbers", .bf16, count: 4 * rows * 2 * columns, .read)
        let results = builder.parameter("results", count: tasks * 4 * rows * columns, .write)
        let factors = (0..<4).map { number in
            builder.define(.loadTile(.pairs, numbers, .constant(number * rows * 2 * columns), stride: 2 * columns))
        }
        let sums = builder.loop("turn", to: .constant(turns), carrying: (0..<4).map { _ in builder.define(.zeroTile) }) { _, sums in
            sums.enumerated().map { builder.define(.tileProduct(factors[$0 / 2], factors[2 + $0 % 2], sum: $1)) }
        }
        for (number, sum) in sums.enumerated() {
            let place = builder.task * (4 * rows * columns) + .constant(number * rows * columns)
            builder.perform(.storeTile(results, place, stride: columns, sum))
        }
        return builder.finish()
    }

    /// As many sums as registers hold, changed over and over by what `step` makes of two other registers.
    private static func products(
        _ name: String, _ target: Target, turns: Int, tasks: Int, sums: Int? = nil,
        _ step: (KernelBuilder, Register, Register) -> (Register) -> Register
    ) -> Kernel {
        let (lanes, count) = (target.lanes, sums ?? accumulators(target))
        let builder = KernelBuilder(name: name, lanes: lanes, taskCount: tasks)
        let numbers = builder.parameter("numbers", count: (count + 2) * lanes, .read)
        let results = builder.parameter("results", count: tasks * count * lanes, .write)
        let next = step(
            builder, builder.load(numbers, .constant(count * lanes)), builder.load(numbers, .constant((count + 1) * lanes)))
        // Each sum starts from numbers of its own, so that no compiler can take two of them for one.
        let sums = builder.loop(
            "turn", to: .constant(turns), carrying: (0..<count).map { builder.load(numbers, .constant($0 * lanes)) }
        ) { _, sums in sums.map(next) }
        for (index, sum) in sums.enumerated() { builder.store(results, builder.task * (count * lanes) + .constant(index * lanes), sum) }
        return builder.finish()
    }

    /// Sums `count` elements a task, a register of every `readsAtOnce` at a time, `passes` times.
    static func reads(lanes: Int, count: Int, passes: Int, tasks: Int) -> Kernel {
        let builder = KernelBuilder(name: "peak_reads_\(count)", lanes: lanes, taskCount: tasks)
        let data = builder.parameter("data", count: count * tasks, .read)
        let results = builder.parameter("results", count: tasks * readsAtOnce * lanes, .write)
        let zeros = [Register](repeating: builder.constant(0), count: readsAtOnce)
        let sums = builder.loop("pass", to: .constant(passes), carrying: zeros) { _, sums in
            builder.loop("index", to: .constant(count), step: readsAtOnce * lanes, carrying: sums) { index, sums in
                sums.enumerated().map { number, sum in
                    builder.binary(.add, sum, builder.load(data, builder.task * count + index + .constant(number * lanes)))
                }
            }
        }
        for (index, sum) in sums.enumerated() {
            builder.store(results, builder.task * (readsAtOnce * lanes) + .constant(index * lanes), sum)
        }
        return builder.finish()
    }
}
