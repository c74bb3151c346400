/// A token as a grammar sees it.
public struct GrammarToken {
    /// The kind in capitals, such as `NAME`; empty for words and marks that stand for themselves.
    public var kind: String
    public var text: String
    /// Whether it begins a line, or nothing may follow what is before it.
    public var endsLineBefore: Bool

    public init(kind: String, text: String, endsLineBefore: Bool) {
        self.kind = kind
        self.text = text
        self.endsLineBefore = endsLineBefore
    }
}

extension GrammarSentences {
    /// Whether some tokens are a sentence of the rule `start`, by trying every way to read them. Grammars must not be left-recursive.
    public func accept(_ tokens: [GrammarToken], as start: String = "file") -> Bool {
        var recognizer = Recognizer(grammar: self, tokens: tokens)
        return recognizer.ends(of: .rule(start), from: 0).contains(tokens.count)
    }

    private struct Recognizer {
        struct Key: Hashable {
            var rule: String
            var start: Int
        }

        let grammar: GrammarSentences
        let tokens: [GrammarToken]
        private var known: [Key: Set<Int>] = [:]

        init(grammar: GrammarSentences, tokens: [GrammarToken]) {
            self.grammar = grammar
            self.tokens = tokens
        }

        /// The places where a form that begins at `start` can end.
        mutating func ends(of form: Form, from start: Int) -> Set<Int> {
            switch form {
            case .literal(let text):
                return start < tokens.count && ["", "NAME"].contains(tokens[start].kind) && tokens[start].text == text ? [start + 1] : []
            case .kind("LINE-BREAK"): return start == tokens.count || tokens[start].endsLineBefore ? [start] : []
            case .kind(let name): return start < tokens.count && tokens[start].kind == name ? [start + 1] : []
            case .rule(let name):
                let key = Key(rule: name, start: start)
                if let ends = known[key] { return ends }
                let ends = ends(of: grammar.rules[name]!, from: start)
                known[key] = ends
                return ends
            case .sequence(let parts):
                var places: Set = [start]
                for part in parts {
                    var next: Set<Int> = []
                    for place in places { next.formUnion(ends(of: part, from: place)) }
                    places = next
                }
                return places
            case .choice(let parts):
                var places: Set<Int> = []
                for part in parts { places.formUnion(ends(of: part, from: start)) }
                return places
            case .optional(let part): return ends(of: part, from: start).union([start])
            case .repetition(let part):
                var places: Set = [start]
                var fresh = places
                while !fresh.isEmpty {
                    var next: Set<Int> = []
                    for place in fresh { next.formUnion(ends(of: part, from: place)) }
                    fresh = next.subtracting(places)
                    places.formUnion(fresh)
                }
                return places
            case .exception(let form, let name):
                let isExcluded = GrammarSentences.exceptions[name]!
                return ends(of: form, from: start).filter { end in !isExcluded(tokens[start..<end].map { Word(text: $0.text) }) }
            }
        }
    }
}
