import Source

/// What the syntax tree says of tokens that mean different things in different places, by the offsets of their first bytes.
struct TokenRoles {
    /// The first tokens of statements, clauses and definitions.
    private(set) var statementStarts: Set<UInt32> = []
    /// Operators between two operands; every other `-` is a sign.
    private(set) var binaryMarks: Set<UInt32> = []
    /// Words of clauses: a parenthesis after one begins a value, not the arguments of a call.
    private(set) var clauseWords: Set<UInt32> = []
    /// Tokens inside labels, the computed parts' insides left out.
    private(set) var labels: [Range<UInt32>] = []
    /// The braces of the labels' computed parts.
    private(set) var labelBraces: Set<UInt32> = []

    private let tokens: [Token]

    /// - Parameter tokens: Those of the file, doc comments left out.
    init(_ syntax: FileSyntax, _ tokens: [Token]) {
        self.tokens = tokens
        for item in syntax.imports { startBefore(item.span) }
        for definition in syntax.definitions { visit(definition) }
    }

    /// The index of the first token at or after an offset.
    private func index(of offset: UInt32) -> Int {
        var low = 0
        var high = tokens.count
        while low < high {
            let middle = (low + high) / 2
            if tokens[middle].span.lower < offset { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Notes a statement that begins one word before `span`.
    private mutating func startBefore(_ span: Span) {
        let index = index(of: span.lower)
        if index > 0 { statementStarts.insert(tokens[index - 1].span.lower) }
    }

    private mutating func visit(_ definition: DefinitionSyntax) {
        switch definition {
        case .block(let block):
            startBefore(block.name.span)
            visit(block.parameters)
            visit(block.body)
        case .activation(let activation):
            startBefore(activation.name.span)
            visit(activation.parameters)
            visit(activation.body)
        case .operator(let definition):
            startBefore(definition.name.span)
            visit(definition.parameters)
            visit(definition.result)
        case .network(let network):
            startBefore(network.name.span)
            visit(network.parameters)
            visit(network.body)
        case .training(let training):
            statementStarts.insert(training.span.lower)
            for subject in training.subjects { visit(subject.arguments) }
            for clause in training.clauses { visit(clause) }
        }
    }

    private mutating func visit(_ clause: ClauseSyntax) {
        switch clause {
        case .target(let name, let type):
            startBefore(name.span)
            visit(type)
        case .loss(let value, let keyword):
            statementStarts.insert(keyword.lower)
            clauseWords.insert(keyword.lower)
            visit(value)
        case .setting(let word, let arguments):
            statementStarts.insert(word.span.lower)
            clauseWords.insert(word.span.lower)
            visit(arguments)
        }
    }

    private mutating func visit(_ parameters: [ParameterSyntax]) {
        for parameter in parameters {
            if let value = parameter.defaultValue { visit(value) }
            if let type = parameter.type { visit(type) }
        }
    }

    private mutating func visit(_ arguments: [ArgumentSyntax]) {
        for argument in arguments { visit(argument.value) }
    }

    private mutating func visit(_ type: TypeSyntax) {
        for dimension in type.dimensions { visit(dimension) }
    }

    private mutating func visit(_ body: BodySyntax) {
        for statement in body.statements {
            statementStarts.insert(statement.span.lower)
            visit(statement)
        }
        if let result = body.result {
            statementStarts.insert(result.span.lower)
            visit(result)
        }
    }

    private mutating func visit(_ statement: StatementSyntax) {
        switch statement.kind {
        case .bind(_, let value, _), .assign(_, let value), .output(_, _, let value, _), .expression(let value): visit(value)
        case .update(_, let value): visit(value)
        case .returns(let value):
            clauseWords.insert(statement.span.lower)
            visit(value)
        case .assert(let condition, let message):
            clauseWords.insert(statement.span.lower)
            visit(condition)
            if let message { visit(message) }
        case .parameter(_, _, let type, let value):
            visit(type)
            visit(value)
        case .input(_, let type, let constraints, let preparation, _):
            visit(type)
            if let constraints {
                clauseWords.insert(constraints.keyword.lower)
                for condition in constraints.conditions { visit(condition) }
            }
            visit(preparation?.settings ?? [])
        case .precision(let labels, _):
            clauseWords.insert(statement.span.lower)
            for label in labels { visit(label) }
        case .forEach(_, in: let sequence, let body):
            visit(sequence)
            visit(body)
        }
    }

    private mutating func visit(_ expression: ExpressionSyntax) {
        switch expression.kind {
        // What a text computes stands within its token.
        case .integer, .number, .boolean, .text, .formatted, .name, .invalid: break
        case .tuple(let items), .list(let items): for item in items { visit(item) }
        case .comprehension(_, let sequence, let body):
            visit(sequence)
            visit(body)
        case .unary(_, let operand): visit(operand)
        case .binary(_, let left, let right, let mark):
            binaryMarks.insert(mark.lower)
            visit(left)
            visit(right)
        case .call(_, let arguments): visit(arguments)
        case .pipeline(let head, let steps):
            visit(head)
            for step in steps {
                if let label = step.label { visit(label) }
                visit(step.arguments)
            }
        case .member(let value, _): visit(value)
        case .index(let value, let index):
            visit(value)
            visit(index)
        case .conditional(let branches, let otherwise):
            for branch in branches {
                visit(branch.condition)
                visit(branch.body)
            }
            if let otherwise { visit(otherwise) }
        }
    }

    private mutating func visit(_ label: LabelSyntax) {
        labels.append(label.span.lower..<label.span.upper)
        for case .computed(let value) in label.parts {
            visit(value)
            // The value has no braces of its own: what stands around it are the part's.
            let first = index(of: value.span.lower)
            let last = index(of: value.span.upper)
            labelBraces.insert(tokens[first - 1].span.lower)
            labelBraces.insert(tokens[last].span.lower)
        }
    }
}
