import Language
import Source

extension Inspection {
    /// What may be written at a byte of the document: settings behind `prepare`, parameters of the call around it, properties behind a dot, names, words.
    func completions(at offset: Int) -> [CompletionItem] {
        let tokens = program.root.lexed.tokens.filter { $0.kind != .documentation && $0.kind != .endOfFile }
        // The word that is being written counts for nothing.
        var before = tokens.prefix { Int($0.span.lower) < offset }
        if let last = before.last, last.kind == .name, Int(last.span.upper) >= offset { before.removeLast() }
        if before.last?.kind == .dot, before.dropLast().last?.span.upper == before.last?.span.lower {
            return Program.properties.map { item($0, .property, "property") }
        }
        let settings = settings(behind: before)
        if !settings.isEmpty {
            return settings.map { item($0.rawValue, .field, "setting of prepare", $0.summary, inserts: $0.rawValue + ": ") }
        }
        if isOutputName(before) {
            return [
                item("labels", .keyword, "what the classes are called", "The file that names them, one a line.", inserts: "labels \"\"")
            ]
        }
        let precisions = precisions(behind: before)
        if before.last?.kind == .colon, !precisions.isEmpty {
            return precisions.map { item($0.rawValue, .keyword, "precision", $0.summary) }
        }
        let isStep = before.last?.kind == .pipe
        var items: [CompletionItem] = []
        if !isStep {
            items += parameters(of: before)
            items += precisions.map { item($0.rawValue, .keyword, "precision", $0.summary) }
            items += names(in: before).map { item($0, .variable, "") }
        }
        for name in program.callables {
            guard let callable = program.describe(callable: name) else { continue }
            let kind = callable.kind == .operator ? CompletionItem.Kind.operator : .function
            items.append(item(name, kind, "\(callable.kind.rawValue) \(callable.signature)", callable.documentation))
        }
        if !isStep { items += TokenKind.reservedWords.map { item($0, .keyword, "") } }
        return items
    }

    /// Whether some tokens end with the name of an output that is declared.
    private func isOutputName(_ tokens: ArraySlice<Token>) -> Bool {
        guard let name = tokens.last, name.kind == .name, !name.startsLine, let word = tokens.dropLast().last else { return false }
        return word.kind == .name && word.startsLine && program.map.text(of: word.span) == "output"
    }

    private func item(
        _ label: String, _ kind: CompletionItem.Kind, _ detail: String, _ documentation: String = "", inserts text: String? = nil
    )
        -> CompletionItem
    {
        CompletionItem(label: label, kind: kind, detail: detail, documentation: documentation, insertText: text ?? label)
    }

    /// The parameters of the innermost call that is open after some tokens.
    private func parameters(of tokens: ArraySlice<Token>) -> [CompletionItem] {
        var closed = 0
        for index in tokens.indices.reversed() {
            switch tokens[index].kind {
            case .rightParenthesis, .rightBracket, .rightBrace: closed += 1
            case .leftBracket, .leftBrace:
                if closed == 0 { return [] }
                closed -= 1
            case .leftParenthesis where closed > 0: closed -= 1
            case .leftParenthesis:
                guard index > tokens.startIndex, tokens[index - 1].kind == .name, let name = program.map.text(of: tokens[index - 1].span),
                    let callable = program.describe(callable: name)
                else { return [] }
                return callable.parameters.filter { $0.defaultValue != nil }.map { parameter in
                    let detail = parameter.defaultValue.map { "default " + $0 } ?? ""
                    return item(parameter.name, .field, detail, parameter.summary, inserts: parameter.name + ": ")
                }
            default: break
            }
        }
        return []
    }

    /// The names that the definition around the end of some tokens binds before it.
    private func names(in tokens: ArraySlice<Token>) -> [String] {
        var names: Set<String> = []
        for index in tokens.indices {
            let token = tokens[index]
            let text = program.map.text(of: token.span) ?? ""
            if token.startsLine, ["block", "activation", "operator", "network", "training"].contains(text) { names = [] }
            guard token.kind == .name, index > tokens.startIndex else { continue }
            let previous = tokens[index - 1]
            let isNext = tokens.indices.contains(index + 1)
            let binds = isNext && tokens[index + 1].kind == .equal
            let isInput = previous.kind == .name && ["input", "output", "target"].contains(program.map.text(of: previous.span))
            let isParameter =
                [.leftParenthesis, .comma].contains(previous.kind) && isNext
                && [.comma, .rightParenthesis, .equal].contains(tokens[index + 1].kind)
            let isLoop = previous.kind == .keywordFor
            if binds || isInput || isParameter || isLoop { names.insert(text) }
        }
        return names.sorted()
    }
}
