import Graph

/// A named tensor in host memory as files hold it: dense, row-major (the last extent varies fastest), little-endian.
public struct HostTensor: Equatable, Sendable {
    public var name: String
    public let element: StoredElement
    /// The extents, outermost first; empty for a scalar.
    public let shape: [Int]
    /// `element.size * shape.product` bytes.
    public let bytes: [UInt8]

    /// Wraps bytes that already have the layout of `element` and `shape`; their count must agree.
    public init(name: String = "", element: StoredElement, shape: [Int], bytes: [UInt8]) {
        precondition(element.byteCount(shape: shape) == bytes.count, "\(bytes.count) bytes do not make \(element) \(shape)")
        self.name = name
        self.element = element
        self.shape = shape
        self.bytes = bytes
    }

    /// Makes an f32 tensor; `floats` holds `shape.product` values.
    public init(name: String = "", shape: [Int], floats: [Float]) {
        self.init(name: name, element: .f32, shape: shape, bytes: littleEndianBytes(floats.lazy.map(\.bitPattern), of: floats))
    }

    /// Makes an f64 tensor; `doubles` holds `shape.product` values.
    public init(name: String = "", shape: [Int], doubles: [Double]) {
        self.init(name: name, element: .f64, shape: shape, bytes: littleEndianBytes(doubles.lazy.map(\.bitPattern), of: doubles))
    }

    /// Makes an i32 tensor; `int32s` holds `shape.product` values.
    public init(name: String = "", shape: [Int], int32s: [Int32]) {
        self.init(name: name, element: .i32, shape: shape, bytes: littleEndianBytes(int32s, of: int32s))
    }

    /// Makes an i64 tensor; `int64s` holds `shape.product` values.
    public init(name: String = "", shape: [Int], int64s: [Int64]) {
        self.init(name: name, element: .i64, shape: shape, bytes: littleEndianBytes(int64s, of: int64s))
    }

    /// The number of elements.
    public var count: Int { bytes.count / element.size }

    /// The elements as f32, rounded to nearest where f32 cannot hold them.
    public var floats: [Float] {
        [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
            bytes.withUnsafeBytes { convertToFloats($0, element: element, into: UnsafeMutableBufferPointer(rebasing: buffer[..<count])) }
            initialized = count
        }
    }

    /// The elements as f64, rounded to nearest where f64 cannot hold them (large 64-bit integers).
    public var doubles: [Double] {
        bytes.withUnsafeBytes { source in
            switch element {
            case .f64: decode(source) { Double(bitPattern: $0) }
            case .i64: decode(source) { (bits: Int64) in Double(bits) }
            case .u64: decode(source) { (bits: UInt64) in Double(bits) }
            case .i32: decode(source) { (bits: Int32) in Double(bits) }
            case .u32: decode(source) { (bits: UInt32) in Double(bits) }
            default: floats.map(Double.init)
            }
        }
    }

    /// The elements as integers, or nil for a floating-point tensor or where an unsigned value exceeds `Int64.max`.
    public var integers: [Int64]? {
        bytes.withUnsafeBytes { source in
            switch element {
            case .i64: return decode(source) { (bits: Int64) in bits }
            case .i32: return decode(source) { (bits: Int32) in Int64(bits) }
            case .i16: return decode(source) { (bits: Int16) in Int64(bits) }
            case .i8: return decode(source) { (bits: Int8) in Int64(bits) }
            case .u64:
                let values = decode(source) { (bits: UInt64) in Int64(exactly: bits) }
                return values.contains(nil) ? nil : values.compactMap { $0 }
            case .u32: return decode(source) { (bits: UInt32) in Int64(bits) }
            case .u16: return decode(source) { (bits: UInt16) in Int64(bits) }
            case .u8: return source.map { Int64($0) }
            case .bool: return source.map { $0 == 0 ? 0 : 1 }
            case .f64, .f32, .f16, .bf16, .f8e4m3, .f8e5m2, .f8e8m0: return nil
            }
        }
    }
}

/// Returns the bytes of `values` in memory order, which on a little-endian host is a copy of `original`.
private func littleEndianBytes<Value, Bits: FixedWidthInteger>(_ values: some Sequence<Bits>, of original: [Value]) -> [UInt8] {
    if Bits.littleEndianIsNative { return original.withUnsafeBytes { [UInt8]($0) } }
    return values.flatMap { value in withUnsafeBytes(of: value.littleEndian) { [UInt8]($0) } }
}

private func decode<Bits: FixedWidthInteger, Value>(_ source: UnsafeRawBufferPointer, _ value: (Bits) -> Value) -> [Value] {
    (0..<source.count / MemoryLayout<Bits>.size).map { index in
        value(Bits(littleEndian: source.loadUnaligned(fromByteOffset: index * MemoryLayout<Bits>.size, as: Bits.self)))
    }
}

/// Converts the little-endian elements in `source`, which need no alignment, to f32; `target` holds as many values.
func convertToFloats(_ source: UnsafeRawBufferPointer, element: StoredElement, into target: UnsafeMutableBufferPointer<Float>) {
    precondition(source.count == target.count * element.size, "\(source.count) bytes do not make \(target.count) \(element) values")
    func convert<Bits: FixedWidthInteger>(_ value: (Bits) -> Float) {
        for index in target.indices {
            let bits = source.loadUnaligned(fromByteOffset: index * MemoryLayout<Bits>.size, as: Bits.self)
            target[index] = value(Bits(littleEndian: bits))
        }
    }
    switch element {
    case .f32 where UInt32.littleEndianIsNative:
        if let from = source.baseAddress, let to = target.baseAddress {
            UnsafeMutableRawPointer(to).copyMemory(from: from, byteCount: source.count)
        }
    case .f32: convert { Float(bitPattern: $0) }
    case .f64: convert { Float(Double(bitPattern: $0)) }
    case .f16: convert { HalfPrecision.float(binary16: $0) }
    case .bf16: convert { BFloat16(bitPattern: $0).float }
    case .f8e4m3: convert { EightBitFloat.e4m3($0) }
    case .f8e5m2: convert { EightBitFloat.e5m2($0) }
    case .f8e8m0: convert { EightBitFloat.e8m0($0) }
    case .i64: convert { (bits: Int64) in Float(bits) }
    case .i32: convert { (bits: Int32) in Float(bits) }
    case .i16: convert { (bits: Int16) in Float(bits) }
    case .i8: convert { (bits: Int8) in Float(bits) }
    case .u64: convert { (bits: UInt64) in Float(bits) }
    case .u32: convert { (bits: UInt32) in Float(bits) }
    case .u16: convert { (bits: UInt16) in Float(bits) }
    case .u8: convert { (bits: UInt8) in Float(bits) }
    case .bool: convert { (bits: UInt8) in bits == 0 ? 0 : 1 }
    }
}

/// Reverses the bytes of every element of `size` bytes.
func swappingBytes(_ bytes: [UInt8], size: Int) -> [UInt8] {
    if size == 1 { return bytes }
    return [UInt8](unsafeUninitializedCapacity: bytes.count) { target, count in
        for start in stride(from: 0, to: bytes.count, by: size) {
            for place in 0..<size { target.initializeElement(at: start + place, to: bytes[start + size - 1 - place]) }
        }
        count = bytes.count
    }
}

extension FixedWidthInteger {
    static var littleEndianIsNative: Bool { Self(1).littleEndian == Self(1) }
}
