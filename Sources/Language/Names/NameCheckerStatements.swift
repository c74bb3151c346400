import Graph
import Source

/// Names in statements: what they bind and what they read.
extension NameChecker {
    mutating func check(_ body: BodySyntax) {
        scoped { checker in
            for statement in body.statements { checker.check(statement) }
            if let result = body.result { checker.check(result) }
            let end = body.statements.firstIndex { if case .returns = $0.kind { true } else { false } }
            if let end, let next = end + 1 < body.statements.count ? body.statements[end + 1].span : body.result?.span {
                checker.diagnostics.append(
                    Diagnostic(
                        "what stands behind `return` is never reached", severity: .warning, at: next,
                        secondary: [Diagnostic.Label(body.statements[end].span, "the body ends here")], help: "remove it"))
            }
        }
    }

    private mutating func check(_ statement: StatementSyntax) {
        switch statement.kind {
        case .bind(let pattern, let value, let isMutable):
            check(value)
            bind(pattern, isMutable: isMutable, mustBeUsed: !value.isInvalid)
        case .assign(let name, let value):
            check(value)
            guard let binding = scopes.binding(of: name.text) else {
                if name.text == "precision" { return value.isPrecision ? () : unknown(name, isCall: false) }
                let nearest = Spelling.nearest(to: name.text, in: scopes.mutableNames)
                report(
                    "`\(name.text)` is not bound yet", at: name.span,
                    help: nearest.map { "did you mean `\($0)`?" } ?? "bind it with `let \(name.text) = …`, or `var` if it changes later")
                return
            }
            refer(name.span, to: binding.span)
            if binding.isState {
                report("`\(name.text)` is a state", at: name.span, help: "write `update \(name.text) = …` for its next value")
            } else if !binding.isMutable {
                report(
                    "`\(name.text)` cannot change", at: name.span, secondary: [Diagnostic.Label(binding.span, "bound here")],
                    help: "bind it with `var \(name.text) = …`")
            }
        case .forEach(let pattern, in: let sequence, let body):
            check(sequence)
            scoped {
                $0.bind(pattern, isMutable: false, mustBeUsed: false)
                $0.check(body)
            }
        case .input(let name, let type, let constraints, let preparation, _):
            check(type)
            for condition in constraints?.conditions ?? [] { check(condition) }
            // What follows `interpolation` is a word of the language, not a name; so with its likes.
            for setting in preparation?.settings ?? []
            where setting.name.flatMap({ PicturePreparation.Setting(rawValue: $0.text) })?.takesWord != true {
                check(setting.value)
            }
            if place != .network {
                report("only a network has inputs", at: statement.span, help: "make `\(name.text)` a parameter of the block")
            }
            bind(name, NameScopes.Binding(span: name.span, mustBeUsed: true))
        case .output(let name, _, let value, _):
            check(value)
            if place != .network {
                report("only a network has outputs", at: statement.span, help: "end the block with its value")
            } else if let other = outputs.updateValue(name.span, forKey: name.text) {
                report(
                    "the output `\(name.text)` is given twice", at: name.span,
                    secondary: [Diagnostic.Label(other, "first given here")], help: "rename one of them")
            }
            bind(name, NameScopes.Binding(span: name.span))
        case .parameter(let role, let name, let type, let value):
            check(element: type.element)
            for dimension in type.dimensions { check(dimension) }
            check(initializer: value)
            bind(name, NameScopes.Binding(span: name.span, isState: role == .state, mustBeUsed: true))
        case .update(let name, let value):
            check(value)
            guard let binding = scopes.binding(of: name.text), binding.isState else {
                let nearest = Spelling.nearest(to: name.text, in: scopes.stateNames)
                return report(
                    "no state is called `\(name.text)`", at: name.span,
                    help: nearest.map { "did you mean `\($0)`?" } ?? "declare it with `state \(name.text): f32[64] = 0`")
            }
            refer(name.span, to: binding.span)
        case .assert(let condition, let message):
            check(condition)
            if let message { check(message) }
        case .returns(let value):
            check(value)
            if place != .block {
                report("only a block returns a value", at: statement.span, help: "a network says `output name = …`")
            }
        case .precision(let labels, let name):
            for label in labels { check(label) }
            check(precision: name, isAlone: labels.isEmpty)
        case .expression(let value):
            check(value)
            if !value.isStatement, !value.isInvalid {
                diagnostics.append(
                    Diagnostic("this value is not used", severity: .warning, at: value.span, help: "bind it with `let name = …`"))
            }
        }
    }

    mutating func check(_ label: LabelSyntax) { for case .computed(let value) in label.parts { check(value) } }

    /// - Parameter isAlone: whether it stands without a label, so that the name may be meant for one.
    private mutating func check(precision name: NameSyntax, isAlone: Bool) {
        guard Precision(rawValue: name.text) == nil else { return }
        let known = "the precisions are " + Precision.allCases.map(\.rawValue).joined(separator: " and ")
        let meant = ForeignSpelling.precisions[name.text] ?? Spelling.nearest(to: name.text, in: Precision.allCases.map(\.rawValue))
        report(
            "no precision is called `\(name.text)`", at: name.span,
            help: meant.map { "did you mean `\($0)`? \(known)" }
                ?? (isAlone ? "\(known); of what has this label, write `precision \(name.text): f32`" : known))
    }

    /// How a parameter begins: a number, or the name of an initializer unless something else is bound to it.
    private mutating func check(initializer value: ExpressionSyntax) {
        let names = InitializerForm.all.map(\.name)
        switch value.kind {
        case .name(let text) where names.contains(text) && scopes.binding(of: text) == nil: break
        case .call(let name, let arguments) where names.contains(name.text) && scopes.binding(of: name.text) == nil:
            for argument in arguments { check(argument.value) }
        case .name(let text): start(NameSyntax(text: text, span: value.span), value)
        case .call(let name, _): start(name, value)
        default: check(value)
        }
    }

    /// A value that a parameter begins with; a name that nothing has is more likely to be an initializer's.
    private mutating func start(_ name: NameSyntax, _ value: ExpressionSyntax) {
        let names = InitializerForm.all.map(\.name)
        let isKnown = scopes.binding(of: name.text) != nil || self.names.callable(name.text) != nil
        guard !isKnown, Spelling.nearest(to: name.text, in: scopes.names) == nil,
            let nearest = Spelling.nearest(to: name.text, in: names)
        else { return check(value) }
        report("no initializer is called `\(name.text)`", at: name.span, help: "did you mean `\(nearest)`?")
    }

    private mutating func check(element: NameSyntax) {
        guard ElementType(rawValue: element.text) == nil else { return }
        let known = ElementType.allCases.map { "`\($0.rawValue)`" }.joined(separator: " and ")
        report("no element type is called `\(element.text)`", at: element.span, help: "the element types are \(known)")
    }

    mutating func check(_ type: TypeSyntax) {
        check(element: type.element)
        for (axis, dimension) in type.dimensions.enumerated() {
            if case .name(let name) = dimension.kind, !use(NameSyntax(text: name, span: dimension.span)), name.isSymbol {
                if axis == 0 { symbols.insert(name) }
                // A size can be computed with, unless it is called like the batch.
                if axis > 0, !symbols.contains(name) {
                    bind(NameSyntax(text: name, span: dimension.span), NameScopes.Binding(span: dimension.span))
                }
                continue
            }
            check(dimension)
        }
    }
}
