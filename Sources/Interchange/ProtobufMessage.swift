/// A message in the wire format of Protocol Buffers (protobuf.dev/programming-guides/encoding), written field by field.
///
/// A field is its number and the kind of what follows as a variable-length integer, and then that; as in proto3, what is 0 or empty may be
/// left out.
struct ProtobufMessage: Equatable {
    private(set) var bytes: [UInt8] = []

    private enum Kind: UInt64 {
        case varint = 0
        case eightBytes = 1
        case counted = 2
        case fourBytes = 5
    }

    private mutating func appendVarint(_ value: UInt64) {
        var value = value
        while value >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
            value >>= 7
        }
        bytes.append(UInt8(value))
    }

    private mutating func appendKey(_ field: UInt64, _ kind: Kind) { appendVarint(field << 3 | kind.rawValue) }

    private mutating func appendLittleEndian(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    /// An `int32`, `int64`, `uint64` or `enum`.
    mutating func integer(_ field: UInt64, _ value: Int) {
        appendKey(field, .varint)
        appendVarint(UInt64(bitPattern: Int64(value)))
    }

    mutating func double(_ field: UInt64, _ value: Double) {
        appendKey(field, .eightBytes)
        appendLittleEndian(value.bitPattern)
    }

    mutating func float(_ field: UInt64, _ value: Float) {
        appendKey(field, .fourBytes)
        appendLittleEndian(value.bitPattern)
    }

    /// A `bytes`, or a `string` of UTF-8.
    mutating func bytes(_ field: UInt64, _ value: some Collection<UInt8>) {
        appendKey(field, .counted)
        appendVarint(UInt64(value.count))
        bytes.append(contentsOf: value)
    }

    mutating func text(_ field: UInt64, _ value: String) { bytes(field, value.utf8) }

    mutating func message(_ field: UInt64, _ value: ProtobufMessage) { bytes(field, value.bytes) }

    /// A packed `repeated double`.
    mutating func doubles(_ field: UInt64, _ values: [Double]) {
        appendKey(field, .counted)
        appendVarint(UInt64(values.count * 8))
        for value in values { appendLittleEndian(value.bitPattern) }
    }
}
