import Graph
import Operators
import Source

extension Elaborator {
    func pipeline(_ head: ExpressionSyntax, _ steps: [PipelineStepSyntax]) -> ElaboratedValue {
        var value = evaluate(head)
        var span = head.span
        for step in steps {
            let inputs: [EvaluatedArgument]
            if case .tuple(let items) = value {
                inputs = items.map { EvaluatedArgument(name: nil, value: $0, span: span) }
            } else {
                inputs = [EvaluatedArgument(name: nil, value: value, span: span)]
            }
            let given = step.arguments.map { EvaluatedArgument(name: $0.name, value: evaluate($0.value), span: $0.value.span) }
            let label = step.label.map { self.label($0) }
            if case .some(.some(let label)) = label { labels.append((path + [label]).joined(separator: ".")) }
            if case .some(.none) = label {
                value = .poison
            } else {
                let place = step.callee.span.joined(to: step.span.end)
                value = nested(at: step.span) {
                    observing(at: step.span) {
                        use(label ?? nil, share: step.share, at: step.span) {
                            call(step.callee, inputs + given, label: label ?? nil, at: place)
                        }
                    }
                }
            }
            span = step.span
        }
        return value
    }

    /// The label's text, nil if a computed part is wrong.
    func label(_ syntax: LabelSyntax) -> String? {
        var parts: [String] = []
        for part in syntax.parts {
            switch part {
            case .text(let text): parts.append(text)
            case .computed(let expression):
                switch evaluate(expression) {
                case .integer(let value): parts.append("\(value)")
                case .text(let text) where !text.isEmpty && text.utf8.count <= 256: parts.append(text)
                case .poison: return nil
                case let value:
                    report("a part of a label must be an integer or a short text, not \(phrase(value))", at: expression.span)
                    return nil
                }
            }
        }
        return parts.joined()
    }

    func call(_ name: NameSyntax, _ arguments: [EvaluatedArgument], label: String?, at span: Span) -> ElaboratedValue {
        let callable: Callable
        let local = lookUp(name.text)
        if case .application(let application)? = local {
            return call(application.callable, name, application.giving(arguments).given, label: label, at: span)
        } else if case .callable(let found)? = local {
            callable = found
        } else if local == nil, names.refused.contains(name.text) {
            return .poison
        } else if let found = names.callable(name.text) {
            callable = found
        } else if let local {
            return local.isPoison
                ? .poison : report("\(phrase(local)) cannot be called", at: name.span, label: "`\(name.text)` is \(phrase(local))")
        } else {
            return .poison
        }
        return call(callable, name, arguments, label: label, at: span)
    }

    private func call(_ callable: Callable, _ name: NameSyntax, _ arguments: [EvaluatedArgument], label: String?, at span: Span)
        -> ElaboratedValue
    {
        switch callable {
        case .block(let block): return call(block, name, arguments, label: label, at: span)
        case .activation(let activation): return call(activation, name, arguments, label: label, at: span)
        case .foreign(let definition): return call(definition, name, arguments, label: label, at: span)
        case .builtin(let builtin): return call(builtin, name, arguments, label: label, at: span)
        case .operation(let operation): return call(operation, name, arguments, label: label, at: span)
        case .function(let function): return call(function, name, arguments, at: span)
        }
    }

    /// Binds parameters in a new frame: arguments as given, defaults evaluated in order, so that they may use earlier parameters.
    func enter(_ kind: Frame.Kind, _ parameters: [ParameterSyntax], _ matched: [EvaluatedArgument?]) {
        frame = Frame(kind: kind)
        for (parameter, argument) in zip(parameters, matched) {
            bind(parameter.name, argument?.value ?? parameter.defaultValue.map { evaluate($0) } ?? .poison)
        }
    }

    private func refuseRecursion(_ name: NameSyntax) -> Bool {
        guard calls.contains(where: { $0.name == name.text }) else { return false }
        let chain = (calls.map(\.name) + [name.text]).drop { $0 != name.text }.map { "`\($0)`" }.joined(separator: " calls ")
        report(
            "`\(name.text)` calls itself", at: name.span, notes: chain.split(separator: " calls ").count > 2 ? [chain] : [],
            help: "repeat with `for` instead")
        return true
    }

    private func call(_ block: BlockSyntax, _ name: NameSyntax, _ arguments: [EvaluatedArgument], label: String?, at span: Span)
        -> ElaboratedValue
    {
        let called = NameSyntax(text: block.name.text, span: name.span)
        if refuseRecursion(called) { return .poison }
        let formals = block.parameters.map { FormalParameter(name: $0.name.text, isRequired: $0.defaultValue == nil, span: $0.name.span) }
        guard let matched = match(arguments, to: formals, of: called, at: span) else { return .poison }
        let (outerFrame, outerPath) = (frame, path)
        defer { (frame, path) = (outerFrame, outerPath) }
        if let label {
            path.append(label)
            if sharing == nil { blocks[path.joined(separator: ".")] = called.text }
        }
        calls.append(Call(name: called.text, span: name.span))
        let outerCalls = builder.currentCalls
        builder.currentCalls = outerCalls.calling(at: name.span)
        defer {
            calls.removeLast()
            builder.currentCalls = outerCalls
        }
        enter(.block, block.parameters, matched)
        frame.firstLabel = labels.count
        let result = run(block.body)
        let value = frame.returned ?? result
        applyPrecisions(isLabelled: label != nil)
        if case .nothing = value {
            return report("`\(called.text)` has no value", at: block.name.span, help: "end the block with the value")
        }
        return value
    }
}

// MARK: - Activations and functions

extension Elaborator {
    private func call(_ activation: ActivationSyntax, _ name: NameSyntax, _ arguments: [EvaluatedArgument], label: String?, at span: Span)
        -> ElaboratedValue
    {
        let called = NameSyntax(text: activation.name.text, span: name.span)
        let parameters = activation.parameters
        let formals = parameters.map { FormalParameter(name: $0.name.text, isRequired: $0.defaultValue == nil, span: $0.name.span) }
        guard var matched = match(arguments, to: formals, of: called, at: span) else { return .poison }
        if matched.contains(where: { $0?.value.isPoison == true }) { return .poison }
        let elements = parameters.indices.filter { parameters[$0].defaultValue == nil }
        var tensors: [Value] = []
        if elements.contains(where: { if case .tensor? = matched[$0]?.value { true } else { false } }) {
            for (position, index) in elements.enumerated() {
                guard let argument = matched[index] else { continue }
                if case .tensor(let tensor) = argument.value {
                    tensors.append(tensor)
                } else if argument.value.asNumber != nil || argument.value.isSize {
                    guard let tensor = operand(argument.value, at: argument.span) else { return .poison }
                    tensors.append(tensor)
                } else {
                    return report("`\(called.text)` takes tensors, not \(phrase(argument.value))", at: argument.span)
                }
                matched[index]?.value = .scalar(.argument(position))
            }
        }
        for (index, argument) in matched.enumerated() {
            guard let argument, argument.value.asScalar == nil else { continue }
            if case .boolean = argument.value, !elements.contains(index) { continue }
            return report("`\(formals[index].name)` must be a number, not \(phrase(argument.value))", at: argument.span)
        }
        guard let body = formula(activation, called, matched) else { return .poison }
        guard !tensors.isEmpty else {
            if elements.allSatisfy({ matched[$0]?.value.asNumber != nil }), body.arity == 0 {
                let value = body.evaluate([])
                return value.isFinite ? .number(value) : report("the result is not a finite number", at: span)
            }
            return scalar(body, at: span)
        }
        let function = ScalarFunction(called.text, elements.map { parameters[$0].name.text }, body)
        let places = CallPlaces(whole: span, callee: name.span, operands: elements.compactMap { matched[$0]?.span })
        return append(.map, tensors, ["function": .function(function)], label: label, at: places, name: called.text)
    }

    /// The activation's formula with its parameters bound; constants are computed.
    private func formula(_ activation: ActivationSyntax, _ name: NameSyntax, _ matched: [EvaluatedArgument?]) -> Scalar? {
        if refuseRecursion(name) { return nil }
        let outer = frame
        calls.append(Call(name: name.text, span: name.span))
        defer {
            frame = outer
            calls.removeLast()
        }
        enter(.activation, activation.parameters, matched)
        if let foreign = activation.foreign { return formula(foreign, activation.parameters) }
        let value = evaluate(activation.body)
        if let body = value.asScalar { return body }
        if !value.isPoison { report("an activation must give a number, not \(phrase(value))", at: activation.body.span) }
        return nil
    }

    /// The formula of a function of another language, whose parameters are bound in the frame.
    private func formula(_ foreign: any ForeignFunction, _ parameters: [ParameterSyntax]) -> Scalar? {
        var arguments: [Scalar] = []
        for parameter in parameters {
            switch lookUp(parameter.name.text) {
            case .boolean(let value): arguments.append(.constant(value ? 1 : 0))
            case let value:
                guard let scalar = value?.asScalar else { return nil }
                arguments.append(scalar)
            }
        }
        do throws(ForeignProblem) {
            return try foreign.expression(of: arguments)
        } catch {
            report(error.message, at: error.span, help: error.help)
            return nil
        }
    }

    private func call(_ builtin: Builtin, _ name: NameSyntax, _ arguments: [EvaluatedArgument], label: String?, at span: Span)
        -> ElaboratedValue
    {
        let called = NameSyntax(text: builtin.name, span: name.span)
        let formals = builtin.parameters.map { FormalParameter(name: $0, isRequired: true) }
        guard let matched = match(arguments, to: formals, of: called, at: span)?.compactMap({ $0 }) else { return .poison }
        if matched.contains(where: { $0.value.isPoison }) { return .poison }
        if matched.contains(where: { if case .tensor = $0.value { true } else { false } }) {
            var tensors: [Value] = []
            for argument in matched {
                if case .tensor(let tensor) = argument.value {
                    tensors.append(tensor)
                } else if argument.value.asNumber != nil || argument.value.isSize {
                    guard let tensor = operand(argument.value, at: argument.span) else { return .poison }
                    tensors.append(tensor)
                } else {
                    return report("`\(called.text)` takes tensors and numbers, not \(phrase(argument.value))", at: argument.span)
                }
            }
            let row = catalog[builtin.name] ?? .map
            let attributes: Attributes = row == .map ? ["function": .function(builtin.function)] : [:]
            let places = CallPlaces(whole: span, callee: name.span, operands: matched.map(\.span))
            return append(row, tensors, attributes, label: label, at: places, name: called.text)
        }
        if matched.count == 1, case .size(let size) = matched[0].value, let rounded = size.rounded(by: builtin.name) {
            return self.size(rounded, at: span)
        }
        var scalars: [Scalar] = []
        for argument in matched {
            guard let scalar = argument.value.asScalar else {
                return report(
                    "`\(called.text)` takes numbers, not \(phrase(argument.value))", at: argument.span,
                    help: argument.value.isSize ? sizeHelp : nil)
            }
            scalars.append(scalar)
        }
        let result = builtin.formula(scalars)
        guard matched.allSatisfy({ $0.value.asNumber != nil }) else { return scalar(result, at: span) }
        let number = result.evaluate([])
        let isInteger =
            builtin.givesInteger
            || builtin.keepsIntegers && number == number.rounded()
                && matched.allSatisfy { if case .integer = $0.value { true } else { false } }
        guard number.isFinite, !isInteger || abs(number) < 0x1p53 else {
            return report("the result is not a finite number, or too large", at: span)
        }
        return isInteger ? .integer(Int(number)) : .number(number)
    }

    /// The scalar function that a callable stands for as an argument of an operator, nil after a report.
    func function(_ callable: Callable, _ given: [EvaluatedArgument] = [], at span: Span) -> ScalarFunction? {
        switch callable {
        case .builtin(let builtin): return builtin.function
        case .activation(let activation):
            let elements = activation.parameters.indices.filter { activation.parameters[$0].defaultValue == nil }
            let arguments = activation.parameters.indices.map { index in
                elements.firstIndex(of: index).map { EvaluatedArgument(name: nil, value: .scalar(.argument($0)), span: span) }
                    ?? given.first { $0.name?.text == activation.parameters[index].name.text }
            }
            return formula(activation, NameSyntax(text: activation.name.text, span: span), arguments)
                .map { ScalarFunction(activation.name.text, elements.map { activation.parameters[$0].name.text }, $0) }
        case .block, .operation, .foreign, .function:
            report("\(callable.phrase) is no scalar function", at: span, help: "give the name of an activation")
            return nil
        }
    }
}
