extension Graph: CustomStringConvertible {
    public var description: String { text() }

    /// The graph as text, a node a line; `Graph(reading:catalog:)` reads it back to an equal graph.
    ///
    /// Attributes that equal their defaults are left out. A node's label stands after `#`. What holds for sizes stands first,
    /// `where H % 32 == 0`, then what the author says of precision, `precision layer4.conv1 f32`, without a path what is said of the
    /// whole network. What the classes of an output are called stands behind it, `labels("cat", "dog")`.
    /// - Parameter spans: also writes where each node comes from, as `@file:lower-upper`.
    public func text(spans: Bool = false) -> String {
        var lines = ["graph \(TextScanner.text(ofName: name)) {"]
        for constraint in constraints {
            lines.append("  where \(constraint)" + (constraint.message.isEmpty ? "" : " " + TextScanner.quoted(constraint.message)))
        }
        for (path, precision) in precisions.sorted {
            lines.append("  precision " + (path.isEmpty ? "" : TextScanner.text(ofName: path) + " ") + precision.rawValue)
        }
        for value in values { lines.append("  " + line(of: value, spans: spans)) }
        for output in outputs {
            let labels = classLabels[output.name].map { " labels(\($0.map(TextScanner.quoted).joined(separator: ", ")))" } ?? ""
            lines.append("  output \(TextScanner.text(ofName: output.name)) = \(output.value)\(labels)")
        }
        for update in updates {
            let name = self[update.state].parameter.map { TextScanner.text(ofName: $0.name) } ?? "\(update.state)"
            lines.append("  update \(name) = \(update.value)")
        }
        return lines.joined(separator: "\n") + "\n}\n"
    }

    /// A node as its line in the text: `%3 = relu(%2) : f32[N, 64, 28, 28]`.
    public func line(of value: Value, spans: Bool = false) -> String { "\(value) = \(self[value].text(spans: spans))" }

    /// The graph with no node knowing its source: what remains of it when it is printed without spans and read back.
    public var withoutSpans: Graph {
        var graph = self
        for index in graph.nodes.indices { graph.nodes[index].span = .none }
        return graph
    }
}

extension Node {
    /// All of the node's line but the value it defines.
    func text(spans: Bool) -> String {
        var text = kindText + " : " + type.text
        if let layout { text += " \(layout)" }
        if let group { text += " group \(group)" }
        if let place { text += " in \(place.parent) axis \(place.axis) at \(place.start)" }
        if isDirect { text += " direct" }
        if let stored { text += " stored \(stored.rawValue)" }
        if let factors { text += " factors \(factors.rawValue)" }
        if let label { text += "  # " + TextScanner.text(ofName: label) }
        if spans, !span.isNone { text += "  @\(span.file.rawValue):\(span.lower)-\(span.upper)" }
        return text
    }

    private var kindText: String {
        switch kind {
        case .input(let name):
            return "input \(TextScanner.text(ofName: name))" + (preparation.map { " \($0.text)" } ?? "")
        case .parameter(let parameter):
            return "\(parameter.role.rawValue) \(TextScanner.text(ofName: parameter.name)) \(parameter.initializer.text)"
        case .constant(let value): return TextScanner.text(ofNumber: value)
        case .tensor(let values): return values.text
        case .operation(let operation, let attributes):
            var text = TextScanner.text(ofName: operation.name) + "(" + operands.map(\.description).joined(separator: ", ") + ")"
            for parameter in operation.parameters {
                guard let value = attributes[parameter.name] else { continue }
                if let byDefault = parameter.defaultValue, parameter.kind.convert(byDefault) == value { continue }
                text += " \(TextScanner.text(ofName: parameter.name))=\(value.text(as: parameter.kind))"
            }
            return text
        }
    }
}

extension Attribute {
    /// The value as `Attribute(reading:as:)` reads it.
    public func text(as kind: AttributeKind) -> String {
        switch self {
        case .integer(let value): return "\(value)"
        case .number(let value): return TextScanner.text(ofNumber: value)
        case .boolean(let value): return "\(value)"
        case .integers(let list):
            let items = list.map(String.init).joined(separator: ", ")
            return kind == .pair ? "(\(items))" : "[\(items)]"
        case .numbers(let list): return "[" + list.map { TextScanner.text(ofNumber: $0) }.joined(separator: ", ") + "]"
        case .text(let text): return TextScanner.quoted(text)
        case .function(let function): return function.text
        case .shape(let shape): return kind == .extent && shape.rank == 1 ? shape[0].description : shape.text
        }
    }
}

extension TensorType {
    /// `f32[N, 64, 28, 28]`.
    public var text: String { element.rawValue + shape.text }
}

extension Shape {
    /// `[N, 64, 28, floor((W + 1) / 2)]`, symbols that are no plain names in quotes.
    public var text: String { description }
}

extension Initializer {
    /// The initializer as the graph's text names it, and the language, where it has no values of its own.
    public var text: String {
        switch self {
        case .values(let tensor): return tensor.text
        case .form(let chosen):
            let values = chosen.form.parameters.compactMap { chosen.values[$0.name]?.text(as: $0.kind) }
            return chosen.form.name + (values.isEmpty ? "" : "(\(values.joined(separator: ", ")))")
        }
    }
}
