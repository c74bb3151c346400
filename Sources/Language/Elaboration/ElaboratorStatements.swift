import Graph
import Operators
import Source

extension Elaborator {
    /// Runs a body in a scope of its own and returns its value, `nothing` where it has none.
    func run(_ body: BodySyntax) -> ElaboratedValue { run(body, opensScope: true) }

    /// Runs a network's body in the current scope, so that its names remain for the training's clauses.
    func run(inCurrentScope body: BodySyntax) -> ElaboratedValue {
        frame.firstLabel = labels.count
        defer { applyPrecisions(isLabelled: true) }
        return run(body, opensScope: false)
    }

    private func run(_ body: BodySyntax, opensScope: Bool) -> ElaboratedValue {
        if opensScope { frame.scopes.append([:]) }
        defer { if opensScope { frame.scopes.removeLast() } }
        for statement in body.statements {
            execute(statement)
            if frame.returned != nil { return .poison }
        }
        if let result = body.result { return evaluate(result, allowsNothing: true) }
        return body.isDamaged ? .poison : .nothing
    }

    private func execute(_ statement: StatementSyntax) {
        switch statement.kind {
        case .bind(let pattern, let value, _): bind(pattern, evaluate(value), from: value.span)
        case .assign(let name, let value): assign(name, evaluate(value))
        case .forEach(let pattern, in: let sequence, let body): loop(pattern, sequence, body)
        case .input(let name, let type, let constraints, let preparation, let text): input(name, type, constraints, preparation, text)
        case .output(let name, let labels, let value, let text): output(name, labels, evaluate(value), value.span, text)
        case .parameter(let role, let name, let type, let value): declare(role, name, type, value)
        case .update(let name, let value): update(name, evaluate(value), value.span)
        case .assert(let condition, let message): check(condition, message)
        case .returns(let value):
            let value = evaluate(value)
            frame.returned = frame.returned ?? value
        case .precision(let labels, let precision): note(precision, of: labels, at: statement.span)
        case .expression(let value): _ = evaluate(value, allowsNothing: true)
        }
    }

    private func input(
        _ name: NameSyntax, _ syntax: TypeSyntax, _ constraints: ConstraintsSyntax?, _ prepared: PreparationSyntax?, _ text: String
    ) {
        guard frame.kind == .network, declareSizes(of: syntax, constraints?.conditions ?? []), let type = type(syntax) else {
            return bind(name, .poison)
        }
        documentation[name.text] = text
        if builder.graph.nodes.contains(where: { $0.inputName == name.text }) {
            report("the input `\(name.text)` is declared twice", at: name.span, help: "rename one of them")
            return bind(name, .poison)
        }
        let preparation = prepared.flatMap { self.preparation($0, of: type) }
        bind(
            name,
            .tensor(
                builder.input(
                    name.text, type, span: name.span.joined(to: syntax.span), preparation: preparation)))
    }

    private func output(_ name: NameSyntax, _ labels: LabelFileSyntax?, _ value: ElaboratedValue, _ span: Span, _ text: String) {
        // Also what an `if` or `for` gives can be used by the training.
        defer { frame.scopes[0][name.text] = Binding(value: value, span: name.span) }
        observe(value, at: name.span)
        guard frame.kind == .network, !value.isPoison else { return }
        guard case .tensor(let tensor) = value else {
            report("an output must be a tensor, not \(phrase(value))", at: span)
            return
        }
        if builder.graph.outputs.contains(where: { $0.name == name.text }) {
            report("the output `\(name.text)` is given twice", at: name.span, help: "rename one of them")
            return
        }
        documentation[name.text] = text
        builder.output(name.text, tensor)
        if let labels { label(name, tensor, with: labels) }
    }

    /// Notes what the classes of an output are called. Where there are as many names as by default, but the network was given another number of
    /// classes, they are left out.
    private func label(_ name: NameSyntax, _ tensor: Value, with file: LabelFileSyntax) {
        guard let source = map[file.span.file],
            case let labels?? = names.classLabels[SourcePath.target(of: file.path, from: source.name)]
        else { return }
        let count = labels.names.count
        let isOfClasses = builder.graph[tensor].operation == .argmax
        guard isOfClasses || builder.graph.classCount(of: tensor) != nil else {
            report(
                "`\(name.text)`, \(builder.type(of: tensor)), has no number of classes", at: file.keyword,
                help: "an output with labels is [N, classes, …], or made by `argmax`")
            return
        }
        if let classes = builder.graph.classCount(of: tensor), classes != count {
            switch labelMismatch {
            case .isError:
                report(
                    "`\(file.path)` names \(count) classes, but `\(name.text)` has \(classes)", at: file.span,
                    help: "name as many, in the order of the scores")
            case .isNoted:
                remark("`\(file.path)` names \(count) classes, and is left out: `\(name.text)` has \(classes)", at: file.span)
            case .isExpected: break
            }
            return
        }
        builder.setClassLabels(labels.names, of: name.text)
    }

    /// The extent that a symbol at an axis stands for; reports why there is none.
    private func symbol(_ name: String, axis: Int, at span: Span) -> Dimension? {
        if axis > 0 { return sizeSymbols[name].map { .size(SizeExpression($0)) } }
        if let (other, place) = batchSymbol, other != name {
            report(
                "the batch is called both `\(other)` and `\(name)`", at: span,
                secondary: [Diagnostic.Label(place, "`\(other)` here")], help: "all inputs have the same batch: write `\(other)`")
            return nil
        }
        if sizeSymbols[name] != nil {
            report(
                "`\(name)` is a size, and cannot be the batch too", at: span,
                help: "give the batch, the first extent, a name of its own, such as `N`")
            return nil
        }
        batchSymbol = batchSymbol ?? (name, span)
        return .symbol(name)
    }

    /// The type that the syntax stands for, nil if it is wrong.
    func type(_ syntax: TypeSyntax) -> TensorType? {
        var dimensions: [Dimension] = []
        for expression in syntax.dimensions {
            if case .name(let name) = expression.kind, name.isSymbol, lookUp(name) == nil || dimensions.isEmpty && sizeSymbols[name] != nil
            {
                guard let dimension = symbol(name, axis: dimensions.count, at: expression.span) else { return nil }
                dimensions.append(dimension)
                continue
            }
            let value = evaluate(expression)
            if case .size(let size) = value, let whole = size.whole {
                dimensions.append(Dimension(whole))
                continue
            }
            guard case .integer(let extent) = value else {
                if !value.isPoison { report("an extent must be an integer, not \(phrase(value))", at: expression.span) }
                return nil
            }
            guard (1...Self.maximumInteger).contains(extent) else {
                report("an extent cannot be \(extent)", at: expression.span, help: "extents lie between 1 and \(Self.maximumInteger)")
                return nil
            }
            dimensions.append(.fixed(extent))
        }
        guard let element = ElementType(rawValue: syntax.element.text) else { return nil }
        let type = TensorType(element, Shape(dimensions))
        guard type.isReasonable else {
            report("a tensor \(type) is too large", at: syntax.span, help: "\(TensorType.maximumElements) elements are the limit")
            return nil
        }
        return type
    }
}
