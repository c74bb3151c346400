import Graph

/// What a layer multiplies, and what its result lies in memory as.
public struct LayerPrecision: Hashable, Sendable {
    /// What the factors of its products may be rounded to; nil without products. An algorithm that multiplies f32 does not round them, and
    /// is taken where it is faster.
    public var factors: StoredElement?
    /// What a kernel stores its result as; nil where only the kernel that computes it reads it, from registers.
    public var stored: StoredElement?

    public init(factors: StoredElement? = nil, stored: StoredElement? = nil) { (self.factors, self.stored) = (factors, stored) }

    /// Whether something is rounded to less than f32.
    public var isNarrow: Bool { [factors, stored].contains { $0.map(StoredElement.narrow.contains) ?? false } }
}
