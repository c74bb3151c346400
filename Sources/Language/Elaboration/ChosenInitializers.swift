import Graph
import Recipes
import Source

/// What a training's `initialize` says: how parameters begin, by what owns them, by their names or by patterns of
/// these.
struct ChosenInitializers: Sendable {
    /// The key that stands for the biases beside matrices and kernels.
    static let bias = "bias"

    /// Of the matrices and kernels of an operator, by its name, and of `bias`.
    var byOwner: [String: Initializer] = [:]
    /// Of a single parameter, by its name, with the place where it is said.
    var byName: [String: (begin: Begin, span: Span)] = [:]
    /// Of all parameters whose names match, in order; of several patterns the last counts.
    var byPattern: [(pattern: NamePattern, begin: Begin, span: Span)] = []

    /// How parameters begin that are named.
    enum Begin: Sendable {
        case initializer(Initializer)
        /// With the tensors of a file, whose path stands at `span`; the file is read where the network is trained.
        case file(String, span: Span)
    }

    private func begin(_ name: String) -> Begin? { byName[name]?.begin ?? byPattern.last { $0.pattern.matches(name) }?.begin }

    /// How a parameter of this name begins, whatever it belongs to; nil where only its owner can say.
    func named(_ name: String) -> Initializer? { if case .initializer(let made)? = begin(name) { made } else { nil } }

    /// The files that parameters begin with, in order of their places.
    func files(of parameters: [String]) -> [InitialFile] {
        var files: [InitialFile] = []
        for name in parameters {
            guard case .file(let path, let span)? = begin(name) else { continue }
            if let index = files.firstIndex(where: { $0.span == span }) {
                files[index].parameters.append(name)
            } else {
                files.append(InitialFile(path: path, span: span, parameters: [name]))
            }
        }
        return files
    }

    /// How a parameter begins that an operation declares; nil leaves it to the operator.
    ///
    /// An operator's key is for its matrices and kernels, `bias` for the vectors that these operators add; the scales and shifts of
    /// normalizations keep what their operator says. A parameter's own name counts before all, and a pattern that it matches before the
    /// operator.
    func initializer(
        of name: String, _ declaration: WeightDeclaration, among declarations: [WeightDeclaration], of operation: Operator
    ) -> Initializer? {
        if let chosen = named(name) { return chosen }
        guard operation.inputs.contains(where: { $0.name == declaration.name && $0.role == .weight }) else { return nil }
        if declaration.type.rank >= 2 { return byOwner[operation.name] }
        let standsBesideMatrix = declarations.contains { $0.type.rank >= 2 }
        return declaration.name == Self.bias && standsBesideMatrix ? byOwner[Self.bias] : nil
    }
}
