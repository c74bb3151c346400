import Language
import Source
import TestSupport

/// Changes of a program along its tree: an expression becomes another one of this or another program.
enum TreeMutation {
    static func swapped(_ text: String, _ other: String, _ random: inout SplitMix) -> String {
        var result = text
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let donor = Bool.random(using: &random) ? result : other
            let (places, sources) = (expressions(of: result), expressions(of: donor))
            guard let place = places.randomElement(using: &random), let source = sources.randomElement(using: &random) else { break }
            var bytes = Array(result.utf8)
            guard place.upperBound <= bytes.count, bytes.count < 16_000 else { break }
            bytes.replaceSubrange(place, with: Array(donor.utf8)[source])
            result = String(decoding: bytes, as: UTF8.self)
        }
        return result
    }

    /// The byte ranges of all expressions.
    static func expressions(of text: String) -> [Range<Int>] {
        let source = SourceFile(name: "corpus", text: text)
        var map = SourceMap()
        var collector = ExpressionCollector()
        for definition in Parser.parse(source, as: map.add(source)).syntax.definitions { collector.add(definition) }
        return collector.spans.map(\.range).filter { !$0.isEmpty }
    }
}

private struct ExpressionCollector {
    var spans: [Span] = []

    mutating func add(_ definition: DefinitionSyntax) {
        switch definition {
        case .block(let block):
            for parameter in block.parameters { add(parameter.defaultValue) }
            add(block.body)
        case .activation(let activation): add(activation.body)
        case .operator(let definition):
            for parameter in definition.parameters {
                add(parameter.defaultValue)
                for dimension in parameter.type?.dimensions ?? [] { add(dimension) }
            }
            for dimension in definition.result.dimensions { add(dimension) }
        case .network(let network):
            for parameter in network.parameters { add(parameter.defaultValue) }
            add(network.body)
        case .training(let training):
            for argument in training.subjects.flatMap(\.arguments) { add(argument.value) }
            for clause in training.clauses {
                switch clause {
                case .target(_, let type): for dimension in type.dimensions { add(dimension) }
                case .loss(let value, _): add(value)
                case .setting(_, let arguments): for argument in arguments { add(argument.value) }
                }
            }
        }
    }

    private mutating func add(_ body: BodySyntax) {
        for statement in body.statements {
            switch statement.kind {
            case .bind(_, let value, _), .assign(_, let value), .output(_, _, let value, _), .expression(let value): add(value)
            case .forEach(_, in: let sequence, let body):
                add(sequence)
                add(body)
            case .precision(let labels, _): for case .computed(let value) in labels.flatMap(\.parts) { add(value) }
            case .update(_, let value), .returns(let value): add(value)
            case .assert(let condition, let message):
                add(condition)
                add(message)
            case .parameter(_, _, let type, let value):
                for dimension in type.dimensions { add(dimension) }
                add(value)
            case .input(_, let type, let constraints, _, _): for size in type.dimensions + (constraints?.conditions ?? []) { add(size) }
            }
        }
        add(body.result)
    }

    private mutating func add(_ expression: ExpressionSyntax?) {
        guard let expression else { return }
        spans.append(expression.span)
        switch expression.kind {
        case .integer, .number, .boolean, .text, .formatted, .name, .invalid: break
        case .tuple(let items), .list(let items): for item in items { add(item) }
        case .comprehension(_, let sequence, let body):
            add(sequence)
            add(body)
        case .unary(_, let operand): add(operand)
        case .binary(_, let left, let right, _):
            add(left)
            add(right)
        case .call(_, let arguments): for argument in arguments { add(argument.value) }
        case .pipeline(let head, let steps):
            add(head)
            for argument in steps.flatMap(\.arguments) { add(argument.value) }
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
