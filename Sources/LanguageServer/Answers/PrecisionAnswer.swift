import Graph
import Language
import Source

/// What is known of clauses of precision.
extension Inspection {
    /// The precisions that may stand behind some tokens: behind the word `precision`, or the colon of its labels; none elsewhere.
    func precisions(behind tokens: ArraySlice<Token>) -> [Precision] {
        guard let last = tokens.last, let word = precisionWord(before: tokens.endIndex, of: tokens) else { return [] }
        return last.kind == .colon || word == tokens.endIndex - 1 ? Precision.allCases : []
    }

    /// The precision that a name is, where it stands in a clause.
    func precision(_ token: Token) -> Precision? {
        let tokens = program.root.lexed.tokens.filter { $0.kind != .documentation }
        guard let index = tokens.firstIndex(of: token), !precisions(behind: tokens[..<index]).isEmpty else { return nil }
        return program.map.text(of: token.span).flatMap(Precision.init(rawValue:))
    }

    /// The index of the word `precision` that begins the statement which the tokens before an index end in; nil where another begins it.
    private func precisionWord(before end: Int, of tokens: ArraySlice<Token>) -> Int? {
        for index in tokens[..<end].indices.reversed() {
            let previous = index > tokens.startIndex ? tokens[index - 1].kind : nil
            // After a comma the labels go on in the next line.
            guard tokens[index].startsLine && previous != .comma || previous == .semicolon || previous == .leftBrace else { continue }
            let isWord = tokens[index].kind == .name && program.map.text(of: tokens[index].span) == "precision"
            // A brace may also be that of a computed label, which is no statement.
            if isWord || previous != .leftBrace || tokens[index].startsLine { return isWord ? index : nil }
        }
        return nil
    }
}
