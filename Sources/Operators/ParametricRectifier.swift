import Graph

extension Operator {
    /// The rectifier with a learned slope for negative elements (He et al., arXiv 1502.01852), one a channel or one for all.
    public static let parametricRectifier: Operator = Operator(
        "prelu", "Multiplies negative elements by a learned slope.",
        inputs: [
            OperatorInput("x", "the tensor [N, C, …]"),
            OperatorInput("weight", .weight, "one slope a channel [C], or [1] if shared; 0.25 at first"),
        ],
        parameters: [OperatorParameter("shared", .boolean, default: .boolean(false), "whether all channels have the same slope")],
        weights: { (check) throws(TypeError) in [WeightDeclaration("weight", try check.slopes(), .constant(0.25))] },
        type: { (check) throws(TypeError) in
            try check.require(1, is: check.slopes(), role: "weight")
            return check.signature.operands[0]
        },
        lowering: { _ in
            .elementwise(.select(.less, 0, .argument(0), then: .argument(0), otherwise: .argument(1) * .argument(0)))
        },
        gradient: .derived,
        onnx: [.byRule("PRelu")],
        examples: [
            OperatorExample("a slope a channel", [.f32(2, 20, 3, 4), .f32(20)]),
            OperatorExample("one slope for all", [.f32(2, 5, 3, 2), .f32(1)], ["shared": .boolean(true)]),
            OperatorExample("rows", [.f32(3, 5), .f32(5)]),
        ])
}

extension Checker {
    fileprivate func slopes() throws(TypeError) -> TensorType {
        let channels = try channelVector()
        return signature.attributes.boolean("shared") ? .f32(1) : channels
    }
}
