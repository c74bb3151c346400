/// What one element of a tensor is stored as, in memory or in a file; multi-byte elements of files are little-endian.
///
/// The graph computes with `ElementType` alone: how a value is stored is an annotation.
public enum StoredElement: String, CaseIterable, Hashable, Sendable {
    /// IEEE 754 binary64, binary32, binary16.
    case f64, f32, f16
    /// bfloat16: the upper half of an f32.
    case bf16
    /// Eight bits with 4 or 5 for the exponent (Micikevicius et al., arXiv 2209.05433; e4m3 has no infinities), or the exponent alone (OCP's E8M0).
    case f8e4m3 = "f8_e4m3"
    case f8e5m2 = "f8_e5m2"
    case f8e8m0 = "f8_e8m0"
    /// Two's complement.
    case i64, i32, i16, i8
    case u64, u32, u16, u8
    case bool

    /// The size of one element in bytes.
    public var size: Int {
        switch self {
        case .f64, .i64, .u64: 8
        case .f32, .i32, .u32: 4
        case .f16, .bf16, .i16, .u16: 2
        case .i8, .u8, .bool, .f8e4m3, .f8e5m2, .f8e8m0: 1
        }
    }

    /// Whether elements are floating-point numbers.
    public var isFloatingPoint: Bool {
        switch self {
        case .f64, .f32, .f16, .bf16, .f8e4m3, .f8e5m2, .f8e8m0: true
        case .i64, .i32, .i16, .i8, .u64, .u32, .u16, .u8, .bool: false
        }
    }

    /// Returns the number of bytes that a tensor of `shape` takes, or nil where that overflows or an extent is negative.
    public func byteCount(shape: [Int]) -> Int? {
        var count = size
        var isEmpty = false
        for extent in shape {
            if extent < 0 { return nil }
            if extent == 0 { isEmpty = true; continue }
            let (product, overflow) = count.multipliedReportingOverflow(by: extent)
            if overflow { return nil }
            count = product
        }
        return isEmpty ? 0 : count
    }

    /// What kernels load and store: they compute with f32, so that every other element is converted on its way.
    public static let ofKernels: [StoredElement] = [.f32, .i32, .bf16]

    /// What f32 values may be rounded to.
    public static let narrow: [StoredElement] = [.bf16]
}

extension ElementType {
    /// What elements are stored as unless a value's annotation says otherwise.
    public var stored: StoredElement {
        switch self {
        case .f32: .f32
        case .i32: .i32
        }
    }
}
