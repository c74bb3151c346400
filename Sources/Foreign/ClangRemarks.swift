import CompiledC
import Source

/// Says in Braid's words what clang says of a file.
struct ClangRemarks {
    /// The user's files by the names that clang has for them.
    let files: [String: (id: FileID, source: SourceFile)]

    func diagnostics(_ remarks: [ClangRemark]) -> [Diagnostic] {
        remarks.map { remark in
            let (message, repair) = Self.parts(of: remark.text)
            var help = Self.help(for: message) ?? repair
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

    /// The repair where what is missing is nothing that clang can know.
    private static func help(for message: String) -> String? {
        if message.hasSuffix("file not found") { return "paths are relative to the including file" }
        guard message.hasPrefix("call to undeclared") || message.hasPrefix("use of undeclared identifier"),
            let name = message.split(separator: "`").dropFirst().first.map(String.init)
        else { return nil }
        // What is there, but not included, clang says better.
        if declared.contains(name) || !libraryNames.contains(name) { return nil }
        return "there is no `\(name)` here; `<math.h>` has "
            + declared.filter { $0.hasSuffix("f") && $0 != "erf" }.sorted().map { "`\($0)`" }.joined(separator: ", ")
    }

    /// The functions that Braid's headers declare.
    private static let declared = Set(
        StandardHeaders.files.filter { $0.name != "braid.h" }.flatMap { file in
            file.text.matches(of: /\b(\w+)\(/).map { String($0.1) }.filter { !$0.hasPrefix("__") }
        })

    /// The rest of C's `math.h`, with which clang's advice to include it is of no use.
    private static let libraryNames: Set<String> = {
        let names = [
            "lrint", "llrint", "lround", "llround", "ilogb", "frexp", "ldexp", "modf", "scalbn", "scalbln", "nexttoward", "remquo", "nan",
            "exp10", "sincos", "j0", "j1", "jn", "y0", "y1", "yn",
        ]
        let ofAllTypes = ["isinf", "isfinite", "isnormal", "signbit", "fpclassify", "isgreater", "isless", "islessgreater", "isunordered"]
        return Set(names.flatMap { [$0, $0 + "f", $0 + "l"] } + ofAllTypes)
    }()

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
