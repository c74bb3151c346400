import Graph
import Source

extension Elaborator {
    /// Calls an operator of the catalog: operands first, then its parameters, in the order of its row.
    func call(_ operation: Operator, _ name: Name, _ arguments: [EvaluatedArgument], label: String?, at span: Span) -> ElaboratedValue {
        let called = Name(text: operation.name, span: name.span)
        let inputs = operation.inputs.filter { $0.role == .operand }
        var operands: [EvaluatedArgument]
        var given: [EvaluatedArgument?]
        if inputs.contains(where: \.isVariadic) {
            operands = arguments.filter { $0.name == nil }.flatMap { argument in
                guard let items = argument.value.items else { return [argument] }
                return items.map { EvaluatedArgument(name: nil, value: $0, span: argument.span) }
            }
            let formals = operation.parameters.map { Formal(name: $0.name, isRequired: $0.defaultValue == nil) }
            guard let matched = match(arguments.filter { $0.name != nil }, to: formals, of: called, at: span) else { return .poison }
            given = matched
            if operands.isEmpty { return report("`\(called.text)` needs a tensor", at: name.span, help: operation.summary) }
        } else {
            let formals =
                inputs.map { Formal(name: $0.name, isRequired: true) }
                + operation.parameters.map { Formal(name: $0.name, isRequired: $0.defaultValue == nil) }
            guard let matched = match(arguments, to: formals, of: called, at: span) else { return .poison }
            operands = matched.prefix(inputs.count).compactMap { $0 }
            given = Array(matched.dropFirst(inputs.count))
        }
        let owned = operation.inputs.filter { $0.role != .operand }.map { "`\($0.name)`" }
        if label == nil, !owned.isEmpty {
            return report(
                "`\(called.text)` has parameters, and they need a name", at: name.span, notes: ["it owns \(owned.joined(separator: ", "))"],
                help: "label it: `|> name: \(called.text)(…)`")
        }
        if (operands + given.compactMap { $0 }).contains(where: { $0.value.isPoison }) { return .poison }
        var tensors: [Value] = []
        for operand in operands {
            switch operand.value {
            case .tensor(let tensor): tensors.append(tensor)
            case .integer, .number: tensors.append(builder.constant(operand.value.asNumber ?? 0))
            default: return report("`\(called.text)` takes a tensor here, not \(phrase(operand.value))", at: operand.span)
            }
        }
        var attributes: Attributes = [:]
        var places: [String: Span] = [:]
        for (parameter, argument) in zip(operation.parameters, given) {
            guard let argument else { continue }
            guard let value = attribute(argument, as: parameter) else { return .poison }
            attributes[parameter.name] = value
            places[parameter.name] = argument.span
        }
        return append(
            operation, tensors, attributes, label: label, at: span, places: operands.map(\.span), parameterPlaces: places,
            callee: name.span,
            name: called.text)
    }

    private func attribute(_ argument: EvaluatedArgument, as parameter: OperatorParameter) -> Attribute? {
        let value: Attribute?
        switch argument.value {
        case .integer(let integer):
            guard abs(integer.clamped) < Self.maximumInteger else {
                report("\(integer) is too large", at: argument.span, help: "integers here go up to \(Self.maximumInteger)")
                return nil
            }
            value = .integer(integer)
        case .number(let number): value = .number(number)
        case .boolean(let boolean): value = .boolean(boolean)
        case .text(let text): value = .text(text)
        case .list(let items), .tuple(let items):
            let integers = items.compactMap { item -> Int? in
                if case .integer(let integer) = item, abs(integer.clamped) < Self.maximumInteger { integer } else { nil }
            }
            value = integers.count == items.count ? .integers(integers) : nil
        case .callable(let callable) where parameter.kind == .function:
            guard let function = function(callable, at: argument.span) else { return nil }
            value = .function(function)
        default: value = nil
        }
        if let converted = value.flatMap({ parameter.kind.convert($0) }) { return converted }
        let rounding =
            if case .number = argument.value, parameter.kind != .text { "make it an integer with `floor`, `ceil` or `round`" } else {
                nil as String?
            }
        report(
            "`\(parameter.name)` must be \(parameter.kind.phrase), not \(phrase(argument.value))", at: argument.span,
            help: rounding ?? "\(parameter.name): \(parameter.summary)")
        return nil
    }

    /// Appends an operation with the weights it asks for, or reports why its operands do not fit.
    ///
    /// - Parameters:
    ///   - places: Where each operand is written.
    ///   - parameterPlaces: Where each parameter is written.
    ///   - callee: Where the operator itself is written, the whole `span` if nil.
    ///   - name: What the author calls the operator.
    func append(
        _ operation: Operator, _ operands: [Value], _ attributes: Attributes, label: String?, at span: Span, places: [Span],
        parameterPlaces: [String: Span] = [:], callee: Span? = nil, name: String? = nil
    ) -> ElaboratedValue {
        guard takeStep(at: span) else { return .poison }
        do {
            let complete = try operation.completing(attributes)
            let declarations = try operation.weights(Signature(operands.map { builder.type(of: $0) }, complete))
            let fullLabel = (path + [label ?? name ?? operation.name]).joined(separator: ".")
            guard let weights = weights(declarations, of: operation, label: fullLabel, at: span, callee: callee ?? span) else {
                return .poison
            }
            let value = try builder.append(
                operation, operation.arranged(operands, weights), complete, label: label == nil && path.isEmpty ? nil : fullLabel,
                span: span)
            let type = builder.type(of: value)
            guard type.isReasonable else {
                return report(
                    "the result \(type) is too large", at: callee ?? span, help: "\(TensorType.maximumElements) elements are the limit")
            }
            written[value] = Set(parameterPlaces.keys)
            return .tensor(value)
        } catch {
            return report(error, of: operation, operands, at: span, places, parameterPlaces, callee: callee ?? span)
        }
    }

    /// Creates the parameter tensors of an operation, by input name; nil where a name is taken.
    private func weights(
        _ declarations: [WeightDeclaration], of operation: Operator, label: String, at span: Span, callee: Span
    ) -> [String: Value]? {
        var weights: [String: Value] = [:]
        for declaration in declarations {
            guard let input = operation.inputs.first(where: { $0.name == declaration.name }) else {
                preconditionFailure("'\(operation.name)' declares a weight '\(declaration.name)' that is none of its inputs")
            }
            let name = label + "." + declaration.name
            guard declaration.type.isReasonable else {
                report("the parameter `\(name)`, \(declaration.type), is too large", at: callee)
                return nil
            }
            if let place = parameterPlaces[name] {
                let isSame = place == span
                report(
                    "two parameters are called `\(name)`", at: span,
                    secondary: isSame ? [] : [Diagnostic.Label(place, "the first one is made here")],
                    help: isSame ? "label the block that is called more than once: `|> name: block(…)`" : "give one of them another label")
                return nil
            }
            parameterPlaces[name] = span
            // A recipe chooses for the matrices and kernels; scales, shifts and biases keep what their operator says.
            let chosen = input.role == .weight && declaration.type.rank >= 2 ? initializers[operation.name] : nil
            let role: ParameterRole = input.role == .state ? .state : .weight
            let parameter = Parameter(name, role, chosen ?? declaration.initializer)
            weights[declaration.name] = builder.parameter(parameter, declaration.type, label: label, span: span)
        }
        return weights
    }

    private func report(
        _ error: TypeError, of operation: Operator, _ operands: [Value], at span: Span, _ places: [Span], _ parameterPlaces: [String: Span],
        callee: Span
    ) -> ElaboratedValue {
        let spelling = program.map.text(of: callee) ?? operation.name
        let message = error.message.replacingQuotes().replacing("`\(operation.name)`", with: "`\(spelling)`")
        let notes: [String]
        var help = error.repair?.replacingQuotes()
        var secondary: [Diagnostic.Label] = []
        if operands.count > 1 {
            let branches = BranchReport(
                BranchReport.Context(graph: builder.graph, map: program.map, written: written, path: path), of: operation, operands,
                error.attributes(parameterPlaces))
            notes = branches?.notes ?? []
            help = branches?.help ?? help
            secondary = branches?.labels ?? []
            if secondary.isEmpty, Set(places).count == operands.count {
                secondary = zip(places, operands).map { Diagnostic.Label($0, "\(builder.type(of: $1))") }
            }
        } else {
            notes = []
            secondary = zip(places, operands).filter { $0.0 != callee && !$0.0.isNone }.map {
                Diagnostic.Label($0, "\(builder.type(of: $1))")
            }
        }
        let place = error.parameter.flatMap { parameterPlaces[$0] } ?? callee
        return report(message, at: place, secondary: secondary.filter { $0.span != place }, notes: notes, help: help)
    }
}

extension TypeError {
    /// No attributes matter for how branches differ, except where a parameter itself is at fault: then there is nothing to compare.
    fileprivate func attributes(_ places: [String: Span]) -> Attributes? { parameter.map { places[$0] != nil } == true ? nil : [:] }
}

extension Operator {
    /// Operands and weights in the order of the inputs.
    func arranged(_ operands: [Value], _ weights: [String: Value]) -> [Value] {
        var rest = operands[...]
        var result: [Value] = []
        for input in inputs {
            if input.role == .operand {
                let count = input.isVariadic ? rest.count : min(1, rest.count)
                result += rest.prefix(count)
                rest = rest.dropFirst(count)
            } else if let weight = weights[input.name] {
                result.append(weight)
            }
        }
        return result
    }
}

extension Int {
    /// The value with a magnitude that has a negative.
    fileprivate var clamped: Int { Swift.max(self, -Int.max) }
}

extension String {
    /// Names in the quotes that the language's messages use.
    func replacingQuotes() -> String { String(map { $0 == "'" ? "`" : $0 }) }
}
