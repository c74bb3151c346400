import Graph
import Source

/// Names in expressions.
extension NameChecker {
    static let properties = ["channels", "height", "width", "length", "depth", "last", "rank", "count"]

    mutating func check(_ expression: ExpressionSyntax) {
        switch expression.kind {
        case .integer, .number, .boolean, .text, .invalid: break
        case .formatted(let parts): for case .computed(let value) in parts { check(value) }
        case .name(let name):
            // Parentheses around a name belong to the expression, and what is used is the name.
            let name = NameSyntax(text: name, span: expression.span)
            if use(name) { break }
            refer(name.span, to: names.places[name.text])
            if names.callable(name.text) == nil, LanguageConstant(rawValue: name.text) == nil { unknown(name, isCall: false) }
        case .tuple(let items), .list(let items): for item in items { check(item) }
        case .comprehension(let pattern, let sequence, let body):
            check(sequence)
            scoped {
                $0.bind(pattern, isMutable: false, mustBeUsed: false)
                $0.check(body)
            }
        case .unary(_, let operand): check(operand)
        case .binary(_, let left, let right, _):
            check(left)
            check(right)
        case .call(let name, let arguments): call(name, arguments)
        case .pipeline(let head, let steps):
            check(head)
            for step in steps {
                if let label = step.label { check(label) }
                call(step.callee, step.arguments)
            }
        case .member(let value, let name):
            check(value)
            if !Self.properties.contains(name.text) {
                let nearest = Spelling.nearest(to: name.text, in: Self.properties)
                report(
                    "no property is called `\(name.text)`", at: name.span,
                    help: nearest.map { "did you mean `\($0)`?" } ?? "the properties are \(Self.properties.joined(separator: ", "))")
            }
        case .index(let value, let index):
            check(value)
            check(index)
        case .conditional(let branches, let otherwise):
            for branch in branches {
                check(branch.condition)
                check(branch.body)
            }
            if let otherwise { check(otherwise) }
        }
    }

    private mutating func call(_ name: NameSyntax, _ arguments: [ArgumentSyntax]) {
        for argument in arguments { check(argument.value) }
        if use(name) { return }
        refer(name.span, to: names.places[name.text])
        switch names.callable(name.text) {
        case .block(let block): for argument in arguments { refer(argument, toOneOf: block.parameters) }
        case .foreign(let definition): for argument in arguments { refer(argument, toOneOf: definition.parameters) }
        case .activation(let activation): for argument in arguments { refer(argument, toOneOf: activation.parameters) }
        case .builtin, .operation, .function: break
        // `precision(bf16)`: what was meant has been said at the argument.
        case nil where name.text == "precision" && arguments.contains { $0.value.isPrecision }: break
        case nil: unknown(name, isCall: true)
        }
    }
}

extension ExpressionSyntax {
    /// Whether its value need not be used: a choice of statements, or what is printed.
    var isStatement: Bool {
        switch kind {
        case .conditional: true
        case .call(let name, _): name.text == LanguageFunction.printing
        case .pipeline(_, let steps): steps.last?.callee.text == LanguageFunction.printing
        default: false
        }
    }

    /// Whether it is nothing but the name of a precision.
    var isPrecision: Bool { if case .name(let name) = kind { Precision(rawValue: name) != nil } else { false } }
}
