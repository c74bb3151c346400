import Graph
import Recipes
import Source

/// What batches of pictures can feed, of the inputs and targets of a network that is trained.
extension TrainingElaborator {
    /// The targets, by name.
    private var targetNames: Set<String> {
        Set(definition.clauses.compactMap { if case .target(let name, _) = $0 { name.text } else { nil } })
    }

    /// The first input of the network that takes pictures.
    private var pictureInput: Node? {
        let targets = targetNames
        return elaborator.builder.graph.nodes.first { node in
            node.type.element == .f32 && node.type.rank == 4 && node.inputName.map { !targets.contains($0) } == true
        }
    }

    /// Reports inputs and targets that are called as what a training step is given besides, and targets that are not of a batch of pictures.
    func requireFeedableInputs() {
        let (targets, input) = (targetNames, pictureInput)
        for node in elaborator.builder.graph.nodes {
            guard let name = node.inputName else { continue }
            let isTarget = targets.contains(name)
            if let own = TrainingRecipe.ownInputs.first(where: { $0.name == name }) {
                elaborator.report(
                    "\(isTarget ? "a target" : "an input of the network") is called `\(name)`, as a training calls \(own.use)",
                    at: node.span,
                    help: "rename the \(isTarget ? "target" : "input")")
                continue
            }
            guard isTarget, let input, let inputName = input.inputName, let batch = input.type.shape.dimensions.first,
                node.type.shape.dimensions.first?.description != batch.description
            else { continue }
            let shape = [batch] + node.type.shape.dimensions.dropFirst()
            elaborator.report(
                "the target `\(name)` is not of a batch of pictures: its first extent is not that of the input `\(inputName)`, which is \(batch)",
                at: node.span, secondary: [Diagnostic.Label(input.span, "this input takes the pictures")],
                help: "declare it as \(TensorType(node.type.element, Shape(shape))), with the pictures' axis first")
        }
    }

    /// Reports a clause `batch` with another number than that of an input whose batch is fixed.
    func requireBatch(_ count: Int, _ word: NameSyntax) {
        guard let input = pictureInput, let name = input.inputName, let fixed = input.type.shape.dimensions.first?.value, fixed != count
        else { return }
        elaborator.report(
            "the input `\(name)` takes batches of \(fixed), not of \(count)", at: word.span,
            secondary: [Diagnostic.Label(input.span, "this input has a fixed batch")],
            help: "write `batch \(fixed)`, or declare the input with a symbol as its first extent: f32[N, …]")
    }
}
