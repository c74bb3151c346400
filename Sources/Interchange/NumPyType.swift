import Graph

/// An element type as NumPy spells it, and the order of its bytes.
struct NumPyType: Equatable {
    let element: StoredElement
    let isBigEndian: Bool

    /// Reads whatever `numpy.dtype` takes for an element type that Braid knows, on a machine of 64 bits; nil for all else.
    ///
    /// That is a type letter with its size in bytes (`f4`) or NumPy's letter for a type of C (`f`), behind `<`, `>`, `=` or `|` or nothing,
    /// or the type's name (`float32`), which has no order before it. The order of one-byte types means nothing, and `=`, `|` and none mean
    /// this machine's.
    init?(_ text: String) {
        if let element = Self.names[text] {
            self.element = element
            isBigEndian = !UInt16.littleEndianIsNative
            return
        }
        let order = text.first.flatMap { "<>=|".contains($0) ? $0 : nil }
        guard let element = Self.codes[String(order == nil ? text[...] : text.dropFirst())] else { return nil }
        self.element = element
        isBigEndian = order == ">" || order != "<" && !UInt16.littleEndianIsNative
    }

    private static let codes: [String: StoredElement] = [
        "b1": .bool, "?": .bool,
        "i1": .i8, "b": .i8, "u1": .u8, "B": .u8,
        "i2": .i16, "h": .i16, "u2": .u16, "H": .u16,
        "i4": .i32, "i": .i32, "u4": .u32, "I": .u32,
        "i8": .i64, "l": .i64, "q": .i64, "p": .i64, "n": .i64,
        "u8": .u64, "L": .u64, "Q": .u64, "P": .u64, "N": .u64,
        "f2": .f16, "e": .f16, "f4": .f32, "f": .f32, "f8": .f64, "d": .f64,
    ]

    private static let names: [String: StoredElement] = [
        "bool": .bool, "bool_": .bool,
        "int8": .i8, "byte": .i8, "uint8": .u8, "ubyte": .u8,
        "int16": .i16, "short": .i16, "uint16": .u16, "ushort": .u16,
        "int32": .i32, "intc": .i32, "uint32": .u32, "uintc": .u32,
        "int64": .i64, "int": .i64, "int_": .i64, "intp": .i64, "long": .i64, "longlong": .i64,
        "uint64": .u64, "uint": .u64, "uintp": .u64, "ulong": .u64, "ulonglong": .u64,
        "float16": .f16, "half": .f16, "float32": .f32, "single": .f32,
        "float64": .f64, "double": .f64, "float": .f64,
    ]
}
