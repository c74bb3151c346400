import Graph
import Operators
import Source

/// A callable with some of its arguments given: `leaky_relu(slope: 0.2)` as a value.
struct Application {
    var callable: Callable
    /// All by name.
    var given: [EvaluatedArgument]
}

extension Elaborator {
    /// A call all of whose arguments have names and that lacks the first one that it needs is a value: what is called, with these arguments.
    /// Nil for every other call.
    func application(of name: NameSyntax, _ arguments: [EvaluatedArgument]) -> Application? {
        guard !arguments.isEmpty, arguments.allSatisfy({ $0.name != nil }) else { return nil }
        let base: Application
        switch lookUp(name.text) {
        case .callable(let callable)?: base = Application(callable: callable, given: [])
        case .application(let application)?: base = application
        case nil:
            guard let callable = names.callable(name.text) else { return nil }
            base = Application(callable: callable, given: [])
        default: return nil
        }
        let formals = formals(of: base.callable)
        let given = arguments.compactMap(\.name?.text)
        guard let first = formals.first, first.isRequired, !given.contains(first.name), Set(given).count == given.count,
            given.allSatisfy({ name in formals.contains { $0.name == name } })
        else { return nil }
        return base.giving(arguments)
    }

    /// What a callable takes, as far as it can be given beforehand.
    private func formals(of callable: Callable) -> [FormalParameter] {
        func declared(_ parameters: [ParameterSyntax]) -> [FormalParameter] {
            parameters.map { FormalParameter(name: $0.name.text, isRequired: $0.defaultValue == nil, span: $0.name.span) }
        }
        switch callable {
        case .block(let block): return declared(block.parameters)
        case .activation(let activation): return declared(activation.parameters)
        case .foreign(let definition): return declared(definition.parameters)
        case .builtin(let builtin): return builtin.parameters.map { FormalParameter(name: $0, isRequired: true) }
        case .operation(let operation):
            let operands = operation.inputs.filter { $0.role == .operand }.map { FormalParameter(name: $0.name, isRequired: true) }
            let weights = operation.inputs.filter { $0.role != .operand }.map { FormalParameter(name: $0.name, isRequired: false) }
            return operands + operation.shownParameters.map { FormalParameter(name: $0.name, isRequired: $0.defaultValue == nil) } + weights
        case .function: return []
        }
    }
}

extension Application {
    /// With further arguments, which count before those of the same name.
    func giving(_ arguments: [EvaluatedArgument]) -> Application {
        let names = Set(arguments.compactMap(\.name?.text))
        return Application(callable: callable, given: given.filter { !names.contains($0.name?.text ?? "") } + arguments)
    }
}
