import Source

/// Refuses initializers of elements far away, `[1 << 30] = 1`: clang makes all those before them, whatever the file's size.
///
/// They are found in the tokens, before clang sees them: a bracket that indexes nothing designates an element, and must hold one small number
/// as it is written. What a macro, or an argument of one, may leave before a bracket counts as nothing.
struct CDesignators {
    /// The last element that can be designated.
    static let maximumIndex = 4095

    /// How what a macro stands for ends, as far as its own text shows.
    private enum Ending: Equatable {
        case value, nothing
        /// As another macro's.
        case macro(String)
    }

    private var endings: [String: Ending] = [:]
    /// The macros of whose arguments one may stand before a bracket.
    private var exposing: Set<String> = []

    /// - Parameter macros: those of all files that are read.
    init(_ macros: [CDirectives.Macro]) {
        let names = Set(macros.map(\.name))
        for macro in macros {
            let parameters = macro.parameters ?? []
            var ending = Ending.nothing
            if let last = macro.body.last {
                let isOther = last.kind == .word && !parameters.contains(last.text) && names.contains(last.text)
                let isValue = last.kind != .mark || [")", "]", "}", "'"].contains(last.text)
                ending = isOther ? .macro(last.text) : isValue ? .value : .nothing
            }
            // Of several definitions, any may be the one that counts.
            endings[macro.name] = endings[macro.name].map { $0 == ending ? $0 : .nothing } ?? ending
            let exposes = macro.body.indices.contains { index in
                guard macro.body[index].kind == .word, parameters.contains(macro.body[index].text) else { return false }
                return index + 1 == macro.body.endIndex || ["[", ".", ")", ","].contains { macro.body[index + 1].isMark($0) }
            }
            if exposes { exposing.insert(macro.name) }
        }
    }

    func problems(of file: CDirectives, in id: FileID) -> [Diagnostic] {
        ([problem(of: file.text[...], boundaries: file.boundaries, parameters: [], in: id)]
            + file.macros.map { problem(of: $0.body, boundaries: [], parameters: $0.parameters ?? [], in: id) }).compactMap { $0 }
    }

    /// What a bracket would mean behind what was read.
    private enum End {
        /// It indexes a value, or belongs to a type.
        case value
        /// It designates.
        case nothing
        /// A dot behind a value, and one that begins a designator.
        case member, dot
    }

    private func problem(
        of tokens: ArraySlice<CTokens.Token>, boundaries: Set<Int>, parameters: [String], in file: FileID
    ) -> Diagnostic? {
        var end = End.nothing
        /// Of each open bracket or parenthesis: whether it designates, and the macro that it gives arguments to.
        var open: [(designates: Bool, macro: String?)] = []
        var called: String?
        for index in tokens.indices {
            let token = tokens[index]
            if boundaries.contains(index) { end = .nothing }
            let macro = called
            called = nil
            switch (token.kind, token.text) {
            case (.word, let name):
                if end == .dot {
                    // `.5` is a number.
                    end = name.first?.isNumber == true ? .value : .nothing
                } else if !parameters.contains(name), endings[name] != nil {
                    end = endsInValue(name) ? .value : .nothing
                    called = name
                } else {
                    end = .value
                }
            case (.text, _), (.mark, "*"), (.mark, "}"), (.mark, "'"): end = .value
            case (.mark, "."): end = end == .value ? .member : .dot
            case (.mark, "("):
                open.append((false, macro))
                end = .nothing
            case (.mark, "["):
                if end != .value, !isNear(tokens, index) {
                    return Diagnostic(
                        "the element that this is for must be a number up to \(Self.maximumIndex)", at: Span(file: file, token.range),
                        help: "write the number itself, or all elements in their order")
                }
                open.append((end != .value, nil))
                end = .nothing
            case (.mark, ","), (.mark, ")"):
                if let macro = open.last?.macro, end == .nothing, isLoose(tokens, index), exposing.contains(macro) {
                    return Diagnostic(
                        "an argument of the macro `\(macro)` cannot be empty here, nor end with an open brace",
                        at: Span(file: file, token.range),
                        help: "write a `static inline` function")
                }
                end = .nothing
                if token.text == ")" { end = open.popLast()?.macro.map(endsInValue) ?? true ? .value : .nothing }
            case (.mark, "]"): end = open.popLast()?.designates == true ? .nothing : .value
            default: end = .nothing
            }
        }
        return nil
    }

    /// Whether a bracket holds one small number.
    private func isNear(_ tokens: ArraySlice<CTokens.Token>, _ bracket: Int) -> Bool {
        guard bracket + 2 < tokens.endIndex, tokens[bracket + 2].isMark("]"), let index = Int(tokens[bracket + 1].text) else {
            return false
        }
        return (0...Self.maximumIndex).contains(index)
    }

    /// Whether nothing, or an open brace, stands before the comma or parenthesis.
    private func isLoose(_ tokens: ArraySlice<CTokens.Token>, _ index: Int) -> Bool {
        guard index > tokens.startIndex else { return true }
        let before = tokens[index - 1]
        return before.kind == .word || ["(", ",", "{"].contains { before.isMark($0) }
    }

    /// Whether all that the macro may stand for ends in a value.
    private func endsInValue(_ name: String) -> Bool {
        var name = name
        // Macros that name each other in a circle are refused elsewhere, where they are used.
        for _ in 0..<64 {
            switch endings[name] {
            case .macro(let other): name = other
            case .value: return true
            case .nothing, nil: return false
            }
        }
        return false
    }
}
