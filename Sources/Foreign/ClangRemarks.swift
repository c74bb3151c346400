import Source

/// Says in Braid's words what clang says of a file.
struct ClangRemarks {
    /// The user's files by the names that clang has for them.
    let files: [String: (id: FileID, source: SourceFile)]

    func diagnostics(_ remarks: [ClangRemark]) -> [Diagnostic] {
        remarks.map { remark in
            let (message, repair) = Self.parts(of: remark.text)
            var help = repair
            var secondary: [Diagnostic.Label] = []
            for (text, place) in remark.notes.filter({ !$0.text.hasPrefix("in file included from") }).prefix(3) {
                let text = Self.quoted(text)
                if text.hasPrefix("include the header") || files[place.file] == nil {
                    help = help ?? text
                } else {
                    secondary.append(Diagnostic.Label(span(of: place), text))
                }
            }
            return Diagnostic(
                message, severity: remark.isError ? .error : .warning, at: span(of: remark.place), secondary: secondary, help: help)
        }
    }

    /// The word or mark that stands at a place.
    private func span(of place: ClangPlace) -> Span {
        guard let file = files[place.file] else { return .none }
        let bytes = file.source.bytes
        func isOfWord(_ byte: UInt8) -> Bool {
            byte == UInt8(ascii: "_") || byte >= 0x80 || (byte | 0x20) >= UInt8(ascii: "a") && (byte | 0x20) <= UInt8(ascii: "z")
                || byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
        }
        let start = min(place.offset, bytes.count)
        var end = start
        while end < bytes.count, isOfWord(bytes[end]) { end += 1 }
        // The path of an include.
        if start < bytes.count, bytes[start] == UInt8(ascii: "\"") || bytes[start] == UInt8(ascii: "<") {
            let line = bytes[(start + 1)...].prefix { $0 != UInt8(ascii: "\n") }
            let close = bytes[start] == UInt8(ascii: "<") ? UInt8(ascii: ">") : bytes[start]
            if let close = line.firstIndex(of: close) { end = close + 1 }
        }
        return Span(file: file.id, start..<max(end, min(start + 1, bytes.count)))
    }

    /// The message and, where clang has an idea, the repair.
    private static func parts(of text: String) -> (message: String, repair: String?) {
        let text = quoted(text)
        guard let mark = text.firstRange(of: "; did you mean ") else { return (text, nil) }
        return (String(text[..<mark.lowerBound]), "did you mean " + text[mark.upperBound...])
    }

    private static func quoted(_ text: String) -> String {
        var result = ""
        var isOpen = false
        var previous: Character = " "
        for character in text {
            let isQuote = character == "'" && (isOpen || !previous.isLetter)
            if isQuote { isOpen.toggle() }
            result.append(isQuote ? "`" : character)
            previous = character
        }
        return result
    }
}
