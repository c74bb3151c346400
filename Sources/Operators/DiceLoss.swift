import Graph

extension Operator {
    /// `1 - (2 * sum(p * t) + smooth) / (sum(p) + sum(t) + smooth)` of each picture and class, averaged (Milletari et al., arXiv
    /// 1606.04797, without their squares below): how little the area of a class and that of its prediction overlap, whatever their size.
    public static let diceLoss: Operator = Operator(
        "dice_loss", "Measures how little predicted areas overlap with the right ones: rare classes count as much as others.",
        inputs: [
            OperatorInput("probability", "[N, classes, …], such as softmax(logits) or sigmoid(logits)"),
            OperatorInput(
                "label", selecting: 1, of: 0, "the class of each pixel i32[N, …]; or f32[N, classes, …], 1 where a pixel is of a class"),
        ],
        parameters: [
            OperatorParameter("smooth", .number, default: .number(1), "what keeps classes that are nowhere from dividing by 0")
        ],
        type: { (check) throws(TypeError) in
            let scores = try check.classScores()
            guard scores.rank >= 3 else {
                throw check.error(
                    "takes a probability for each class and pixel f32[N, classes, …], not \(check.signature.operands[0])", operand: 0)
            }
            _ = try check.isLabel(of: scores)
            _ = try check.extent(scores, 1)
            _ = try check.number("smooth", in: Double.leastNormalMagnitude..<1e6, "above 0")
            return .f32()
        },
        lowering: { _ in
            .composite { context in
                let (builder, probability) = (context.builder, context.operands[0])
                let types = context.signature.operands
                let shape = types[0].shape
                var (target, part) = (context.operands[1], Scalar.argument(1))
                if types[1].element == .i32 {
                    var column = shape.dimensions
                    column[1] = 1
                    target = builder.apply(reshape, target, attributes: ["shape": .shape(Shape(column))])
                    part = .select(.equal, .argument(1), .coordinate(1), then: 1, otherwise: 0)
                }
                let area: Attributes = ["axes": .integers(Array(2..<shape.rank))]
                func areas(_ name: String, _ body: Scalar) -> Value {
                    builder.apply(sum, builder.map(name, [("p", probability), ("t", target)], body), attributes: area)
                }
                let smooth = Scalar.constant(context.signature.attributes.number("smooth"))
                let losses = builder.map(
                    "dice", [("both", areas("both_areas", .argument(0) * part)), ("sum", areas("sum_of_areas", .argument(0) + part))],
                    1 - (2 * .argument(0) + smooth) / (.argument(1) + smooth))
                return builder.apply(mean, losses, attributes: ["axes": .integers([0, 1])])
            }
        },
        gradient: .derived,
        examples: [
            OperatorExample(
                "labels", [.f32(2, 3, 4, 5), TensorType(.i32, [2, 4, 5])], values: [.positive, .labels(below: 3)]),
            OperatorExample("parts", [.f32(2, 3, 7), .f32(2, 3, 7)], ["smooth": .number(0.5)], values: [.positive, .positive]),
        ])
}
