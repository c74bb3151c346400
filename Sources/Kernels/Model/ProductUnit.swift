/// The unit of a core that multiplies and adds up the products of a contraction: what its rate is a share of.
public enum ProductUnit: String, CaseIterable, Codable, Hashable, Sendable {
    /// Fused multiply-adds of vectors of f32.
    case multiplyAdds = "FMA"
    /// Dot products of pairs of bf16, where vectors have them (`Target.dotProducts`).
    case dotProducts = "dot"
    /// Products of tiles of bf16 (`Target.tiles`).
    case tiles = "tile"
}
