import Foundation

/// NumPy's array files (`.npy`), versions 1 to 3 of
/// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
public enum NumPy {
    private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

    /// Reads the array at `path` as a row-major tensor; arrays in Fortran order are transposed.
    ///
    /// Throws where the file is damaged, larger than `maximum` bytes, or of a type that Braid has no use for
    /// (objects, records, text, complex numbers, big-endian numbers).
    public static func read(_ path: String, maximum: Int = .max) throws(InterchangeError) -> HostTensor {
        try read(data: try InputFile.read(path, maximum: maximum), path: path)
    }

    /// Reads an array that is in memory already; `path` names it in errors.
    public static func read(data: Data, path: String) throws(InterchangeError) -> HostTensor {
        let repair = "save the array again with numpy.save"
        guard data.count >= 10, data.starts(with: magic) else {
            throw InterchangeError(path, .byte(0), "this is not a NumPy array file", repair: repair)
        }
        let version = Int(data.littleEndian(UInt8.self, at: 6) ?? 0)
        guard (1...3).contains(version) else {
            throw InterchangeError(path, .byte(6), "version \(version) of the format is not known", repair: repair)
        }
        let start = version == 1 ? 10 : 12
        let size = version == 1 ? data.littleEndian(UInt16.self, at: 8).map(Int.init) : data.littleEndian(UInt32.self, at: 8).map(Int.init)
        guard let size, size <= data.count - start, size <= 1 << 16 else {
            throw InterchangeError(path, .byte(8), "the header does not fit the file", repair: repair)
        }
        var header = NumPyHeader(data.array(start..<start + size), start: start, path: path)
        let (element, shape, isFortran) = try header.parse()
        let content = start + size
        guard let count = element.byteCount(shape: shape), count == data.count - content else {
            let message = "an array \(element) \(shape) does not fit the \(data.count - content) bytes after the header"
            throw InterchangeError(path, .byte(content), message, repair: "copy the file again or save one array a file")
        }
        let bytes = data.array(content..<data.count)
        let isTransposed = isFortran && shape.count > 1
        return HostTensor(element: element, shape: shape, bytes: isTransposed ? rowMajor(bytes, shape: shape, size: element.size) : bytes)
    }

    /// Writes `tensor` to `path`, atomically, as version 1 in row-major order; bfloat16, which NumPy lacks, as f32.
    public static func write(_ tensor: HostTensor, to path: String) throws(InterchangeError) {
        try AtomicFile.write(encode(tensor), to: path)
    }

    /// Returns the bytes of an array file.
    public static func encode(_ tensor: HostTensor) -> [UInt8] {
        guard let type = tensor.element.numpyName else { return encode(HostTensor(shape: tensor.shape, floats: tensor.floats)) }
        // A tuple of one is written (3,) in Python.
        let shape = tensor.shape.map(String.init).joined(separator: ", ") + (tensor.shape.count == 1 ? "," : "")
        var header = Array("{'descr': '\(type)', 'fortran_order': False, 'shape': (\(shape)), }".utf8)
        while (10 + header.count + 1) % 64 != 0 { header.append(UInt8(ascii: " ")) }
        header.append(UInt8(ascii: "\n"))
        precondition(header.count <= Int(UInt16.max), "a tensor of \(tensor.shape.count) dimensions is beyond version 1 of the format")
        return magic + [1, 0, UInt8(header.count & 0xff), UInt8(header.count >> 8)] + header + tensor.bytes
    }

    /// Reorders elements of `size` bytes from column-major (the first extent varies fastest) to row-major.
    private static func rowMajor(_ bytes: [UInt8], shape: [Int], size: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: bytes.count) { target, count in
            var index = [Int](repeating: 0, count: shape.count)
            var strides: [Int] = []
            var stride = size
            for extent in shape {
                strides.append(stride)
                stride *= extent
            }
            var source = 0
            while count < bytes.count {
                for byte in source..<source + size {
                    target[count] = bytes[byte]
                    count += 1
                }
                var axis = shape.count - 1
                while axis >= 0 {
                    index[axis] += 1
                    source += strides[axis]
                    if index[axis] < shape[axis] { break }
                    source -= strides[axis] * shape[axis]
                    index[axis] = 0
                    axis -= 1
                }
            }
        }
    }
}

/// Reads the header of an array file: a Python dictionary with the keys descr, fortran_order and shape.
private struct NumPyHeader {
    private let bytes: [UInt8]
    private let start: Int
    private let path: String
    private var position = 0

    init(_ bytes: [UInt8], start: Int, path: String) {
        self.bytes = bytes
        self.start = start
        self.path = path
    }

    mutating func parse() throws(InterchangeError) -> (element: StoredElement, shape: [Int], isFortran: Bool) {
        var element: StoredElement?
        var shape: [Int]?
        var isFortran: Bool?
        try expect("{")
        while !accept("}") {
            let key = try parseString()
            try expect(":")
            switch key {
            case "descr": element = try parseType()
            case "fortran_order": isFortran = try parseBool()
            case "shape": shape = try parseShape()
            default: throw failure("'\(key)' is not a key of an array's header")
            }
            if !accept(",") {
                try expect("}")
                break
            }
        }
        guard let element, let shape, let isFortran else { throw failure("the header lacks one of descr, fortran_order and shape") }
        return (element, shape, isFortran)
    }

    private func failure(_ message: String) -> InterchangeError {
        InterchangeError(path, .byte(start + position), message, repair: "save the array again with numpy.save")
    }

    private mutating func accept(_ word: String) -> Bool {
        while position < bytes.count, [0x20, 0x09, 0x0a].contains(bytes[position]) { position += 1 }
        guard bytes[position...].starts(with: word.utf8) else { return false }
        position += word.utf8.count
        return true
    }

    private mutating func expect(_ word: String) throws(InterchangeError) {
        if !accept(word) { throw failure("the header has no '\(word)' here") }
    }

    private mutating func parseString() throws(InterchangeError) -> String {
        let quote: UInt8 = accept("'") ? UInt8(ascii: "'") : UInt8(ascii: "\"")
        if quote == UInt8(ascii: "\"") { try expect("\"") }
        let text = bytes[position...].prefix { $0 != quote }
        position += text.count
        guard position < bytes.count else { throw failure("a text of the header does not end") }
        position += 1
        return String(decoding: text, as: UTF8.self)
    }

    private mutating func parseType() throws(InterchangeError) -> StoredElement {
        if accept("[") { throw unknown("a record") }
        let spelled = try parseString()
        guard let element = StoredElement.allCases.first(where: { $0.numpyName == spelled }) else { throw unknown("'\(spelled)'") }
        return element
    }

    private func unknown(_ type: String) -> InterchangeError {
        let repair = "convert it first: numpy.save(path, array.astype('<f4'))"
        return InterchangeError(path, .byte(start + position), "the element type \(type) is not known", repair: repair)
    }

    private mutating func parseBool() throws(InterchangeError) -> Bool {
        if accept("True") { return true }
        try expect("False")
        return false
    }

    private mutating func parseShape() throws(InterchangeError) -> [Int] {
        try expect("(")
        var shape: [Int] = []
        while !accept(")") {
            let digits = bytes[position...].prefix { (0x30...0x39).contains($0) }
            guard let extent = Int(String(decoding: digits, as: UTF8.self)) else {
                throw failure("the shape holds something else than numbers")
            }
            shape.append(extent)
            position += digits.count
            if !accept(",") {
                try expect(")")
                break
            }
        }
        if shape.count > 64 { throw failure("the shape has more than 64 dimensions") }
        return shape
    }
}
