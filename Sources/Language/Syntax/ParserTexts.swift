import Source

extension Parser {
    /// A text as a value: what stands in braces is computed, as in `"stage {i}"`; `\{` is a brace.
    mutating func textValue(_ token: Token) -> ExpressionSyntax {
        let bytes = source.bytes[token.span.range]
        guard bytes.contains(UInt8(ascii: "{")), bytes.last == UInt8(ascii: "\""), bytes.first == bytes.last else {
            return ExpressionSyntax(kind: .text(unquoted(token)), span: token.span)
        }
        var parts: [LabelSyntax.Part] = []
        var verbatim: [UInt8] = []
        func flush() {
            if !verbatim.isEmpty { parts.append(.text(String(decoding: verbatim, as: UTF8.self))) }
            verbatim = []
        }
        var offset = bytes.startIndex + 1
        let end = bytes.endIndex - 1
        while offset < end {
            switch bytes[offset] {
            case UInt8(ascii: "\\") where offset + 1 < end:
                let escaped = bytes[offset + 1]
                verbatim.append(escaped == UInt8(ascii: "n") ? 10 : escaped == UInt8(ascii: "t") ? 9 : escaped)
                offset += 2
            case UInt8(ascii: "{"):
                guard let close = bytes[offset..<end].firstIndex(of: UInt8(ascii: "}")) else {
                    let place = Span(file: token.span.file, offset..<offset + 1)
                    return invalid("this `{` of a text is never closed", at: place, help: "add the missing `}`, or write `\\{` for a brace")
                }
                flush()
                parts.append(.computed(value(inText: offset..<close + 1, of: token)))
                offset = close + 1
            default:
                verbatim.append(bytes[offset])
                offset += 1
            }
        }
        flush()
        if case .text(let text)? = parts.first, parts.count == 1 { return ExpressionSyntax(kind: .text(text), span: token.span) }
        return ExpressionSyntax(kind: .formatted(parts), span: token.span)
    }

    /// Reads the expression between the braces of a text.
    private mutating func value(inText braces: Range<Int>, of token: Token) -> ExpressionSyntax {
        let place = Span(file: token.span.file, braces)
        var inner = Parser(source, Lexer.lex(source, as: token.span.file, in: braces.lowerBound + 1..<braces.upperBound - 1), inside: self)
        if inner.at(.endOfFile) { return invalid("nothing stands in these braces", at: place, help: "write a value: `\"stage {i}\"`") }
        do {
            let value = try inner.expression()
            if !inner.at(.endOfFile), inner.diagnostics.isEmpty {
                return invalid("one value is needed in these braces", at: place, help: "write `\"{a} {b}\"` for two")
            }
            take(over: inner)
            return value
        } catch {
            take(over: inner)
            return ExpressionSyntax(kind: .invalid, span: place)
        }
    }
}
