import Graph

extension Operator {
    /// Averages over as many bins as the result has rows and columns, as PyTorch divides them: bin `i` of `b` over `h` rows is
    /// `floor(i h / b) ..< ceil((i + 1) h / b)`. Bins overlap where `b` does not divide `h`.
    public static let adaptiveAveragePool: Operator = Operator(
        "adaptive_avg_pool", "Averages to a given height and width.",
        inputs: [OperatorInput("x", "the image [N, C, H, W]")], parameters: adaptiveParameters,
        type: { (check) throws(TypeError) in try check.adaptivePool() },
        lowering: { _ in .composite { adaptive($0, by: averagePool, elsewhere: binAverage) } },
        gradient: .derived,
        examples: [
            OperatorExample("bins that overlap", [.f32(2, 5, 7, 5)], ["size": .integers([3, 4])]),
            OperatorExample("bins that divide the image", [.f32(1, 20, 6, 4)], ["size": .integer(2)]),
            OperatorExample("columns as they are, rows more than the image's", [.f32(1, 3, 2, 3)], ["size": .integers([5, 3])]),
            OperatorExample("nothing to do", [.f32(2, 3, 4, 4)], ["size": .integer(4)]),
        ]
    ).takingSignals([
        OperatorExample("a signal", [.f32(2, 5, 9)], ["size": .integer(4)])
    ]).takingVolumes([
        OperatorExample("a volume", [.f32(1, 2, 5, 4, 5)], ["size": .integers([3, 2, 4])])
    ]) { use in
        use.separated { planes in
            let (depth, bins) = (use.shape.number(2), use.result.number(2))
            if depth == bins { return planes }
            if depth % bins == 0 {
                return use.builder.apply(averagePool, planes, attributes: ["kernel": .integers([depth / bins, 1])])
            }
            return use.builder.apply(binAverage, planes, attributes: ["axis": .integer(2), "bins": .integer(bins)])
        }
    }

    /// `adaptive_avg_pool` along one axis.
    static let binAverage: Operator = Operator(
        "bin_average", "Averages bins along an axis.",
        inputs: [OperatorInput("x", "the image [N, C, H, W]")],
        parameters: [PoolingBins.axis, OperatorParameter("bins", .integer, "the extent of the result along it")], isInLanguage: false,
        geometry: Checker.binsOfImage, type: \.resultType,
        lowering: { bins, _ in
            let names = bins.image.axisNames
            let space = FormulaSpace(
                bins.resultType.shape.dimensions.enumerated().map { (names[$0], $1) }, reducing: [("t", .fixed(bins.reach))])
            let tap = space.number("t")
            var position = names.map { space[$0] }
            position[bins.axis] = AffineIndex(
                terms: [.init(axis: bins.axis, scale: bins.stride), .init(axis: tap, scale: 1)])
            let row = .coordinate(bins.axis) * .constant(Double(bins.stride)) + .coordinate(tap)
            return .window(space.formula([position], bins.share(of: .argument(0), at: row, in: .coordinate(bins.axis))))
        },
        gradient: .rule { context in
            let axis = context.signature.attributes.integer("axis")
            let extent = context.signature.operands[0].shape.number(axis)
            return [
                context.builder.apply(
                    binAverageBackward, context.gradient, attributes: ["axis": .integer(axis), "size": .integer(extent)])
            ]
        },
        examples: [
            OperatorExample("rows", [.f32(2, 5, 7, 3)], ["axis": .integer(2), "bins": .integer(3)]),
            OperatorExample("more columns than there are", [.f32(1, 20, 2, 3)], ["axis": .integer(3), "bins": .integer(7)]),
        ])

    static let binAverageBackward: Operator = Operator(
        "bin_average_backward", "Gradient of bin_average.",
        inputs: [OperatorInput("gradient", "the gradient with respect to the result")],
        parameters: [PoolingBins.axis, OperatorParameter("size", .integer, "the image's extent along it")], isInLanguage: false,
        geometry: Checker.binsOfResult, type: \.imageType,
        lowering: { bins, _ in
            let names = bins.image.axisNames
            let space = FormulaSpace(
                bins.imageType.shape.dimensions.enumerated().map { (names[$0], $1) }, reducing: [("b", .fixed(bins.count))])
            var position = names.map { space[$0] }
            position[bins.axis] = space["b"]
            let share = bins.share(of: .argument(0), at: .coordinate(bins.axis), in: .coordinate(space.number("b")))
            return .window(space.formula([position], share))
        },
        gradient: .rule { context in
            let axis = context.signature.attributes.integer("axis")
            let bins = context.signature.operands[0].shape.number(axis)
            return [
                context.builder.apply(binAverage, context.gradient, attributes: ["axis": .integer(axis), "bins": .integer(bins)])
            ]
        },
        examples: [
            OperatorExample("rows", [.f32(2, 5, 3, 3)], ["axis": .integer(2), "size": .integer(7)]),
            OperatorExample("more columns than there are", [.f32(1, 20, 2, 7)], ["axis": .integer(3), "size": .integer(3)]),
        ])

}

extension PoolingBins {
    /// Bin `i` begins at `i * stride` or after it.
    var stride: Int { extent / count }
    /// Every bin `i` ends before `i * stride + reach`.
    var reach: Int { extent - (count - 1) * stride }

    /// `value / (the bin's length)` where position `row` lies in the bin of number `bin`, 0 elsewhere.
    ///
    /// Compares products of integers, which are exact in fp32 below 2^24; the half under the floor keeps quotients off integers.
    func share(of value: Scalar, at row: Scalar, in bin: Scalar) -> Scalar {
        let (extent, count) = (Scalar.constant(Double(extent)), Double(count))
        let (start, end) = (bin * extent, (bin + 1) * extent)
        let first = Scalar.unary(.floor, (start + 0.5) / .constant(count))
        let behind = Scalar.unary(.floor, (end + .constant(count - 0.5)) / .constant(count))
        return .select(
            .less, start, (row + 1) * .constant(count),
            then: .select(.less, row * .constant(count), end, then: value / (behind - first), otherwise: 0), otherwise: 0)
    }
}

extension Checker {
    /// The bins, as many as the parameter `bins` says, of an image.
    fileprivate func binsOfImage() throws(TypeError) -> PoolingBins { try bins(number: positive("bins"), extent: nil) }

    /// The bins that are the operand, of an image of the extent that `size` says.
    fileprivate func binsOfResult() throws(TypeError) -> PoolingBins { try bins(number: nil, extent: positive("size")) }
}
