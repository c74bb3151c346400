import Graph

/// Rows of a learned table by their numbers, as the product with one-hot rows that it is: each result is a sum over the whole table, of
/// which one term counts. That costs as much as a linear layer of as many inputs as the table has rows, forward and backward, and suits
/// tables of classes and codes, not of the words of a language.
extension Operator {
    /// As `torch.nn.Embedding` has it.
    public static let embedding: Operator = Operator(
        "embedding", "Takes the row of a learned table that each integer names; zeros for one that names none.",
        inputs: [
            OperatorInput("label", selecting: 0, of: 1, "the numbers of the rows, integers [N, ...]"),
            OperatorInput("weight", .weight, "the table [count, features]"),
        ],
        parameters: [
            OperatorParameter("count", .integer, "the number of rows of the table"),
            OperatorParameter("features", .integer, "the length of a row"),
        ],
        weights: { (check) throws(TypeError) in [WeightDeclaration("weight", try check.table(), .form(.normal, ["deviation": 1]))] },
        type: { (check) throws(TypeError) in
            let table = try check.table()
            try check.require(1, is: table, role: "weight")
            return try check.result(check.signature.operands[0].shape.dimensions + [table.shape[1]])
        },
        lowering: { signature in
            let (label, table) = (signature.operands[0].shape, signature.operands[1].shape)
            let rows = label.dimensions.enumerated().map { ("r\($0)", $1) }
            let space = FormulaSpace(rows + [("f", table[1])], reducing: [("v", table[0])])
            return .window(
                space.formula([rows.map { space[$0.0] }, [space["v"], space["f"]]], chosen(row: .coordinate(space.number("v")))))
        },
        gradient: .rule { context in
            let count = context.signature.attributes.integer("count")
            return [
                nil,
                context.builder.apply(
                    embeddingBackward, context.operands[0], context.gradient, attributes: ["count": .integer(count)]),
            ]
        },
        onnx: [.byRule("Gather")],
        examples: [
            OperatorExample(
                "a class each", [TensorType(.i32, [4]), .f32(5, 20)], ["count": .integer(5), "features": .integer(20)],
                values: [.labels(below: 5)]),
            OperatorExample(
                "rows of tokens", [TensorType(.i32, [2, 3]), .f32(7, 5)], ["count": .integer(7), "features": .integer(5)],
                values: [.labels(below: 7)]),
        ])

    /// Gives each row of the table the sum of the gradients of those that it was taken for.
    static let embeddingBackward: Operator = Operator(
        "embedding_backward", "Gradient of embedding with respect to its table.",
        inputs: [
            OperatorInput("label", "the numbers of the rows, integers [N, ...]"),
            OperatorInput("gradient", "the gradient with respect to the result [N, ..., features]"),
        ],
        parameters: [OperatorParameter("count", .integer, "the number of rows of the table")], isInLanguage: false,
        type: { (check) throws(TypeError) in
            let (label, gradient) = (check.signature.operands[0], check.signature.operands[1])
            guard label.element == .i32, gradient.element == .f32, gradient.rank >= 2,
                label.shape.dimensions == Array(gradient.shape.dimensions.dropLast())
            else { throw check.error("cannot give \(gradient) to the rows that \(label) names", operand: 1) }
            return try check.result([.fixed(check.positive("count")), gradient.shape[gradient.rank - 1]])
        },
        lowering: { signature in
            let (label, gradient) = (signature.operands[0].shape, signature.operands[1].shape)
            let rows = label.dimensions.enumerated().map { ("r\($0)", $1) }
            let count = Dimension.fixed(signature.attributes.integer("count"))
            let space = FormulaSpace([("v", count), ("f", gradient[gradient.rank - 1])], reducing: rows)
            let positions = rows.map { space[$0.0] }
            return .window(space.formula([positions, positions + [space["f"]]], chosen(row: .coordinate(space.number("v")))))
        },
        gradient: .rule { context in
            let shape = context.signature.operands[1].shape
            let attributes: Attributes = [
                "count": .integer(context.signature.attributes.integer("count")), "features": .integer(shape.number(shape.rank - 1)),
            ]
            return [nil, context.builder.apply(embedding, context.operands[0], context.gradient, attributes: attributes)]
        },
        examples: [
            OperatorExample(
                "a class each", [TensorType(.i32, [4]), .f32(4, 20)], ["count": .integer(5)], values: [.labels(below: 5)]),
            OperatorExample(
                "rows of tokens", [TensorType(.i32, [2, 3]), .f32(2, 3, 5)], ["count": .integer(7)], values: [.labels(below: 7)]),
        ])

    /// The second argument where the first is the row's number.
    private static func chosen(row: Scalar) -> Scalar { .select(.equal, .argument(0), row, then: .argument(1), otherwise: 0) }
}

extension Checker {
    fileprivate func table() throws(TypeError) -> TensorType {
        let type = signature.operands[0]
        guard type.element == .i32, type.rank >= 1 else { throw error("takes integers i32[N, ...], not \(type)", operand: 0) }
        return try .f32(.fixed(positive("count")), .fixed(positive("features")))
    }
}
