import Graph
import Operators

extension ImportRule {
    /// What is minimized.
    static let losses: [ImportRule] = [
        ImportRule("NegativeLogLikelihoodLoss") { (scope) throws(ImportFault) in
            try scope.result(likelihood(scope, scope.value(0)))
        },
        ImportRule("SoftmaxCrossEntropyLoss") { (scope) throws(ImportFault) in
            let scores = try scope.apply(.logSoftmax, [scope.value(0)])
            return try [.computed(likelihood(scope, scores), scope.element(0)), .computed(scores, scope.element(0))]
        },
    ]

    /// The negative logarithm of the right class's probability, weighed by the class.
    private static func likelihood(_ scope: NodeScope, _ logarithms: Value) throws(ImportFault) -> Value {
        let (shape, labels) = (try scope.shape(0), try scope.shape(1))
        guard shape.rank >= 2, labels.dimensions == [shape[0]] + shape.dimensions.dropFirst(2) else {
            throw .malformed("labels \(labels) of scores \(shape)")
        }
        let label = try scope.reshape(scope.positions(1), [shape[0], 1] + labels.dimensions.dropFirst())
        let weights =
            try scope.isGiven(2)
            ? scope.reshape(scope.value(2), [1, shape[1]] + [Dimension](repeating: 1, count: shape.rank - 2)) : nil
        // The numbers of the classes as a tensor, where they are known: no formula of a source asks for its element's position.
        var numbers: Value?
        if let classes = shape[1].value, classes <= ConstantTensor.maximumCount {
            let extents = [1, classes] + [Int](repeating: 1, count: shape.rank - 2)
            numbers = try scope.importer.constant((0..<classes).map(Float.init), Shape(extents))
        }
        let given =
            [("score", logarithms), ("label", label)] + (weights.map { [("weight", $0)] } ?? []) + (numbers.map { [("number", $0)] } ?? [])
        let number: Scalar = numbers == nil ? .coordinate(1) : .argument(given.count - 1)
        // Ignored labels name no class, and so have no term.
        let ignored = scope.has("ignore_index") ? try scope.integer("ignore_index", default: -1) : nil
        func chosen(_ value: Scalar) -> Scalar {
            let term = Scalar.select(.equal, .argument(1), number, then: value, otherwise: 0)
            return ignored.map { .select(.equal, .argument(1), .constant(Double($0)), then: 0, otherwise: term) } ?? term
        }
        func sum(_ name: String, _ value: Scalar) throws(ImportFault) -> Value {
            let terms = try scope.map(ScalarFunction(name, given.map(\.0), chosen(value)), given.map(\.1))
            return try scope.apply(.sum, [terms], ["axes": .integers([1])])
        }
        let weight: Scalar = weights == nil ? 1 : .argument(2)
        let each = try sum("weighed_logarithm", -(weight * .argument(0)))
        switch scope.text("reduction", default: "mean") {
        case "none": return each
        case "sum": return try scope.apply(.sum, [each])
        case "mean":
            // The argument keeps its place, so that the shape is that of the scores.
            let counted = try sum("weight_of_label", weight + 0 * Scalar.argument(0))
            return try scope.apply(.divide, [scope.apply(.sum, [each]), scope.apply(.sum, [counted])])
        case let other: throw .malformed("'reduction' is '\(other)'")
        }
    }
}
