import LoopNest

/// What a core can do, in cycles of one vector multiply-add: enough to choose between algorithms and blockings, which differ by more
/// than the machines do. Ratios measured on AMD Zen 4 and Zen 5.
///
/// A core multiplies as many numbers a nanosecond by narrow vectors as by wide ones, of which it has fewer units. So a cycle of a narrow
/// vector is shorter, and bytes take more of them.
struct CostModel {
    private let target: Target

    init(_ target: Target) { self.target = target }

    /// A register from the first-level cache.
    let load = 1.0
    /// A register to the first-level cache.
    let store = 2.0
    /// Starting a task.
    static let taskCycles = 500.0

    /// The lanes of the vectors that the figures were measured with.
    private static let measuredLanes = 16.0

    /// The bytes in cache lines, times the cycles that go into one of the measured width.
    private func lines(_ bytes: Int) -> Double { Double(bytes) / 64 * Self.measuredLanes / Double(target.lanes) }
    /// Streams from the second-level cache, from the last, and from memory, which threads share.
    func level2(bytes: Int) -> Double { lines(bytes) * 2 }
    func level3(bytes: Int) -> Double { lines(bytes) * 2.5 }
    func memory(bytes: Int, threads: Int) -> Double { lines(bytes) * 7 * max(1, 0.6 * Double(Self.sharing(threads))) }

    /// How many of `threads` share a last-level cache and its way to memory.
    static func sharing(_ threads: Int) -> Int { min(threads, 8) }

    /// Weights that kernels prefetch panel by panel, from memory: a core gets 25 GB/s so (a loop that only reads 34), however its register
    /// tiles are cut.
    func weights(bytes: Int, threads: Int) -> Double { max(lines(bytes) * 9.2, memory(bytes: bytes, threads: threads)) }

    /// Arithmetic and streams that are fetched ahead: at the same time but for a little, measured as 0 to 0.2 of the shorter.
    func together(_ compute: Double, _ streams: Double) -> Double { max(compute, streams) + 0.1 * min(compute, streams) }

    /// Seconds, at 3.6 multiply-adds of 16 lanes a nanosecond.
    func seconds(_ cycles: Double) -> Double { cycles * Double(target.lanes) / Self.measuredLanes / 3.6e9 }
}
