import Graph
import Source

extension Elaborator {
    func evaluate(_ expression: ExpressionSyntax, allowsNothing: Bool = false) -> ElaboratedValue {
        nested(at: expression.span) {
            let value = observing(at: expression.span) { self.value(of: expression) }
            // A `return` within ends the block.
            if frame.returned != nil { return .poison }
            if case .nothing = value, !allowsNothing {
                return report(
                    "this gives no value", at: expression.span,
                    help: "an `if` used as a value needs an `else`, and a value at the end of every branch")
            }
            return value
        }
    }

    private func value(of expression: ExpressionSyntax) -> ElaboratedValue {
        switch expression.kind {
        case .integer(let value): return .integer(value)
        case .number(let value): return .number(value)
        case .boolean(let value): return .boolean(value)
        case .text(let value): return .text(value)
        case .formatted(let parts): return text(of: parts, at: expression.span)
        case .name(let name):
            if let value = lookUp(name) { return value }
            if names.lacksImports || names.refused.contains(name) { return .poison }
            if let callable = names.callable(name) { return .callable(callable) }
            if let constant = LanguageConstant(rawValue: name) { return value(of: constant) }
            return report("`\(name)` does not exist here", at: expression.span, help: "with these arguments the network does not make it")
        case .tuple(let items): return .tuple(items.map { evaluate($0) })
        case .list(let items): return .list(items.map { evaluate($0) })
        case .comprehension(let pattern, let sequence, let body): return comprehension(pattern, sequence, body)
        case .unary(let operation, let operand): return unary(operation, evaluate(operand), operand.span, at: expression.span)
        case .binary(let operation, let left, let right, let mark): return binary(operation, left, right, mark, at: expression.span)
        case .call(let name, let arguments):
            let values = arguments.map { EvaluatedArgument(name: $0.name, value: evaluate($0.value), span: $0.value.span) }
            if let application = application(of: name, values) { return .application(application) }
            return call(name, values, label: nil, at: expression.span)
        case .pipeline(let head, let steps): return pipeline(head, steps)
        case .member(let value, let name): return member(evaluate(value), name, value.span)
        case .index(let value, let index): return self.index(evaluate(value), evaluate(index), value.span, index.span)
        case .conditional(let branches, let otherwise): return conditional(branches, otherwise)
        case .invalid: return .poison
        }
    }

    private func value(of constant: LanguageConstant) -> ElaboratedValue {
        switch constant {
        case .pi: .number(.pi)
        case .none: .absent
        }
    }

    /// A loop over the branches, since a chain of `else if` may be of any length.
    private func conditional(_ branches: [(condition: ExpressionSyntax, body: BodySyntax)], _ otherwise: BodySyntax?) -> ElaboratedValue {
        // The branches that each element decides on.
        var open: [(condition: Condition, value: ElaboratedValue, test: Span, body: Span)] = []
        var last: ElaboratedValue?
        for (test, body) in branches {
            let condition = evaluate(test)
            switch condition {
            case .boolean(true): last = run(body)
            case .boolean(false): continue
            case .condition(let condition):
                guard depth + open.count < Self.maximumDepth else {
                    return report("calls and expressions nest too deeply", at: test.span, help: "\(Self.maximumDepth) levels are the limit")
                }
                open.append((condition, run(body), test.span, body.span))
                continue
            case .poison: last = .poison
            case .tensor:
                last = report(
                    "a condition must be known while the network is built, and \(phrase(condition)) is not", at: test.span,
                    help: "`if` chooses between networks; `where(condition, a, b)` chooses between elements")
            default: last = report("a condition must be true or false, not \(phrase(condition))", at: test.span)
            }
            break
        }
        let value = last ?? otherwise.map { run($0) } ?? .nothing
        return open.reversed().reduce(value) { select($1.condition, $1.value, $0, $1.test, $1.body) }
    }

    private func select(_ condition: Condition, _ then: ElaboratedValue, _ otherwise: ElaboratedValue, _ test: Span, _ body: Span)
        -> ElaboratedValue
    {
        if then.isPoison || otherwise.isPoison { return .poison }
        guard let a = then.asScalar, let b = otherwise.asScalar else {
            return report(
                "both branches must give a number for each element", at: body,
                secondary: [Diagnostic.Label(test, "decided for each element")],
                help: "write `if … { … } else { … }` with a number at the end of each")
        }
        return scalar(condition.select(then: a, otherwise: b), at: test)
    }

    private func member(_ value: ElaboratedValue, _ name: NameSyntax, _ span: Span) -> ElaboratedValue {
        switch (value, name.text) {
        case (.poison, _): return .poison
        case (.list(let items), "count"), (.tuple(let items), "count"): return .integer(items.count)
        case (.tensor(let tensor), "rank"): return .integer(builder.type(of: tensor).rank)
        case (.tensor(let tensor), let property) where ["channels", "height", "width", "length", "depth", "last"].contains(property):
            let type = builder.type(of: tensor)
            guard let axis = axis(property, rank: type.rank) else {
                return report(
                    "\(type) has no \(property == "last" ? "axis behind the batch" : property)", at: name.span,
                    help:
                        "signals are [N, channels, length], images [N, channels, height, width], volumes [N, channels, depth, height, width]"
                )
            }
            return extent(type.shape[axis])
        default: return report("\(phrase(value)) has no `\(name.text)`", at: name.span)
        }
    }

    /// The axis that a property of tensors of a rank is the extent of; nil where there is none.
    private func axis(_ property: String, rank: Int) -> Int? {
        switch (property, rank) {
        case ("channels", 2...): 1
        case ("last", 2...): rank - 1
        case ("length", 3), ("height", 4), ("depth", 5): 2
        case ("width", 4), ("height", 5): 3
        case ("width", 5): 4
        default: nil
        }
    }

    private func index(_ value: ElaboratedValue, _ index: ElaboratedValue, _ span: Span, _ place: Span) -> ElaboratedValue {
        if value.isPoison || index.isPoison { return .poison }
        guard let items = value.items else {
            return report("\(phrase(value)) has no elements to choose from", at: span, help: "lists are written `[64, 128]`")
        }
        guard case .integer(let position) = index else { return report("an index must be an integer, not \(phrase(index))", at: place) }
        guard items.indices.contains(position) else {
            return report("there is no element \(position)", at: place, label: "of \(items.count)", help: "elements count from 0")
        }
        return items[position]
    }
}
