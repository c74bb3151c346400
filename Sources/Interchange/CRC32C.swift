/// The cyclic redundancy check with Castagnoli's polynomial (RFC 3720, appendix B.4), which TensorFlow's record files have.
enum CRC32C {
    /// The remainders of all bytes; the polynomial is 0x1EDC6F41, its bits reversed.
    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0x82f6_3b78 : value >> 1 }
    }

    static func checksum(_ bytes: some Sequence<UInt8>) -> UInt32 {
        table.withUnsafeBufferPointer { table in
            ~bytes.reduce(~0) { value, byte in value >> 8 ^ table[Int(UInt8(truncatingIfNeeded: value) ^ byte)] }
        }
    }

    /// The checksum as record files store it, turned and moved, so that the checksum of data that hold checksums is not all alike.
    static func masked(_ bytes: some Sequence<UInt8>) -> UInt32 {
        let value = checksum(bytes)
        return (value >> 15 | value << 17) &+ 0xa282_ead8
    }
}
