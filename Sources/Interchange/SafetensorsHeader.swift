import Foundation
import Graph

/// Reads the header of a safetensors file, the subset of JSON that the format needs:
/// objects, strings and arrays of whole numbers, with no key twice.
struct SafetensorsHeader {
    /// One tensor's description; `begin..<end` counts from the end of the header.
    struct Entry {
        var name: String
        var element: StoredElement
        var shape: [Int]
        var begin: Int
        var end: Int
    }

    /// The key that stands for no tensor.
    static let metadataKey = "__metadata__"
    /// The most dimensions of a tensor, as many as PyTorch and NumPy allow.
    static let mostDimensions = 64

    var metadata: [String: String] = [:]
    var entries: [Entry] = []

    private let path: String
    private let bytes: [UInt8]
    /// Where `bytes` starts in the file.
    private let start: Int
    private var position = 0

    /// Parses the header's `bytes`, which stand at offset `start` of the file.
    init(_ bytes: [UInt8], start: Int, path: String) throws(InterchangeError) {
        self.bytes = bytes
        self.start = start
        self.path = path
        var names: Set<String> = []
        try parseObject { (parser, key) throws(InterchangeError) in
            if !names.insert(key).inserted { throw parser.failure("\"\(key)\" stands twice in the header") }
            if key == Self.metadataKey {
                try parser.parseObject { (parser, key) throws(InterchangeError) in parser.metadata[key] = try parser.parseString() }
            } else {
                parser.entries.append(try parser.parseEntry(key))
            }
        }
        skipSpace()
        if position < bytes.count { throw failure("something follows the header's closing brace") }
    }

    private mutating func parseEntry(_ name: String) throws(InterchangeError) -> Entry {
        var element: StoredElement?
        var shape: [Int]?
        var offsets: [Int]?
        try parseObject { (parser, key) throws(InterchangeError) in
            switch key {
            case "dtype":
                let spelled = try parser.parseString()
                element = StoredElement.allCases.first { $0.safetensorsName == spelled }
                if element == nil {
                    throw InterchangeError(
                        parser.path, .entry("tensor \"\(name)\""), "the element type \(spelled) is not known",
                        repair: "save the tensor as F32")
                }
            case "shape": shape = try parser.parseNumbers(atMost: Self.mostDimensions, "the shape of tensor \"\(name)\"")
            case "data_offsets": offsets = try parser.parseNumbers(atMost: 2, "the place of tensor \"\(name)\"")
            default: throw parser.failure("\"\(key)\" is not a property of a tensor")
            }
        }
        guard let element, let shape, let offsets, offsets.count == 2 else {
            throw failure("tensor \"\(name)\" lacks one of dtype, shape and two data_offsets")
        }
        return Entry(name: name, element: element, shape: shape, begin: offsets[0], end: offsets[1])
    }

    private func failure(_ message: String) -> InterchangeError {
        InterchangeError(path, .byte(start + position), message, repair: "save the file again with the safetensors library")
    }

    private mutating func skipSpace() {
        while position < bytes.count, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[position]) { position += 1 }
    }

    private mutating func accept(_ character: Character) -> Bool {
        skipSpace()
        guard position < bytes.count, bytes[position] == character.asciiValue else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ character: Character) throws(InterchangeError) {
        if !accept(character) { throw failure("the header has no '\(character)' here") }
    }

    private mutating func parseObject(
        _ value: (inout SafetensorsHeader, String) throws(InterchangeError) -> Void
    ) throws(InterchangeError) {
        try expect("{")
        if accept("}") { return }
        repeat {
            let key = try parseString()
            try expect(":")
            try value(&self, key)
        } while accept(",")
        try expect("}")
    }

    private mutating func parseNumbers(atMost most: Int, _ what: String) throws(InterchangeError) -> [Int] {
        try expect("[")
        var numbers: [Int] = []
        if accept("]") { return numbers }
        repeat {
            skipSpace()
            if numbers.count == most { throw failure("\(what) has more than \(most) numbers") }
            let digits = bytes[position...].prefix { (0x30...0x39).contains($0) }
            guard let number = Int(String(decoding: digits, as: UTF8.self)) else { throw failure("the header has no whole number here") }
            numbers.append(number)
            position += digits.count
        } while accept(",")
        try expect("]")
        return numbers
    }

    private mutating func parseString() throws(InterchangeError) -> String {
        try expect("\"")
        var text: [UInt8] = []
        while true {
            guard position < bytes.count, bytes[position] >= 0x20 else { throw failure("a string of the header does not end") }
            let byte = bytes[position]
            position += 1
            if byte == UInt8(ascii: "\"") { break }
            if byte == UInt8(ascii: "\\") {
                text += Array(String(try parseEscape()).utf8)
            } else {
                text.append(byte)
            }
        }
        guard let string = String(validating: text, as: UTF8.self) else { throw failure("a string of the header is not UTF-8") }
        return string
    }

    private mutating func parseEscape() throws(InterchangeError) -> Unicode.Scalar {
        guard position < bytes.count else { throw failure("a string of the header does not end") }
        let letter = bytes[position]
        position += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(letter)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            let unit = try parseCodeUnit()
            if let scalar = Unicode.Scalar(unit) { return scalar }
            // Beyond the basic plane JSON spells a character as two UTF-16 surrogates.
            guard (0xd800..<0xdc00).contains(unit), bytes[position...].starts(with: "\\u".utf8) else {
                throw failure("a string of the header holds half a surrogate pair")
            }
            position += 2
            let second = try parseCodeUnit()
            guard (0xdc00..<0xe000).contains(second), let scalar = Unicode.Scalar(0x10000 + (unit & 0x3ff) << 10 + (second & 0x3ff)) else {
                throw failure("a string of the header holds half a surrogate pair")
            }
            return scalar
        default: throw failure("a string of the header has an unknown escape")
        }
    }

    private mutating func parseCodeUnit() throws(InterchangeError) -> UInt32 {
        let digits = bytes[position...].prefix(4)
        let isHexadecimal = digits.allSatisfy { Character(Unicode.Scalar($0)).isHexDigit }
        guard digits.count == 4, isHexadecimal, let unit = UInt32(String(decoding: digits, as: UTF8.self), radix: 16) else {
            throw failure("a string of the header has an unknown escape")
        }
        position += 4
        return unit
    }
}
