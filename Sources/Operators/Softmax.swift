import Graph

extension Operator {
    /// `exp(x) / sum(exp(x))`, computed from `x - max(x)`, which changes nothing but cannot overflow.
    public static let softmax: Operator = Operator(
        "softmax", "Turns each row into probabilities.",
        inputs: [OperatorInput("x", "scores")], parameters: [classAxis],
        type: { (check) throws(TypeError) in try check.scores() },
        lowering: { _ in
            .composite { context in
                let builder = context.builder
                let (x, classes) = (context.operands[0], classes(context.signature))
                let shifted = ScalarFunction("shifted_exponential", ["x", "largest"], .exponential(.argument(0) - .argument(1)))
                let exponential = builder.apply(map, x, largest(builder, x, classes), attributes: ["function": .function(shifted)])
                return builder.apply(divide, exponential, builder.apply(sum, exponential, attributes: classes))
            }
        },
        gradient: .derived, onnx: [ONNXForm("Softmax", [.axis(default: -1)], since: 13)], examples: scoreExamples)

    /// The logarithm of `softmax`, without computing it first: `x - max(x) - log(sum(exp(x - max(x))))`.
    public static let logSoftmax: Operator = Operator(
        "log_softmax", "Turns each row into logarithms of probabilities.",
        inputs: [OperatorInput("x", "scores")], parameters: [classAxis],
        type: { (check) throws(TypeError) in try check.scores() },
        lowering: { _ in
            .composite { context in
                let builder = context.builder
                let (x, classes) = (context.operands[0], classes(context.signature))
                let largest = largest(builder, x, classes)
                let shifted = ScalarFunction("shifted_exponential", ["x", "largest"], .exponential(.argument(0) - .argument(1)))
                let exponential = builder.apply(map, x, largest, attributes: ["function": .function(shifted)])
                let total = builder.apply(sum, exponential, attributes: classes)
                let shift = ScalarFunction(
                    "log_softmax", ["x", "largest", "total"], .argument(0) - .argument(1) - .logarithm(.argument(2)))
                return builder.apply(map, x, largest, total, attributes: ["function": .function(shift)])
            }
        },
        gradient: .derived, onnx: [ONNXForm("LogSoftmax", [.axis(default: -1)], since: 13)], examples: scoreExamples)

    private static let classAxis = OperatorParameter("axis", .integer, default: .integer(1), "the axis of the classes")

    private static func classes(_ signature: Signature) -> Attributes {
        ["axes": .integer(signature.attributes.integer("axis")), "keep": .boolean(true)]
    }

    private static let scoreExamples: [OperatorExample] = [
        OperatorExample("rows", [.f32(3, 5)]), OperatorExample("20 classes", [.f32(2, 20)]),
        OperatorExample("each pixel", [.f32(2, 3, 2, 4)]),
        OperatorExample("tokens, the last axis", [.f32(2, 3, 20)], ["axis": .integer(-1)]),
    ]

    /// The largest score of each row. Shifting by it cancels out, so no gradient flows through.
    private static func largest(_ builder: GraphBuilder, _ x: Value, _ classes: Attributes) -> Value {
        builder.apply(detach, builder.apply(max, x, attributes: classes))
    }
}

extension Checker {
    fileprivate func scores() throws(TypeError) -> TensorType {
        let type = signature.operands[0]
        guard type.element == .f32, type.rank >= 2 else {
            throw error("takes scores f32[N, classes, …], not \(type)", operand: 0)
        }
        _ = try axis(signature.attributes.integer("axis"), rank: type.rank)
        return type
    }
}
