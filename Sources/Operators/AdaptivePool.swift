import Graph

extension Operator {
    /// Averages over as many bins as the result has rows and columns, as PyTorch divides them: bin `i` of `b` over `h` rows is
    /// `floor(i h / b) ..< ceil((i + 1) h / b)`. Bins overlap where `b` does not divide `h`.
    public static let adaptiveAveragePool: Operator = Operator(
        "adaptive_avg_pool", "Averages to a given height and width.",
        inputs: [OperatorInput("x", "the image [N, C, H, W]")],
        parameters: [OperatorParameter("size", .pair, "the result's height and width")],
        type: { (check) throws(TypeError) in
            let image = try check.image()
            let size = try check.positivePair("size")
            if let height = image.height.value { try check.checkBins(size.vertical, over: height, parameter: "size") }
            if let width = image.width.value { try check.checkBins(size.horizontal, over: width, parameter: "size") }
            return try check.result([image.batch, .fixed(image.channels), .fixed(size.vertical), .fixed(size.horizontal)])
        },
        lowering: { _ in
            .composite { context in
                let extents = context.signature.operands[0].shape.area
                let size = context.signature.attributes.integers("size")
                if extents == size { return context.operands[0] }
                if extents[0] % size[0] == 0, extents[1] % size[1] == 0 {
                    return context.builder.apply(
                        averagePool, context.operands[0],
                        attributes: ["kernel": .integers([extents[0] / size[0], extents[1] / size[1]])])
                }
                // A bin is a rectangle, so its mean is the mean of its rows' means.
                var result = context.operands[0]
                for axis in 0..<2 where extents[axis] != size[axis] {
                    result = context.builder.apply(
                        binAverage, result, attributes: ["axis": .integer(axis + 2), "bins": .integer(size[axis])])
                }
                return result
            }
        },
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
        parameters: [binAxis, OperatorParameter("bins", .integer, "the extent of the result along it")], isInLanguage: false,
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
        parameters: [binAxis, OperatorParameter("size", .integer, "the image's extent along it")], isInLanguage: false,
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

    private static let binAxis = OperatorParameter("axis", .integer, "the axis, 2 or 3")
}

/// How an axis of `extent` positions is divided into `count` bins.
private struct Bins {
    /// The operand's shape.
    var image: Shape
    var axis: Int
    var extent: Int
    var count: Int

    /// Bin `i` begins at `i * stride` or after it.
    var stride: Int { extent / count }
    /// Every bin `i` ends before `i * stride + reach`.
    var reach: Int { extent - (count - 1) * stride }

    var imageType: TensorType { type(extent) }
    var resultType: TensorType { type(count) }

    private func type(_ extent: Int) -> TensorType {
        var shape = image
        shape[axis] = .fixed(extent)
        return TensorType(.f32, shape)
    }

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
    /// Bounds extents, so that the arithmetic of `Bins.share` is exact in fp32.
    func checkBins(_ count: Int, over extent: Int, parameter: String) throws(TypeError) {
        let limit = 1 << 21
        guard extent <= limit, (extent + 2) * count <= limit else {
            throw error("cannot make \(count) bins of \(extent) rows or columns: their product is larger than 2^21", parameter: parameter)
        }
    }

    /// The bins, as many as the parameter `bins` says, of an image.
    fileprivate func binsOfImage() throws(TypeError) -> Bins { try bins(number: positive("bins"), extent: nil) }

    /// The bins that are the operand, of an image of the extent that `size` says.
    fileprivate func binsOfResult() throws(TypeError) -> Bins { try bins(number: nil, extent: positive("size")) }

    /// The bins along the parameter `axis`; what is nil is the operand's extent.
    private func bins(number: Int?, extent: Int?) throws(TypeError) -> Bins {
        let image = try operand(0, rank: 4, form: "an image f32[N, C, H, W]")
        let axis = signature.attributes.integer("axis")
        guard axis == 2 || axis == 3 else { throw error("takes axis 2 or 3, not \(axis)", parameter: "axis") }
        let length = try self.extent(image, axis)
        let bins = Bins(image: image, axis: axis, extent: extent ?? length, count: number ?? length)
        try checkBins(bins.count, over: bins.extent, parameter: number == nil ? "size" : "bins")
        return bins
    }
}
