import Graph
import Source

/// What a training's `initialize` says: how parameters begin, by what owns them or by their names.
struct ChosenInitializers: Sendable {
    /// The key that stands for the biases beside matrices and kernels.
    static let bias = "bias"

    /// Of the matrices and kernels of an operator, by its name, and of `bias`.
    fileprivate(set) var byOwner: [String: Initializer] = [:]
    /// Of a single parameter, by its name, with the place where it is said.
    fileprivate(set) var byName: [String: (initializer: Initializer, span: Span)] = [:]

    /// How a parameter begins that an operation declares; nil leaves it to the operator.
    ///
    /// An operator's key is for its matrices and kernels, `bias` for the vectors that these operators add; the scales and shifts of
    /// normalizations keep what their operator says. A parameter's own name counts before all.
    func initializer(
        of name: String, _ declaration: WeightDeclaration, among declarations: [WeightDeclaration], of operation: Operator
    ) -> Initializer? {
        if let (chosen, _) = byName[name] { return chosen }
        guard operation.inputs.contains(where: { $0.name == declaration.name && $0.role == .weight }) else { return nil }
        if declaration.type.rank >= 2 { return byOwner[operation.name] }
        let standsBesideMatrix = declarations.contains { $0.type.rank >= 2 }
        return declaration.name == Self.bias && standsBesideMatrix ? byOwner[Self.bias] : nil
    }
}

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
                // Only the name of a parameter has a dot in it.
                if !key.text.contains(".") && !isOwner(key) { continue }
                guard let (made, _) = make(argument.value, of: RecipeForms.initializers, "initializer") else { continue }
                if key.text.contains(".") {
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
