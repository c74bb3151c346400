/// IEEE 754 binary16, which not every host has as a Swift type.
enum HalfPrecision {
    /// Widens it exactly.
    static func float(binary16 bits: UInt16) -> Float {
        let sign = UInt32(bits & 0x8000) << 16
        let exponent = UInt32(bits >> 10) & 0x1f
        let fraction = UInt32(bits & 0x3ff)
        if exponent == 0x1f { return Float(bitPattern: sign | 0x7f80_0000 | fraction << 13) }
        if exponent == 0 {
            let magnitude = Float(fraction) * 0x1p-24
            return sign == 0 ? magnitude : -magnitude
        }
        return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
    }
    /// Rounds to nearest, ties to even; what is too large becomes infinite, and a NaN stays one, made quiet.
    static func bits(rounding value: Float) -> UInt16 {
        let bits = value.bitPattern
        let sign = UInt16(bits >> 16) & 0x8000
        let magnitude = bits & 0x7fff_ffff
        if value.isNaN { return sign | 0x7e00 | UInt16(magnitude >> 13 & 0x1ff) }
        // Below the normal numbers the spacing is that of the smallest, 2^-24.
        if magnitude < 0x3880_0000 { return sign | UInt16((Float(bitPattern: magnitude) * 0x1p24).rounded(.toNearestOrEven)) }
        let rounded = UInt64(magnitude) + 0xfff + UInt64(magnitude >> 13 & 1)
        // The biases are 112 apart.
        return sign | UInt16(min(rounded >> 13 - 112 << 10, 0x7c00))
    }
}
