import Graph
import Operators

extension ExportRule {
    /// Normalizations that the operator set has otherwise.
    static let normalizations: [ExportRule] = [
        // Its scales are those of groups before operator set 21: written as PyTorch does, each group as a channel, and scaled behind.
        ExportRule(.groupNormalization) { (scope, value) throws(ImportFault) in
            let (operands, shape) = (scope.operands(value), scope.shape(value))
            let attributes = scope.node(value).attributes
            let groups = attributes.integer("groups")
            let grouped = scope.step("Reshape", [operands[0], scope.integers([0, groups, -1])])
            let factors = [1, 0].map { scope.constant(shape: [groups], [Float](repeating: $0, count: groups)) }
            let plain = scope.step("InstanceNormalization", [grouped] + factors, [.number("epsilon", attributes.number("epsilon"))])
            if operands.count == 1 { return try scope.reshaped(plain, to: shape) }
            let back = try scope.reshaped(plain, to: shape, isLast: false)
            let affine = try operands.dropFirst().map { (name) throws(ImportFault) in
                let ofChannels = Shape([shape[1]] + [Extent](repeating: 1, count: shape.rank - 2))
                return shape.rank == 2 ? name : try scope.reshaped(name, to: ofChannels, isLast: false)
            }
            return scope.node("Add", [scope.step("Mul", [back, affine[0]]), affine[1]])
        },
        // Each pixel over its channels, which ONNX normalizes over where they are the last axis.
        ExportRule(.layerNormalization, takes: isOfPixels) { (scope, value) throws(ImportFault) in
            let (operands, rank) = (scope.operands(value), scope.shape(value).rank)
            let turned = scope.step("Transpose", [operands[0]], [.integers("perm", [0] + Array(2..<rank) + [1])])
            let plain = scope.step(
                "LayerNormalization", [turned] + operands.dropFirst(),
                [.integer("axis", -1), .number("epsilon", scope.node(value).attributes.number("epsilon"))])
            return scope.node("Transpose", [plain], [.integers("perm", [0, rank - 1] + Array(1..<rank - 1))])
        },
    ]

    private static func isOfPixels(_ signature: Signature) -> Bool {
        let (axes, rank) = (signature.attributes.integers("axes"), signature.operands[0].rank)
        return signature.operands.count == 3 && rank > 2 && (axes == [1] || axes == [1 - rank])
    }
}
