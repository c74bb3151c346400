/// What a structured comment of C says: `/// …` or `/** … */`, with `@param name = 0.5 text` for a parameter, its default and what it is.
struct DocumentationComment {
    struct Parameter {
        var name: String
        /// The default as it is written, and where it stands in the comment.
        var defaultValue: (text: String, range: Range<Int>)?
        var summary: String
        /// Where its name stands.
        var range: Range<Int>
    }

    /// What is not said of a parameter.
    private(set) var text = ""
    private(set) var parameters: [Parameter] = []

    /// - Parameter comment: with its marks.
    init(_ comment: String) {
        let bytes = Array(comment.utf8)
        var start = 0
        var isOfParameter = false
        while start < bytes.count {
            let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
            let line = Self.content(of: bytes, start..<end)
            start = end + 1
            if line.isEmpty {
                isOfParameter = false
                if !text.isEmpty, !text.hasSuffix("\n") { text += "\n" }
            }
            for part in Self.parts(of: bytes, line) { add(part, of: bytes, &isOfParameter) }
        }
        text = text.trimmed
    }

    /// Takes in a part of a line that has one command, in front, or none.
    private mutating func add(_ part: Range<Int>, of bytes: [UInt8], _ isOfParameter: inout Bool) {
        let words = Self.words(of: bytes, part)
        let command = words.first.flatMap { Self.command(Self.string(bytes, $0)) }
        if command == "param", words.count >= 2 {
            isOfParameter = true
            parameters.append(Self.parameter(bytes, Array(words.dropFirst())))
        } else if command == nil, isOfParameter, let last = parameters.indices.last {
            parameters[last].summary = (parameters[last].summary + " " + Self.string(bytes, part)).trimmed
        } else {
            isOfParameter = false
            // `@brief` says nothing by itself, `@return` begins a sentence.
            let isReturn = command == "return" || command == "returns"
            let content = command == nil ? part : (words.dropFirst().first?.lowerBound ?? part.upperBound)..<part.upperBound
            let sentence = (isReturn ? "Returns " : "") + Self.string(bytes, content)
            text += (text.isEmpty || text.hasSuffix("\n") ? "" : "\n") + sentence
        }
    }

    /// A line in parts that begin with the commands which end what stands before them.
    private static func parts(of bytes: [UInt8], _ line: Range<Int>) -> [Range<Int>] {
        var parts: [Range<Int>] = []
        var start: Int?
        for word in words(of: bytes, line) {
            if let begun = start, ["param", "return", "returns"].contains(command(string(bytes, word))) {
                parts.append(begun..<word.lowerBound)
                start = word.lowerBound
            }
            start = start ?? word.lowerBound
        }
        return parts + (start.map { [$0..<line.upperBound] } ?? [])
    }

    private static func string(_ bytes: [UInt8], _ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    /// `param` of `@param`, `\param` and `@param[in]`; nil for what is no command.
    private static func command(_ word: String) -> String? {
        guard word.hasPrefix("@") || word.hasPrefix("\\") else { return nil }
        return String(word.dropFirst().prefix { $0.isLetter })
    }

    /// A line without the marks of the comment and the blanks around it.
    private static func content(of bytes: [UInt8], _ line: Range<Int>) -> Range<Int> {
        var (lower, upper) = (line.lowerBound, line.upperBound)
        func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }
        while lower < upper, isBlank(bytes[lower]) { lower += 1 }
        while upper > lower, isBlank(bytes[upper - 1]) { upper -= 1 }
        if upper - lower >= 2, bytes[upper - 2] == UInt8(ascii: "*"), bytes[upper - 1] == UInt8(ascii: "/") { upper -= 2 }
        while lower < upper, [UInt8(ascii: "/"), UInt8(ascii: "*"), UInt8(ascii: "!")].contains(bytes[lower]) { lower += 1 }
        if lower < upper, bytes[lower] == UInt8(ascii: "<") { lower += 1 }
        while lower < upper, isBlank(bytes[lower]) { lower += 1 }
        while upper > lower, isBlank(bytes[upper - 1]) { upper -= 1 }
        return lower..<max(lower, upper)
    }

    private static func words(of bytes: [UInt8], _ line: Range<Int>) -> [Range<Int>] {
        var words: [Range<Int>] = []
        var index = line.lowerBound
        while index < line.upperBound {
            let end = bytes[index..<line.upperBound].firstIndex { $0 == 0x20 || $0 == 0x09 } ?? line.upperBound
            if end > index { words.append(index..<end) }
            index = end + 1
        }
        return words
    }

    /// `name text`, `name = 0.5 text` or `name=0.5 text`.
    private static func parameter(_ bytes: [UInt8], _ words: [Range<Int>]) -> Parameter {
        var name = words[0]
        var rest = words.dropFirst()
        var value: Range<Int>?
        if let equal = bytes[name].firstIndex(of: UInt8(ascii: "=")) {
            value = equal + 1..<name.upperBound
            name = name.lowerBound..<equal
        } else if let mark = rest.first, bytes[mark.lowerBound] == UInt8(ascii: "=") {
            value = mark.lowerBound + 1..<mark.upperBound
            rest = rest.dropFirst()
        }
        if let given = value, given.isEmpty {
            value = rest.first
            rest = rest.dropFirst()
        }
        // A stop or comma behind the number belongs to the sentence.
        if var given = value {
            while !given.isEmpty,
                [UInt8(ascii: ","), UInt8(ascii: ":"), UInt8(ascii: ";"), UInt8(ascii: ".")].contains(bytes[given.upperBound - 1])
            {
                given = given.lowerBound..<given.upperBound - 1
            }
            value = given
        }
        let summary = rest.map { string(bytes, $0) }.joined(separator: " ")
        return Parameter(name: string(bytes, name), defaultValue: value.map { (string(bytes, $0), $0) }, summary: summary, range: name)
    }
}

extension String {
    fileprivate var trimmed: String {
        var text = self[...]
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return String(text)
    }
}
