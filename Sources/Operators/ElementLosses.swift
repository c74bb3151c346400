import Graph

/// Losses that are the mean of a function of each element and its target.
extension Operator {
    public static let meanSquaredError = elementLoss(
        "mean_squared_error", "Averages the squared differences of two tensors.", function: "squared_difference"
    ) { _ in (.argument(0) - .argument(1)) * (.argument(0) - .argument(1)) }

    public static let meanAbsoluteError = elementLoss(
        "mean_absolute_error", "Averages the absolute differences of two tensors: outliers pull no harder than others.",
        function: "absolute_difference"
    ) { _ in .unary(.absolute, .argument(0) - .argument(1)) }

    /// Half of the square of a difference `d` within `delta`, `delta * (|d| - delta / 2)` beyond (Huber 1964), as PyTorch has it.
    public static let huberLoss = elementLoss(
        "huber_loss", "Averages the squared differences of two tensors where they are small, and the absolute ones where they are large.",
        parameters: [
            OperatorParameter("delta", .number, default: .number(1), "the difference from which on it grows in proportion, above 0")
        ],
        function: "huber", example: ["delta": .number(0.75)],
        check: { (check) throws(TypeError) in _ = try check.number("delta", in: Double.leastNormalMagnitude..<1e6, "above 0") }
    ) { attributes in
        let delta = attributes.number("delta")
        let distance = Scalar.unary(.absolute, .argument(0) - .argument(1))
        return .select(
            .less, .constant(delta), distance, then: .constant(delta) * (distance - .constant(delta / 2)),
            otherwise: 0.5 * distance * distance)
    }

    /// `(1 - t) * x + (1 + (p - 1) * t) * log(1 + exp(-x))`: `-log(sigmoid(x))` where the target `t` is 1, times `p`, and
    /// `-log(1 - sigmoid(x))` where it is 0; no exponential overflows. As `torch.nn.BCEWithLogitsLoss` has it.
    public static let binaryCrossEntropy = elementLoss(
        "binary_cross_entropy", "Measures how far scores, before a sigmoid, are from targets between 0 and 1; several labels may be right.",
        input: "scores before a sigmoid, of any shape",
        parameters: [
            OperatorParameter(
                "positive_weight", .number, default: .number(1),
                "what targets of 1 count more than those of 0: above 1 where they are rare")
        ],
        function: "binary_cross_entropy", example: ["positive_weight": .number(2.5)],
        check: { (check) throws(TypeError) in _ = try check.number("positive_weight", in: 0..<1e6, "at least 0") }
    ) { attributes in
        let (score, target) = (Scalar.argument(0), Scalar.argument(1))
        let weight = attributes.number("positive_weight")
        return (1 - target) * score + (1 + .constant(weight - 1) * target) * .unary(.softplus, -score)
    }

    /// `weight * (1 - p)^gamma * -log(p)`, where `p` is the probability that `sigmoid(x)` gives to what is right, and the weight `alpha`
    /// where the target is 1, `1 - alpha` where it is 0 (Lin et al., arXiv 1708.02002), as `torchvision.ops.sigmoid_focal_loss` has it.
    public static let focalLoss = elementLoss(
        "focal_loss", "Measures as binary_cross_entropy does, but what is right already, most of a picture, hardly counts.",
        input: "scores before a sigmoid, of any shape",
        parameters: [
            OperatorParameter("alpha", .number, default: .number(0.25), "what targets of 1 count, 0 to 1; those of 0 count 1 - alpha"),
            OperatorParameter("gamma", .number, default: .number(2), "how strongly what is right is left out; 0 leaves out nothing"),
        ],
        function: "focal", example: ["alpha": .number(0.75), "gamma": .number(1.5)], targets: .labels(below: 2),
        check: { (check) throws(TypeError) in
            _ = try check.number("alpha", in: 0..<(1 as Double).nextUp, "between 0 and 1")
            _ = try check.number("gamma", in: 0..<32, "at least 0 and below 32")
        }
    ) { attributes in
        let (score, target) = (Scalar.argument(0), Scalar.argument(1))
        let (alpha, gamma) = (attributes.number("alpha"), attributes.number("gamma"))
        let probability = Scalar.unary(.logistic, score)
        // Rounding, or a target that is no part of 1, must not make a root of a negative number.
        let wrong = Scalar.maximum(probability + target - 2 * probability * target, 0)
        let weight = .constant(alpha) * target + .constant(1 - alpha) * (1 - target)
        return weight * .power(wrong, .constant(gamma)) * ((1 - target) * score + .unary(.softplus, -score))
    }

    /// - Parameters:
    ///   - function: the name of the function of an element and its target in the graph's text.
    ///   - example: attributes of a further example.
    ///   - targets: how targets of examples are drawn.
    ///   - check: refuses attributes.
    private static func elementLoss(
        _ name: String, _ summary: String, input: String = "the prediction", parameters: [OperatorParameter] = [], function: String,
        example: Attributes? = nil, targets: OperatorExample.Values = .normal,
        check: @escaping @Sendable (Checker) throws(TypeError) -> Void = { (_) throws(TypeError) in },
        _ body: @escaping @Sendable (Attributes) -> Scalar
    ) -> Operator {
        Operator(
            name, summary, inputs: [OperatorInput("x", input), OperatorInput("target", "what it should be, of the same shape")],
            parameters: parameters,
            type: { (checker) throws(TypeError) in
                let type = checker.signature.operands[0]
                guard type.element == .f32, type.rank >= 1 else {
                    throw checker.error("takes an f32 tensor of rank 1 or more, not \(type)", operand: 0)
                }
                try checker.require(1, is: type, role: "target")
                try check(checker)
                return .f32()
            },
            lowering: { _ in
                .composite { context in
                    let builder = context.builder
                    let losses = ScalarFunction(function, ["x", "target"], body(context.signature.attributes))
                    let terms = builder.apply(map, context.operands, ["function": .function(losses)])
                    return builder.apply(mean, terms, attributes: ["axes": .integers(Array(0..<builder.type(of: terms).rank))])
                }
            },
            gradient: .derived,
            examples: [
                OperatorExample("rows", [.f32(3, 5), .f32(3, 5)], values: [.normal, targets]),
                OperatorExample("images", [.f32(2, 3, 4, 4), .f32(2, 3, 4, 4)], values: [.normal, targets]),
            ] + (example.map { [OperatorExample("other numbers", [.f32(4, 7), .f32(4, 7)], $0, values: [.normal, targets])] } ?? []))
    }
}
