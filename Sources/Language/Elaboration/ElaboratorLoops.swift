import Source

/// What goes through the elements of a range or list.
extension Elaborator {
    func loop(_ pattern: PatternSyntax, _ sequence: ExpressionSyntax, _ body: BodySyntax) {
        forEach(pattern, in: sequence, body) {
            guard takeStep(at: body.span) else { return false }
            _ = run(body)
            return true
        }
    }

    /// `[for i in 0..<5 { exp(-i * i) }]`: the list of what the body gives for each element.
    func comprehension(_ pattern: PatternSyntax, _ sequence: ExpressionSyntax, _ body: BodySyntax) -> ElaboratedValue {
        var values: [ElaboratedValue] = []
        comprehensions += 1
        defer { comprehensions -= 1 }
        let isWhole = forEach(pattern, in: sequence, body) {
            guard takeElementStep(at: body.span) else { return false }
            let value = run(body)
            if case .nothing = value {
                report("the body of this list gives no value", at: body.span, help: "end it with the element: `[for i in 0..<3 { i * i }]`")
                return false
            }
            values.append(value)
            return !value.isPoison
        }
        return isWhole ? .list(values) : .poison
    }

    /// Runs `round` with the pattern bound to each element, until it returns false; false then, and where there is nothing to go through.
    @discardableResult
    private func forEach(_ pattern: PatternSyntax, in sequence: ExpressionSyntax, _ body: BodySyntax, _ round: () -> Bool) -> Bool {
        let values = evaluate(sequence)
        guard let items = values.items else {
            if !values.isPoison {
                report(
                    "`for` cannot go through \(phrase(values))", at: sequence.span,
                    help: "go through a range or a list: `for i in 0..<3 { … }`")
            }
            return false
        }
        loops.append(pattern.names.first ?? NameSyntax(text: "i", span: sequence.span))
        defer { loops.removeLast() }
        for item in items {
            frame.scopes.append([:])
            defer { frame.scopes.removeLast() }
            bind(pattern, item, from: sequence.span)
            guard round(), frame.returned == nil else { return false }
        }
        return true
    }
}
