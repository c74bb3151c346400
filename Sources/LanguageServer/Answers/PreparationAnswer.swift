import Graph
import Language
import Source

/// What is known of the settings of `prepare`.
extension Inspection {
    /// The settings that may stand behind some tokens: behind `prepare` or a comma of its settings; none elsewhere.
    func settings(behind tokens: ArraySlice<Token>) -> [PicturePreparation.Setting] {
        guard let last = tokens.last, last.kind == .comma || isPrepare(tokens.endIndex - 1, of: tokens), isInPreparation(tokens) else {
            return []
        }
        return PicturePreparation.Setting.allCases
    }

    /// The setting that a name is, where it stands before a colon among the settings of `prepare`.
    func setting(_ token: Token) -> PicturePreparation.Setting? {
        let tokens = program.root.lexed.tokens.filter { $0.kind != .documentation }
        guard let index = tokens.firstIndex(of: token), tokens.indices.contains(index + 1), tokens[index + 1].kind == .colon,
            isInPreparation(tokens[..<index])
        else { return nil }
        return program.map.text(of: token.span).flatMap(PicturePreparation.Setting.init(rawValue:))
    }

    /// Whether the word at an index is `prepare` behind the type of an input.
    private func isPrepare(_ index: Int, of tokens: ArraySlice<Token>) -> Bool {
        index > tokens.startIndex && tokens[index].kind == .name && tokens[index - 1].kind == .rightBracket
            && !tokens[index].startsLine && program.map.text(of: tokens[index].span) == "prepare"
    }

    /// Whether the settings of a `prepare` go on behind some tokens, and no bracket is open among them.
    private func isInPreparation(_ tokens: ArraySlice<Token>) -> Bool {
        var closed = 0
        for index in tokens.indices.reversed() {
            if closed == 0, isPrepare(index, of: tokens) { return true }
            switch tokens[index].kind {
            case .rightParenthesis, .rightBracket: closed += 1
            case .leftParenthesis, .leftBracket: closed -= 1
            case .leftBrace, .rightBrace, .semicolon: return false
            default: break
            }
            // A line goes on only behind a comma.
            if closed < 0 || tokens[index].startsLine && index > tokens.startIndex && tokens[index - 1].kind != .comma { return false }
        }
        return false
    }
}
