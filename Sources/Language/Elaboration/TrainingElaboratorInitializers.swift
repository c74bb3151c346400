import Graph
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
                // A name in quotes, or with a dot in it, is a parameter's.
                let isParameter = key.text.contains(".") || elaborator.map.text(of: key.span)?.hasPrefix("\"") == true
                if !isParameter && !isOwner(key) { continue }
                guard let made = elaborator.make(argument.value, of: InitializerForm.self).map(Initializer.form) else { continue }
                if isParameter {
                    result.byName[key.text] = (made, key.span)
                } else {
                    result.byOwner[key.text] = made
                }
            }
        }
        return result
    }

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
    }
}
