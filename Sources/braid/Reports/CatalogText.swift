import Graph
import Language
import Operators
import Source

/// The catalog and the activations as plain text.
enum CatalogText {
    private static let width = 100
    private static let operators = OperatorCatalog.standard.operators.filter(\.isInLanguage)
    private static let activations = ActivationReference.all

    static var names: [String] { operators.map(\.name) + activations.map(\.name) }

    /// Every operator with its parameters, and every activation.
    static var everything: String {
        let rows = operators.map { operation in
            ([operation.form] + wrapped(operation.summary, indent: 4)).joined(separator: "\n")
        }
        return "OPERATORS\n\n" + rows.joined(separator: "\n") + "\n\nACTIVATIONS\n\n"
            + activations.map(\.text).joined(separator: "\n")
    }

    /// One operator or activation in detail, nil if there is none of that name.
    static func page(of name: String) -> String? {
        if let activation = activations.first(where: { $0.name == name }) { return activation.text }
        guard let operation = operators.first(where: { $0.name == name }) else { return nil }
        var lines = [operation.form] + wrapped(operation.summary, indent: 4)
        let inputs = operation.inputs.map { (($0.role == .operand ? "" : "owns ") + $0.name + ($0.isVariadic ? "…" : ""), $0.summary) }
        let parameters = operation.parameters.map { parameter in
            // The summary itself says what an empty list stands for.
            let byDefault =
                parameter.defaultValue.flatMap { [.integers([]), .numbers([])].contains($0) ? nil : ", \($0.languageText) if left out" }
                ?? ""
            return (parameter.name, "\(parameter.summary) (\(parameter.kind.phrase)\(byDefault))")
        }
        let column = (inputs + parameters).map(\.0.count).max() ?? 0
        for (head, rows) in [("inputs", inputs), ("parameters", parameters)] where !rows.isEmpty {
            lines += ["", head]
            for (name, summary) in rows {
                let text = wrapped(summary, indent: column + 6)
                lines.append("    " + name + text[0].dropFirst(name.count + 4))
                lines += text.dropFirst()
            }
        }
        return lines.joined(separator: "\n")
    }

    /// The blocks, activations and operators that a file defines and imports.
    static func definitions(of program: Program) -> String {
        let described = program.callables.filter { program.definitionPlaces[$0] != nil }.compactMap(program.describe)
        let parts = [("BLOCKS", CallableDescription.Kind.block), ("ACTIVATIONS", .activation), ("OPERATORS", .operator)]
            .compactMap { title, kind -> String? in
                let rows = described.filter { $0.kind == kind }.map(text)
                return rows.isEmpty ? nil : title + "\n\n" + rows.joined(separator: "\n")
            }
        return parts.isEmpty ? "no blocks, activations and operators are defined there" : parts.joined(separator: "\n\n")
    }

    private static func text(_ callable: CallableDescription) -> String {
        var lines = [callable.signature]
        // Paragraphs stay apart, lines do not.
        for part in DisplayText.sanitized(callable.documentation).split(separator: "\n\n") {
            lines += wrapped(part.split(separator: "\n").joined(separator: " "), indent: 4)
        }
        let column = callable.parameters.map(\.name.count).max() ?? 0
        for parameter in callable.parameters where !parameter.summary.isEmpty {
            let text = wrapped(DisplayText.sanitized(parameter.summary), indent: column + 10)
            lines.append("        " + parameter.name + text[0].dropFirst(parameter.name.count + 8))
            lines += text.dropFirst()
        }
        return lines.joined(separator: "\n")
    }

    /// `text` in lines of at most `width` characters, each behind `indent` blanks.
    fileprivate static func wrapped(_ text: String, indent: Int) -> [String] {
        let blanks = String(repeating: " ", count: indent)
        var lines = [blanks]
        for word in text.split(separator: " ") {
            if lines[lines.count - 1].count + word.count >= width, lines[lines.count - 1] != blanks { lines.append(blanks) }
            lines[lines.count - 1] += (lines[lines.count - 1] == blanks ? "" : " ") + word
        }
        return lines
    }
}

extension ActivationReference {
    fileprivate var text: String { ([form] + CatalogText.wrapped(documentation, indent: 4)).joined(separator: "\n") }
}

extension Operator {
    /// As a call is written: `conv(x, channels, kernel, stride: 1, …)`.
    fileprivate var form: String {
        let operands = inputs.filter { $0.role == .operand }.map { $0.name + ($0.isVariadic ? "…" : "") }
        let settings = parameters.map { parameter in
            parameter.defaultValue.map { "\(parameter.name): \($0.languageText)" } ?? parameter.name
        }
        return "\(name)(\((operands + settings).joined(separator: ", ")))"
    }
}

extension Attribute {
    /// The value as the language writes it.
    fileprivate var languageText: String {
        switch self {
        case .integers([]), .numbers([]): "none"
        case .integers(let list):
            Set(list).count == 1 ? "\(list[0])" : "(\(list.map(String.init).joined(separator: ", ")))"
        case .number(let value) where value != 0 && abs(value) < 1e-3: "\(value)"
        default: text(as: .text)
        }
    }
}
