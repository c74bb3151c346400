import Graph
import Source

extension Parser {
    /// Reads `{ statements value }`; an error inside costs the statement it lies in.
    mutating func body() throws(Unreadable) -> BodySyntax {
        let open = try expect(.leftBrace, "and a body")
        return try nested { (parser) throws(Unreadable) in
            let outer = parser.parentheses
            parser.parentheses = 0
            defer { parser.parentheses = outer }
            return parser.body(openedBy: open)
        }
    }

    private mutating func body(openedBy open: Token) -> BodySyntax {
        let reports = diagnostics.count
        var statements: [StatementSyntax] = []
        while !at(.rightBrace) {
            if at(.endOfFile) || current.startsLine && startsDefinition(at: position) {
                reportUnclosed(open)
                break
            }
            if take(.semicolon) != nil { continue }
            statementStart = position
            do {
                statements.append(try statement())
                try endOfStatement()
            } catch {
                synchronize()
            }
        }
        if let close = take(.rightBrace) { noteIndentation(open, close) }
        var body = BodySyntax(
            statements: statements, result: nil, span: span(from: open.span), isDamaged: diagnostics.count > reports || hasGivenUp)
        if case .expression(let value)? = statements.last?.kind {
            body.statements.removeLast()
            body.result = value
        }
        return body
    }

    mutating func endOfStatement() throws(Unreadable) {
        if current.startsLine || at(.rightBrace) || at(.endOfFile) || take(.semicolon) != nil { return }
        if at(.rightParenthesis) || at(.rightBracket) {
            throw fail("this `\(current.kind.rawValue)` closes nothing", at: current.span, help: "remove it")
        }
        let repair = isWord("elif", current) || isWord("elsif", current) ? "write `else if`" : nil
        throw expected("a line break", help: repair)
    }

    private mutating func statement() throws(Unreadable) -> StatementSyntax {
        let start = current.span
        let documentation = currentDocumentation()
        let kind: StatementSyntax.Kind
        switch current.kind {
        case .keywordLet, .keywordVar: kind = try binding(isMutable: advance().kind == .keywordVar)
        case .keywordFor: kind = try loop()
        case .name where isWord("input", current) && peek().kind == .name && !peek().startsLine:
            advance()
            let name = try expectName("the input")
            let type = typeAnnotation("and the input's type", help: "write `input \(name.text): f32[N, 3, 224, 224]`")
            let constraints = constraints()
            kind = .input(name, type, constraints, preparation(), documentation: documentation)
        case .name where isWord("output", current) && peek().kind == .name && !peek().startsLine:
            advance()
            let name = try expectName("the output")
            let labels = try labels()
            let value = take(.equal) == nil ? ExpressionSyntax(kind: .name(name.text), span: name.span) : initializer()
            kind = .output(name, labels, value, documentation: documentation)
        case .name where ["parameter", "state"].contains(text(of: current)) && peek().kind == .name && !peek().startsLine:
            kind = try parameter(text(of: advance()) == "state" ? .state : .weight)
        case .name where isWord("update", current) && peek().kind == .name && !peek().startsLine:
            advance()
            let name = try expectName("a state")
            _ = try expect(.equal, "and the state's next value", help: "write `update \(name.text) = …`")
            kind = .update(name, initializer())
        case .name where isWord("assert", current) && !peek().startsLine && peek().kind.canBeginValue && peek().kind != .leftBracket:
            advance()
            let condition = try expression()
            kind = .assert(condition, message: take(.comma) == nil ? nil : try expression())
        case .name where isWord("return", current) && !peek().startsLine && (peek().kind.canBeginValue || peek().kind == .minus):
            advance()
            kind = .returns(try expression())
        case .name where startsPrecision: kind = try precision()
        case .name where peek().kind == .equal && !peek().startsLine:
            let name = try expectName("a variable")
            advance()
            kind = .assign(name, initializer())
        case .name where peek().kind == .name && !peek().startsLine: kind = try misspeltBinding()
        default: kind = .expression(try expression())
        }
        return StatementSyntax(kind: kind, span: span(from: start))
    }

    /// Reads `labels "classes.txt"` behind an output's name, if it stands there.
    private mutating func labels() throws(Unreadable) -> LabelFileSyntax? {
        guard at(.name), !current.startsLine else { return nil }
        let example = "write `labels \"classes.txt\"`"
        guard isWord("labels", current) else {
            let meant = Spelling.nearest(to: text(of: current), in: ["labels"])
            throw expected("`=`, `labels` or a line break", help: meant.map { "did you mean `\($0)`?" })
        }
        let word = advance()
        guard at(.text), !current.startsLine else { throw expected("the path of a file with the names of classes", help: example) }
        let path = advance()
        return LabelFileSyntax(keyword: word.span, path: unquoted(path), span: path.span)
    }

    /// Reads `scale: f32[64] = 1` behind `parameter` or `state`.
    private mutating func parameter(_ role: ParameterRole) throws(Unreadable) -> StatementSyntax.Kind {
        let word = role == .state ? "state" : "parameter"
        let name = try expectName("a \(word)")
        let example = "write `\(word) \(name.text): f32[64] = 1`, or an initializer such as `he_normal`"
        let reports = diagnostics.count
        let type = typeAnnotation("and the type of the \(word)", help: example)
        if diagnostics.count > reports {
            return .parameter(role, name, type, ExpressionSyntax(kind: .invalid, span: previous.span))
        }
        _ = try expect(.equal, "and how the \(word) begins", help: example)
        return .parameter(role, name, type, initializer())
    }

    /// Reads `where H % 32 == 0, W >= 64` behind an input's type; nil where none stands in its line, or none that can be read.
    private mutating func constraints() -> ConstraintsSyntax? {
        guard isWord("where", current), !current.startsLine else { return nil }
        let word = advance()
        do {
            var conditions: [ExpressionSyntax] = []
            repeat {
                // After a comma the constraints go on in the next line.
                if current.startsLine, conditions.isEmpty {
                    throw expected("what holds for the sizes", help: "write `where H % 32 == 0, W >= 64`")
                }
                conditions.append(try expression())
            } while take(.comma) != nil
            return ConstraintsSyntax(keyword: word.span, conditions: conditions)
        } catch {
            synchronize()
            return nil
        }
    }

    /// Reads `prepare resize: 256, crop: 224` behind an input's type; nil where none stands in its line, or none that can be read.
    private mutating func preparation() -> PreparationSyntax? {
        guard at(.name), !current.startsLine else { return nil }
        do {
            guard isWord("prepare", current) else {
                let meant = Spelling.nearest(to: text(of: current), in: ["prepare", "where"])
                throw expected("`where`, `prepare` or a line break", help: meant.map { "did you mean `\($0)`?" })
            }
            let word = advance()
            let example = "write `prepare resize: 256, mean: 0.5, std: 0.5`"
            var settings: [ArgumentSyntax] = []
            repeat {
                // After a comma the settings go on in the next line.
                if current.startsLine, settings.isEmpty {
                    throw expected("a setting of the preparation", help: example)
                }
                let name = try expectName("a setting")
                _ = try expect(.colon, "and the setting's value", help: example)
                settings.append(ArgumentSyntax(name: name, value: try expression()))
            } while take(.comma) != nil
            return PreparationSyntax(keyword: word.span, settings: settings)
        } catch {
            synchronize()
            return nil
        }
    }

    /// How clauses of precision are written, for reports of what was meant as one: of all in a body, and of what labels stand for.
    static let precisionForms = "`precision bf16`, or `precision stem, layer1: f32` for what is labelled so"

    /// Whether a clause of precision begins here. What is called `precision` can be followed by neither a label, a text nor a colon.
    private var startsPrecision: Bool {
        guard isWord("precision", current), !peek().startsLine else { return false }
        return peek().kind.canBeginLabel || [.text, .colon].contains(peek().kind)
    }

    /// Reads `precision bf16` or `precision stem, layer4.conv1: f32`.
    private mutating func precision() throws(Unreadable) -> StatementSyntax.Kind {
        advance()
        let example = "write \(Self.precisionForms)"
        var labels: [LabelSyntax] = []
        repeat {
            guard current.kind.canBeginLabel else { throw expected("a label", help: example) }
            let (first, goesOn) = (position, current.startsLine)
            labels.append(try path())
            // After a comma the labels go on in the next line, if what stands there is one.
            if goesOn, !at(.comma), !at(.colon) {
                goBack(to: first)
                throw expected("a label", help: example)
            }
        } while take(.comma) != nil
        if take(.colon) != nil {
            guard !current.startsLine, !at(.rightBrace) else { throw expected("a precision behind `:`", help: example) }
            return .precision(labels, try expectName("a precision"))
        }
        let isAlone = current.startsLine || at(.rightBrace) || at(.semicolon) || at(.endOfFile)
        if isAlone, labels.count == 1, case .text(let word)? = labels[0].parts.first, labels[0].parts.count == 1, previous.kind == .name {
            return .precision([], NameSyntax(text: word, span: labels[0].span))
        }
        let isPrecision = at(.name) && Precision(rawValue: text(of: current)) != nil
        throw expected(isAlone || isPrecision ? "`:` and a precision" : "`,` or `:` after a label", help: example)
    }

    private mutating func binding(isMutable: Bool) throws(Unreadable) -> StatementSyntax.Kind {
        let pattern = try pattern()
        _ = try expect(.equal, "and a value", help: "write `\(isMutable ? "var" : "let") name = …`")
        return .bind(pattern, initializer(), isMutable: isMutable)
    }

    /// Reads the value of a binding; one that cannot be read still binds its name, so that its uses are not reported too.
    private mutating func initializer() -> ExpressionSyntax {
        do {
            return try expression()
        } catch {
            synchronize()
            return ExpressionSyntax(kind: .invalid, span: previous.span)
        }
    }

    private mutating func pattern() throws(Unreadable) -> PatternSyntax {
        guard let open = take(.leftParenthesis) else { return .name(try expectName("a value")) }
        let names = try list(until: .rightParenthesis, openedBy: open) { (parser) throws(Unreadable) in try parser.expectName("a value") }
        return .tuple(names, span(from: open.span))
    }

    private mutating func loop() throws(Unreadable) -> StatementSyntax.Kind {
        let (pattern, sequence, body) = try forEach()
        return .forEach(pattern, in: sequence, body)
    }

    /// Reads `for i in 0..<3 { … }`, of a statement or within a list.
    mutating func forEach() throws(Unreadable) -> (PatternSyntax, ExpressionSyntax, BodySyntax) {
        advance()
        let pattern = try pattern()
        _ = try expect(.keywordIn, "and what to go through", help: "write `for i in 0..<3 { … }`")
        let sequence = try expression()
        return (pattern, sequence, try body())
    }

    /// `lett x = …`: reports the word and reads on as if it were right.
    private mutating func misspeltBinding() throws(Unreadable) -> StatementSyntax.Kind {
        let word = advance()
        let words = ["let", "var", "for", "input", "output", "precision", "parameter", "state", "update", "assert", "return", "if"]
        let foreign = ForeignSpelling.statementWords[text(of: word)]
        let nearest = foreign == nil ? Spelling.nearest(to: text(of: word), in: words) : nil
        let error = fail(
            "`\(text(of: word))` does not begin a statement", at: word.span,
            help: foreign ?? nearest.map { "did you mean `\($0)`?" } ?? "values are bound with `let name = …`")
        if peek().kind == .equal { return try binding(isMutable: nearest == "var") }
        throw error
    }
}
