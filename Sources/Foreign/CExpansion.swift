import Source

/// Says how many tokens the preprocessor will make at the most, by their weights, without making them: macros can multiply a few lines beyond any memory.
///
/// The bound holds because of what is refused: macros that name themselves through others, names of macros with parameters without
/// their arguments behind them, pasted tokens, bodies whose parentheses do not match. What a call of a macro takes is then seen where it
/// is written, and its size is linear in the sizes of the arguments.
struct CExpansion {
    /// A size that depends on the parameters of the macro around it.
    private struct Size {
        var constant = 0
        /// How often each parameter counts.
        var factors: [Int]

        mutating func add(_ other: Size, times factor: Int = 1) {
            constant = CExpansion.sum(constant, CExpansion.product(other.constant, factor))
            for index in factors.indices {
                factors[index] = CExpansion.sum(factors[index], CExpansion.product(other.factors[index], factor))
            }
        }
    }

    /// No size is counted beyond.
    private static let limit = 1 << 30
    private static func sum(_ a: Int, _ b: Int) -> Int { min(limit, a + b) }
    private static func product(_ a: Int, _ b: Int) -> Int { a == 0 || b == 0 ? 0 : b > limit / a ? limit : a * b }

    private let macros: [String: [CDirectives.Macro]]
    private var sizes: [String: Size] = [:]
    private var open: Set<String> = []
    private(set) var problem: Diagnostic?

    /// - Parameter macros: those of all files that are read.
    init(_ macros: [CDirectives.Macro]) {
        self.macros = Dictionary(grouping: macros, by: \.name)
    }

    /// How many tokens a file's own text, or a condition, becomes; more than are allowed if it cannot be told.
    mutating func size(of text: [CTokens.Token], in file: FileID) -> Int {
        size(of: text[...], parameters: [], in: file).constant
    }

    private mutating func report(_ message: String, at span: Span, help: String) {
        if problem == nil { problem = Diagnostic(message, at: span, help: help) }
    }

    private mutating func size(of tokens: ArraySlice<CTokens.Token>, parameters: [String], in file: FileID) -> Size {
        var size = Size(factors: Array(repeating: 0, count: parameters.count))
        var index = tokens.startIndex
        while index < tokens.endIndex, problem == nil {
            let token = tokens[index]
            index += 1
            if token.kind == .word, let parameter = parameters.firstIndex(of: token.text) {
                size.factors[parameter] = Self.sum(size.factors[parameter], 1)
                continue
            }
            guard token.kind == .word, let definitions = macros[token.text] else {
                size.constant = Self.sum(size.constant, token.weight)
                continue
            }
            let own = self.size(ofMacro: token.text, definitions)
            size.constant = Self.sum(size.constant, own.constant)
            guard definitions.contains(where: { $0.parameters != nil }) else { continue }
            guard index < tokens.endIndex, tokens[index].isMark("(") else {
                report(
                    "the macro `\(token.text)` needs its arguments behind it", at: Span(file: file, token.range),
                    help: "write a `static inline` function to use its name alone")
                break
            }
            let (arguments, end) = Self.arguments(of: tokens, from: index)
            index = end
            for (number, argument) in arguments.enumerated() {
                // An argument that is never used is still expanded, and read.
                let factor = Self.sum(number < own.factors.count ? own.factors[number] : 0, 1)
                size.add(self.size(of: argument, parameters: parameters, in: file), times: factor)
            }
        }
        return size
    }

    /// The arguments in the parentheses that begin at `start`, and the index behind.
    private static func arguments(of tokens: ArraySlice<CTokens.Token>, from start: Int) -> ([ArraySlice<CTokens.Token>], end: Int) {
        var arguments: [ArraySlice<CTokens.Token>] = []
        var (depth, first) = (0, start + 1)
        for index in start..<tokens.endIndex {
            switch tokens[index].kind == .mark ? tokens[index].text : "" {
            case "(": depth += 1
            case ")":
                depth -= 1
                if depth == 0 { return (arguments + [tokens[first..<index]], index + 1) }
            case "," where depth == 1:
                arguments.append(tokens[first..<index])
                first = index + 1
            default: break
            }
        }
        return (arguments + [tokens[first..<tokens.endIndex]], tokens.endIndex)
    }

    /// The largest that any definition of the name may have.
    private mutating func size(ofMacro name: String, _ definitions: [CDirectives.Macro]) -> Size {
        if let known = sizes[name] { return known }
        var largest = Size(factors: Array(repeating: 0, count: definitions.map { $0.parameters?.count ?? 0 }.max() ?? 0))
        guard open.insert(name).inserted else {
            report("the macro `\(name)` names itself", at: definitions[0].span, help: "macros cannot repeat; write a `for` loop")
            return largest
        }
        defer { open.remove(name) }
        for definition in definitions where problem == nil {
            var depth = 0
            for token in definition.body where depth >= 0 { depth += token.isMark("(") ? 1 : token.isMark(")") ? -1 : 0 }
            guard depth == 0 else {
                report("the parentheses of `\(name)` do not match", at: definition.span, help: "write a `static inline` function")
                break
            }
            let size = size(of: definition.body, parameters: definition.parameters ?? [], in: definition.span.file)
            largest.constant = max(largest.constant, size.constant)
            for (index, factor) in size.factors.enumerated() { largest.factors[index] = max(largest.factors[index], factor) }
        }
        sizes[name] = largest
        return largest
    }
}
