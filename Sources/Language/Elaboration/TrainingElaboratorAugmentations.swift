import Graph
import Recipes
import Source

extension TrainingElaborator {
    /// The augmentations that a clause lists, in its order; what the network's pictures lack for them is reported.
    func augmentations(_ arguments: [ArgumentSyntax]) -> [Chosen<Augmentation>] {
        let pictures = elaborator.builder.graph.nodes.first { $0.inputName != nil && $0.type.rank == 4 }
        let channels = pictures?.type.shape[1].value
        var mixer: (name: String, span: Span)?
        return arguments.compactMap { argument in
            let span = argument.value.span
            if let name = argument.name {
                elaborator.report("augmentations are listed without names", at: name.span, help: "leave out `\(name.text):`")
            }
            guard let chosen = elaborator.make(argument.value, of: Augmentation.self) else { return nil }
            if let channels, let problem = chosen.form.problem(chosen.values, channels: channels) {
                elaborator.report(problem.message, at: span, help: problem.repair)
            }
            if chosen.form.mixesBatches {
                mixer = mixer ?? (chosen.form.name, span)
            } else if let mixer {
                elaborator.report(
                    "`\(chosen.form.name)` stands behind `\(mixer.name)`, which mixes finished pictures", at: span,
                    secondary: [Diagnostic.Label(mixer.span, "this is done last")], help: "write `\(mixer.name)` at the end of the list")
            }
            return chosen
        }
    }
}
