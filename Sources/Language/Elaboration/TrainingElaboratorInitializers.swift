import Graph
import Recipes
import Source

extension TrainingElaborator {
    /// Reads `initialize`, which the elaboration of the network's weights needs.
    func initializers() -> ChosenInitializers {
        var result = ChosenInitializers()
        for case .setting(let word, let arguments) in definition.clauses where word.text == "initialize" {
            for argument in arguments {
                guard let key = argument.name else {
                    elaborator.report(
                        "whose weights?", at: argument.span, help: "name the operator: `initialize conv: he_normal, linear: xavier_uniform`"
                    )
                    continue
                }
                // A name in quotes, or with a dot in it, is a parameter's, and a pattern of names if it has one of their marks.
                let isParameter = key.text.contains(".") || elaborator.map.text(of: key.span)?.hasPrefix("\"") == true
                if !isParameter && !isOwner(key) { continue }
                guard let begin = read(argument.value, isParameter: isParameter) else { continue }
                if isParameter, NamePattern.isPattern(key.text) {
                    result.byPattern.append((NamePattern(key.text), begin, key.span))
                } else if isParameter {
                    result.byName[key.text] = (begin, key.span)
                } else if case .initializer(let made) = begin {
                    result.byOwner[key.text] = made
                }
            }
        }
        return result
    }

    /// Reads an initializer, or `from("encoder.safetensors")`.
    private func read(_ value: ExpressionSyntax, isParameter: Bool) -> ChosenInitializers.Begin? {
        guard case .call(let callee, let arguments) = value.kind, callee.text == Self.fileWord else {
            return elaborator.make(value, of: InitializerForm.self).map { .initializer(.form($0)) }
        }
        guard isParameter else {
            elaborator.report(
                "a file has values of parameters, not of operators", at: value.span,
                help: "name them, or give a pattern: `\"*\": from(\"weights.safetensors\")`")
            return nil
        }
        let path = arguments.count == 1 && arguments[0].name == nil ? elaborator.evaluate(arguments[0].value) : .nothing
        guard case .text(let item) = path, let source = elaborator.map[value.span.file] else {
            if !path.isPoison {
                elaborator.report(
                    "`from` takes the path of a file of weights", at: value.span, help: "such as `from(\"encoder.safetensors\")`")
            }
            return nil
        }
        return .file(SourcePath.target(of: item, from: source.name), span: value.span)
    }

    private static let fileWord = "from"

    private func isOwner(_ key: NameSyntax) -> Bool {
        let owners =
            elaborator.catalog.operators.filter { $0.isInLanguage && $0.inputs.contains { $0.role == .weight } }.map(\.name)
            + [ChosenInitializers.bias]
        if owners.contains(key.text) { return true }
        let nearest = Spelling.nearest(to: key.text, in: owners)
        elaborator.report(
            "no operator `\(key.text)` has weights", at: key.span,
            help: nearest.map { "did you mean `\($0)`?" } ?? "those that have are \(owners.joined(separator: ", "))")
        return false
    }

    /// Reports initializers of parameters that the network has not, neither as it predicts nor as it is trained.
    func checkNames(_ chosen: ChosenInitializers, parameters: Set<String>) {
        for (name, (_, span)) in chosen.byName.sorted(by: { $0.key < $1.key }) where !parameters.contains(name) {
            let nearest = Spelling.nearest(to: name, in: parameters.sorted())
            elaborator.report(
                "the network has no parameter `\(name)`", at: span,
                help: nearest.map { "did you mean `\($0)`?" } ?? "parameters are named `label.part`, as `braid describe` lists them")
        }
        for (pattern, _, span) in chosen.byPattern where !parameters.contains(where: pattern.matches) {
            let nearest = Spelling.nearest(to: pattern.text, in: NamePattern.candidates(for: parameters).sorted())
            elaborator.report(
                "no parameter's name matches `\(pattern)`", at: span,
                help: nearest.map { "did you mean `\($0)`?" } ?? "parameters are named `label.part`, as `braid describe` lists them")
        }
    }
}
