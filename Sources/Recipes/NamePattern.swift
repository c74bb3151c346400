/// A pattern of parameters' names, as `fnmatch` has them: `*` stands for any letters, dots among them, `?` for one, `[a-c]` for one of
/// several, `[!a-c]` for one of all others, and a backslash takes the meaning away from the next letter.
///
/// Patterns come from files of others, so matching takes no more than the product of both lengths.
public struct NamePattern: Hashable, Sendable, CustomStringConvertible {
    public let text: String
    private let parts: [Part]

    public init(_ text: String) {
        self.text = text
        parts = Self.parts(of: Array(text.utf8))
    }

    public var description: String { text }

    /// Whether a text has a letter that means something in a pattern, so that it is more than one name.
    public static func isPattern(_ text: String) -> Bool { text.utf8.contains { "*?[\\".utf8.contains($0) } }

    private enum Part: Hashable, Sendable {
        case many
        case one
        case letter(UInt8)
        case set([ClosedRange<UInt8>], isExcluded: Bool)

        func matches(_ letter: UInt8) -> Bool {
            switch self {
            case .many: false
            case .one: true
            case .letter(let own): own == letter
            case .set(let ranges, let isExcluded): ranges.contains { $0.contains(letter) } != isExcluded
            }
        }
    }

    /// The number of `*`; several without a letter between count as one.
    public var starCount: Int { parts.count { $0 == .many } }

    /// Whether a whole name fits.
    public func matches(_ name: String) -> Bool { starts(in: Array(name.utf8)) != nil }

    /// What each `*` stands for in a name: as few letters as possible, the last one the rest. Nil where the name does not fit.
    public func captures(of name: String) -> [String]? {
        let letters = Array(name.utf8)
        return starts(in: letters)?.map { String(decoding: letters[$0], as: UTF8.self) }
    }

    /// The letters that each `*` stands for; nil where a name does not fit.
    private func starts(in letters: [UInt8]) -> [Range<Int>]? {
        var found: [Range<Int>] = []
        var (part, letter) = (0, 0)
        /// Behind the last `*`, and how many letters it has been given.
        var last: (part: Int, letter: Int)?
        while letter < letters.count {
            if part < parts.count, parts[part] == .many {
                part += 1
                last = (part, letter)
                found.append(letter..<letter)
            } else if part < parts.count, parts[part].matches(letters[letter]) {
                part += 1
                letter += 1
            } else if let begin = last {
                last = (begin.part, begin.letter + 1)
                found[found.count - 1] = found[found.count - 1].lowerBound..<begin.letter + 1
                (part, letter) = (begin.part, begin.letter + 1)
            } else {
                return nil
            }
        }
        guard parts[part...].allSatisfy({ $0 == .many }) else { return nil }
        return found + parts[part...].map { _ in letters.count..<letters.count }
    }

    private static func parts(of pattern: [UInt8]) -> [Part] {
        var parts: [Part] = []
        var index = 0
        while index < pattern.count {
            switch pattern[index] {
            case UInt8(ascii: "*"): if parts.last != .many { parts.append(.many) }
            case UInt8(ascii: "?"): parts.append(.one)
            case UInt8(ascii: "\\") where index + 1 < pattern.count:
                index += 1
                parts.append(.letter(pattern[index]))
            case UInt8(ascii: "["):
                if let (part, end) = letters(in: pattern, from: index + 1) {
                    parts.append(part)
                    index = end
                } else {
                    // A bracket that is never closed stands for itself.
                    parts.append(.letter(pattern[index]))
                }
            default: parts.append(.letter(pattern[index]))
            }
            index += 1
        }
        return parts
    }

    /// The letters between brackets, and where the closing one stands; nil where there is none. The first letter may be a `]`.
    private static func letters(in pattern: [UInt8], from start: Int) -> (Part, end: Int)? {
        var index = start
        let isExcluded = index < pattern.count && [UInt8(ascii: "!"), UInt8(ascii: "^")].contains(pattern[index])
        if isExcluded { index += 1 }
        let first = index
        var ranges: [ClosedRange<UInt8>] = []
        /// The letter at `index`, which is moved behind it.
        func letter() -> UInt8 {
            if pattern[index] == UInt8(ascii: "\\"), index + 1 < pattern.count { index += 1 }
            index += 1
            return pattern[index - 1]
        }
        while index < pattern.count {
            if pattern[index] == UInt8(ascii: "]"), index > first { return (.set(ranges, isExcluded: isExcluded), index) }
            let low = letter()
            if index + 1 < pattern.count, pattern[index] == UInt8(ascii: "-"), pattern[index + 1] != UInt8(ascii: "]") {
                index += 1
                let high = letter()
                // A range that descends holds nothing.
                if low <= high { ranges.append(low...high) }
            } else {
                ranges.append(low...low)
            }
        }
        return nil
    }

    /// Patterns near names: the names themselves, and such as leave out their first or their last parts. What a pattern that matches none
    /// was meant to be is among them.
    public static func candidates(for names: some Sequence<String>) -> Set<String> {
        var found: Set<String> = []
        for name in names {
            found.insert(name)
            for dot in name.indices where name[dot] == "." {
                found.insert("\(name[..<dot]).*")
                found.insert("*\(name[dot...])")
            }
        }
        return found
    }
}
