import Graph
import Recipes
import Source

extension TrainingElaborator {
    /// The clause that may be given several times.
    static let groupWord = "group"

    /// The groups of weights, in order. A pattern that matches no weight of the network is reported.
    func groups() -> [WeightGroup] {
        var groups: [WeightGroup] = []
        // Where anything is wrong, the weights that are missing may be those that are meant.
        let isSound = elaborator.known.isEmpty && !elaborator.diagnostics.hasErrors
        for case .setting(let word, let arguments) in definition.clauses where word.text == Self.groupWord {
            guard let (group, span) = read(arguments, word) else { continue }
            groups.append(group)
            if isSound { check(group.pattern, at: span) }
        }
        return groups
    }

    /// Reads `"*.bias", weight_decay: 0`.
    private func read(_ arguments: [ArgumentSyntax], _ word: NameSyntax) -> (WeightGroup, Span)? {
        let example = "group \"*.bias\", weight_decay: 0"
        guard let first = arguments.first, first.name == nil else {
            elaborator.report("which weights?", at: word.span, help: "begin with a pattern of their names: `\(example)`")
            return nil
        }
        let value = elaborator.evaluate(first.value)
        guard case .text(let pattern) = value else {
            if !value.isPoison {
                elaborator.report(
                    "a group begins with a pattern of names, not \(elaborator.phrase(value))", at: first.value.span,
                    help: "such as `\(example)`")
            }
            return nil
        }
        guard let values = elaborator.values(Array(arguments.dropFirst()), of: WeightGroup.parameters, word) else { return nil }
        if values.values.isEmpty {
            elaborator.report("what is different about these weights?", at: word.span, help: "give `rate`, `weight_decay` or both")
            return nil
        }
        return (WeightGroup(pattern, values), first.value.span)
    }

    private func check(_ pattern: NamePattern, at span: Span) {
        let parameters = elaborator.builder.graph.nodes.compactMap(\.parameter)
        let weights = parameters.filter { $0.role == .weight }.map(\.name)
        if weights.contains(where: pattern.matches) { return }
        if parameters.contains(where: { pattern.matches($0.name) }) {
            elaborator.report(
                "`\(pattern)` matches no weight, but what is kept from step to step", at: span,
                help: "optimizers move weights only; statistics follow what the network sees")
            return
        }
        let nearest = Spelling.nearest(to: pattern.text, in: NamePattern.candidates(for: weights).sorted())
        elaborator.report(
            "no weight's name matches `\(pattern)`", at: span,
            help: nearest.map { "did you mean `\($0)`?" } ?? "weights are named `label.part`, as `braid describe` lists them")
    }
}
