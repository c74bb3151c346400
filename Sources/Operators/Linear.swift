import Graph

extension Operator {
    /// `x * weight^T + bias` along the last axis; weights are `[O, I]`.
    public static let linear: Operator = Operator(
        "linear", "Multiplies each row, which is along the last axis, by a learned matrix.",
        inputs: [
            OperatorInput("x", "the rows [N, ..., I]"),
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
            return try check.result(check.signature.operands[0].shape.dimensions.dropLast() + [weight.shape[0]])
        },
        lowering: { signature in
            if signature.attributes.boolean("bias") { return .composite(addBias) }
            let (x, weight) = (signature.operands[0].shape, signature.operands[1].shape)
            let rows = rowAxes(x)
            let space = FormulaSpace(rows + [("o", weight[0])], reducing: [("i", x[x.rank - 1])])
            return .contraction(space.product([rows.map(\.0) + ["i"], ["o", "i"]]))
        },
        gradient: .rule { context in
            [
                context.wanted[0] ? context.builder.apply(linearBackwardData, context.gradient, context.operands[1]) : nil,
                context.wanted[1] ? context.builder.apply(linearBackwardWeights, context.operands[0], context.gradient) : nil,
            ]
        },
        onnx: [.byRule("Gemm")],
        examples: [
            OperatorExample("with bias", [.f32(3, 20), .f32(5, 20), .f32(5)], ["features": .integer(5)]),
            OperatorExample("without bias", [.f32(2, 5), .f32(20, 5)], ["features": .integer(20), "bias": .boolean(false)]),
            OperatorExample("tokens", [.f32(2, 3, 20), .f32(5, 20), .f32(5)], ["features": .integer(5)]),
            OperatorExample("one feature", [.f32(1, 3), .f32(1, 3)], ["features": .integer(1), "bias": .boolean(false)]),
        ])

    static let linearBackwardData: Operator = Operator(
        "linear_backward_data", "Gradient of a linear layer with respect to its rows.",
        inputs: [
            OperatorInput("gradient", "the gradient with respect to the result [N, ..., O]"),
            OperatorInput("weight", "the matrix [O, I]"),
        ],
        isInLanguage: false,
        type: { (check) throws(TypeError) in
            let gradient = try check.rows(0, form: "a gradient f32[N, ..., O]")
            let weight = try check.operand(1, rank: 2, form: "a matrix f32[O, I]")
            guard gradient[gradient.rank - 1] == weight[0] else { throw check.error("cannot apply \(weight) to \(gradient)", operand: 1) }
            return try check.result(gradient.dimensions.dropLast() + [.fixed(check.extent(weight, 1))])
        },
        lowering: { signature in
            let (gradient, weight) = (signature.operands[0].shape, signature.operands[1].shape)
            let rows = rowAxes(gradient)
            let space = FormulaSpace(rows + [("i", weight[1])], reducing: [("o", weight[0])])
            return .contraction(space.product([rows.map(\.0) + ["o"], ["o", "i"]]))
        },
        gradient: .rule { context in
            [
                context.wanted[0] ? multiplyRows(context.builder, context.gradient, context.operands[1]) : nil,
                context.wanted[1] ? context.builder.apply(linearBackwardWeights, context.gradient, context.operands[0]) : nil,
            ]
        },
        examples: [
            OperatorExample("20 features from 5", [.f32(3, 5), .f32(5, 20)]),
            OperatorExample("tokens", [.f32(2, 3, 5), .f32(5, 20)]),
        ])

    static let linearBackwardWeights: Operator = Operator(
        "linear_backward_weights", "Gradient of a linear layer with respect to its matrix.",
        inputs: [
            OperatorInput("x", "the rows [N, ..., I]"),
            OperatorInput("gradient", "the gradient with respect to the result [N, ..., O]"),
        ],
        isInLanguage: false,
        type: { (check) throws(TypeError) in
            let x = try check.rows(0, form: "rows f32[N, ..., I]")
            let gradient = try check.rows(1, form: "a gradient f32[N, ..., O]")
            guard x.dimensions.dropLast() == gradient.dimensions.dropLast() else {
                throw check.error("cannot pair rows \(x) with \(gradient)", operand: 1)
            }
            return try check.result([gradient[gradient.rank - 1], x[x.rank - 1]])
        },
        lowering: { signature in
            let (x, gradient) = (signature.operands[0].shape, signature.operands[1].shape)
            let rows = rowAxes(x)
            let space = FormulaSpace([("o", gradient[x.rank - 1]), ("i", x[x.rank - 1])], reducing: rows)
            return .contraction(space.product([rows.map(\.0) + ["i"], rows.map(\.0) + ["o"]]))
        },
        gradient: .rule { context in
            [
                context.wanted[0] ? context.builder.apply(linearBackwardData, context.operands[1], context.gradient) : nil,
                context.wanted[1] ? multiplyRows(context.builder, context.operands[0], context.gradient) : nil,
            ]
        },
        examples: [
            OperatorExample("5 features from 20", [.f32(3, 20), .f32(3, 5)]),
            OperatorExample("tokens", [.f32(2, 3, 20), .f32(2, 3, 5)]),
        ])

    @Sendable private static func addBias(_ context: Decomposition) -> Value {
        let plain = multiplyRows(context.builder, context.operands[0], context.operands[1])
        let shape = context.builder.type(of: plain).shape
        guard shape.rank > 2 else { return context.builder.apply(add, plain, context.operands[2]) }
        // A vector is repeated along axis 1; one along the last axis is given all of them.
        let last = Shape([Dimension](repeating: 1, count: shape.rank - 1) + [shape[shape.rank - 1]])
        return context.builder.apply(
            add, plain, context.builder.apply(reshape, context.operands[2], attributes: ["shape": .shape(last)]))
    }

    /// The axes of rows: all but the last.
    private static func rowAxes(_ shape: Shape) -> [(String, Dimension)] {
        shape.dimensions.dropLast().enumerated().map { ($0.offset == 0 ? "n" : "d\($0.offset)", $0.element) }
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
        let rows = try rows(0, form: "rows f32[N, ..., I]")
        return try result([.fixed(positive("features")), rows[rows.rank - 1]])
    }

    /// Operand `index`, which must hold rows along its last axis.
    fileprivate func rows(_ index: Int, form: String) throws(TypeError) -> Shape {
        let type = signature.operands[index]
        guard type.element == .f32, type.rank >= 2 else {
            throw error("takes \(form), but its \(Self.ordinal(index)) operand is \(type)", operand: index)
        }
        return type.shape
    }
}
