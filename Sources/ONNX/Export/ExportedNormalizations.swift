import Graph
import Operators

extension ExportRule {
    /// Normalizations, what makes probabilities, and what does nothing where a network predicts.
    static let normalizations: [ExportRule] =
        [
            ExportRule(.batchNormalization) { (scope, value) throws(ImportFault) in
                let attributes = scope.node(value).attributes
                return scope.node(
                    "BatchNormalization", scope.operands(value),
                    [.number("epsilon", attributes.number("epsilon")), .number("momentum", 1 - attributes.number("momentum"))])
            },
            ExportRule(
                .layerNormalization,
                takes: { signature in
                    let rank = signature.operands[0].rank
                    let given = signature.attributes.integers("axes").map { $0 < 0 ? $0 + rank : $0 }
                    let axes = given.isEmpty ? Array(1..<rank) : given.sorted()
                    return signature.attributes.boolean("affine") && axes == Array((axes.first ?? 1)..<rank)
                }
            ) { (scope, value) throws(ImportFault) in
                let (attributes, rank) = (scope.node(value).attributes, scope.shape(value).rank)
                let axes = attributes.integers("axes").map { $0 < 0 ? $0 + rank : $0 }
                return scope.node(
                    "LayerNormalization", scope.operands(value),
                    [.integer("axis", axes.min() ?? 1), .number("epsilon", attributes.number("epsilon"))])
            },
            ExportRule(.instanceNormalization, takes: { $0.attributes.boolean("affine") }) { (scope, value) throws(ImportFault) in
                scope.node(
                    "InstanceNormalization", scope.operands(value), [.number("epsilon", scope.node(value).attributes.number("epsilon"))])
            },
            ExportRule(.localResponseNormalization, takes: { $0.attributes.integer("size") % 2 == 1 }) {
                (scope, value) throws(ImportFault) in
                let attributes = scope.node(value).attributes
                return scope.node(
                    "LRN", scope.operands(value),
                    [
                        .integer("size", attributes.integer("size")), .number("alpha", attributes.number("alpha")),
                        .number("beta", attributes.number("beta")), .number("bias", attributes.number("k")),
                    ])
            },
            ExportRule(.softmax) { (scope, value) throws(ImportFault) in
                scope.node("Softmax", scope.operands(value), [.integer("axis", scope.node(value).attributes.integer("axis"))])
            },
            ExportRule(.logSoftmax) { (scope, value) throws(ImportFault) in
                scope.node("LogSoftmax", scope.operands(value), [.integer("axis", scope.node(value).attributes.integer("axis"))])
            },
        ]
        + [Operator.dropout, .spatialDropout, .stochasticDepth].map { operation in
            ExportRule(operation) { (scope, value) throws(ImportFault) in scope.operands(value)[0] }
        }
}
