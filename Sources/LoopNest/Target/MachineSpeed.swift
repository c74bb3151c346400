/// How fast a machine is beside its own multiply-adds: all figures that predictions go by, in one place, so that what is measured on a
/// machine can stand in for what is known of its family.
///
/// A cycle is one multiply-add of a vector, on one core. A core multiplies as many numbers a nanosecond by narrow vectors as by wide ones,
/// of which it has fewer units; so a cycle of a narrower vector is shorter, and bytes take more of them.
public struct MachineSpeed: Hashable, Sendable, Codable {
    /// Whose figures they are, for people: a processor's, or when they were measured.
    public var source: String
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
    /// Multiply-adds by dot products of pairs of bf16, relative to those of f32; nil where nothing but their instruction's rate
    /// (`DotProduct.rate`) is known.
    public var pairRate: Double?
    /// What register tiles of vectors take, and what minimal filtering does, of what their multiply-adds, loads and stores add up to: 1 where
    /// they were measured to take that, more where something shows that no figure above stands for.
    public var registerTiles = 1.0
    public var filtering = 1.0

    public init(
        source: String, lanes: Int, cyclesPerSecond: Double, load: Double, store: Double, task: Double, level2Line: Double,
        level3Line: Double,
        memoryLine: Double, prefetchedLine: Double, coresOfLevel3: Int, memoryShare: Double, unhidden: Double,
        pairRate: Double? = nil
    ) {
        self.source = source
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
        self.pairRate = pairRate
    }

    /// A text of the figures that choices follow from. Choices compare cycles, so how long one takes is not among them.
    public var figures: String {
        var words = [
            "lanes \(lanes)", "load \(load)", "store \(store)", "task \(task)", "level2 \(level2Line)", "level3 \(level3Line)",
            "memory \(memoryLine)", "prefetched \(prefetchedLine)", "cores \(coresOfLevel3)", "share \(memoryShare)",
            "unhidden \(unhidden)",
        ]
        if tiles != .intelSapphireRapids {
            words.append(
                "tiles of \(tiles.product), \(tiles.load), \(tiles.level2Load) and \(tiles.unhidden)")
        }
        if let pairRate { words.append("pairs \(pairRate)") }
        if registerTiles != 1 || filtering != 1 { words.append("register tiles \(registerTiles), filtering \(filtering)") }
        return words.joined(separator: ", ")
    }

    /// The cycles of a cache line of 64 bytes that comes at a number of bytes a second.
    public static func cyclesOfLine(bytesPerSecond: Double, cyclesPerSecond: Double) -> Double { 64 / bytesPerSecond * cyclesPerSecond }
}
