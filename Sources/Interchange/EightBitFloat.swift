/// Numbers of eight bits, widened exactly.
///
/// E4M3 and E5M2 are those of Micikevicius et al., arXiv 2209.05433, as PyTorch's `float8_e4m3fn` and `float8_e5m2`; E8M0 that of the
/// OCP Microscaling Formats 1.0, a power of two without a sign.
enum EightBitFloat {
    /// One sign bit, four of the exponent with a bias of 7, three of the fraction; all ones are no number, and there are no infinities.
    static func e4m3(_ bits: UInt8) -> Float {
        if bits & 0x7f == 0x7f { return .nan }
        return value(bits, exponent: Int(bits >> 3 & 0xf), fraction: Int(bits & 7), bias: 7, fractionBits: 3)
    }

    /// The upper half of a binary16.
    static func e5m2(_ bits: UInt8) -> Float { HalfPrecision.float(binary16: UInt16(bits) << 8) }

    /// An exponent with a bias of 127; all ones are no number.
    static func e8m0(_ bits: UInt8) -> Float { bits == 0xff ? .nan : Float(sign: .plus, exponent: Int(bits) - 127, significand: 1) }

    private static func value(_ bits: UInt8, exponent: Int, fraction: Int, bias: Int, fractionBits: Int) -> Float {
        // Below the normal numbers the exponent is that of the smallest, without the leading one.
        let significand = exponent == 0 ? fraction : fraction + 1 << fractionBits
        let power = max(exponent, 1) - bias - fractionBits
        let magnitude = Float(significand) * Float(sign: .plus, exponent: power, significand: 1)
        return bits & 0x80 == 0 ? magnitude : -magnitude
    }
}
