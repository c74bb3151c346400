import Graph
import Operators

/// What operators are given that is decided while the network is built.
extension Outline {
    /// The parameters of a `reshape` as the language has them: a batch has no value there, nor has a whole shape.
    func reshaping(_ value: Value, _ attributes: Attributes) throws(WritingError) -> Attributes {
        let type = graph[value].type
        guard let operand = graph[value].operands.first, type.rank > 0 else { return attributes }
        let extents = attributes.extents("extents")
        guard extents.isEmpty || extents.contains(where: { $0.expression.symbols.contains { $0.name == symbols.batch } }) else {
            return attributes
        }
        let said = Attributes.reshaping(graph[operand].type.shape, to: type.shape, batch: symbols.batch)
        guard let complete = try? Operator.reshape.completing(said),
            (try? Operator.reshape.inferType(Signature([graph[operand].type], complete))) == type
        else {
            throw WritingError(
                "the language makes no tensor \(type) of \(graph[operand].type)",
                repair: "leave out axes of extent 1")
        }
        return complete
    }

    /// The arguments of a call, but for tensors.
    ///
    /// - Parameter given: the inputs that are given tensors, each of which says that there is one.
    func arguments(of operation: Operator, _ attributes: Attributes, given: [String]) throws(WritingError) -> [OutlineStep.Argument] {
        var arguments: [OutlineStep.Argument] = []
        let shown = operation.shownParameters
        for (place, parameter) in shown.enumerated() {
            // A tensor that is given says that there is one.
            if given.contains(parameter.name) { continue }
            guard let attribute = attributes[parameter.name] else { continue }
            let byDefault = parameter.defaultValue.flatMap(parameter.kind.convert)
            if attribute == byDefault, Term(attribute, as: parameter.kind) == nil { continue }
            guard let value = Term(attribute, as: parameter.kind) else {
                throw WritingError("the language has no value for its `\(parameter.name)`", repair: "give it a finite number")
            }
            if let batch = symbols.batch, case .shape(let shape) = attribute,
                shape.dimensions.contains(where: { $0.expression.symbols.contains { $0.name == batch } })
            {
                throw WritingError(
                    "its `\(parameter.name)` depends on the batch, which has no value while a network is built",
                    repair: "export the model for a fixed number of images, or let what has an extent of 1 stay so")
            }
            // What must be given stands by its place; so does what an operator is told first: the axes of a sum, the rate of a dropout.
            let isList = parameter.kind == .integers || parameter.kind == .extents
            let isFirst = place == 0 && (isList || parameter.kind == .number && shown.count == 1)
            arguments.append(
                OutlineStep.Argument(
                    name: parameter.name, value: value, byDefault: byDefault.flatMap { Term($0, as: parameter.kind) },
                    isPositional: parameter.defaultValue == nil || isFirst))
        }
        return arguments
    }
}
