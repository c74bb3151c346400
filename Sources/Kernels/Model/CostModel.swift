import LoopNest

/// What a core can do, in cycles of one vector multiply-add of the target (`MachineSpeed` has the figures): enough to choose between
/// algorithms and blockings, which differ by more than the machines do.
struct CostModel {
    private let target: Target
    private let speed: MachineSpeed

    init(_ target: Target) { (self.target, speed) = (target, target.speed) }

    /// A register from the first-level cache.
    var load: Double { speed.load }
    /// A register to the first-level cache.
    var store: Double { speed.store }
    /// Starting a task.
    var task: Double { speed.task }

    /// The bytes in cache lines, times the cycles that go into one of the measured width.
    private func lines(_ bytes: Int) -> Double { Double(bytes) / 64 * Double(speed.lanes) / Double(target.lanes) }
    /// Streams from the second-level cache, from the last, and from memory, which threads share.
    func level2(bytes: Int) -> Double { lines(bytes) * speed.level2Line }
    func level3(bytes: Int) -> Double { lines(bytes) * speed.level3Line }
    func memory(bytes: Int, threads: Int) -> Double {
        lines(bytes) * speed.memoryLine * max(1, speed.memoryShare * Double(sharing(threads)))
    }

    /// How many of `threads` share a last-level cache and its way to memory.
    func sharing(_ threads: Int) -> Int { min(threads, speed.coresOfLevel3) }

    /// Weights that kernels prefetch panel by panel, from memory.
    func weights(bytes: Int, threads: Int) -> Double { max(lines(bytes) * speed.prefetchedLine, memory(bytes: bytes, threads: threads)) }

    /// Arithmetic and streams that are fetched ahead: at the same time but for a little.
    func together(_ compute: Double, _ streams: Double) -> Double { max(compute, streams) + speed.unhidden * min(compute, streams) }

    func seconds(_ cycles: Double) -> Double { cycles * Double(target.lanes) / Double(speed.lanes) / speed.cyclesPerSecond }
}
