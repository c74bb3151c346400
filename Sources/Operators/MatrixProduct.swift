import Graph

extension Operator {
    /// The matrix product of two activations, as `torch.matmul` has it for ranks of 2 and more: of the matrices that the last two axes are,
    /// for every position of the axes before them.
    public static let matrixProduct: Operator = Operator(
        "matmul", "Multiplies matrices of two tensors, one product for each position of the axes before the last two.",
        inputs: [
            OperatorInput("a", "the left matrices [..., M, K]"),
            OperatorInput("b", "the right matrices [..., K, P]; extents of 1 are repeated"),
        ],
        parameters: [
            OperatorParameter("transpose_a", .boolean, default: .boolean(false), "whether the left matrices are given as [..., K, M]"),
            OperatorParameter("transpose_b", .boolean, default: .boolean(false), "whether the right matrices are given as [..., P, K]"),
        ],
        geometry: Checker.matrixProduct, type: \.type,
        lowering: { product, _ in .contraction(product.formula) },
        gradient: .rule { context in
            let (a, b) = (context.operands[0], context.operands[1])
            let (isLeftTransposed, isRightTransposed) = (
                context.signature.attributes.boolean("transpose_a"), context.signature.attributes.boolean("transpose_b")
            )
            func gradient(_ index: Int, _ left: Value, _ isLeft: Bool, _ right: Value, _ isRight: Bool) -> Value? {
                guard context.wanted[index] else { return nil }
                let product = context.builder.apply(
                    matrixProduct, left, right, attributes: ["transpose_a": .boolean(isLeft), "transpose_b": .boolean(isRight)])
                return sum(product, overBatchesOf: context.signature.operands[index].shape, context.builder)
            }
            return [
                isLeftTransposed
                    ? gradient(0, b, isRightTransposed, context.gradient, true)
                    : gradient(0, context.gradient, false, b, !isRightTransposed),
                isRightTransposed
                    ? gradient(1, context.gradient, true, a, isLeftTransposed) : gradient(1, a, !isLeftTransposed, context.gradient, false),
            ]
        },
        onnx: [.byRule("MatMul")],
        examples: [
            OperatorExample("one matrix each", [.f32(6, 3), .f32(3, 5)]),
            OperatorExample("batches of two axes", [.f32(2, 3, 4, 5), .f32(2, 3, 5, 18)]),
            OperatorExample("right transposed", [.f32(2, 7, 5), .f32(2, 20, 5)], ["transpose_b": .boolean(true)]),
            OperatorExample("left transposed", [.f32(2, 5, 7), .f32(2, 5, 6)], ["transpose_a": .boolean(true)]),
            OperatorExample(
                "both transposed", [.f32(2, 5, 3), .f32(2, 4, 5)], ["transpose_a": .boolean(true), "transpose_b": .boolean(true)]),
            OperatorExample("a matrix for all", [.f32(6, 2, 3, 5), .f32(5, 4)]),
            OperatorExample("batches of 1", [.f32(2, 1, 4, 3), .f32(1, 3, 3, 6)]),
            OperatorExample("one row", [.f32(2, 1, 18), .f32(2, 18, 17)]),
            OperatorExample("columns of one", [.f32(2, 4, 1), .f32(2, 1, 3)]),
            OperatorExample("one column", [.f32(2, 4, 6), .f32(2, 6, 1)]),
        ])

    /// `value` summed over the axes in front along which a tensor of the shape `target` is repeated to its shape.
    private static func sum(_ value: Value, overBatchesOf target: Shape, _ builder: GraphBuilder) -> Value {
        let shape = builder.type(of: value).shape
        let missing = shape.rank - target.rank
        let axes = (0..<shape.rank).filter { $0 < missing || target[$0 - missing] != shape[$0] }
        guard !axes.isEmpty else { return value }
        let total = builder.apply(Operator.sum, value, attributes: ["axes": .integers(axes), "keep": .boolean(missing == 0)])
        return builder.type(of: total).shape == target ? total : builder.apply(reshape, total, attributes: ["shape": .shape(target)])
    }
}

/// Matrices that are multiplied, a pair for each position of the axes in front.
private struct MatrixProduct {
    /// The axes before the last two: of both operands, and of the result.
    var batches: [[Dimension]]
    var batch: [Dimension]
    var rows: Dimension
    var columns: Dimension
    /// What is summed over.
    var inner: Dimension
    var isTransposed: [Bool]
    var type: TensorType

    var formula: Formula {
        let space = FormulaSpace(
            batch.enumerated().map { ("b\($0.offset)", $0.element) } + [("m", rows), ("p", columns)], reducing: [("k", inner)])
        func read(_ operand: Int, _ matrix: [String]) -> [AffineIndex] {
            let own = batches[operand]
            let before = batch.count - own.count
            let positions = own.indices.map { axis -> AffineIndex in
                own[axis] == batch[before + axis] ? space["b\(before + axis)"] : .constant(0)
            }
            return positions + (isTransposed[operand] ? matrix.reversed() : matrix).map { space[$0] }
        }
        return space.formula([read(0, ["m", "k"]), read(1, ["k", "p"])], .argument(0) * .argument(1))
    }
}

extension Checker {
    fileprivate func matrixProduct() throws(TypeError) -> MatrixProduct {
        let types = signature.operands
        for (index, type) in types.enumerated() where type.element != .f32 || type.rank < 2 {
            throw error(
                "takes matrices f32[..., M, K] and f32[..., K, P], but its \(Self.ordinal(index)) operand is \(type)", operand: index)
        }
        let isTransposed = ["transpose_a", "transpose_b"].map { signature.attributes.boolean($0) }
        // Rows and columns of each operand as they are multiplied.
        let matrices = zip(types, isTransposed).map { type, isTransposed in
            let last = Array(type.shape.dimensions.suffix(2))
            return isTransposed ? Array(last.reversed()) : last
        }
        guard matrices[0][1] == matrices[1][0] else {
            let how = zip(types, isTransposed).map { $1 ? "\($0) transposed" : "\($0)" }
            throw error(
                "cannot multiply \(how[0]) and \(how[1]): rows of \(matrices[0][1]) meet columns of \(matrices[1][0])",
                repair: "transpose_a and transpose_b say that the last two axes of an operand are swapped", operand: 1)
        }
        let batches = types.map { Array($0.shape.dimensions.dropLast(2)) }
        let rank = max(batches[0].count, batches[1].count)
        let aligned = batches.map { [Dimension](repeating: 1, count: rank - $0.count) + $0 }
        var batch: [Dimension] = []
        for (a, b) in zip(aligned[0], aligned[1]) {
            guard a == b || a == 1 || b == 1 else {
                throw error(
                    "cannot pair the matrices of \(types[0]) with those of \(types[1]): \(a) and \(b) of them",
                    repair: "the axes before the last two must have equal extents, or extents of 1", operand: 1)
            }
            batch.append(a == 1 ? b : a)
        }
        let (rows, columns) = (matrices[0][0], matrices[1][1])
        return MatrixProduct(
            batches: batches, batch: batch, rows: rows, columns: columns, inner: matrices[0][1], isTransposed: isTransposed,
            type: try result(batch + [rows, columns]))
    }
}
