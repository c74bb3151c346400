import Graph
import Source

/// Forms with numbers, such as optimizers and initializers, as clauses and parameters name them.
extension Elaborator {
    /// Reads `name(arguments)` or a bare `name` as a form of its kind.
    func make<Row: Form>(_ expression: ExpressionSyntax, of kind: Row.Type) -> Chosen<Row>? {
        let name: NameSyntax
        let arguments: [ArgumentSyntax]
        switch expression.kind {
        case .invalid: return nil
        case .name(let text): (name, arguments) = (NameSyntax(text: text, span: expression.span), [])
        case .call(let callee, let given): (name, arguments) = (callee, given)
        default:
            report("expected an \(kind.kind)".replacing("an s", with: "a s"), at: expression.span, help: "such as `\(kind.all[0].name)`")
            return nil
        }
        guard let form = kind.named(name.text) else {
            // What another framework calls it stands in its source.
            let foreign = kind.all.first { $0.source.contains("`\(name.text)`") }?.name
            let nearest = foreign ?? Spelling.nearest(to: name.text, in: kind.all.map(\.name))
            report(
                "no \(kind.kind) is called `\(name.text)`", at: name.span,
                help: nearest.map { "did you mean `\($0)`?" } ?? "there are \(kind.all.map(\.name).joined(separator: ", "))")
            return nil
        }
        return choose(form, arguments, name)
    }

    /// A form with the parameters that the arguments give.
    func choose<Row: Form>(_ form: Row, _ arguments: [ArgumentSyntax], _ name: NameSyntax) -> Chosen<Row>? {
        guard let values = values(arguments, of: form.parameters, name) else { return nil }
        let chosen = form(values)
        if let problem = form.problem(chosen.values) {
            report(problem.message, at: name.span, help: problem.repair)
            return nil
        }
        return chosen
    }

    /// The values of parameters that arguments give.
    func values(_ arguments: [ArgumentSyntax], of parameters: [FormParameter], _ name: NameSyntax) -> Attributes? {
        let evaluated = arguments.map { EvaluatedArgument(name: $0.name, value: evaluate($0.value), span: $0.value.span) }
        let formals = parameters.map { FormalParameter(name: $0.name, isRequired: $0.defaultValue == nil && !$0.isOptional) }
        guard let matched = match(evaluated, to: formals, of: name, at: name.span) else { return nil }
        var values = Attributes()
        for (parameter, argument) in zip(parameters, matched) {
            guard let argument else { continue }
            guard let value = parameter.kind == .integers ? integers(argument, parameter) : single(argument, parameter) else { return nil }
            values[parameter.name] = value
        }
        return values
    }

    private func single(_ argument: EvaluatedArgument, _ parameter: FormParameter) -> Attribute? {
        switch (parameter.kind, argument.value) {
        case (_, .poison): return nil
        case (.boolean, .boolean(let value)): return .boolean(value)
        case (.integer, .integer(let value)): return bounded(Double(value), argument.span, parameter) ? .integer(value) : nil
        case (.number, .integer), (.number, .number):
            let value = argument.value.asNumber ?? 0
            return bounded(value, argument.span, parameter) ? .number(value) : nil
        default:
            report("`\(parameter.name)` must be \(parameter.kind.phrase), not \(phrase(argument.value))", at: argument.span)
            return nil
        }
    }

    private func integers(_ argument: EvaluatedArgument, _ parameter: FormParameter) -> Attribute? {
        if argument.value.isPoison || argument.value.items?.contains(where: \.isPoison) == true { return nil }
        let integers = (argument.value.items ?? []).compactMap { item in if case .integer(let value) = item { value } else { nil } }
        guard !integers.isEmpty, integers.count == argument.value.items?.count, zip(integers, integers.dropFirst()).allSatisfy(<) else {
            report(
                "`\(parameter.name)` must be a list of ascending integers", at: argument.span, help: "such as `[30, 60, 90]`")
            return nil
        }
        for value in [integers[0], integers[integers.count - 1]] {
            guard bounded(Double(value), argument.span, parameter) else { return nil }
        }
        return .integers(integers)
    }

    /// Whether a number is within its bounds, which is reported where it is not.
    private func bounded(_ value: Double, _ span: Span, _ parameter: FormParameter) -> Bool {
        if parameter.range.contains(value) { return true }
        let (low, high) = (parameter.range.lowerBound, parameter.range.upperBound)
        let bounds =
            low != .leastNormalMagnitude
            ? "lie between \(low.short) and \(high.short)" : value < low ? "lie above 0" : "be at most \(high.short)"
        report("`\(parameter.name)` must \(bounds)", at: span, label: "is \(value.short)")
        return false
    }
}

extension Double {
    /// The number without a needless fraction.
    fileprivate var short: String { self == rounded() && abs(self) < 1e15 ? "\(Int(self))" : "\(self)" }
}
