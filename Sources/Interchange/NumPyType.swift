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
        "i1": .int8, "b": .int8, "u1": .uint8, "B": .uint8,
        "i2": .int16, "h": .int16, "u2": .uint16, "H": .uint16,
        "i4": .int32, "i": .int32, "u4": .uint32, "I": .uint32,
        "i8": .int64, "l": .int64, "q": .int64, "p": .int64, "n": .int64,
        "u8": .uint64, "L": .uint64, "Q": .uint64, "P": .uint64, "N": .uint64,
        "f2": .float16, "e": .float16, "f4": .float32, "f": .float32, "f8": .float64, "d": .float64,
    ]

    private static let names: [String: StoredElement] = [
        "bool": .bool, "bool_": .bool,
        "int8": .int8, "byte": .int8, "uint8": .uint8, "ubyte": .uint8,
        "int16": .int16, "short": .int16, "uint16": .uint16, "ushort": .uint16,
        "int32": .int32, "intc": .int32, "uint32": .uint32, "uintc": .uint32,
        "int64": .int64, "int": .int64, "int_": .int64, "intp": .int64, "long": .int64, "longlong": .int64,
        "uint64": .uint64, "uint": .uint64, "uintp": .uint64, "ulong": .uint64, "ulonglong": .uint64,
        "float16": .float16, "half": .float16, "float32": .float32, "single": .float32,
        "float64": .float64, "double": .float64, "float": .float64,
    ]
}
