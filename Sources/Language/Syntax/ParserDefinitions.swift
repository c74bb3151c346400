import Source

extension Parser {
    static let definitionWords = ["block", "activation", "operator", "network", "training", "import", "extern"]

    /// The words that begin the clauses of a training, but for `target`, which declares a name.
    public static let contextualClauses = clauseWords.filter { $0 != "target" }

    /// The words that begin definitions, statements and clauses; names of their own elsewhere.
    public static let contextualWords =
        definitionWords + [
            "of", "gradient", "input", "where", "prepare", "output", "labels", "precision", "share", "parameter", "state", "update",
            "assert",
            "return",
        ]
        + clauseWords

    /// Whether a definition begins at a token: a word such as `block`, followed as only a definition can be.
    func startsDefinition(at index: Int) -> Bool {
        let token = tokens[index]
        guard token.kind == .name, index + 2 < tokens.count else { return false }
        let next = tokens[index + 1]
        switch text(of: token) {
        case "block", "activation", "network":
            return next.kind == .name && [.leftParenthesis, .leftBrace, .equal].contains(tokens[index + 2].kind)
        case "operator": return next.kind == .name && tokens[index + 2].kind == .leftParenthesis
        case "training": return isWord("of", next)
        case "import", "extern": return next.kind == .text
        default: return false
        }
    }

    mutating func file() -> FileSyntax {
        var file = FileSyntax()
        while !at(.endOfFile) {
            do {
                try topLevel(into: &file)
            } catch {
                skipToDefinition()
            }
        }
        return file
    }

    private mutating func skipToDefinition() {
        parentheses = 0
        while !at(.endOfFile) {
            if current.startsLine,
                startsDefinition(at: position) || Self.definitionWords.contains(text(of: current)) && peek().kind == .name
            {
                return
            }
            advance()
        }
    }

    private mutating func topLevel(into file: inout FileSyntax) throws(Unreadable) {
        let documentation = currentDocumentation()
        let start = current
        beginDefinition()
        guard start.kind == .name else {
            if at(.rightBrace) { throw fail("this `}` closes nothing", at: start.span, help: "remove it") }
            throw fail(
                "expected a definition", at: start.span,
                help: "a file holds `import`, `extern`, `block`, `activation`, `operator`, `network` and `training of` definitions")
        }
        var word = text(of: start)
        if !Self.definitionWords.contains(word) {
            let nearest = ForeignSpelling.definitionWords[word] ?? Spelling.nearest(to: word, in: Self.definitionWords)
            let repair =
                nearest.map { "did you mean `\($0)`?" } ?? "begin with `block`, `activation`, `operator`, `network` or `training of`"
            let error = fail("`\(word)` does not begin a definition", at: start.span, help: repair)
            guard let nearest, ImportSyntax.Kind(rawValue: nearest) != nil ? peek().kind == .text : peek().kind == .name else {
                throw error
            }
            word = nearest
        }
        advance()
        switch word {
        case "import":
            let path = try expect(.text, "with the path of the file to import")
            file.imports.append(ImportSyntax(kind: .import, path: unquoted(path), span: path.span))
        case "extern":
            let path = try expect(.text, "with the path of the C file")
            file.imports.append(ImportSyntax(kind: .extern, path: unquoted(path), span: path.span))
        case "block": file.definitions.append(.block(try block(documentation)))
        case "activation": file.definitions.append(.activation(try activation(documentation)))
        case "operator": file.definitions.append(.operator(try foreignOperator(documentation)))
        case "network": file.definitions.append(.network(try network(documentation)))
        default: file.definitions.append(.training(try training(documentation, from: start.span)))
        }
        if !at(.endOfFile), !current.startsLine, take(.semicolon) == nil { throw expected("a line break after the definition") }
    }

    private mutating func block(_ documentation: String) throws(Unreadable) -> BlockSyntax {
        let name = try expectName("the block")
        let parameters = try parameters(of: name)
        return BlockSyntax(documentation: documentation, name: name, parameters: parameters, body: try body())
    }

    private mutating func network(_ documentation: String) throws(Unreadable) -> NetworkSyntax {
        let name = try expectName("the network")
        let parameters = at(.leftParenthesis) ? try parameters(of: name) : []
        return NetworkSyntax(documentation: documentation, name: name, parameters: parameters, body: try body())
    }

    private mutating func activation(_ documentation: String) throws(Unreadable) -> ActivationSyntax {
        let name = try expectName("the activation")
        let parameters = try parameters(of: name)
        _ = try expect(.equal, "and the activation's formula", help: "write `activation \(name.text)(x) = …`")
        let value: ExpressionSyntax
        do {
            value = try expression()
        } catch {
            skipToDefinition()
            value = ExpressionSyntax(kind: .invalid, span: previous.span)
        }
        return ActivationSyntax(documentation: documentation, name: name, parameters: parameters, body: value)
    }

    private mutating func foreignOperator(_ documentation: String) throws(Unreadable) -> OperatorSyntax {
        let name = try expectName("the operator")
        let form =
            "write `operator \(name.text)(image: f32[N, C, H, W], sigma = 1.0): f32[N, C, H, W] = extern \"ops.c\" function, gradient other`"
        let open = try expect(.leftParenthesis, "and the inputs and numbers of `\(name.text)`", help: form)
        let parameters = try list(until: .rightParenthesis, openedBy: open) { (parser) throws(Unreadable) in
            let name = try parser.expectName("an input or a number")
            if parser.take(.colon) != nil { return ParameterSyntax(name: name, type: try parser.type()) }
            guard parser.take(.equal) != nil else {
                throw parser.expected("the type of `\(name.text)`, or its default", help: "an input has a type, a number a default")
            }
            return ParameterSyntax(name: name, defaultValue: try parser.expression())
        }
        _ = try expect(.colon, "and the result's type", help: form)
        let result = try type()
        _ = try expect(.equal, "and the C function that computes it", help: form)
        guard isWord("extern", current) else { throw expected("`extern` and the path of a C file", help: form) }
        advance()
        let path = try expect(.text, "with the path of the C file", help: form)
        func isMissing(_ parser: Parser) -> Bool { parser.current.startsLine && parser.startsDefinition(at: parser.position) }
        if isMissing(self) { throw expected("the name of the C function", help: form) }
        let function = try expectName("the C function")
        var gradient: NameSyntax?
        if isWord("gradient", current), !current.startsLine { throw expected("`,` before `gradient`", help: form) }
        if take(.comma) != nil {
            guard isWord("gradient", current) else { throw expected("`gradient` and the C function that computes it", help: form) }
            advance()
            if isMissing(self) { throw expected("the name of the gradient's C function", help: form) }
            gradient = try expectName("the gradient's C function")
        }
        return OperatorSyntax(
            documentation: documentation, name: name, parameters: parameters, result: result, path: unquoted(path), pathSpan: path.span,
            function: function, gradient: gradient)
    }

    private mutating func parameters(of name: NameSyntax) throws(Unreadable) -> [ParameterSyntax] {
        let open = try expect(.leftParenthesis, "and the parameters of `\(name.text)`")
        return try list(until: .rightParenthesis, openedBy: open) { (parser) throws(Unreadable) in
            let name = try parser.expectName("a parameter")
            let value = parser.take(.equal) == nil ? nil : try parser.expression()
            return ParameterSyntax(name: name, defaultValue: value)
        }
    }

    /// Reads items between commas up to `close`; a trailing comma is allowed.
    mutating func list<Item>(
        until close: TokenKind, openedBy open: Token, _ item: (inout Parser) throws(Unreadable) -> Item
    ) throws(Unreadable) -> [Item] {
        parentheses += 1
        defer { parentheses = max(0, parentheses - 1) }
        var items: [Item] = []
        while !at(close) {
            if isCutShort {
                throw expected(
                    "a value or `\(close.rawValue)`", secondary: [Diagnostic.Label(open.span, "opened here")],
                    help: "close it with `\(close.rawValue)`")
            }
            items.append(try item(&self))
            if take(.comma) == nil, !at(close) {
                throw expected(
                    "`,` or `\(close.rawValue)`", secondary: [Diagnostic.Label(open.span, "opened here")],
                    help: current.startsLine || isCutShort
                        ? "close it with `\(close.rawValue)`" : current.kind.canBeginValue ? "put a `,` between the two" : nil)
            }
        }
        advance()
        return items
    }

    /// Whether a list that is open cannot go on here: what follows begins a statement, ends a body or is nothing.
    private var isCutShort: Bool {
        switch current.kind {
        case .endOfFile, .rightBrace: true
        case .keywordLet, .keywordVar, .keywordFor: current.startsLine
        default: current.startsLine && startsDefinition(at: position)
        }
    }

    /// Reads `: f32[N, 3]`; a type that cannot be read stands for any, so that the uses of its name are not reported too.
    mutating func typeAnnotation(_ purpose: String, help: String) -> TypeSyntax {
        do {
            _ = try expect(.colon, purpose, help: help)
            return try type()
        } catch {
            synchronize()
            let place = previous.span
            return TypeSyntax(
                element: NameSyntax(text: "f32", span: place), dimensions: [ExpressionSyntax(kind: .invalid, span: place)], span: place)
        }
    }

    private mutating func type() throws(Unreadable) -> TypeSyntax {
        let element = try expectName("an element type")
        let open = try expect(.leftBracket, "and the shape", help: "types are written `f32[N, 3, 224, 224]`")
        let dimensions = try list(until: .rightBracket, openedBy: open) { (parser) throws(Unreadable) in try parser.expression() }
        return TypeSyntax(element: element, dimensions: dimensions, span: span(from: element.span))
    }

    /// The characters of a text literal.
    func unquoted(_ token: Token) -> String {
        var inner = text(of: token).dropFirst()
        if let last = inner.last, last == "\"" || ForeignSpelling.quotes.contains(String(last)) { inner = inner.dropLast() }
        var result = ""
        var isEscaped = false
        for character in inner {
            if isEscaped {
                result.append(character == "n" ? "\n" : character == "t" ? "\t" : character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else {
                result.append(character)
            }
        }
        return result
    }
}

extension Parser {
    /// The clauses of a training that hold values between commas.
    static let settingWords = [
        "optimizer", "schedule", "clip", "group", "average", "accumulate", "stop", "keep", "initialize", "augment", "normalize", "batch",
        "seed",
    ]
    static let clauseWords = ["target", "loss"] + settingWords

    private mutating func training(_ documentation: String, from start: Span) throws(Unreadable) -> TrainingSyntax {
        guard isWord("of", current) else { throw expected("`of` and the network's name", help: "write `training of name { … }`") }
        advance()
        var subjects: [TrainingSyntax.Subject] = []
        repeat {
            let network = try expectName("the network to train")
            let arguments: [ArgumentSyntax]
            if let open = take(.leftParenthesis) { arguments = try self.arguments(openedBy: open) } else { arguments = [] }
            subjects.append(TrainingSyntax.Subject(network: network, arguments: arguments))
        } while take(.comma) != nil
        let open = try expect(.leftBrace, "and the clauses of the training")
        var clauses: [ClauseSyntax] = []
        while !at(.rightBrace) {
            if at(.endOfFile) || current.startsLine && startsDefinition(at: position) {
                reportUnclosed(open)
                return TrainingSyntax(documentation: documentation, subjects: subjects, clauses: clauses, span: span(from: start))
            }
            if take(.semicolon) != nil { continue }
            statementStart = position
            do {
                clauses.append(try clause())
                try endOfStatement()
            } catch {
                synchronize()
            }
        }
        advance()
        return TrainingSyntax(documentation: documentation, subjects: subjects, clauses: clauses, span: span(from: start))
    }

    private mutating func clause() throws(Unreadable) -> ClauseSyntax {
        let word = try expectName("a clause")
        switch word.text {
        case "target":
            let name = try expectName("the target")
            return .target(name, typeAnnotation("and the target's type", help: "write `target \(name.text): i32[N]`"))
        case "loss": return .loss(try expression(), keyword: word.span)
        case let text where Self.clauseWords.contains(text):
            var arguments: [ArgumentSyntax] = []
            repeat {
                // After a comma the clause goes on in the next line.
                if current.startsLine, arguments.isEmpty { throw expected("a value for `\(text)`") }
                // `clip norm 1.0` names its argument without a colon.
                if at(.name), [.integer, .number, .minus].contains(peek().kind), !peek().startsLine {
                    let name = try expectName("an argument")
                    arguments.append(ArgumentSyntax(name: name, value: try expression()))
                } else if at(.text), peek().kind == .colon {
                    // `initialize "conv2.bias": ones` names a parameter.
                    let key = advance()
                    advance()
                    arguments.append(ArgumentSyntax(name: NameSyntax(text: unquoted(key), span: key.span), value: try expression()))
                } else {
                    arguments.append(try argument())
                }
            } while take(.comma) != nil
            return .setting(word, arguments)
        default:
            let nearest = Spelling.nearest(to: word.text, in: Self.clauseWords)
            throw fail(
                "`\(word.text)` is not a clause of a training", at: word.span,
                help: nearest.map { "did you mean `\($0)`?" } ?? "the clauses are \(Self.clauseWords.joined(separator: ", "))")
        }
    }
}
