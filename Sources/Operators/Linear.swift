import Graph

extension Operator {
    /// `x * weight^T + bias`; weights are `[O, I]`.
    public static let linear: Operator = Operator(
        "linear", "Multiplies each row by a learned matrix.",
        inputs: [
            OperatorInput("x", "the rows [N, I]"),
            OperatorInput("weight", .weight, "the matrix [O, I]"),
            OperatorInput("bias", .weight, onlyIf: "bias", "one value a feature [O], unless bias is false"),
        ],
        parameters: [
            OperatorParameter("features", .integer, "the number of output features"),
            OperatorParameter("bias", .boolean, default: .boolean(true), "whether a learned value a feature is added"),
        ],
        weights: { (check) throws(TypeError) in
            let weight = try check.linearWeight()
            return check.declarations(weight: weight, bias: .f32(weight.shape[0]))
        },
        type: { (check) throws(TypeError) in
            let weight = try check.linearWeight()
            try check.require(weight: weight, bias: .f32(weight.shape[0]))
            return try check.result([check.signature.operands[0].shape[0], weight.shape[0]])
        },
        lowering: { signature in
            if signature.attributes.boolean("bias") { return .composite(addBias) }
            let (x, weight) = (signature.operands[0].shape, signature.operands[1].shape)
            let space = FormulaSpace([("n", x[0]), ("o", weight[0])], reducing: [("i", x[1])])
            return .contraction(space.product([["n", "i"], ["o", "i"]]))
        },
        gradient: .rule { context in
            [
                context.wanted[0] ? context.builder.apply(linearBackwardData, context.gradient, context.operands[1]) : nil,
                context.wanted[1] ? context.builder.apply(linearBackwardWeights, context.operands[0], context.gradient) : nil,
            ]
        },
        examples: [
            OperatorExample("with bias", [.f32(3, 20), .f32(5, 20), .f32(5)], ["features": .integer(5)]),
            OperatorExample("without bias", [.f32(2, 5), .f32(20, 5)], ["features": .integer(20), "bias": .boolean(false)]),
            OperatorExample("one feature", [.f32(1, 3), .f32(1, 3)], ["features": .integer(1), "bias": .boolean(false)]),
        ])

    static let linearBackwardData: Operator = Operator(
        "linear_backward_data", "Gradient of a linear layer with respect to its rows.",
        inputs: [
            OperatorInput("gradient", "the gradient with respect to the result [N, O]"),
            OperatorInput("weight", "the matrix [O, I]"),
        ],
        isInLanguage: false,
        type: { (check) throws(TypeError) in
            let gradient = try check.operand(0, rank: 2, form: "a gradient f32[N, O]")
            let weight = try check.operand(1, rank: 2, form: "a matrix f32[O, I]")
            guard gradient[1] == weight[0] else { throw check.error("cannot apply \(weight) to \(gradient)", operand: 1) }
            return try check.result([gradient[0], .fixed(check.extent(weight, 1))])
        },
        lowering: { signature in
            let (gradient, weight) = (signature.operands[0].shape, signature.operands[1].shape)
            let space = FormulaSpace([("n", gradient[0]), ("i", weight[1])], reducing: [("o", weight[0])])
            return .contraction(space.product([["n", "o"], ["o", "i"]]))
        },
        gradient: .rule { context in
            [
                context.wanted[0] ? multiplyRows(context.builder, context.gradient, context.operands[1]) : nil,
                context.wanted[1] ? context.builder.apply(linearBackwardWeights, context.gradient, context.operands[0]) : nil,
            ]
        },
        examples: [OperatorExample("20 features from 5", [.f32(3, 5), .f32(5, 20)])])

    static let linearBackwardWeights: Operator = Operator(
        "linear_backward_weights", "Gradient of a linear layer with respect to its matrix.",
        inputs: [
            OperatorInput("x", "the rows [N, I]"), OperatorInput("gradient", "the gradient with respect to the result [N, O]"),
        ],
        isInLanguage: false,
        type: { (check) throws(TypeError) in
            let x = try check.operand(0, rank: 2, form: "rows f32[N, I]")
            let gradient = try check.operand(1, rank: 2, form: "a gradient f32[N, O]")
            guard x[0] == gradient[0] else { throw check.error("cannot pair rows \(x) with \(gradient)", operand: 1) }
            return try check.result([gradient[1], x[1]])
        },
        lowering: { signature in
            let (x, gradient) = (signature.operands[0].shape, signature.operands[1].shape)
            let space = FormulaSpace([("o", gradient[1]), ("i", x[1])], reducing: [("n", x[0])])
            return .contraction(space.product([["n", "i"], ["n", "o"]]))
        },
        gradient: .rule { context in
            [
                context.wanted[0] ? context.builder.apply(linearBackwardData, context.operands[1], context.gradient) : nil,
                context.wanted[1] ? multiplyRows(context.builder, context.operands[0], context.gradient) : nil,
            ]
        },
        examples: [OperatorExample("5 features from 20", [.f32(3, 20), .f32(3, 5)])])

    @Sendable private static func addBias(_ context: Decomposition) -> Value {
        let plain = multiplyRows(context.builder, context.operands[0], context.operands[1])
        return context.builder.apply(add, plain, context.operands[2])
    }

    /// A linear layer without bias.
    private static func multiplyRows(_ builder: GraphBuilder, _ x: Value, _ weight: Value) -> Value {
        let features = builder.type(of: weight).shape.number(0)
        return builder.apply(linear, x, weight, attributes: ["features": .integer(features), "bias": .boolean(false)])
    }
}

extension Checker {
    /// The matrix that a `linear` with these parameters takes for its rows.
    fileprivate func linearWeight() throws(TypeError) -> TensorType {
        let rows = try operand(
            0, rank: 2, form: "rows f32[N, I]",
            repair: "flatten the tensor first: '|> flatten', for images perhaps after '|> global_avg_pool'")
        return try result([.fixed(positive("features")), rows[1]])
    }
}
