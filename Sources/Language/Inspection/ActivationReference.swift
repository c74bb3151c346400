import Source

/// An activation as references list it.
public struct ActivationReference: Sendable {
    public let name: String
    /// As its definition has it: `leaky_relu(x, slope = 0.01)`.
    public let form: String
    /// What it computes with its source, then what it is good and bad at.
    public let documentation: String

    /// The activations of the prelude in its order, then the functions that serve as activations too.
    public static let all: [ActivationReference] = {
        let source = SourceFile(name: Prelude.name, text: Prelude.text)
        var map = SourceMap()
        let parsed = Parser.parse(source, as: map.add(source))
        let defined = parsed.syntax.definitions.compactMap { definition -> ActivationReference? in
            guard case .activation(let activation) = definition else { return nil }
            let parameters = activation.parameters.map { parameter in
                parameter.defaultValue.map { "\(parameter.name.text) = \(map.text(of: $0.span) ?? "")" } ?? parameter.name.text
            }
            return ActivationReference(
                name: activation.name.text, form: "\(activation.name.text)(\(parameters.joined(separator: ", ")))",
                documentation: activation.documentation.split(separator: "\n").joined(separator: " "))
        }
        let functions = Builtin.all.compactMap { builtin in
            builtin.useAsActivation.map {
                ActivationReference(
                    name: builtin.name, form: "\(builtin.name)(\(builtin.parameters.joined(separator: ", ")))",
                    documentation: "\(builtin.summary) \($0)")
            }
        }
        return defined + functions
    }()

    /// All of them as lines of a Markdown table.
    public static var table: [String] {
        ["| activation | meaning, and what it is good and bad at |", "|---|---|"]
            + all.map { "| `\($0.form)` | \($0.documentation.split(separator: "|").joined(separator: "\\|")) |" }
    }
}
