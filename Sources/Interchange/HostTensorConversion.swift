import Foundation
import Graph

extension HostTensor {
    /// The tensor with its numbers rounded to nearest, ties to even, as f32, bf16 or f16; itself where it is of that type.
    ///
    /// Nil where a finite number becomes infinite. Numbers that are no numbers stay so.
    public func converted(to element: StoredElement) -> HostTensor? {
        if element == self.element { return self }
        let bytes: [UInt8]?
        switch element {
        case .f32:
            bytes =
                self.element == .f64
                ? encoded(doubles.map { Float($0) }.map(\.bitPattern), isFinite: { Float(bitPattern: $0).isFinite })
                : encoded(floats.map(\.bitPattern), isFinite: { Float(bitPattern: $0).isFinite })
        case .bf16: bytes = encoded(roundable.map(Self.bfloat16), isFinite: { $0 & 0x7f80 != 0x7f80 })
        case .f16: bytes = encoded(roundable.map(HalfPrecision.bits), isFinite: { $0 & 0x7c00 != 0x7c00 })
        default: preconditionFailure("numbers are not converted to \(element)")
        }
        return bytes.map { HostTensor(name: name, element: element, shape: shape, bytes: $0) }
    }

    /// The numbers as f32 from which rounding to fewer bits gives what rounding the numbers themselves would: those of 64 bits are rounded to odd
    /// (Boldo & Melquiond 2008).
    private var roundable: [Float] {
        guard element == .f64 else { return floats }
        return doubles.map { number in
            let nearest = Float(number)
            if Double(nearest) == number || number.isNaN || number.isInfinite { return nearest }
            let truncated = abs(Double(nearest)) > abs(number) ? nearest.magnitude.nextDown : nearest.magnitude
            let odd = Float(bitPattern: truncated.bitPattern | 1)
            return number < 0 ? -odd : odd
        }
    }

    /// Denormal numbers stay, other than in arithmetic with bf16.
    private static func bfloat16(_ number: Float) -> UInt16 {
        let bits = number.bitPattern
        if number.isNaN { return UInt16(bits >> 16) | 0x40 }
        return UInt16((UInt64(bits) + 0x7fff + UInt64(bits >> 16 & 1)) >> 16)
    }

    /// The bits as bytes; nil where one is not finite that was.
    private func encoded<Bits: FixedWidthInteger>(_ bits: [Bits], isFinite: (Bits) -> Bool) -> [UInt8]? {
        if !bits.allSatisfy(isFinite) {
            let numbers = doubles
            for (index, one) in bits.enumerated() where !isFinite(one) && numbers[index].isFinite { return nil }
        }
        return bits.withUnsafeBytes { Bits.littleEndianIsNative ? [UInt8]($0) : swappingBytes([UInt8]($0), size: Bits.bitWidth / 8) }
    }
}
