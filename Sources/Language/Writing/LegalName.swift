/// Names that the language can write, made of any names.
enum LegalName {
    /// Words that begin statements, or mean something where a value can stand: legal, and left to the language all the same.
    private static let statementWords: Set<String> = [
        "input", "output", "parameter", "state", "update", "assert", "return", "precision", "block", "network", "activation", "operator",
        "training", "import", "extern", "share", "where", "prepare", "labels", "pi", "none",
    ]
    private static let longest = 80
    private static let reserved = Set(TokenKind.reservedWords)

    static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, !isDigit(first), !reserved.contains(text) else { return false }
        return text.utf8.allSatisfy(isNameByte)
    }

    /// Whether a text can stand between the dots of a label.
    static func isLabelPart(_ text: some StringProtocol) -> Bool {
        if !text.isEmpty, text.utf8.allSatisfy(isDigit) { return true }
        return isName(String(text))
    }

    static func isLabel(_ text: String) -> Bool {
        text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { isLabelPart($0) }
    }

    /// A name of the same letters and digits, others replaced by `_`.
    static func name(from text: some StringProtocol, or fallback: String) -> String {
        let name = cleaned(text, or: fallback)
        if let first = name.utf8.first, isDigit(first) { return fallback + "_" + name }
        return reserved.contains(name) || statementWords.contains(name) ? name + "_" : name
    }

    /// The text with each part between dots made legal; what has other separators, as paths do, is parted by these.
    static func label(from text: String, or fallback: String) -> String {
        let parts = text.split { $0 == "." || $0 == "/" || $0 == ":" }.map { part in
            isLabelPart(part) ? String(part) : name(from: part, or: fallback)
        }
        return parts.isEmpty ? fallback : parts.joined(separator: ".")
    }

    private static func cleaned(_ text: some StringProtocol, or fallback: String) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(min(text.utf8.count, longest))
        for byte in text.utf8 {
            if isNameByte(byte) {
                bytes.append(byte)
            } else if let last = bytes.last, last != UInt8(ascii: "_") {
                bytes.append(UInt8(ascii: "_"))
            }
        }
        while bytes.count > 1, bytes.last == UInt8(ascii: "_"), text.last != "_" { bytes.removeLast() }
        // Names of any length are legal; those of foreign files would fill lines.
        return bytes.allSatisfy({ $0 == UInt8(ascii: "_") }) ? fallback : String(decoding: bytes.prefix(longest), as: UTF8.self)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        isDigit(byte) || byte == UInt8(ascii: "_") || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) && byte < 0x80
    }
}

/// Names that are taken at one place of a source, and those that are still to be had.
struct TakenNames {
    private var taken: Set<String>
    /// The number that a name was last made distinct by, so that many names alike take no more time.
    private var numbers: [String: Int] = [:]

    init(_ taken: Set<String> = []) { self.taken = taken }

    func has(_ name: String) -> Bool { taken.contains(name) }

    mutating func take(_ name: String) { taken.insert(name) }

    /// A name that nothing else has: the wanted one, or with a number behind it.
    mutating func distinct(_ wanted: String, separator: String = "") -> String {
        if taken.insert(wanted).inserted { return wanted }
        var number = numbers[wanted] ?? 1
        let separator = wanted.last?.isNumber == true ? "_" : separator
        var name: String
        repeat {
            number += 1
            name = wanted + separator + "\(number)"
        } while !taken.insert(name).inserted
        numbers[wanted] = number
        return name
    }
}
