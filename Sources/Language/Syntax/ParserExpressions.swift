import Source

extension Parser {
    /// Reads a whole expression, pipelines included.
    mutating func expression() throws(Unreadable) -> ExpressionSyntax {
        try nested { (parser) throws(Unreadable) in
            let head = try parser.binary(above: 0)
            guard parser.at(.pipe) else { return head }
            var steps: [PipelineStepSyntax] = []
            while parser.take(.pipe) != nil { steps.append(try parser.step()) }
            if parser.binaryOperator(above: 0) != nil {
                throw parser.fail(
                    "an operator after a pipeline", at: parser.current.span, help: "put the pipeline in parentheses: `(x |> f) + y`")
            }
            return ExpressionSyntax(kind: .pipeline(head, steps), span: parser.span(from: head.span))
        }
    }

    private static let binaryOperators: [TokenKind: (BinaryOperator, power: Int)] = [
        .keywordOr: (.or, 1), .keywordAnd: (.and, 2), .equalEqual: (.equal, 4), .notEqual: (.notEqual, 4), .less: (.less, 4),
        .lessOrEqual: (.lessOrEqual, 4), .greater: (.greater, 4), .greaterOrEqual: (.greaterOrEqual, 4), .rangeBelow: (.rangeBelow, 5),
        .rangeThrough: (.rangeThrough, 5), .plus: (.add, 6), .minus: (.subtract, 6), .star: (.multiply, 7), .slash: (.divide, 7),
        .percent: (.remainder, 7),
    ]
    private static let notPower = 3
    /// Of a sign, which binds tighter than all between two operands.
    private static let strongest = 8
    private static let comparisonPowers = 4...5

    /// The binary operator at the current token, if it binds tighter than `power` and belongs to this line.
    private func binaryOperator(above power: Int) -> (BinaryOperator, power: Int)? {
        guard let found = Self.binaryOperators[current.kind], found.power > power else { return nil }
        // At the start of a line `- x` goes on with the line before, `-x` begins a value.
        if current.kind == .minus, current.startsLine, parentheses == 0, !peek().followsSpace { return nil }
        return found
    }

    /// Precedence climbing (Pratt, "Top Down Operator Precedence", 1973).
    private mutating func binary(above power: Int) throws(Unreadable) -> ExpressionSyntax {
        var left = try unary(above: power)
        var levels = 0
        defer { rise(levels) }
        while let (operation, strength) = binaryOperator(above: power) {
            try deepen()
            levels += 1
            let mark = advance()
            let right = try nested { (parser) throws(Unreadable) in try parser.binary(above: strength) }
            left = ExpressionSyntax(kind: .binary(operation, left, right, at: mark.span), span: left.span.joined(to: right.span))
            if Self.comparisonPowers.contains(strength), let (_, next) = binaryOperator(above: power), next == strength {
                throw fail("comparisons cannot be chained", at: current.span, help: "write `a < b and b < c`")
            }
        }
        return left
    }

    /// - Parameter power: of the operator before it: `not` binds weaker than most.
    private mutating func unary(above power: Int) throws(Unreadable) -> ExpressionSyntax {
        guard at(.minus) || at(.keywordNot) else { return try postfix() }
        if at(.keywordNot), power > Self.notPower {
            throw fail(
                "`not` binds weaker than the operator before it", at: current.span, help: "put it into parentheses: `(not …)`")
        }
        let mark = advance()
        let operand = try nested { (parser) throws(Unreadable) in
            mark.kind == .minus ? try parser.unary(above: Self.strongest) : try parser.binary(above: Self.notPower)
        }
        return ExpressionSyntax(
            kind: .unary(mark.kind == .minus ? .negate : .not, operand), span: mark.span.joined(to: operand.span))
    }

    private mutating func postfix() throws(Unreadable) -> ExpressionSyntax {
        var value = try primary()
        var levels = 0
        defer { rise(levels) }
        while !current.startsLine {
            try deepen()
            levels += 1
            if take(.dot) != nil {
                let name = try expectName("a property")
                value = ExpressionSyntax(kind: .member(value, name), span: span(from: value.span))
            } else if let open = take(.leftBracket) {
                let items = try list(until: .rightBracket, openedBy: open) { (parser) throws(Unreadable) in try parser.expression() }
                guard items.count == 1 else {
                    value = invalid("one index is needed, not \(items.count)", at: span(from: open.span), help: "write `values[0]`")
                    continue
                }
                value = ExpressionSyntax(kind: .index(value, items[0]), span: span(from: value.span))
            } else if at(.leftParenthesis) {
                var foreign: String?
                if case .member(_, let name) = value.kind { foreign = ForeignNames.repair(of: name.text) }
                throw fail("only a name can be called", at: value.span, help: foreign ?? "name the value with `let` first")
            } else {
                break
            }
        }
        return value
    }

    private mutating func primary() throws(Unreadable) -> ExpressionSyntax {
        let token = current
        switch token.kind {
        case .integer:
            advance()
            if let value = Int(text(of: token)) { return ExpressionSyntax(kind: .integer(value), span: token.span) }
            return invalid("this integer is too large", at: token.span, help: "integers go up to \(Int.max)")
        case .number:
            advance()
            if let value = Double(text(of: token)), value.isFinite { return ExpressionSyntax(kind: .number(value), span: token.span) }
            return invalid("this number is too large", at: token.span, help: "numbers go up to 1.79e308")
        case .keywordTrue, .keywordFalse:
            advance()
            return ExpressionSyntax(kind: .boolean(token.kind == .keywordTrue), span: token.span)
        case .text:
            advance()
            return textValue(token)
        case .name:
            advance()
            let name = NameSyntax(text: text(of: token), span: token.span)
            guard at(.leftParenthesis), !current.startsLine else { return ExpressionSyntax(kind: .name(name.text), span: token.span) }
            let arguments = try arguments(openedBy: advance())
            return ExpressionSyntax(kind: .call(name, arguments), span: span(from: token.span))
        case .leftParenthesis:
            let open = advance()
            let items = try list(until: .rightParenthesis, openedBy: open) { (parser) throws(Unreadable) in try parser.expression() }
            if items.count == 1, tokens[position - 2].kind != .comma {
                return ExpressionSyntax(kind: items[0].kind, span: span(from: open.span))
            }
            if items.isEmpty { return invalid("`()` is no value", at: span(from: open.span), help: "put a value between the parentheses") }
            return ExpressionSyntax(kind: .tuple(items), span: span(from: open.span))
        case .leftBracket:
            let open = advance()
            if at(.keywordFor) {
                parentheses += 1
                defer { parentheses = max(0, parentheses - 1) }
                let (pattern, sequence, body) = try forEach()
                guard take(.rightBracket) != nil else {
                    throw expected(
                        "`]` after the body of the list", secondary: [Diagnostic.Label(open.span, "opened here")],
                        help: "a list with `for` has one body: `[for i in 0..<3 { i * i }]`")
                }
                return ExpressionSyntax(kind: .comprehension(pattern, in: sequence, body), span: span(from: open.span))
            }
            let items = try list(until: .rightBracket, openedBy: open) { (parser) throws(Unreadable) in try parser.expression() }
            return ExpressionSyntax(kind: .list(items), span: span(from: open.span))
        case .keywordIf: return try conditional()
        default: throw expected("a value")
        }
    }

    /// Reports a value that was read to its end and is none, so that what follows it is read on.
    mutating func invalid(_ message: String, at span: Span, help: String) -> ExpressionSyntax {
        _ = fail(message, at: span, help: help)
        return ExpressionSyntax(kind: .invalid, span: span)
    }

    private mutating func conditional() throws(Unreadable) -> ExpressionSyntax {
        let start = current.span
        var branches: [(condition: ExpressionSyntax, body: BodySyntax)] = []
        var otherwise: BodySyntax?
        repeat {
            advance()
            var condition = try expression()
            if at(.equal) {
                _ = fail("`=` does not compare", at: current.span, help: "write `==`")
                advance()
                _ = try expression()
                condition = ExpressionSyntax(kind: .invalid, span: span(from: condition.span))
            }
            branches.append((condition, try body()))
            guard take(.keywordElse) != nil else { break }
            if !at(.keywordIf) { otherwise = try body() }
        } while at(.keywordIf) && otherwise == nil
        return ExpressionSyntax(kind: .conditional(branches, otherwise: otherwise), span: span(from: start))
    }
}

// MARK: - Calls and pipelines

extension Parser {
    mutating func arguments(openedBy open: Token) throws(Unreadable) -> [ArgumentSyntax] {
        try list(until: .rightParenthesis, openedBy: open) { (parser) throws(Unreadable) in try parser.argument() }
    }

    mutating func argument() throws(Unreadable) -> ArgumentSyntax {
        guard at(.name), peek().kind == .colon || peek().kind == .equal else { return ArgumentSyntax(name: nil, value: try expression()) }
        let name = try expectName("an argument")
        if at(.equal) { _ = fail("an argument is named with `:`, not `=`", at: current.span, help: "write `\(name.text): …`") }
        advance()
        return ArgumentSyntax(name: name, value: try expression())
    }

    private mutating func step() throws(Unreadable) -> PipelineStepSyntax {
        let start = current.span
        var share: Span?
        if isWord("share", current), !peek().startsLine, startsLabel(from: 1) {
            share = advance().span
        } else if isWord("share", current), peek().kind == .name, !peek().startsLine {
            throw fail(
                "`share` needs the label whose parameters are shared", at: current.span,
                help: "a step shares parameters as `|> share label: name(arguments)`")
        }
        let label = try label()
        guard at(.name) else {
            throw expected("the name of a block, operator or activation", help: "a step is `|> label: name(arguments)`")
        }
        let callee = try expectName("a step")
        var arguments: [ArgumentSyntax] = []
        if at(.leftParenthesis), !current.startsLine { arguments = try self.arguments(openedBy: advance()) }
        return PipelineStepSyntax(share: share, label: label, callee: callee, arguments: arguments, span: span(from: start))
    }

    /// Reads `layer1.{i}.conv1:` where one stands, nil where a step has no label.
    private mutating func label() throws(Unreadable) -> LabelSyntax? {
        guard startsLabel() else { return nil }
        let start = current.span
        var parts: [LabelSyntax.Part] = []
        while !at(.colon) { parts.append(at(.leftBrace) ? try computedPart() : .text(text(of: advance()))) }
        let span = span(from: start)
        advance()
        return LabelSyntax(parts: parts, span: span)
    }

    /// Reads `layer1.{i}.conv1`, as far as its parts touch; the current token can begin a label.
    mutating func path() throws(Unreadable) -> LabelSyntax {
        let start = current.span
        var parts: [LabelSyntax.Part] = []
        // Whether a dot may stand next, and must not.
        var canHaveDot = false
        while parts.isEmpty || !current.followsSpace && !current.startsLine {
            switch current.kind {
            case .dot where canHaveDot:
                parts.append(.text(text(of: advance())))
                guard current.kind.canBeginLabel, !current.followsSpace, !current.startsLine else {
                    throw expected("a label's next part", help: "parts are joined by a dot: `layer4.conv1`")
                }
                canHaveDot = false
                continue
            case .leftBrace: parts.append(try computedPart())
            case .name, .integer: parts.append(.text(text(of: advance())))
            case .number where text(of: current).allSatisfy({ $0 == "." || $0.isNumber }): parts.append(.text(text(of: advance())))
            case .number: throw expected("a label", help: "no label can hold a number with an exponent")
            default: return LabelSyntax(parts: parts, span: span(from: start))
            }
            canHaveDot = true
        }
        return LabelSyntax(parts: parts, span: span(from: start))
    }

    /// Reads `{i}`.
    private mutating func computedPart() throws(Unreadable) -> LabelSyntax.Part {
        let open = advance()
        let value = try expression()
        guard take(.rightBrace) != nil else {
            let error = expected(
                "`}` after a computed part of a label", secondary: [Diagnostic.Label(open.span, "opened here")])
            // The brace that closes it must not be taken for the end of the body.
            while !at(.endOfFile), advance().kind != .rightBrace {}
            throw error
        }
        return .computed(value)
    }

    /// Whether a label with its colon begins `first` tokens ahead.
    private func startsLabel(from first: Int = 0) -> Bool {
        var ahead = first
        while true {
            if ahead > first, peek(ahead).followsSpace { return false }
            switch peek(ahead).kind {
            case .name, .integer: ahead += 1
            case .number:
                guard text(of: peek(ahead)).allSatisfy({ $0 == "." || $0.isNumber }) else { return false }
                ahead += 1
            case .leftBrace:
                repeat { ahead += 1 } while ![.rightBrace, .endOfFile, .pipe].contains(peek(ahead).kind) && !peek(ahead).startsLine
                guard peek(ahead).kind == .rightBrace else { return false }
                ahead += 1
            default: return false
            }
            if peek(ahead).kind == .colon { return true }
            if peek(ahead).kind == .dot { ahead += 1 }
        }
    }
}
