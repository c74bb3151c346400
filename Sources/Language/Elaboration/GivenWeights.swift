import Graph
import Source

/// The tensors that a call gives an operator in place of parameters of its own: `conv(64, 3, weight: w)`.
struct GivenWeights {
    /// By the input's name.
    var arguments: [String: EvaluatedArgument] = [:]

    func has(_ input: OperatorInput) -> Bool { arguments[input.name] != nil }
}

extension Elaborator {
    /// Parts a call's arguments into weights and others; nil after a report.
    ///
    /// A name that is both an input's and a parameter's, as `bias` is, means the input where a tensor is given.
    func partingWeights(_ arguments: [EvaluatedArgument], of operation: Operator) -> (others: [EvaluatedArgument], weights: GivenWeights)? {
        var weights = GivenWeights()
        var others: [EvaluatedArgument] = []
        for argument in arguments {
            guard let name = argument.name, operation.inputs.contains(where: { $0.role != .operand && $0.name == name.text }) else {
                others.append(argument)
                continue
            }
            switch argument.value {
            case .tensor:
                if let first = weights.arguments.updateValue(argument, forKey: name.text) {
                    report(
                        "the argument `\(name.text)` is given twice", at: name.span,
                        secondary: [Diagnostic.Label(first.span, "first given here")], help: "remove one of them")
                    return nil
                }
            // What is `none` is not given.
            case .absent: break
            case .list:
                guard let tensor = operand(argument.value, at: argument.span) else { return nil }
                var made = argument
                made.value = .tensor(tensor)
                weights.arguments[name.text] = made
            case _ where operation.parameters.contains { $0.name == name.text }: others.append(argument)
            case .poison: return nil
            default:
                report(
                    "`\(name.text)` must be a tensor, not \(phrase(argument.value))", at: argument.span,
                    help: "such as a `parameter`, or what is computed from one; without it `\(operation.name)` makes its own")
                return nil
            }
        }
        return (others, weights)
    }

    /// The tensor given for a weight that an operator asks for; nil after a report.
    func given(_ argument: EvaluatedArgument, as declaration: WeightDeclaration, _ role: InputRole, of operation: Operator) -> Value? {
        guard case .tensor(let tensor) = argument.value else { return nil }
        let type = builder.type(of: tensor)
        guard type == declaration.type else {
            report("`\(declaration.name)` of `\(operation.name)` must be \(declaration.type) here, not \(type)", at: argument.span)
            return nil
        }
        guard role == .state else { return tensor }
        let parameter = builder.graph[tensor].parameter
        if parameter?.role == .weight {
            report(
                "`\(declaration.name)` of `\(operation.name)` moves with every step, and a parameter is trained", at: argument.span,
                help: "declare it with `state`")
            return nil
        }
        if let state = parameter.map({ _ in tensor }) {
            if let place = states.updates[state] {
                report(
                    "this state has two next values: `\(operation.name)` moves it itself", at: argument.span,
                    secondary: [Diagnostic.Label(place, "given here")], help: "leave `update` out")
                return nil
            }
            states.owners[state] = argument.span
        }
        return tensor
    }
}
