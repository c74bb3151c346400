import Graph

extension Operator {
    /// The mean over the batch of `-sum(target * log_softmax(logits))`; the target is one-hot, mixed with `smoothing` parts of the
    /// uniform distribution over all classes (Szegedy et al., arXiv 1512.00567), as PyTorch has it.
    ///
    /// The derived gradient is `(softmax - target) / N`.
    public static let crossEntropy: Operator = Operator(
        "cross_entropy", "Measures how far predicted scores are from labels.",
        inputs: [OperatorInput("logits", "scores [N, classes]"), OperatorInput("label", selecting: 1, of: 0, "the right classes i32[N]")],
        parameters: [smoothingParameter],
        type: { (check) throws(TypeError) in
            let logits = try check.operand(0, rank: 2, form: "scores f32[N, classes]", repair: "flatten the tensor first")
            try check.require(1, is: TensorType(.i32, Shape([logits[0]])), role: "label")
            _ = try check.smoothing()
            return .f32()
        },
        lowering: { _ in
            .composite { context in
                let builder = context.builder
                let logits = context.operands[0]
                let batch = builder.type(of: logits).shape[0]
                let label = builder.apply(reshape, context.operands[1], attributes: ["shape": .shape(Shape([batch, 1]))])
                let terms = builder.apply(
                    crossEntropyTerms, builder.apply(logSoftmax, logits), label, attributes: context.signature.attributes)
                let total = builder.apply(sum, terms, attributes: ["axes": .integers([0, 1])])
                return builder.apply(divide, total, builder.apply(elementCount, [], ["shape": .shape(Shape([batch]))]))
            }
        },
        gradient: .derived,
        examples: [
            OperatorExample("five classes", [.f32(4, 5), TensorType(.i32, [4])], values: [.normal, .labels(below: 5)]),
            OperatorExample(
                "smoothed", [.f32(3, 20), TensorType(.i32, [3])], ["smoothing": .number(0.1)], values: [.normal, .labels(below: 20)]),
        ])

    /// `-target * x` for each class, `target` being one-hot at the label and smoothed.
    static let crossEntropyTerms: Operator = Operator(
        "cross_entropy_terms", "Weighs logarithms of probabilities by a smoothed one-hot target.",
        inputs: [
            OperatorInput("x", "logarithms of probabilities [N, classes]"),
            OperatorInput("label", selecting: 1, of: 0, "the right classes i32[N, 1]"),
        ],
        parameters: [smoothingParameter], isInLanguage: false,
        type: { (check) throws(TypeError) in
            let x = try check.operand(0, rank: 2, form: "logarithms f32[N, classes]")
            try check.require(1, is: TensorType(.i32, Shape([x[0], 1])), role: "label")
            _ = try check.extent(x, 1)
            _ = try check.smoothing()
            return TensorType(.f32, x)
        },
        lowering: { signature in
            let classes = signature.operands[0].shape.number(1)
            let smoothing = signature.attributes.number("smoothing")
            let others = smoothing / Double(classes)
            // A choice between products, not a product with a choice: a class that does not count at all may be impossible, and zero
            // times the logarithm of its probability, minus infinity, would be no number.
            return .elementwise(
                .selecting(
                    .equal, .argument(1), .coordinate(1), then: .constant(-(1 - smoothing + others)) * .argument(0),
                    otherwise: .constant(-others) * .argument(0)))
        },
        gradient: .derived,
        examples: [
            OperatorExample("five classes", [.f32(4, 5), TensorType(.i32, [4, 1])], values: [.normal, .labels(below: 5)]),
            OperatorExample(
                "smoothed", [.f32(3, 20), TensorType(.i32, [3, 1])], ["smoothing": .number(0.1)], values: [.normal, .labels(below: 20)]),
        ])

    /// The mean of the squared differences.
    public static let meanSquaredError: Operator = Operator(
        "mean_squared_error", "Averages the squared differences of two tensors.",
        inputs: [OperatorInput("x", "the prediction"), OperatorInput("target", "what it should be, of the same shape")],
        type: { (check) throws(TypeError) in
            let type = check.signature.operands[0]
            guard type.element == .f32, type.rank >= 1 else {
                throw check.error("takes an f32 tensor of rank 1 or more, not \(type)", operand: 0)
            }
            try check.require(1, is: type, role: "target")
            return .f32()
        },
        lowering: { _ in
            .composite { context in
                let builder = context.builder
                let difference: Scalar = .argument(0) - .argument(1)
                let square = ScalarFunction("squared_difference", ["x", "target"], difference * difference)
                let squares = builder.apply(map, context.operands, ["function": .function(square)])
                return builder.apply(mean, squares, attributes: ["axes": .integers(Array(0..<builder.type(of: squares).rank))])
            }
        },
        gradient: .derived,
        examples: [
            OperatorExample("rows", [.f32(3, 5), .f32(3, 5)]), OperatorExample("images", [.f32(2, 3, 4, 4), .f32(2, 3, 4, 4)]),
        ])

    private static let smoothingParameter = OperatorParameter(
        "smoothing", .number, default: .number(0), "the part of the target that is spread over all classes")
}

extension Checker {
    fileprivate func smoothing() throws(TypeError) -> Double {
        try number("smoothing", in: 0..<1, "at least 0 and below 1")
    }
}
