/// Collects the names that a tree mentions, whatever they stand for: enough to tell what nothing refers to.
private struct MentionedNames {
    var names: Set<String> = []

    mutating func add(_ body: BodySyntax) {
        for statement in body.statements {
            switch statement.kind {
            case .bind(_, let value, _), .output(_, _, let value, _), .returns(let value), .expression(let value): add(value)
            case .assert(let condition, let message):
                add(condition)
                if let message { add(message) }
            case .parameter(_, _, let type, let value):
                for dimension in type.dimensions { add(dimension) }
                add(value)
            case .assign(let name, let value), .update(let name, let value):
                names.insert(name.text)
                add(value)
            case .forEach(_, in: let sequence, let body):
                add(sequence)
                add(body)
            case .precision(let labels, _):
                for label in labels { add(label) }
            case .input(_, let type, let constraints, let preparation, _):
                for size in type.dimensions + (constraints?.conditions ?? []) { add(size) }
                add(preparation?.settings ?? [])
            }
        }
        if let result = body.result { add(result) }
    }

    mutating func add(_ arguments: [ArgumentSyntax]) { for argument in arguments { add(argument.value) } }

    mutating func add(_ label: LabelSyntax) { for case .computed(let value) in label.parts { add(value) } }

    mutating func add(_ clauses: [ClauseSyntax]) {
        for clause in clauses {
            switch clause {
            case .target(_, let type): for dimension in type.dimensions { add(dimension) }
            case .loss(let value, _): add(value)
            case .setting(_, let arguments): add(arguments)
            }
        }
    }

    mutating func add(_ parameters: [ParameterSyntax]) { for value in parameters.compactMap(\.defaultValue) { add(value) } }

    mutating func add(_ expression: ExpressionSyntax) {
        switch expression.kind {
        case .integer, .number, .boolean, .text, .invalid: break
        case .formatted(let parts): for case .computed(let value) in parts { add(value) }
        case .name(let name): names.insert(name)
        case .tuple(let items), .list(let items): for item in items { add(item) }
        case .comprehension(_, let sequence, let body):
            add(sequence)
            add(body)
        case .unary(_, let operand): add(operand)
        case .binary(_, let left, let right, _):
            add(left)
            add(right)
        case .call(let name, let arguments):
            names.insert(name.text)
            add(arguments)
        case .pipeline(let head, let steps):
            add(head)
            for step in steps {
                names.insert(step.callee.text)
                if let label = step.label { add(label) }
                add(step.arguments)
            }
        case .member(let value, _): add(value)
        case .index(let value, let index):
            add(value)
            add(index)
        case .conditional(let branches, let otherwise):
            for branch in branches {
                add(branch.condition)
                add(branch.body)
            }
            if let otherwise { add(otherwise) }
        }
    }
}

extension NetworkTraining {
    /// The names that the training of one network mentions.
    var mentionedNames: Set<String> {
        var collector = MentionedNames()
        collector.add(arguments)
        collector.add(clauses)
        return collector.names
    }
}

extension DefinitionSyntax {
    /// The names that a definition mentions, its own only where it calls itself.
    var mentionedNames: Set<String> {
        var collector = MentionedNames()
        switch self {
        case .block(let block):
            collector.add(block.parameters)
            collector.add(block.body)
        case .activation(let activation):
            collector.add(activation.parameters)
            collector.add(activation.body)
        case .operator(let definition):
            collector.add(definition.parameters)
            for type in definition.parameters.compactMap(\.type) + [definition.result] {
                for dimension in type.dimensions { collector.add(dimension) }
            }
        case .network(let network):
            collector.add(network.parameters)
            collector.add(network.body)
        case .training(let training):
            for subject in training.subjects { collector.add(subject.arguments) }
            collector.add(training.clauses)
        }
        return collector.names
    }

    /// The name that it gives to others; a training gives none.
    var name: NameSyntax? {
        switch self {
        case .block(let block): block.name
        case .activation(let activation): activation.name
        case .operator(let definition): definition.name
        case .network(let network): network.name
        case .training: nil
        }
    }
}
