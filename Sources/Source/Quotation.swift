/// Shortens what messages quote: names and texts come from files, which may be of any size, and a message is there to be read.
enum Quotation {
    /// The characters of a shortened name or text.
    static let shownCount = 60
    /// Names up to this length are shown whole.
    private static let longestName = 100
    /// Paths, labels and quoted texts up to this length are shown whole, since their parts say something.
    private static let longestText = 300

    /// Returns the message with `…` in the middle of every overlong name, word, and text between backticks.
    static func shortened(_ message: String) -> String {
        guard message.utf8.count > longestName else { return message }
        let words = shortened(message, upTo: longestName) { $0.isPartOfName }
        let runs = shortened(words, upTo: longestText) { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "`") }
        return shortened(runs, upTo: longestText, onlyQuoted: true) { $0 != UInt8(ascii: "`") && $0 != UInt8(ascii: "\n") }
    }

    /// Shortens the longest runs of bytes that belong together, where they are longer than `limit` characters.
    /// Those outside of backticks stay where `onlyQuoted` says so: a message may have long sentences of its own.
    private static func shortened(_ text: String, upTo limit: Int, onlyQuoted: Bool = false, belongs: (UInt8) -> Bool) -> String {
        let bytes = text.utf8
        guard bytes.count > limit else { return text }
        var result = ""
        var copied = bytes.startIndex
        var start = bytes.startIndex
        var isQuoted = false
        while start < bytes.endIndex {
            guard belongs(bytes[start]) else {
                isQuoted = bytes[start] == UInt8(ascii: "`") && !isQuoted
                start = bytes.index(after: start)
                continue
            }
            let end = bytes[start...].firstIndex { !belongs($0) } ?? bytes.endIndex
            // What ends a run is ASCII, so its borders are those of scalars.
            let run = text.unicodeScalars[start..<end]
            if isQuoted || !onlyQuoted, run.index(start, offsetBy: limit + 1, limitedBy: end) != nil {
                result += text[copied..<start]
                result.unicodeScalars += run.prefix(shownCount / 2)
                result += "…"
                result.unicodeScalars += run.suffix(shownCount / 2 - 1)
                copied = end
            }
            start = end
        }
        return result + text[copied...]
    }
}

extension UInt8 {
    /// Whether the byte can stand in a name of the language; all of what is not ASCII counts.
    fileprivate var isPartOfName: Bool {
        self >= 0x80 || self == UInt8(ascii: "_") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self)
            || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20)
    }
}
