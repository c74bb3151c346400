import CompiledC
import Source

/// What the lines of a C file that begin with `#` tell the preprocessor; those that Braid does not allow are reported.
///
/// They are few, so that one can say beforehand what the preprocessor will read and how much it will make (`CExpansion`).
struct CDirectives {
    struct Include {
        var path: String
        /// The one in quotes, beside the file.
        var isOwn: Bool
        var span: Span
        /// The bytes of the whole directive.
        var line = 0..<0
    }

    struct Macro {
        var name: String
        /// Nil for one that takes none, not even empty ones.
        var parameters: [String]?
        var body: ArraySlice<CTokens.Token>
        var span: Span
    }

    private(set) var includes: [Include] = []
    private(set) var macros: [Macro] = []
    /// All that is no directive.
    private(set) var text: [CTokens.Token] = []
    /// The tokens of the text that have a directive before them.
    private(set) var boundaries: Set<Int> = []
    /// What each `#if` and `#elif` computes, without the names behind `defined`, which stand for themselves.
    private(set) var conditions: [[CTokens.Token]] = []
    /// Whether the file says that it is included once.
    private(set) var isOnce = false
    private(set) var diagnostics: [Diagnostic] = []

    private let file: FileID

    init(_ source: SourceFile, as file: FileID) {
        self.file = file
        let read = CTokens(source.bytes)
        if let backslash = read.strayBackslash {
            report("this backslash belongs to nothing", at: Span(file: file, backslash), help: "write names with their letters")
        }
        var index = 0
        while index < read.tokens.count {
            let token = read.tokens[index]
            guard token.startsLine, token.isMark("#") else {
                text.append(token)
                index += 1
                continue
            }
            var end = index + 1
            while end < read.tokens.count, !read.tokens[end].startsLine { end += 1 }
            let known = includes.count
            directive(read.tokens[(index + 1)..<end], at: token)
            if includes.count > known { includes[known].line = token.range.lowerBound..<read.tokens[end - 1].range.upperBound }
            index = end
            boundaries.insert(text.count)
        }
        for token in read.tokens where token.kind == .word {
            if Self.refused.contains(token.text) { report("`\(token.text)` cannot be used here", at: span(token)) }
            if token.text.utf8.count > CTokens.maximumDigits, token.text.first?.isNumber == true {
                report("this number is too long", at: span(token), help: "\(CTokens.maximumDigits) digits are the limit")
            }
        }
        for macro in macros { refuseReserved(macro.body, parameters: macro.parameters ?? []) }
        refuseReserved(text[...])
    }

    /// Words that make the preprocessor read files or lines of its own.
    private static let refused: Set = ["__has_include", "__has_include_next", "__has_embed", "_Pragma", "__pragma"]

    /// Reports what C reserves and Braid does not allow, outside of conditions; a macro's own parameters mean what it is given.
    private mutating func refuseReserved(_ tokens: ArraySlice<CTokens.Token>, parameters: [String] = []) {
        var isBehindBracket = false
        for token in tokens {
            if token.kind == .word, !parameters.contains(token.text), !Self.refused.contains(token.text),
                let refusal = CReservedWords.refusal(of: token.text)
            {
                report(refusal.message, at: span(token), help: refusal.help)
            }
            let isBracket = token.isMark("[")
            if isBracket, isBehindBracket {
                let refusal = CReservedWords.attribute
                report(refusal.message, at: span(token), help: refusal.help)
            }
            isBehindBracket = isBracket
        }
    }

    private func span(_ token: CTokens.Token) -> Span { Span(file: file, token.range) }

    private mutating func report(_ message: String, at span: Span, help: String? = nil) {
        diagnostics.append(Diagnostic(message, at: span, help: help))
    }

    private mutating func directive(_ words: ArraySlice<CTokens.Token>, at mark: CTokens.Token) {
        guard let first = words.first else { return }
        let rest = words.dropFirst()
        switch first.text {
        case "include": include(rest, at: first)
        case "define": define(rest)
        case "if", "elif": conditions.append(Self.computed(rest))
        case "ifdef", "ifndef", "elifdef", "elifndef", "else", "endif", "undef", "error", "warning": break
        case "pragma":
            guard rest.first?.text == "once" else {
                report("this pragma is not allowed", at: span(first), help: "only `#pragma once` is")
                return
            }
            isOnce = true
        default:
            report(
                "`#\(first.text)` is not allowed", at: span(first),
                help: "the preprocessor's lines may be `#include`, `#define`, `#undef`, `#if` and what belongs to it")
        }
    }

    /// A condition without the names that `defined` asks for.
    private static func computed(_ condition: ArraySlice<CTokens.Token>) -> [CTokens.Token] {
        var tokens: [CTokens.Token] = []
        var index = condition.startIndex
        while index < condition.endIndex {
            tokens.append(condition[index])
            index += 1
            guard tokens[tokens.count - 1].text == "defined" else { continue }
            if index < condition.endIndex, condition[index].isMark("(") { index += 1 }
            if index < condition.endIndex, condition[index].kind == .word { index += 1 }
            if index < condition.endIndex, condition[index].isMark(")") { index += 1 }
        }
        return tokens
    }

    private mutating func include(_ words: ArraySlice<CTokens.Token>, at word: CTokens.Token) {
        if let path = words.first, path.kind == .text {
            guard !path.text.isEmpty, !path.text.hasPrefix("/") else {
                return report("the path of an include must be relative", at: span(path), help: "paths are relative to the including file")
            }
            return includes.append(Include(path: path.text, isOwn: true, span: span(path)))
        }
        guard let open = words.first, open.isMark("<"), let close = words.firstIndex(where: { $0.isMark(">") }) else {
            return report("an include needs a path in quotes", at: span(word), help: "write `#include <math.h>` or `#include \"tables.h\"`")
        }
        let path = words[words.startIndex + 1..<close].map(\.text).joined()
        let place = Span(file: file, open.range.lowerBound..<words[close].range.upperBound)
        guard StandardHeaders.names.contains(path) else {
            let nearest = Spelling.nearest(to: path, in: StandardHeaders.names)
            return report(
                "there is no `<\(path)>` here", at: place,
                help: nearest.map { "did you mean `<\($0)>`?" }
                    ?? "there are " + StandardHeaders.names.map { "`<\($0)>`" }.joined(separator: ", "))
        }
        includes.append(Include(path: path, isOwn: false, span: place))
    }

    private mutating func define(_ words: ArraySlice<CTokens.Token>) {
        guard let name = words.first, name.kind == .word else { return }  // Clang says what is wrong.
        var body = words.dropFirst()
        var parameters: [String]?
        if let open = body.first, open.isMark("("), open.isAttached {
            guard let close = body.firstIndex(where: { $0.isMark(")") }) else { return }
            let list = body[body.startIndex + 1..<close]
            if let variadic = list.first(where: { $0.isMark("...") }) {
                return report("a macro must name its arguments", at: span(variadic), help: "write a `static inline` function")
            }
            parameters = list.filter { $0.kind == .word }.map(\.text)
            body = body[(close + 1)...]
        }
        if let paste = body.first(where: { $0.isMark("##") }) {
            return report("a macro cannot paste tokens here", at: span(paste), help: "write a `static inline` function")
        }
        macros.append(Macro(name: name.text, parameters: parameters, body: body, span: span(name)))
    }
}
