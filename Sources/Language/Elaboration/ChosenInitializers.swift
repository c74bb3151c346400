import Graph
import Source

/// What a training's `initialize` says: how parameters begin, by what owns them or by their names.
struct ChosenInitializers: Sendable {
    /// The key that stands for the biases beside matrices and kernels.
    static let bias = "bias"

    /// Of the matrices and kernels of an operator, by its name, and of `bias`.
    var byOwner: [String: Initializer] = [:]
    /// Of a single parameter, by its name, with the place where it is said.
    var byName: [String: (initializer: Initializer, span: Span)] = [:]

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
