/// How fast a machine is beside its own multiply-adds: all figures that predictions go by, in one place, so that what is measured on a
/// machine can stand in for what is known of its family.
///
/// A cycle is one multiply-add of a vector, on one core. A core multiplies as many numbers a nanosecond by narrow vectors as by wide ones,
/// of which it has fewer units; so a cycle of a narrower vector is shorter, and bytes take more of them.
public struct MachineSpeed: Hashable, Sendable {
    /// The lanes of the vectors that the figures were measured with.
    public var lanes: Int
    /// Multiply-adds of these vectors that a core does in a second.
    public var cyclesPerSecond: Double
    /// Cycles of a register from the first-level cache.
    public var load: Double
    /// Cycles of a register to the first-level cache.
    public var store: Double
    /// Cycles of starting a task.
    public var task: Double
    /// Cycles of a cache line of 64 bytes that streams from the second-level cache, from the last one, and from memory.
    public var level2Line: Double
    public var level3Line: Double
    public var memoryLine: Double
    /// Cycles of a cache line from memory that kernels prefetch, panel by panel.
    public var prefetchedLine: Double
    /// The cores that share a last-level cache and its way to memory.
    public var coresOfLevel3: Int
    /// The share of that way which one core can fill alone: `n` cores wait for each other where `n` times this is above 1.
    public var memoryShare: Double
    /// The part of the shorter of arithmetic and streams that is not hidden behind the longer, though they are fetched ahead.
    public var unhidden: Double
    /// Of the tile unit, where there is one.
    public var tiles = TileSpeed.intelSapphireRapids

    public init(
        lanes: Int, cyclesPerSecond: Double, load: Double, store: Double, task: Double, level2Line: Double, level3Line: Double,
        memoryLine: Double, prefetchedLine: Double, coresOfLevel3: Int, memoryShare: Double, unhidden: Double
    ) {
        self.lanes = lanes
        self.cyclesPerSecond = cyclesPerSecond
        self.load = load
        self.store = store
        self.task = task
        self.level2Line = level2Line
        self.level3Line = level3Line
        self.memoryLine = memoryLine
        self.prefetchedLine = prefetchedLine
        self.coresOfLevel3 = coresOfLevel3
        self.memoryShare = memoryShare
        self.unhidden = unhidden
    }

    /// AMD Zen 4, measured with AVX-512 (Zen 5's ratios are near): prefetched weights come at 25 GB/s however register tiles are cut, where
    /// a loop that only reads gets 34; 0 to 0.2 of the shorter of arithmetic and streams showed.
    public static let amdZen4 = MachineSpeed(
        lanes: 16, cyclesPerSecond: 3.6e9, load: 1, store: 2, task: 500, level2Line: 2, level3Line: 2.5, memoryLine: 7, prefetchedLine: 9.2,
        coresOfLevel3: 8, memoryShare: 0.6, unhidden: 0.1)
}
