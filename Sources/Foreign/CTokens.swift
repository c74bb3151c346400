/// The tokens of a C file as its preprocessor sees them, as far as one must know them to say what it will do.
struct CTokens {
    enum Kind { case word, text, mark }

    struct Token {
        var kind: Kind
        /// Without the quotes, if it is a text.
        var text: String
        /// Where it stands in the file.
        var range: Range<Int>
        var startsLine: Bool
        /// Whether nothing stands between it and the token before.
        var isAttached: Bool

        func isMark(_ mark: String) -> Bool { kind == .mark && text == mark }

        /// What it counts for: long texts and names take clang longer.
        var weight: Int { 1 + range.count / 64 }
    }

    /// No number may be longer: clang takes the square of its digits.
    static let maximumDigits = 128

    /// No file may have more of them, by their weights, with all that its includes and macros add: clang takes no more than a few seconds for
    /// so many.
    static let maximumCount = 16_000

    private(set) var tokens: [Token] = []
    /// A backslash that neither joins lines nor stands in a text: it might write a letter of a name otherwise.
    private(set) var strayBackslash: Range<Int>?

    /// The bytes that count, and where they stand: lines that end with a backslash are joined with the next.
    private let bytes: [UInt8]
    private let offsets: [Int]
    private var position = 0

    init(_ file: [UInt8]) {
        var bytes: [UInt8] = []
        var offsets: [Int] = []
        var index = 0
        while index < file.count {
            if file[index] == UInt8(ascii: "\\"), let next = Self.endOfJoint(file, index) {
                index = next
                continue
            }
            bytes.append(file[index])
            offsets.append(index)
            index += 1
        }
        self.bytes = bytes
        self.offsets = offsets + [file.count]
        read()
    }

    /// Where the next line begins if the backslash ends its line; clang allows blanks between.
    private static func endOfJoint(_ file: [UInt8], _ backslash: Int) -> Int? {
        var index = backslash + 1
        while index < file.count, isBlank(file[index]) { index += 1 }
        guard index < file.count, isLineBreak(file[index]) else { return nil }
        return index + 1 < file.count && file[index] == UInt8(ascii: "\r") && file[index + 1] == UInt8(ascii: "\n") ? index + 2 : index + 1
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0B || byte == 0x0C || byte == 0 }
    private static func isLineBreak(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") }

    private static func isOfWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "_"), UInt8(ascii: "$"), 0x80...:
            true
        default: false
        }
    }

    private func sees(_ text: StaticString) -> Bool {
        position + text.utf8CodeUnitCount <= bytes.count
            && (0..<text.utf8CodeUnitCount).allSatisfy { bytes[position + $0] == text.utf8Start[$0] }
    }

    private mutating func read() {
        var startsLine = true
        var isAttached = false
        while position < bytes.count {
            let byte = bytes[position]
            if Self.isLineBreak(byte) {
                position += 1
                (startsLine, isAttached) = (true, false)
            } else if Self.isBlank(byte) {
                position += 1
                isAttached = false
            } else if sees("//") {
                while position < bytes.count, !Self.isLineBreak(bytes[position]) { position += 1 }
                isAttached = false
            } else if sees("/*") {
                position += 2
                while position < bytes.count, !sees("*/") { position += 1 }
                position = min(bytes.count, position + 2)
                isAttached = false
            } else {
                let start = position
                let (kind, text) = token(byte)
                let range = offsets[start]..<offsets[position - 1] + 1
                tokens.append(Token(kind: kind, text: text, range: range, startsLine: startsLine, isAttached: isAttached))
                (startsLine, isAttached) = (false, true)
            }
        }
    }

    /// The marks of several characters that mean something here, and those that can be written otherwise.
    private static let marks: [(spelling: StaticString, mark: String)] = [
        ("%:%:", "##"), ("##", "##"), ("%:", "#"), ("...", "..."), ("<:", "["), (":>", "]"), ("<%", "{"), ("%>", "}"),
    ]

    private mutating func token(_ byte: UInt8) -> (Kind, String) {
        let start = position
        if Self.isOfWord(byte) {
            while position < bytes.count, Self.isOfWord(bytes[position]) { position += 1 }
            return (.word, String(decoding: bytes[start..<position], as: UTF8.self))
        }
        if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
            position += 1
            while position < bytes.count, bytes[position] != byte, !Self.isLineBreak(bytes[position]) {
                position += bytes[position] == UInt8(ascii: "\\") ? 2 : 1
            }
            position = min(position, bytes.count)
            let text = String(decoding: bytes[start + 1..<position], as: UTF8.self)
            if position < bytes.count, bytes[position] == byte { position += 1 }
            return (byte == UInt8(ascii: "\"") ? .text : .mark, byte == UInt8(ascii: "\"") ? text : "'")
        }
        if byte == UInt8(ascii: "\\"), strayBackslash == nil { strayBackslash = offsets[start]..<offsets[start] + 1 }
        for (spelling, mark) in Self.marks where sees(spelling) {
            position += spelling.utf8CodeUnitCount
            return (.mark, mark)
        }
        position += 1
        return (.mark, String(decoding: [byte], as: UTF8.self))
    }
}
