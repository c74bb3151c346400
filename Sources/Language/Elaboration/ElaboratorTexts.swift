import Graph
import Source

/// What is shown of values: in texts, by `print`, and in the messages of `assert`.
extension Elaborator {
    /// `"stage {i}"`
    func text(of parts: [LabelSyntax.Part], at span: Span) -> ElaboratedValue {
        var text = ""
        for part in parts {
            switch part {
            case .text(let verbatim): text += verbatim
            case .computed(let expression):
                let value = evaluate(expression)
                if value.isPoison { return .poison }
                text += shown(value)
            }
            guard text.utf8.count <= ElaboratedValue.maximumCount else { return report("this text is too long", at: span) }
        }
        return takeStep(at: span, making: text.utf8.count) ? .text(text) : .poison
    }

    /// A value as text: texts and numbers as they are, tensors by their types.
    private func shown(_ value: ElaboratedValue, depth: Int = 0) -> String {
        switch value {
        case .text(let text): return depth == 0 ? text : text.debugDescription
        case .tensor(let tensor): return "\(builder.type(of: tensor))"
        case .size(let size): return "\(size)"
        case .list(let items), .tuple(let items):
            guard depth < 4 else { return "…" }
            let shown = items.prefix(64).map { self.shown($0, depth: depth + 1) } + (items.count > 64 ? ["…"] : [])
            let all = shown.joined(separator: ", ")
            if case .list = value { return "[\(all)]" }
            return "(\(all))"
        default: return value.constantText ?? phrase(value)
        }
    }

    /// `print("width", x)`: writes what it is given and gives its first argument back.
    func printed(_ arguments: [EvaluatedArgument], of name: NameSyntax) -> ElaboratedValue {
        if let named = arguments.first(where: { $0.name != nil }), let argument = named.name {
            return report("`print` takes values without names", at: argument.span, help: "write `print(\"\(argument.text)\", …)`")
        }
        if arguments.contains(where: { $0.value.isPoison }) { return .poison }
        let line = arguments.map { shown($0.value) }.joined(separator: " ")
        guard takeStep(at: name.span, making: line.utf8.count) else { return .poison }
        if printsValues { names.print(line) }
        return arguments.first?.value ?? .nothing
    }

    /// `assert condition, "message"`: an error with the message where the condition does not hold; of sizes, once they are known.
    func check(_ condition: ExpressionSyntax, _ message: ExpressionSyntax?) {
        let value = asserted(condition, message)
        // What follows in a block relies on it.
        defer { if frame.kind == .block, case .boolean(false) = value { frame.returned = frame.returned ?? .poison } }
        switch value {
        case .poison, .boolean(true): return
        case .boolean(false): break
        default:
            report(
                "what is asserted must be true or false, not \(phrase(value))", at: condition.span,
                help: "write `assert x.channels % 2 == 0, \"the channels, {x.channels}, are odd\"`")
            return
        }
        guard let message else {
            report("this does not hold", at: condition.span, help: "say what is wrong: `assert condition, \"message\"`")
            return
        }
        let text = evaluate(message)
        if text.isPoison { return }
        report("asserted: \(shown(text))", at: condition.span, label: "does not hold")
    }

    /// The value of a condition; what it says of sizes is noted, and counts as true.
    private func asserted(_ condition: ExpressionSyntax, _ message: ExpressionSyntax?) -> ElaboratedValue {
        guard case .binary(let operation, let left, let right, let mark) = condition.kind else { return evaluate(condition) }
        if operation == .and {
            let first = asserted(left, message)
            guard case .boolean(true) = first else { return first }
            return asserted(right, message)
        }
        guard SizeConstraint.Comparison(rawValue: operation.rawValue) != nil else { return evaluate(condition) }
        let (a, b) = (evaluate(left), evaluate(right))
        guard var constraint = assertion(operation, a, b, at: condition.span) else {
            return combined(operation, (a, left.span), (b, right.span), mark, at: condition.span)
        }
        if let settled = constraint.isSettled { return .boolean(settled) }
        guard !constraint.isUnbounded else { return reportUnboundedSize(at: mark) }
        // What is asserted is checked and no more: with a message of its own it is told apart from what shapes make use of.
        let text = message.map { evaluate($0) } ?? .text(map.text(of: condition.span) ?? "\(constraint)")
        if text.isPoison { return .poison }
        constraint.message = shown(text)
        builder.addConstraint(constraint.forgettingMultiples)
        return .boolean(true)
    }
}
