import Graph

/// An element type as PyTorch spells it.
struct PyTorchElement: Equatable {
    /// The name of the type, such as `bfloat16`.
    let name: String
    /// Nil where Braid has no such type.
    let element: StoredElement?

    /// The type of a `torch.dtype`; nil for names that are none.
    init?(type name: String) {
        if let element = Self.types[name] {
            self.init(name, element)
        } else if Self.unreadable.contains(name) {
            self.init(name, nil)
        } else {
            return nil
        }
    }

    /// The type of the elements of a storage's class, such as `FloatStorage`; nil for names that are none. A storage without a type has bytes.
    init?(storage name: String) {
        guard let type = Self.storages[name] else { return nil }
        self.init(type: type)
    }

    private init(_ name: String, _ element: StoredElement?) { (self.name, self.element) = (name, element) }

    private static let types: [String: StoredElement] = [
        "float64": .f64, "double": .f64, "float32": .f32, "float": .f32, "float16": .f16, "half": .f16, "bfloat16": .bf16,
        "float8_e4m3fn": .f8e4m3, "float8_e5m2": .f8e5m2, "float8_e8m0fnu": .f8e8m0,
        "int64": .i64, "long": .i64, "int32": .i32, "int": .i32, "int16": .i16, "short": .i16, "int8": .i8,
        "uint64": .u64, "uint32": .u32, "uint16": .u16, "uint8": .u8, "bool": .bool,
    ]

    /// Types that are refused only where a tensor has them.
    private static let unreadable: Set<String> = [
        "complex32", "complex64", "cfloat", "complex128", "cdouble", "chalf", "float8_e4m3fnuz", "float8_e5m2fnuz", "float4_e2m1fn_x2",
        "qint8", "quint8", "qint32", "quint4x2", "quint2x4", "bits8", "bits16", "bits1x8", "bits2x4", "bits4x2",
    ]

    private static let storages = [
        "DoubleStorage": "float64", "FloatStorage": "float32", "HalfStorage": "float16", "BFloat16Storage": "bfloat16",
        "LongStorage": "int64", "IntStorage": "int32", "ShortStorage": "int16", "CharStorage": "int8", "ByteStorage": "uint8",
        "BoolStorage": "bool", "UntypedStorage": "uint8", "ComplexFloatStorage": "complex64", "ComplexDoubleStorage": "complex128",
        "QInt8Storage": "qint8", "QUInt8Storage": "quint8", "QInt32Storage": "qint32", "QUInt4x2Storage": "quint4x2",
        "QUInt2x4Storage": "quint2x4",
    ]
}
