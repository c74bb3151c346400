import Graph
import Source

/// Where the parts of a call are written.
struct CallPlaces {
    /// All of it; the node's own place.
    var whole: Span
    /// The name or mark of what is called.
    var callee: Span
    var operands: [Span]
    /// The arguments that are no operands, by name.
    var parameters: [String: Span] = [:]
}

extension Elaborator {
    /// Calls an operator of the catalog: operands first, then its parameters, in the order of its row.
    func call(_ operation: Operator, _ name: NameSyntax, _ arguments: [EvaluatedArgument], label: String?, at span: Span) -> ElaboratedValue
    {
        let called = NameSyntax(text: operation.name, span: name.span)
        guard let (arguments, weights) = partingWeights(arguments, of: operation) else { return .poison }
        let inputs = operation.inputs.filter { $0.role == .operand }
        let parameters = operation.shownParameters
        var operands: [EvaluatedArgument]
        var given: [EvaluatedArgument?]
        if inputs.contains(where: \.isVariadic) {
            operands = arguments.filter { $0.name == nil }.flatMap { argument in
                guard let items = argument.value.items else { return [argument] }
                return items.map { EvaluatedArgument(name: nil, value: $0, span: argument.span) }
            }
            let formals = parameters.map { FormalParameter(name: $0.name, isRequired: $0.defaultValue == nil) }
            guard let matched = match(arguments.filter { $0.name != nil }, to: formals, of: called, at: span) else { return .poison }
            given = matched
            if operands.isEmpty { return report("`\(called.text)` needs a tensor", at: name.span, help: operation.summary) }
        } else {
            let formals =
                inputs.map { FormalParameter(name: $0.name, isRequired: true) }
                + parameters.map { FormalParameter(name: $0.name, isRequired: $0.defaultValue == nil) }
            guard let matched = match(arguments, to: formals, of: called, at: span) else { return .poison }
            operands = matched.prefix(inputs.count).compactMap { $0 }
            given = Array(matched.dropFirst(inputs.count))
        }
        // What is `none` is not given.
        for (index, parameter) in parameters.enumerated() where parameter.defaultValue != nil {
            if case .absent? = given[index]?.value { given[index] = nil }
        }
        let owned = operation.inputs.filter { $0.role != .operand && !weights.has($0) && isPresent($0, of: operation, given) }
            .map { "`\($0.name)`" }
        if label == nil, !owned.isEmpty {
            return report(
                "`\(called.text)` has parameters, and they need a name", at: name.span, notes: ["it owns \(owned.joined(separator: ", "))"],
                help: "label it: `|> name: \(called.text)(…)`")
        }
        // What is wrong with the parameters does not depend on the operands, which may be wrong themselves.
        var attributes: Attributes = [:]
        var places: [String: Span] = [:]
        var isWrong = operands.contains { $0.value.isPoison }
        for (parameter, argument) in zip(parameters, given) {
            guard let argument else { continue }
            guard !argument.value.isPoison, let value = attribute(argument, as: parameter) else {
                isWrong = true
                continue
            }
            attributes[parameter.name] = value
            places[parameter.name] = argument.span
        }
        if isWrong { return .poison }
        var tensors: [Value] = []
        for operand in operands {
            switch operand.value {
            case .tensor(let tensor): tensors.append(tensor)
            case .integer, .number, .list, .size:
                guard let tensor = self.operand(operand.value, at: operand.span) else { return .poison }
                tensors.append(tensor)
            default: return report("`\(called.text)` takes a tensor here, not \(phrase(operand.value))", at: operand.span)
            }
        }
        let all = CallPlaces(whole: span, callee: name.span, operands: operands.map(\.span), parameters: places)
        if let results = operation.results { return append(results, of: operation, tensors, attributes, label: label, at: all) }
        return append(operation, tensors, attributes, weights, label: label, at: all, name: called.text)
    }

    /// Whether the boolean parameter that decides about an input, if there is one, is true.
    private func isPresent(_ input: OperatorInput, of operation: Operator, _ given: [EvaluatedArgument?]) -> Bool {
        guard let index = operation.shownParameters.firstIndex(where: { $0.name == input.condition }) else { return true }
        if case .boolean(let value)? = given[index]?.value { return value }
        return operation.shownParameters[index].defaultValue == .boolean(true)
    }

    /// Appends a node for each result of an operation that has several.
    private func append(
        _ results: OperatorResults, of operation: Operator, _ operands: [Value], _ attributes: Attributes, label: String?,
        at places: CallPlaces
    ) -> ElaboratedValue {
        let count: Int
        do {
            let complete = try operation.completing(attributes)
            let signature = Signature(operands.map { builder.type(of: $0) }, complete)
            _ = try operation.inferType(signature)
            count = try results.count(signature)
        } catch {
            return report(error, of: operation, operands, attributes, at: places)
        }
        var values: [ElaboratedValue] = []
        for number in 0..<count {
            var attributes = attributes
            attributes[results.parameter] = .integer(number)
            let value = append(operation, operands, attributes, label: label, at: places, name: operation.name)
            if value.isPoison { return .poison }
            values.append(value)
        }
        return .tuple(values)
    }

    /// The numbers of a list of numbers and integers; nil where it holds something else.
    private func numbers(_ items: [ElaboratedValue]) -> [Double]? {
        let numbers = items.compactMap { item -> Double? in
            switch item {
            case .integer(let integer): Double(integer)
            case .number(let number): number
            default: nil
            }
        }
        return numbers.count == items.count ? numbers : nil
    }

    private func attribute(_ argument: EvaluatedArgument, as parameter: OperatorParameter) -> Attribute? {
        let value: Attribute?
        switch argument.value {
        case .integer(let integer):
            // A number may be written without a point, however large.
            if parameter.kind == .number { return .number(Double(integer)) }
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
            value =
                if integers.count == items.count {
                    .integers(integers)
                } else if parameter.kind == .numbers {
                    numbers(items).map(Attribute.numbers)
                } else {
                    extents(items).map(Attribute.shape)
                }
        case .size(let size) where size.whole != nil: value = .shape(Shape([Dimension(size.whole ?? SizeExpression(0))]))
        case .callable(let callable) where parameter.kind == .function:
            guard let function = function(callable, at: argument.span) else { return nil }
            value = .function(function)
        case .application(let application) where parameter.kind == .function:
            guard let function = function(application.callable, application.given, at: argument.span) else { return nil }
            value = .function(function)
        default: value = nil
        }
        if let converted = value.flatMap({ parameter.kind.convert($0) }) { return converted }
        if case .text("valid") = argument.value, parameter.kind.words.contains("same") {
            report("`\(parameter.name)` cannot be \"valid\"", at: argument.span, help: "without padding it is `\(parameter.name): 0`")
            return nil
        }
        if case .text(let text) = argument.value, let nearest = Spelling.nearest(to: text, in: parameter.kind.words) {
            report(
                "`\(parameter.name)` cannot be \(text.debugDescription)", at: argument.span,
                help: "did you mean `\(nearest.debugDescription)`?")
            return nil
        }
        let rounding =
            if case .number = argument.value, parameter.kind != .text { "make it an integer with `floor`, `ceil` or `round`" } else {
                nil as String?
            }
        report(
            "`\(parameter.name)` must be \(parameter.kind.phrase), not \(phrase(argument.value))", at: argument.span,
            help: rounding ?? (argument.value.holdsSize ? sizeHelp : "\(parameter.name): \(parameter.summary)"))
        return nil
    }

    /// Appends an operation with the weights it asks for, or reports why its operands do not fit.
    ///
    /// - Parameter name: What the author calls the operator, for the label of a node that has none.
    func append(
        _ operation: Operator, _ operands: [Value], _ attributes: Attributes, _ given: GivenWeights = GivenWeights(), label: String?,
        at places: CallPlaces, name: String? = nil
    ) -> ElaboratedValue {
        guard takeStep(at: places.whole) else { return .poison }
        do {
            let complete = try operation.completing(attributes)
            let operands = aligningRanks(of: operands, for: operation, complete, at: places.whole)
            let declarations = try operation.weights(Signature(operands.map { builder.type(of: $0) }, complete))
            let fullLabel = (path + [label ?? name ?? operation.name]).joined(separator: ".")
            guard let weights = weights(declarations, given, of: operation, label: fullLabel, at: places) else { return .poison }
            let value = try builder.append(
                operation, operation.arranged(operands, weights), complete, label: label == nil && path.isEmpty ? nil : fullLabel,
                span: places.whole)
            let type = builder.type(of: value)
            guard type.isReasonable else {
                return report(
                    "the result \(type) is too large", at: places.callee, help: "\(TensorType.maximumElements) elements are the limit")
            }
            let operandTypes = builder.graph[value].operands.map { builder.type(of: $0) }
            if let doubt = operation.doubt(Signature(operandTypes, complete)) { warn(doubt, of: operation, operands, at: places) }
            return .tensor(value)
        } catch {
            return report(error, of: operation, operands, attributes, at: places)
        }
    }

    /// The weights of an operation by input name: those that are given, and parameter tensors that are made; nil after a report.
    private func weights(
        _ declarations: [WeightDeclaration], _ given: GivenWeights, of operation: Operator, label: String, at places: CallPlaces
    ) -> [String: Value]? {
        let span = places.whole
        var weights: [String: Value] = [:]
        for (name, argument) in given.arguments where !declarations.contains(where: { $0.name == name }) {
            let condition = operation.inputs.first { $0.name == name }?.condition
            report(
                "`\(operation.name)` takes no `\(name)` here", at: argument.span,
                help: condition.map { "with `\($0): true` it does" } ?? "it has none with these arguments")
            return nil
        }
        for declaration in declarations {
            guard let input = operation.inputs.first(where: { $0.name == declaration.name }) else {
                preconditionFailure("'\(operation.name)' declares a weight '\(declaration.name)' that is none of its inputs")
            }
            if let argument = given.arguments[declaration.name] {
                guard let weight = self.given(argument, as: declaration, input.role, of: operation) else { return nil }
                weights[declaration.name] = weight
                continue
            }
            let name = label + "." + declaration.name
            guard isKnown(declaration.type, of: name, at: places.callee) else { return nil }
            guard declaration.type.isReasonable else {
                report("the parameter `\(name)`, \(declaration.type), is too large", at: places.callee)
                return nil
            }
            let chosen = initializers.initializer(of: name, declaration, among: declarations, of: operation)
            let role: ParameterRole = input.role == .state ? .state : .weight
            let made = Parameter(name, role, chosen ?? declaration.initializer)
            guard let weight = parameter(made, declaration.type, label: label, at: span) else { return nil }
            weights[declaration.name] = weight
        }
        return weights
    }
}

extension Operator {
    /// The parameters that the language knows: not the one that tells several results apart.
    var shownParameters: [OperatorParameter] { parameters.filter { $0.name != results?.parameter } }

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
