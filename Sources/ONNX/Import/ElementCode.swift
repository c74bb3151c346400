import Graph

/// The graph's, beside Foundation's type of the same name.
typealias Extent = Dimension

/// The type of a tensor's elements, by the number that ONNX has for it (`TensorProto.DataType`).
public struct ElementCode: Hashable, Sendable, CustomStringConvertible {
    let number: Int32

    static let f32 = ElementCode(number: 1)
    static let u8 = ElementCode(number: 2)
    static let i8 = ElementCode(number: 3)
    static let i32 = ElementCode(number: 6)
    static let i64 = ElementCode(number: 7)
    static let bool = ElementCode(number: 9)

    private struct Row {
        var name: String
        /// What our files hold such elements as; nil where none of them does.
        var stored: StoredElement?
    }

    private static let rows: [Int32: Row] = [
        1: Row(name: "float", stored: .f32), 2: Row(name: "uint8", stored: .u8), 3: Row(name: "int8", stored: .i8),
        4: Row(name: "uint16", stored: .u16), 5: Row(name: "int16", stored: .i16), 6: Row(name: "int32", stored: .i32),
        7: Row(name: "int64", stored: .i64), 8: Row(name: "string"), 9: Row(name: "bool", stored: .bool),
        10: Row(name: "float16", stored: .f16), 11: Row(name: "double", stored: .f64), 12: Row(name: "uint32", stored: .u32),
        13: Row(name: "uint64", stored: .u64), 14: Row(name: "complex64"), 15: Row(name: "complex128"),
        16: Row(name: "bfloat16", stored: .bf16), 17: Row(name: "float8e4m3fn"), 18: Row(name: "float8e4m3fnuz"),
        19: Row(name: "float8e5m2"), 20: Row(name: "float8e5m2fnuz"), 21: Row(name: "uint4"), 22: Row(name: "int4"),
        23: Row(name: "float4e2m1"), 24: Row(name: "float8e8m0"), 25: Row(name: "uint2"), 26: Row(name: "int2"),
        27: Row(name: "float6e2m3"), 28: Row(name: "float6e3m2"),
    ]

    init(number: Int32) { self.number = number }

    init(_ stored: StoredElement) {
        guard let row = Self.rows.first(where: { $0.value.stored == stored }) else { preconditionFailure("ONNX has no \(stored)") }
        number = row.key
    }

    public var stored: StoredElement? { Self.rows[number]?.stored }
    public var description: String { Self.rows[number]?.name ?? "the element type \(number)" }

    /// Whether elements are floating-point numbers.
    var isFloating: Bool {
        switch stored {
        case .f64, .f32, .f16, .bf16: true
        default: false
        }
    }

    /// Whether elements are whole numbers; truth values are none.
    var isInteger: Bool { stored != nil && !isFloating && self != .bool }

    /// Whether elements are integers of 8 or 16 bits, all of which f32 holds.
    var isNarrow: Bool { isInteger && (stored?.size ?? 8) <= 2 }

    /// Whether f32 holds such numbers, those of the larger integer types as far as they name classes and positions.
    var isComputable: Bool { stored != nil && stored != .f64 }

    /// What the graph computes such elements as: integers that come from outside name classes and positions.
    var computed: ElementType { [Self.i32, .i64].contains(self) ? .i32 : .f32 }

    /// The least and the largest number that an integer type holds.
    var range: ClosedRange<Double>? {
        switch stored {
        case .i8: -128...127
        case .u8: 0...255
        case .i16: -32768...32767
        case .u16: 0...65535
        case .i32: -2_147_483_648...2_147_483_647
        case .u32: 0...4_294_967_295
        case .i64: -0x1p63...0x1p63
        case .u64: 0...0x1p64
        default: nil
        }
    }
}
