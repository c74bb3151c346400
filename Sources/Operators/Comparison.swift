import Graph

/// Comparisons, and choices by them: truth is 1, falsehood 0.
extension Operator {
    public static let less: Operator = comparison("less", "below", .less, swapped: false, onnx: "Less")
    public static let lessOrEqual: Operator = comparison("less_or_equal", "at most", .lessOrEqual, swapped: false, onnx: "LessOrEqual")
    public static let greater: Operator = comparison("greater", "above", .less, swapped: true, onnx: "Greater")
    public static let greaterOrEqual: Operator = comparison(
        "greater_or_equal", "at least", .lessOrEqual, swapped: true, onnx: "GreaterOrEqual")
    public static let equal: Operator = comparison("equal", "equal to", .equal, swapped: false, onnx: "Equal")
    public static let notEqual: Operator = comparison("not_equal", "not equal to", .equal, swapped: false, negated: true)

    private static func comparison(
        _ name: String, _ words: String, _ comparison: Comparison, swapped: Bool, negated: Bool = false, onnx: String? = nil
    ) -> Operator {
        let (a, b): (Scalar, Scalar) = swapped ? (.argument(1), .argument(0)) : (.argument(0), .argument(1))
        return Operator(
            name, "Is 1 where the first tensor's element is \(words) the second's, 0 elsewhere; no gradient flows.",
            inputs: [
                OperatorInput("a", "the first tensor"),
                OperatorInput("b", "the second: of the same shape, a scalar, one value a channel, or with extents of 1"),
            ],
            type: { (check) throws(TypeError) in try check.result(check.broadcastShape().dimensions) },
            lowering: { _ in .elementwise(.select(comparison, a, b, then: negated ? 0 : 1, otherwise: negated ? 1 : 0)) },
            gradient: .stops,
            onnx: onnx.map { [ONNXForm($0, operands: .repeated, result: .truth)] } ?? [],
            examples: [
                OperatorExample("equal shapes", [.f32(2, 3, 4, 5), .f32(2, 3, 4, 5)], values: [.labels(below: 3), .labels(below: 3)]),
                OperatorExample("one value a channel", [.f32(2, 20, 3, 3), .f32(20)]),
                OperatorExample("labels and a number", [TensorType(.i32, [7]), .f32()], values: [.labels(below: 3), .labels(below: 3)]),
            ])
    }

    /// As `torch.where` has it. Only the tensor that is chosen gets a gradient.
    public static let choose: Operator = Operator(
        "where", "Takes the first tensor's element where the condition is not 0, the second's elsewhere.",
        inputs: [
            OperatorInput("condition", "what decides, such as a comparison; all three are repeated to one shape"),
            OperatorInput("a", "taken where the condition is not 0"), OperatorInput("b", "taken where it is"),
        ],
        type: { (check) throws(TypeError) in
            for (index, type) in check.signature.operands.enumerated().dropFirst() where type.element != .f32 {
                throw check.error("takes f32 tensors to choose from, but its \(Checker.ordinal(index)) operand is \(type)", operand: index)
            }
            return try check.result(check.broadcastShape().dimensions)
        },
        lowering: { _ in .elementwise(.select(.equal, .argument(0), 0, then: .argument(2), otherwise: .argument(1))) },
        gradient: .derived, onnx: [.byRule("Where")],
        examples: [
            OperatorExample("equal shapes", [.f32(2, 5, 3), .f32(2, 5, 3), .f32(2, 5, 3)], values: [.labels(below: 2)]),
            OperatorExample("a number elsewhere", [.f32(2, 20, 3, 4), .f32(2, 20, 3, 4), .f32()], values: [.labels(below: 2)]),
            OperatorExample("a mask of pixels", [.f32(2, 1, 3, 4), .f32(2, 5, 3, 4), .f32(5)], values: [.labels(below: 2)]),
        ])

    /// 1 at each label's class, 0 elsewhere: the classes become the last axis, as `torch.nn.functional.one_hot` has it.
    public static let oneHot: Operator = Operator(
        "one_hot", "Makes a row of each label, 1 at its class and 0 elsewhere; a label that is no class has zeros only.",
        inputs: [OperatorInput("label", "the classes, integers")],
        parameters: [OperatorParameter("classes", .integer, "the number of classes")],
        type: { (check) throws(TypeError) in
            let type = check.signature.operands[0]
            guard type.element == .i32, type.rank >= 1 else { throw check.error("takes labels i32[N, …], not \(type)", operand: 0) }
            return try check.result(type.shape.dimensions + [.fixed(check.positive("classes"))])
        },
        lowering: { signature in
            .composite { context in
                let builder = context.builder
                let shape = signature.operands[0].shape
                let last = shape.rank
                let label = builder.apply(reshape, context.operands[0], attributes: ["shape": .shape(Shape(shape.dimensions + [1]))])
                let classes = Dimension.fixed(signature.attributes.integer("classes"))
                let space = builder.apply(
                    broadcast, builder.constant(0), attributes: ["shape": .shape(Shape(shape.dimensions + [classes]))])
                return builder.map(
                    "one_hot", ["zero": space, "label": label],
                    .select(.equal, .argument(1), .coordinate(last), then: 1, otherwise: .argument(0)))
            }
        },
        gradient: .stops, onnx: [.byRule("OneHot")],
        examples: [
            OperatorExample("five classes", [TensorType(.i32, [4])], ["classes": .integer(5)], values: [.labels(below: 5)]),
            OperatorExample("each pixel", [TensorType(.i32, [2, 3, 2])], ["classes": .integer(3)], values: [.labels(below: 4)]),
        ])
}
