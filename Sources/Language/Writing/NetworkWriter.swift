import Graph
import Source

/// Writes the network itself: its inputs with what is said of them, its steps and its outputs.
struct NetworkWriter {
    private let outline: Outline
    private let body: OutlineBody

    init(_ outline: Outline, _ plan: BlockPlan) {
        self.outline = outline
        var body = plan.body
        if !outline.names.has(OutlineLoop.variable) { body.steps = LoopFinder.folded(body) }
        self.body = body
    }

    func source(_ documentation: String, _ interfaceDocumentation: [String: String]) -> String {
        var writer = BodyWriter(outline, outline.names, inputs: outline.inputs)
        let graph = outline.graph
        var declared: Set<String> = []
        var rest = graph.constraints
        for (path, precision) in graph.precisions.sorted {
            writer.say("precision " + (path.isEmpty ? "" : LegalName.label(from: path, or: "step") + ": ") + precision.rawValue)
        }
        for input in outline.inputs {
            let node = graph.nodes[input.wire]
            declared.formUnion(node.type.shape.dimensions.flatMap { $0.expression.symbols.map(\.name) })
            // What is said of multiples is known from there on, and cannot be said again.
            let own = rest.filter { constraint in
                constraint.message.isEmpty && constraint == constraint.forgettingMultiples
                    && constraint.symbols.allSatisfy { declared.contains($0.name) }
            }
            rest.removeAll(where: own.contains)
            let documentation = interfaceDocumentation[node.inputName ?? ""] ?? ""
            writer.say(comment(documentation) + declaration(input.name, node, own))
        }
        for constraint in rest {
            let text = outline.symbols.text(constraint)
            let isOwn = constraint.message.isEmpty || constraint.message == text
            writer.say("assert \(text)" + (isOwn ? "" : ", " + Term.quoted(constraint.message)))
        }
        for output in outline.outputs { if case .wire(let wire) = output.operand { writer.want(output.name, for: wire) } }
        writer.write(body)
        let outputs = zip(outline.outputs, graph.outputs).map {
            ($0.operand, $0.name, comment(interfaceDocumentation[$1.name] ?? "") + classes(of: $1.name))
        }
        for (operand, name, documentation) in outputs {
            if case .wire(let wire) = operand, writer.bound[wire] == name {
                writer.say(documentation + "output \(name)")
            } else {
                writer.result(operand, front: documentation + "output \(name) = ")
            }
        }
        let clause = InitializeClause(outline).comment
        return clause + comment(documentation) + "network \(outline.network) {\n" + writer.statements.joined(separator: "\n") + "\n}"
    }

    /// Lines of doc comments of a text that may come from anywhere: whatever ends a line for any reader ends the comment's, too, and
    /// characters that nobody sees are left out.
    private func comment(_ documentation: String) -> String {
        guard !documentation.isEmpty else { return "" }
        return documentation.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map { line in
            let shown = line.replacing("\t", with: " ").filter { DisplayText.sanitized(String($0)) == String($0) }
            return "/// \(shown)\n"
        }.joined()
    }

    /// What stands above an output whose classes have names: a source has them in a file, which the graph does not know of.
    private func classes(of output: String) -> String {
        guard let count = outline.graph.classLabels[output]?.count else { return "" }
        let names = count == 1 ? "The class has a name" : "The \(count) classes have names"
        return "# \(names), which a source reads from a file: `labels \"FILE\"` behind that of the output.\n"
    }

    private func declaration(_ name: String, _ node: Node, _ constraints: [SizeConstraint]) -> String {
        let symbols = outline.symbols
        let extents = node.type.shape.dimensions.map { symbols.text($0.expression) }
        var text = "input \(name): \(node.type.element.rawValue)[\(extents.joined(separator: ", "))]"
        if !constraints.isEmpty { text += " where " + constraints.map { symbols.text($0) }.joined(separator: ", ") }
        if let preparation = node.preparation {
            let settings = preparation.settings(isShort: true)
            // A preparation that says nothing differs from none: the default, said.
            let said = settings.isEmpty ? ["interpolation: \(preparation.interpolation.rawValue)"] : settings
            text += " prepare " + said.joined(separator: ", ")
        }
        return text
    }
}
