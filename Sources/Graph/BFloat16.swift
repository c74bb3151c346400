/// A bfloat16 number: the sign, the exponent and the upper 7 bits of the fraction of an f32.
public struct BFloat16: Hashable, Sendable, BitwiseCopyable {
    public var bitPattern: UInt16

    public init(bitPattern: UInt16) { self.bitPattern = bitPattern }

    /// Rounds to nearest, ties to even, as `vcvtneps2bf16` does: denormal numbers of f32 become zero of their sign, a NaN stays one, made
    /// quiet, and what is too large becomes infinite. The relative error is at most 2^-8.
    public init(_ value: Float) {
        let bits = value.bitPattern
        if value.isNaN {
            bitPattern = UInt16(bits >> 16) | 0x40
        } else if value.magnitude < .leastNormalMagnitude {
            bitPattern = UInt16(bits >> 16) & 0x8000
        } else {
            bitPattern = UInt16((bits + 0x7fff + (bits >> 16 & 1)) >> 16)
        }
    }

    /// The number, exactly.
    public var float: Float { Float(bitPattern: UInt32(bitPattern) << 16) }
}
