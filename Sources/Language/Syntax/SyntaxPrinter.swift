extension FileSyntax {
    /// The tree as text: a line a definition and a statement, expressions in prefix form with every grouping shown.
    public func printed() -> String {
        var printer = SyntaxPrinter()
        for item in imports { printer.line("\(item.kind.rawValue) \(item.path.debugDescription)") }
        for definition in definitions { printer.print(definition) }
        return printer.text
    }
}

private struct SyntaxPrinter {
    var text = ""
    private var indentation = 0

    mutating func line(_ words: String) { text += String(repeating: "  ", count: indentation) + words + "\n" }

    private mutating func indented(_ body: (inout SyntaxPrinter) -> Void) {
        indentation += 1
        body(&self)
        indentation -= 1
    }

    private mutating func document(_ text: String) {
        for part in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) where !text.isEmpty { line("/// " + part) }
    }

    mutating func print(_ definition: DefinitionSyntax) {
        switch definition {
        case .block(let block):
            document(block.documentation)
            line("block \(block.name.text)\(parameters(block.parameters))")
            indented { $0.print(block.body) }
        case .network(let network):
            document(network.documentation)
            line("network \(network.name.text)\(parameters(network.parameters))")
            indented { $0.print(network.body) }
        case .activation(let activation):
            document(activation.documentation)
            line("activation \(activation.name.text)\(parameters(activation.parameters)) \(expression(activation.body))")
        case .operator(let definition):
            document(definition.documentation)
            let inputs = definition.parameters.map { parameter in
                parameter.type.map { " (\(parameter.name.text) \(type($0)))" } ?? self.parameters([parameter])
            }
            let gradient = definition.gradient.map { " gradient \($0.text)" } ?? ""
            line(
                "operator \(definition.name.text)\(inputs.joined()) \(type(definition.result)) extern \(definition.path.debugDescription) "
                    + definition.function.text + gradient)
        case .training(let training):
            document(training.documentation)
            line("training of " + training.subjects.map { $0.network.text + arguments($0.arguments) }.joined(separator: ", "))
            indented { printer in
                for clause in training.clauses { printer.print(clause) }
            }
        }
    }

    private mutating func print(_ clause: ClauseSyntax) {
        switch clause {
        case .target(let name, let type): line("target \(name.text) \(self.type(type))")
        case .loss(let value, _): line("loss \(expression(value))")
        case .setting(let word, let arguments): line("\(word.text)\(self.arguments(arguments))")
        }
    }

    private mutating func print(_ body: BodySyntax) {
        for statement in body.statements { print(statement) }
        if let result = body.result { line("result \(expression(result))") }
    }

    private mutating func print(_ statement: StatementSyntax) {
        switch statement.kind {
        case .bind(let pattern, let value, let isMutable):
            line("\(isMutable ? "var" : "let") \(self.pattern(pattern)) \(expression(value))")
        case .assign(let name, let value): line("assign \(name.text) \(expression(value))")
        case .forEach(let pattern, let sequence, let body):
            line("for \(self.pattern(pattern)) \(expression(sequence))")
            indented { $0.print(body) }
        case .input(let name, let type, let constraints, let preparation, let documentation):
            document(documentation)
            let prepared = preparation.map { " prepare" + arguments($0.settings) } ?? ""
            let held = constraints.map { " where " + $0.conditions.map(expression).joined(separator: ", ") } ?? ""
            line("input \(name.text) \(self.type(type))\(held)\(prepared)")
        case .output(let name, let labels, let value, let documentation):
            document(documentation)
            line("output \(name.text)\(labels.map { " labels \"\($0.path)\"" } ?? "") \(expression(value))")
        case .precision(let labels, let precision):
            line("precision \(labels.map(label).joined(separator: " "))\(labels.isEmpty ? "" : ": ")\(precision.text)")
        case .parameter(let role, let name, let type, let value):
            line("\(role == .state ? "state" : "parameter") \(name.text) \(self.type(type)) \(expression(value))")
        case .update(let name, let value): line("update \(name.text) \(expression(value))")
        case .assert(let condition, let message): line("assert \(expression(condition))" + (message.map { " " + expression($0) } ?? ""))
        case .returns(let value): line("return \(expression(value))")
        case .expression(let value): line("expression \(expression(value))")
        }
    }

    private func pattern(_ pattern: PatternSyntax) -> String {
        switch pattern {
        case .name(let name): name.text
        case .tuple(let names, _): "(" + names.map(\.text).joined(separator: " ") + ")"
        }
    }

    private func parameters(_ parameters: [ParameterSyntax]) -> String {
        parameters.map { parameter in
            parameter.defaultValue.map { " (\(parameter.name.text) \(expression($0)))" } ?? " " + parameter.name.text
        }.joined()
    }

    private func type(_ type: TypeSyntax) -> String { "\(type.element.text)[\(type.dimensions.map(expression).joined(separator: " "))]" }

    private func arguments(_ arguments: [ArgumentSyntax]) -> String {
        arguments.map { " " + ($0.name.map { $0.text + ":" } ?? "") + expression($0.value) }.joined()
    }

    private func inline(_ body: BodySyntax) -> String {
        var printer = SyntaxPrinter()
        printer.print(body)
        return "{" + printer.text.split(separator: "\n").map { $0.drop { $0 == " " } }.joined(separator: "; ") + "}"
    }

    private func expression(_ expression: ExpressionSyntax) -> String {
        switch expression.kind {
        case .integer(let value): "\(value)"
        case .number(let value): "\(value)"
        case .boolean(let value): "\(value)"
        case .text(let value): value.debugDescription
        case .formatted(let parts):
            "(text"
                + parts.map { part in
                    switch part {
                    case .text(let text): " " + text.debugDescription
                    case .computed(let value): " " + self.expression(value)
                    }
                }.joined() + ")"
        case .name(let name): name
        case .tuple(let items): "(tuple \(items.map(self.expression).joined(separator: " ")))"
        case .list(let items): "[" + items.map(self.expression).joined(separator: " ") + "]"
        case .comprehension(let pattern, let sequence, let body):
            "[for \(self.pattern(pattern)) \(self.expression(sequence)) \(inline(body))]"
        case .unary(let operation, let operand): "(\(operation.rawValue) \(self.expression(operand)))"
        case .binary(let operation, let left, let right, _):
            "(\(operation.rawValue) \(self.expression(left)) \(self.expression(right)))"
        case .call(let name, let arguments): "(\(name.text)\(self.arguments(arguments)))"
        case .pipeline(let head, let steps): "(|> \(self.expression(head))" + steps.map { " " + step($0) }.joined() + ")"
        case .member(let value, let name): "(. \(self.expression(value)) \(name.text))"
        case .index(let value, let index): "(at \(self.expression(value)) \(self.expression(index)))"
        case .conditional(let branches, let otherwise):
            "(if" + branches.map { " \(self.expression($0.condition)) \(inline($0.body))" }.joined()
                + (otherwise.map { " else " + inline($0) } ?? "") + ")"
        case .invalid: "<invalid>"
        }
    }

    private func step(_ step: PipelineStepSyntax) -> String {
        let prefix = step.label.map { (step.share == nil ? "" : "share ") + label($0) + ": " }
        return "(\(prefix ?? "")\(step.callee.text)\(arguments(step.arguments)))"
    }

    private func label(_ label: LabelSyntax) -> String {
        label.parts.map { part in
            switch part {
            case .text(let text): text
            case .computed(let value): "{\(expression(value))}"
            }
        }.joined()
    }
}
