/// A unit that multiplies matrices in registers of their own (Intel AMX): to a tile of 16 rows of 16 sums of 32 bits it adds 16 rows of
/// narrow numbers, 64 bytes each, times 16 columns of as many.
public struct TileUnit: Hashable, Sendable {
    /// The number of tile registers.
    public var registers: Int
    /// The most rows of one.
    public var rows: Int
    /// The most bytes of a row.
    public var rowBytes: Int
    /// What it multiplies.
    public var numbers: Set<NarrowNumber>

    public init(registers: Int, rows: Int, rowBytes: Int, numbers: Set<NarrowNumber>) {
        (self.registers, self.rows, self.rowBytes, self.numbers) = (registers, rows, rowBytes, numbers)
    }

    /// The unit that a processor's features name. That the processor has it does not say that the system lends it to a process.
    public init?(_ features: FeatureList) {
        let numbers = [("amx-bf16", NarrowNumber.bfloat16), ("amx-fp16", .float16), ("amx-int8", .int8)]
            .filter { features.contains($0.0) }.map(\.1)
        guard features.contains("amx-tile"), !numbers.isEmpty else { return nil }
        self.init(registers: 8, rows: 16, rowBytes: 64, numbers: Set(numbers))
    }

    /// The features that the unit comes from, and those that need it.
    static func isFeature(_ name: String) -> Bool { name.hasPrefix("amx-") }
}
