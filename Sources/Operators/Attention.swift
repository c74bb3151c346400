import Graph

extension Operator {
    /// Scaled dot-product attention (Vaswani et al., arXiv 1706.03762), as PyTorch's `scaled_dot_product_attention` has it:
    /// `softmax(query * key^T * scale) * value`.
    ///
    /// The sum of the exponentials divides the result, not the probabilities, of which there are more.
    public static let attention: Operator = Operator(
        "attention", "Averages values by how well their keys fit each query.",
        inputs: [
            OperatorInput("query", "the queries [N, heads, L, E]"), OperatorInput("key", "the keys [N, heads, S, E]"),
            OperatorInput("value", "the values [N, heads, S, V]"),
        ],
        parameters: [
            OperatorParameter("scale", .number, default: .number(0), "the factor of the scores; 0 for 1 / sqrt(E)"),
            OperatorParameter("causal", .boolean, default: .boolean(false), "whether query i sees the keys 0 to i only"),
        ],
        geometry: Checker.attention, type: \.type,
        lowering: { attention, _ in
            .composite { context in
                let builder = context.builder
                func map(_ name: String, _ parameters: [String], _ body: Scalar, _ operands: Value...) -> Value {
                    builder.apply(Operator.map, operands, ["function": .function(ScalarFunction(name, parameters, body))])
                }
                let last: Attributes = ["axes": .integer(-1), "keep": .boolean(true)]
                let products = builder.apply(
                    matrixProduct, context.operands[0], context.operands[1], attributes: ["transpose_b": .boolean(true)])
                let scores = map("scores", ["product"], attention.score, products)
                // It cancels out, so no gradient flows through.
                let largest = builder.apply(detach, builder.apply(max, scores, attributes: last))
                let exponentials = map(
                    "shifted_exponential", ["score", "largest"], .exponential(.argument(0) - .argument(1)), scores, largest)
                let sums = builder.apply(sum, exponentials, attributes: last)
                return builder.apply(divide, builder.apply(matrixProduct, exponentials, context.operands[2]), sums)
            }
        },
        gradient: .derived,
        examples: [
            OperatorExample("two heads", [.f32(2, 2, 5, 4), .f32(2, 2, 18, 4), .f32(2, 2, 18, 3)]),
            OperatorExample(
                "causal", [.f32(1, 2, 5, 4), .f32(1, 2, 5, 4), .f32(1, 2, 5, 4)], ["causal": .boolean(true), "scale": .number(0.7)]),
            OperatorExample("without heads", [.f32(2, 4, 3), .f32(2, 6, 3), .f32(2, 6, 17)]),
            OperatorExample("one query, one key", [.f32(2, 1, 3), .f32(2, 1, 3), .f32(2, 1, 2)]),
        ])
}

/// Queries, keys and values that fit each other.
private struct Attention {
    var scale: Double
    var isCausal: Bool
    var type: TensorType

    /// A score of the product of a query and a key, whose numbers are the last two coordinates.
    var score: Scalar {
        let scaled = scale == 1 ? Scalar.argument(0) : .argument(0) * .constant(scale)
        guard isCausal else { return scaled }
        return .select(
            .lessOrEqual, .coordinate(type.rank - 1), .coordinate(type.rank - 2), then: scaled, otherwise: .constant(-.infinity))
    }
}

extension Checker {
    fileprivate func attention() throws(TypeError) -> Attention {
        let types = signature.operands
        for (index, type) in types.enumerated() where type.element != .f32 || type.rank < 3 {
            throw error(
                "takes f32[N, ..., length, width], but its \(Self.ordinal(index)) operand is \(type)", operand: index)
        }
        let (query, key, value) = (types[0].shape, types[1].shape, types[2].shape)
        let rank = query.rank
        for (index, type) in types.enumerated() where type.shape.dimensions.dropLast(2) != query.dimensions.dropLast(2) {
            throw error(
                "cannot pair \(types[0]) and \(type): the axes before the last two differ",
                repair: "they are the batch and the heads", operand: index)
        }
        guard query[rank - 1] == key[rank - 1] else {
            throw error("cannot compare queries \(types[0]) with keys \(types[1]): their widths differ", operand: 1)
        }
        guard key[rank - 2] == value[rank - 2] else {
            throw error("needs a value for each key, not \(types[2]) for \(types[1])", operand: 2)
        }
        let scale = try number("scale", in: -1e6..<1e6, "between -1e6 and 1e6")
        let width = try extent(query, rank - 1)
        let type = try result(query.dimensions.dropLast() + [value[rank - 1]])
        // The scores have to exist, too.
        _ = try result(query.dimensions.dropLast() + [key[rank - 2]])
        return Attention(
            scale: scale == 0 ? 1 / Double(width).squareRoot() : scale, isCausal: signature.attributes.boolean("causal"), type: type)
    }
}
