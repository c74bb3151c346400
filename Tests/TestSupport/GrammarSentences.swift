/// Random sentences of a grammar in ISO 14977's notation, so that a parser can be tested with what nobody thought of.
///
/// Names in capitals are kinds of tokens and get random spellings; `A - b` makes an `A` that `b` does not describe.
public struct GrammarSentences: Sendable {
    indirect enum Form: Sendable {
        case literal(String)
        case kind(String)
        case rule(String)
        case sequence([Form])
        case choice([Form])
        case optional(Form)
        case repetition(Form)
        case exception(Form, String)
    }

    /// A word of a sentence.
    struct Word {
        var text: String
        /// Whether it must stand right behind the word before it.
        var isTight = false
    }

    /// By the rules' names.
    private(set) var rules: [String: Form] = [:]
    /// The words between quotes.
    public private(set) var literals: Set<String> = []
    /// The least nesting that a sentence of a rule needs.
    private var heights: [String: Int] = [:]

    private static let spellings: [String: [String]] = [
        "NAME": ["x", "y", "width", "conv", "relu", "a1", "_b", "e5", "N", "f32"], "INTEGER": ["0", "1", "3", "64", "1000"],
        "NUMBER": ["0.5", "1e-3", "2.25E2", "7.0"], "TEXT": ["\"a\"", "\"b c\\n\"", "\"\\\"\"", "\"\""], "LINE-BREAK": ["\n"],
    ]

    /// What the exceptions of the language's grammar describe.
    static let exceptions: [String: @Sendable ([Word]) -> Bool] = [
        "braced": { $0.contains { ["{", "}", "|>", "\n"].contains($0.text) } },
        "bracketed": { ["[", "-"].contains($0.first?.text) },
        "scientific": { $0.contains { $0.text.contains("e") || $0.text.contains("E") } },
        "unsigned": { !($0.first.map { $0.text == "-" || $0.text.first?.isNumber == true } ?? false) },
    ]

    /// - Parameter grammar: a well-formed grammar; anything else is a mistake of the caller.
    public init(_ grammar: String) {
        var reader = GrammarReader(grammar)
        rules = reader.rules()
        literals = reader.literals
        var hasChanged = true
        while hasChanged {
            hasChanged = false
            for (name, form) in rules {
                guard let height = height(form), height + 1 < heights[name] ?? .max else { continue }
                heights[name] = height + 1
                hasChanged = true
            }
        }
    }

    /// The names of the rules that make sentences.
    public var names: [String] { heights.keys.sorted() }

    /// A sentence of the rule `start`.
    ///
    /// - Parameter size: roughly how many words it has; beyond, and below 60 nested rules, the shortest ways are taken.
    public func sentence(_ start: String = "file", size: Int = 100, using generator: inout SplitMix) -> String {
        var words: [Word] = []
        words.reserveCapacity(2 * size)
        append(.rule(start), to: &words, room: 60, limit: size, &generator)
        var text = ""
        var previous = "\n"
        for (index, word) in words.enumerated() {
            // A `-` with a blank behind it would go on with the line before.
            let isSign = previous == "-" && (index < 2 || words[index - 2].text == "\n")
            if !word.isTight, previous != "\n", word.text != "\n", !isSign { text += " " }
            text += word.text
            previous = word.text
        }
        return text
    }

    private func height(_ form: Form) -> Int? {
        switch form {
        case .literal, .kind, .optional, .repetition: return 0
        case .rule(let name): return heights[name]
        case .sequence(let parts):
            let all = parts.map(height)
            return all.contains(nil) ? nil : all.compactMap { $0 }.max() ?? 0
        case .choice(let parts): return parts.compactMap(height).min()
        case .exception(let form, _): return height(form)
        }
    }

    private func append(_ form: Form, to words: inout [Word], room: Int, limit: Int, _ generator: inout SplitMix) {
        let room = words.count < limit ? room : 0
        switch form {
        case .literal(let text): words.append(Word(text: text))
        case .kind(let name): words.append(Word(text: generator.choose(Self.spellings[name]!)))
        case .rule(let name):
            let start = words.count
            append(rules[name]!, to: &words, room: room - 1, limit: limit, &generator)
            // A label's words touch; the words of a computed part touch its braces, which does no harm.
            if ["label", "part", "computed"].contains(name) {
                for index in words.indices.dropFirst(start + 1) where name != "computed" || index == words.count - 1 {
                    words[index].isTight = words[index].isTight || !isInside(words[start..<index])
                }
            }
        case .sequence(let parts): for part in parts { append(part, to: &words, room: room, limit: limit, &generator) }
        case .choice(let parts):
            let least = parts.compactMap(height).min() ?? 0
            let fitting = parts.filter { (height($0) ?? .max) < max(room, least + 1) }
            append(generator.choose(fitting), to: &words, room: room, limit: limit, &generator)
        case .optional(let part):
            if room > height(part) ?? .max, generator.choose([true, false, false]) {
                append(part, to: &words, room: room, limit: limit, &generator)
            }
        case .repetition(let part):
            while room > height(part) ?? .max, words.count < limit, generator.choose([true, false, false]) {
                append(part, to: &words, room: room, limit: limit, &generator)
            }
        case .exception(let form, let name):
            let start = words.count
            var left = room
            repeat {
                words.removeSubrange(start...)
                append(form, to: &words, room: left, limit: limit, &generator)
                left -= 1
            } while Self.exceptions[name]!(Array(words[start...]))
        }
    }

    /// Whether a brace is open after `words`.
    private func isInside(_ words: ArraySlice<Word>) -> Bool {
        words.count { $0.text == "{" } > words.count { $0.text == "}" }
    }
}

/// Reads the notation.
private struct GrammarReader {
    typealias Form = GrammarSentences.Form

    private var tokens: [String] = []
    private var position = 0
    private(set) var literals: Set<String> = []

    init(_ text: String) {
        var rest = text[...]
        while let first = rest.first {
            if first.isWhitespace {
                rest.removeFirst()
            } else if rest.hasPrefix("(*"), let end = rest.firstRange(of: "*)") {
                rest = rest[end.upperBound...]
            } else if first == "\"" || first == "?" {
                let end = rest.dropFirst().firstIndex(of: first)!
                tokens.append(String(rest[...end]))
                rest = rest[rest.index(after: end)...]
            } else if first.isLetter {
                let word = rest.prefix { $0.isLetter || $0 == "-" }
                tokens.append(String(word))
                rest = rest.dropFirst(word.count)
            } else {
                tokens.append(String(first))
                rest.removeFirst()
            }
        }
    }

    private var current: String { position < tokens.count ? tokens[position] : "" }

    private mutating func take() -> String {
        defer { position += 1 }
        return current
    }

    private mutating func expect(_ token: String) {
        let found = take()
        precondition(found == token, "the grammar has '\(found)' for '\(token)' at token \(position)")
    }

    mutating func rules() -> [String: Form] {
        var rules: [String: Form] = [:]
        while position < tokens.count {
            let name = take()
            expect("=")
            let isSpecial = current.hasPrefix("?")
            if isSpecial { _ = take() } else { rules[name] = choice() }
            expect(";")
        }
        return rules
    }

    private mutating func choice() -> Form {
        var parts = [sequence()]
        while current == "|" {
            position += 1
            parts.append(sequence())
        }
        return parts.count == 1 ? parts[0] : .choice(parts)
    }

    private mutating func sequence() -> Form {
        var parts: [Form] = []
        while !["|", ";", ")", "]", "}", ""].contains(current) { parts.append(item()) }
        return parts.count == 1 ? parts[0] : .sequence(parts)
    }

    private mutating func item() -> Form {
        var form = single()
        if current == "-" {
            position += 1
            form = .exception(form, take())
        }
        return form
    }

    private mutating func single() -> Form {
        let token = take()
        switch token {
        case "(": return closed(")") { $0 }
        case "[": return closed("]") { .optional($0) }
        case "{": return closed("}") { .repetition($0) }
        default: break
        }
        if token.hasPrefix("\"") {
            let word = String(token.dropFirst().dropLast())
            literals.insert(word)
            return .literal(word)
        }
        return token.first?.isUppercase == true ? .kind(token) : .rule(token)
    }

    private mutating func closed(_ end: String, _ make: (Form) -> Form) -> Form {
        let inner = choice()
        expect(end)
        return make(inner)
    }
}
