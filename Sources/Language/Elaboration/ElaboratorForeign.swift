import Graph
import Operators
import Source

/// Operators that are functions of another language over arrays.
extension Elaborator {
    func call(
        _ definition: OperatorSyntax, _ name: NameSyntax, _ arguments: [EvaluatedArgument], label: String?, at span: Span
    ) -> ElaboratedValue {
        let called = NameSyntax(text: definition.name.text, span: name.span)
        let formals = definition.parameters.map { FormalParameter(name: $0.name.text, isRequired: $0.type != nil, span: $0.name.span) }
        guard let code = definition.code, let matched = match(arguments, to: formals, of: called, at: span),
            !matched.contains(where: { $0?.value.isPoison == true })
        else { return .poison }
        var (tensors, places): ([Value], [Span]) = ([], [])
        for (parameter, argument) in zip(definition.parameters, matched) where parameter.type != nil {
            guard let argument else { return .poison }
            guard case .tensor(let tensor) = argument.value else {
                let isList = argument.value.items != nil
                return report(
                    "`\(called.text)` takes a tensor as `\(parameter.name.text)`, not \(phrase(argument.value))", at: argument.span,
                    help: isList ? "write `tensor([…])`" : nil)
            }
            tensors.append(tensor)
            places.append(argument.span)
        }
        let outer = frame
        enter(.activation, definition.parameters, matched)
        let numbers = self.numbers(of: definition, code, matched, called: name.span)
        let rule = numbers == nil ? nil : self.rule(of: definition)
        frame = outer
        guard let numbers, let rule else { return .poison }
        let attributes: Attributes = [
            "rule": .text("\(rule)"), "function": .text(definition.function.text), "numbers": .text(numbers.joined(separator: ", ")),
            "gradient": .text(definition.gradient?.text ?? ""), "source": .text(code.source),
        ]
        return append(
            .foreign, tensors, attributes, label: label, at: CallPlaces(whole: span, callee: name.span, operands: places), name: called.text
        )
    }

    /// The numbers as C writes them, which are bound in the frame; nil after a report.
    private func numbers(
        of definition: OperatorSyntax, _ code: ForeignCode, _ matched: [EvaluatedArgument?], called: Span
    ) -> [String]? {
        var numbers: [String] = []
        for (parameter, argument) in zip(definition.parameters, matched) where parameter.type == nil {
            let place = argument?.span ?? parameter.defaultValue?.span ?? called
            let value = lookUp(parameter.name.text) ?? .poison
            if value.isPoison { return nil }
            if code.integers.contains(parameter.name.text) {
                guard case .integer(let integer) = value, Int32(exactly: integer) != nil else {
                    let given = value.asNumber == nil ? phrase(value) : value.constantText ?? phrase(value)
                    let isWhole = value.asNumber.flatMap { Int32(exactly: $0) } != nil
                    report(
                        "`\(parameter.name.text)` must be an integer of 32 bits, not \(given)", at: place,
                        help: isWhole
                            ? "the C function takes an `int`: leave out the decimal point, or make it a `float` there"
                            : "the C function takes an `int`")
                    return nil
                }
                numbers.append("\(integer)")
                continue
            }
            guard let number = value.asNumber, Float(number).isFinite else {
                let given = value.asNumber == nil ? phrase(value) : value.constantText ?? phrase(value)
                report(
                    "`\(parameter.name.text)` must be a number of f32, not \(given)", at: place,
                    help: value.asNumber == nil ? nil : "f32 goes up to \(Float.greatestFiniteMagnitude)")
                return nil
            }
            numbers.append("\(Float(number))f")
        }
        return numbers
    }

    /// What the definition's types say of shapes, its numbers bound in the frame; nil after a report.
    private func rule(of definition: OperatorSyntax) -> ForeignRule? {
        let inputs = definition.inputs
        for dimension in inputs.compactMap(\.type).flatMap(\.dimensions) {
            guard case .name(let name) = dimension.kind, name.isSymbol, lookUp(name) == nil else { continue }
            bind(NameSyntax(text: name, span: dimension.span), SizeQuotient(SizeExpression(SizeSymbol(name))).value)
        }
        var shapes: [Shape] = []
        for type in inputs.compactMap(\.type) + [definition.result] {
            var dimensions: [Dimension] = []
            for dimension in type.dimensions {
                switch evaluate(dimension) {
                case .size(let size) where size.whole != nil: dimensions.append(Dimension(size.whole ?? SizeExpression(0)))
                case .integer(let extent) where (1...Self.maximumInteger).contains(extent): dimensions.append(.fixed(extent))
                case .poison: return nil
                case .integer(let extent) where extent > 0:
                    report("\(extent) is too large", at: dimension.span, help: "integers here go up to \(Self.maximumInteger)")
                    return nil
                case let value:
                    report(
                        "an extent must be a positive integer, not \(phrase(value))", at: dimension.span,
                        help: value.isSize ? "round it with `floor`" : nil)
                    return nil
                }
            }
            shapes.append(Shape(dimensions))
        }
        guard let result = shapes.popLast() else { return nil }
        do throws(TypeError) {
            return try ForeignRule(zip(inputs, shapes).map { ForeignRule.Input($0.name.text, $1) }, gives: [result])
        } catch {
            let place = error.operand.flatMap { inputs.indices.contains($0) ? inputs[$0].type?.span : nil } ?? definition.result.span
            report(error.message.replacingQuotes(), at: place, help: error.repair?.replacingQuotes())
            return nil
        }
    }
}
