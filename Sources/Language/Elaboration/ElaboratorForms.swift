import Graph
import Source

/// Forms with numbers, such as optimizers and initializers, as clauses and parameters name them.
extension Elaborator {
    /// Reads `name(arguments)` or a bare `name` as one of `forms`.
    func make<Made>(_ expression: ExpressionSyntax, of forms: [RecipeForm<Made>], _ kind: String) -> (Made, RecipeValues)? {
        let name: NameSyntax
        let arguments: [ArgumentSyntax]
        switch expression.kind {
        case .invalid: return nil
        case .name(let text): (name, arguments) = (NameSyntax(text: text, span: expression.span), [])
        case .call(let callee, let given): (name, arguments) = (callee, given)
        default:
            report("expected an \(kind)".replacing("an s", with: "a s"), at: expression.span, help: "such as `\(forms[0].name)`")
            return nil
        }
        guard let form = forms.first(where: { $0.name == name.text }) else {
            let nearest = Spelling.nearest(to: name.text, in: forms.map(\.name))
            report(
                "no \(kind) is called `\(name.text)`", at: name.span,
                help: nearest.map { "did you mean `\($0)`?" } ?? "there are \(forms.map(\.name).joined(separator: ", "))")
            return nil
        }
        guard let values = values(arguments, of: form.parameters, name) else { return nil }
        return (form.make(values), values)
    }

    func values(_ arguments: [ArgumentSyntax], of parameters: [RecipeParameter], _ name: NameSyntax) -> RecipeValues? {
        let evaluated = arguments.map { EvaluatedArgument(name: $0.name, value: evaluate($0.value), span: $0.value.span) }
        let formals = parameters.map { FormalParameter(name: $0.name, isRequired: $0.defaultValue == nil && !$0.isOptional) }
        guard let matched = match(evaluated, to: formals, of: name, at: name.span) else { return nil }
        var values = RecipeValues()
        for (parameter, argument) in zip(parameters, matched) {
            guard let argument else {
                if let value = parameter.defaultValue { values.numbers[parameter.name] = value }
                continue
            }
            if parameter.kind == .integers {
                guard let list = integers(argument, parameter) else { return nil }
                values.lists[parameter.name] = list
                continue
            }
            guard let value = number(argument, parameter) else { return nil }
            values.numbers[parameter.name] = value
        }
        return values
    }

    private func number(_ argument: EvaluatedArgument, _ parameter: RecipeParameter) -> Double? {
        switch (parameter.kind, argument.value) {
        case (_, .poison): return nil
        case (.boolean, .boolean(let value)): return value ? 1 : 0
        case (.integer, .integer(let value)): return bounded(Double(value), argument.span, parameter)
        case (.number, .integer), (.number, .number): return bounded(argument.value.asNumber ?? 0, argument.span, parameter)
        default:
            let wanted = parameter.kind == .boolean ? "true or false" : parameter.kind == .integer ? "an integer" : "a number"
            report("`\(parameter.name)` must be \(wanted), not \(phrase(argument.value))", at: argument.span)
            return nil
        }
    }

    private func integers(_ argument: EvaluatedArgument, _ parameter: RecipeParameter) -> [Int]? {
        if argument.value.isPoison || argument.value.items?.contains(where: \.isPoison) == true { return nil }
        let integers = (argument.value.items ?? []).compactMap { item in if case .integer(let value) = item { value } else { nil } }
        guard !integers.isEmpty, integers.count == argument.value.items?.count, zip(integers, integers.dropFirst()).allSatisfy(<) else {
            report(
                "`\(parameter.name)` must be a list of ascending integers", at: argument.span, help: "such as `[30, 60, 90]`")
            return nil
        }
        for value in [integers[0], integers[integers.count - 1]] {
            guard bounded(Double(value), argument.span, parameter) != nil else { return nil }
        }
        return integers
    }

    private func bounded(_ value: Double, _ span: Span, _ parameter: RecipeParameter) -> Double? {
        if parameter.range.contains(value) { return value }
        let (low, high) = (parameter.range.lowerBound, parameter.range.upperBound)
        let bounds =
            low != .leastNormalMagnitude
            ? "lie between \(low.short) and \(high.short)" : value < low ? "lie above 0" : "be at most \(high.short)"
        report("`\(parameter.name)` must \(bounds)", at: span, label: "is \(value.short)")
        return nil
    }
}

extension Double {
    /// The number without a needless fraction.
    fileprivate var short: String { self == rounded() && abs(self) < 1e15 ? "\(Int(self))" : "\(self)" }
}
