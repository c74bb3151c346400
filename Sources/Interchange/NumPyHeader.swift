/// Reads the header of an array file: a Python dictionary with the keys descr, fortran_order and shape.
struct NumPyHeader {
    private let bytes: [UInt8]
    private let start: Int
    private let path: String
    private var position = 0

    init(_ bytes: [UInt8], start: Int, path: String) {
        self.bytes = bytes
        self.start = start
        self.path = path
    }

    mutating func parse() throws(InterchangeError) -> (type: NumPyType, shape: [Int], isFortran: Bool) {
        var type: NumPyType?
        var shape: [Int]?
        var isFortran: Bool?
        try expect("{")
        while !accept("}") {
            let key = try parseString()
            try expect(":")
            switch key {
            case "descr": type = try parseType()
            case "fortran_order": isFortran = try parseBool()
            case "shape": shape = try parseShape()
            default: throw failure("'\(key)' is not a key of an array's header")
            }
            if !accept(",") {
                try expect("}")
                break
            }
        }
        guard let type, let shape, let isFortran else { throw failure("the header lacks one of descr, fortran_order and shape") }
        return (type, shape, isFortran)
    }

    private func failure(_ message: String) -> InterchangeError {
        InterchangeError(path, .byte(start + position), message, repair: "save the array again with numpy.save")
    }

    private mutating func accept(_ word: String) -> Bool {
        while position < bytes.count, [0x20, 0x09, 0x0a, 0x0c, 0x0d].contains(bytes[position]) { position += 1 }
        guard bytes[position...].starts(with: word.utf8) else { return false }
        position += word.utf8.count
        return true
    }

    private mutating func expect(_ word: String) throws(InterchangeError) {
        if !accept(word) { throw failure("the header has no '\(word)' here") }
    }

    private mutating func parseString() throws(InterchangeError) -> String {
        // So Python 2 marks a text as Unicode.
        _ = accept("u")
        let quote: UInt8 = accept("'") ? UInt8(ascii: "'") : UInt8(ascii: "\"")
        if quote == UInt8(ascii: "\"") { try expect("\"") }
        let text = bytes[position...].prefix { $0 != quote }
        position += text.count
        guard position < bytes.count else { throw failure("a text of the header does not end") }
        position += 1
        return String(decoding: text, as: UTF8.self)
    }

    private mutating func parseType() throws(InterchangeError) -> NumPyType {
        if accept("[") || accept("(") { throw unknown("a record") }
        let spelled = try parseString()
        guard let type = NumPyType(spelled) else { throw unknown("'\(spelled)'") }
        return type
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
            // So Python 2 ends a long integer.
            _ = accept("L")
            if !accept(",") {
                try expect(")")
                break
            }
        }
        if shape.count > 64 { throw failure("the shape has more than 64 dimensions") }
        return shape
    }
}
