import Graph

extension Operator {
    /// `torch.Tensor.expand` behind the batch, which nobody can write: extents of 1 are repeated.
    public static let expand: Operator = Operator(
        "expand", "Repeats what has an extent of 1 along an axis.",
        inputs: [OperatorInput("x", "a tensor of rank 2 or more")],
        parameters: [
            OperatorParameter("extents", .extents, "the extents behind the first axis, the batch, which stays; -1 for one that stays, too")
        ],
        geometry: Checker.expansion, type: \.self,
        lowering: { type, _ in
            .composite { context in
                context.builder.type(of: context.operands[0]) == type
                    ? context.operands[0]
                    : context.builder.apply(broadcast, context.operands[0], attributes: ["shape": .shape(type.shape)])
            }
        },
        gradient: .derived,
        onnx: [.byRule("Expand")],
        examples: [
            OperatorExample("pixels of a pooled image", [.f32(2, 5, 1, 1)], ["extents": .integers([5, 3, 4])]),
            OperatorExample("channels", [.f32(1, 1, 3, 4)], ["extents": .integers([20, -1, -1])]),
            OperatorExample("nothing to do", [.f32(2, 3)], ["extents": .integer(-1)]),
        ])
}

extension Checker {
    fileprivate func expansion() throws(TypeError) -> TensorType {
        let type = signature.operands[0]
        guard type.element == .f32, type.rank >= 2 else {
            throw error("needs an f32 tensor with a batch and at least one more axis, not \(type)", operand: 0)
        }
        let extents = signature.attributes.extents("extents")
        guard extents.count == type.rank - 1 else {
            throw error(
                "cannot use \(extents.count) extents for the \(type.rank - 1) axes behind the batch of \(type)",
                repair: "give one for each; -1 leaves an axis as it is", parameter: "extents")
        }
        var dimensions = type.shape.dimensions
        for (axis, extent) in zip(1..., extents) where extent != .fixed(-1) && extent != dimensions[axis] {
            guard dimensions[axis] == 1 else {
                throw error(
                    "cannot repeat axis \(axis) of \(type) to \(extent): its extent is \(dimensions[axis])",
                    repair: "only extents of 1 are repeated", parameter: "extents", axis: axis)
            }
            dimensions[axis] = extent
        }
        return try result(dimensions)
    }
}
