/// How fast a tile unit is beside the multiply-adds of vectors on the same core, in their cycles (`MachineSpeed`).
public struct TileSpeed: Hashable, Sendable, Codable {
    /// Cycles of a product of two tiles.
    public var product: Double
    /// Cycles of a tile from the first-level cache, and from the second.
    public var load: Double
    public var level2Load: Double
    /// The part of the loads that is not hidden behind products.
    public var unhidden: Double

    public init(product: Double, load: Double, level2Load: Double, unhidden: Double) {
        (self.product, self.load, self.level2Load, self.unhidden) = (product, load, level2Load, unhidden)
    }

    /// Intel Sapphire Rapids: 16 clock cycles of which each starts two multiply-adds, 8 for a tile from the first-level cache and two to three
    /// times as many from the second. What is not hidden follows from a sketch in C that kept 62 to 72 % of the peak with one, three and six
    /// products a step (without prefetching); Braid's own kernels have not been measured there.
    public static let intelSapphireRapids = TileSpeed(product: 29, load: 14.5, level2Load: 36, unhidden: 0.65)
}
