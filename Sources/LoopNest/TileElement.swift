import Graph

/// What the registers of a tile unit hold (Intel AMX): 16 rows of 64 bytes. Numbers of other widths are further cases.
public enum TileElement: Hashable, Sendable, CaseIterable {
    /// In a row 16 sums of f32: what a product adds to, 16 outputs for each of 16 pixels.
    case sums
    /// In a row 16 pairs of bf16, neighbours in memory. As the first factor of a product a row is a pixel with 32 channels; as the second
    /// it is a pair of channels, for each of 16 outputs.
    case pairs

    /// The rows of a tile, and how many numbers of 32 bits, or groups of narrower ones, stand in each.
    public static let rows = 16
    public static let columns = 16
    /// The bytes of a row.
    public static let rowBytes = 4 * columns
    /// The tiles that a processor has.
    public static let registers = 8
    /// The multiply-accumulates of a product of two tiles of pairs.
    public static let multiplyAccumulates = rows * columns * 2 * columns
    /// How many lanes a kernel with tiles has: a row is a vector.
    static let lanes = columns

    /// What a buffer holds that such a tile is loaded from or stored to.
    var stored: StoredElement {
        switch self {
        case .sums: .f32
        case .pairs: .bf16
        }
    }

    /// The elements of a buffer that a row takes.
    var rowCount: Int { Self.rowBytes / stored.size }

    /// As a message says it.
    var phrase: String {
        switch self {
        case .sums: "a tile of sums"
        case .pairs: "a tile of pairs"
        }
    }
}

extension Target {
    /// Whether there are tiles as kernels use them, of such numbers.
    public func hasTiles(of number: NarrowNumber) -> Bool {
        guard let tiles, lanes == TileElement.lanes else { return false }
        return tiles.numbers.contains(number) && tiles.registers >= TileElement.registers && tiles.rows >= TileElement.rows
            && tiles.rowBytes >= TileElement.rowBytes
    }
}
