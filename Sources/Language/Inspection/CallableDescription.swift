import Graph
import Operators
import Source

/// What can be called by a name, for people.
public struct CallableDescription: Sendable {
    public enum Kind: String, Sendable { case block, activation, function, `operator` }

    public struct Parameter: Sendable {
        public var name: String
        /// The default as the language writes it, nil where the parameter must be given.
        public var defaultValue: String?
        public var summary: String
    }

    public var name: String
    public var kind: Kind
    public var documentation: String
    public var parameters: [Parameter]

    /// `conv(x, channels, kernel, stride = 1)`
    public var signature: String {
        "\(name)(" + parameters.map { $0.name + ($0.defaultValue.map { " = " + $0 } ?? "") }.joined(separator: ", ") + ")"
    }
}

extension Program {
    /// Describes what `name` calls outside of any body, nil where it calls nothing.
    public func describe(callable name: String) -> CallableDescription? {
        func parameters(_ syntax: [ParameterSyntax]) -> [CallableDescription.Parameter] {
            syntax.map { parameter in
                CallableDescription.Parameter(
                    name: parameter.name.text, defaultValue: parameter.defaultValue.flatMap { map.text(of: $0.span) },
                    summary: parameter.summary)
            }
        }
        switch names.callable(name) {
        case .block(let block):
            return CallableDescription(
                name: name, kind: .block, documentation: block.documentation, parameters: parameters(block.parameters))
        case .activation(let activation):
            return CallableDescription(
                name: name, kind: .activation, documentation: activation.documentation, parameters: parameters(activation.parameters))
        case .foreign(let definition):
            return CallableDescription(
                name: name, kind: .operator, documentation: definition.documentation, parameters: parameters(definition.parameters))
        case .builtin(let builtin):
            return CallableDescription(
                name: name, kind: .function, documentation: builtin.summary,
                parameters: builtin.parameters.map { CallableDescription.Parameter(name: $0, summary: "") })
        case .operation(let operation):
            let operands = operation.inputs.filter { $0.role == .operand }.map {
                CallableDescription.Parameter(name: $0.name + ($0.isVariadic ? "…" : ""), summary: $0.summary)
            }
            let others = operation.shownParameters.map { parameter in
                CallableDescription.Parameter(
                    name: parameter.name, defaultValue: parameter.defaultValue.map { $0.text(as: parameter.kind) },
                    summary: parameter.summary)
            }
            return CallableDescription(name: name, kind: .operator, documentation: operation.summary, parameters: operands + others)
        case .function(let function):
            return CallableDescription(
                name: name, kind: .function, documentation: function.summary,
                parameters: function.parameters.map { CallableDescription.Parameter(name: $0, summary: "") })
        case nil: return nil
        }
    }
}
