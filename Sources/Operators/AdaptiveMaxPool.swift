import Graph

extension Operator {
    /// The largest element of as many bins as the result has rows and columns, which are those of `adaptive_avg_pool`. Equal largest
    /// elements of a bin share its gradient along each axis; where bins divide the image it is `max_pool`.
    public static let adaptiveMaxPool: Operator = Operator(
        "adaptive_max_pool", "Takes the largest elements to a given height and width.",
        inputs: [OperatorInput("x", "the image [N, C, H, W]")], parameters: adaptiveParameters,
        type: { (check) throws(TypeError) in try check.adaptivePool() },
        lowering: { _ in .composite { adaptive($0, by: maxPool, elsewhere: binMaximum) } },
        gradient: .derived,
        examples: [
            OperatorExample("bins that overlap", [.f32(2, 5, 7, 5)], ["size": .integers([3, 4])]),
            OperatorExample("bins that divide the image", [.f32(1, 20, 6, 4)], ["size": .integer(2)]),
            OperatorExample("columns as they are, rows more than the image's", [.f32(1, 3, 2, 3)], ["size": .integers([5, 3])]),
        ])

    /// `adaptive_max_pool` along one axis.
    static let binMaximum: Operator = Operator(
        "bin_max", "Takes the largest elements of bins along an axis.",
        inputs: [OperatorInput("x", "the image [N, C, H, W]")], parameters: binParameters, isInLanguage: false,
        geometry: Checker.maximumBins, type: \.resultType,
        lowering: { bins, _ in .window(bins.maximum) },
        gradient: .rule { context in
            let (builder, x, attributes) = (context.builder, context.operands[0], context.signature.attributes)
            let ones = builder.apply(
                broadcast, builder.constant(1), attributes: ["shape": .shape(context.signature.operands[0].shape)])
            let count = builder.apply(binMatchSum, [x, context.result, ones], attributes)
            let share = builder.apply(divide, context.gradient, count)
            return [builder.apply(binMatchSpread, [x, context.result, share], attributes)]
        },
        examples: binExamples { image, _ in [image] })

    /// For each bin the sum of values beside the elements that equal its own element.
    static let binMatchSum: Operator = Operator(
        "bin_match_sum", "Sums the values of bins along an axis beside elements that are the bin's.",
        inputs: [
            OperatorInput("x", "the image [N, C, H, W]"), OperatorInput("element", "an element a bin"),
            OperatorInput("value", "what is summed, of the image's shape"),
        ],
        parameters: binParameters, isInLanguage: false,
        geometry: Checker.matchSum, type: \.resultType,
        lowering: { bins, _ in .window(bins.matchSum) },
        gradient: .rule { context in
            let operands = [context.operands[0], context.operands[1], context.gradient]
            return [nil, nil, context.builder.apply(binMatchSpread, operands, context.signature.attributes)]
        },
        examples: binExamples(values: [.labels(below: 3), .labels(below: 3), .normal]) { [$0, $1, $0] })

    /// The reverse: each element gets the values of all bins that it is the element of.
    static let binMatchSpread: Operator = Operator(
        "bin_match_spread", "Gives the values of bins along an axis to the elements that are the bin's.",
        inputs: [
            OperatorInput("x", "the image [N, C, H, W]"), OperatorInput("element", "an element a bin"),
            OperatorInput("value", "a value a bin"),
        ],
        parameters: binParameters, isInLanguage: false,
        geometry: Checker.matchSpread, type: \.imageType,
        lowering: { bins, _ in .window(bins.matchSpread) },
        gradient: .rule { context in
            let operands = [context.operands[0], context.operands[1], context.gradient]
            return [nil, nil, context.builder.apply(binMatchSum, operands, context.signature.attributes)]
        },
        examples: binExamples(values: [.labels(below: 3), .labels(below: 3), .normal]) { [$0, $1, $1] })

    private static let binParameters = [
        PoolingBins.axis, OperatorParameter("bins", .integer, "the extent of the result along it"),
    ]

    private static func binExamples(
        values: [OperatorExample.Values] = [], _ operands: (_ image: TensorType, _ result: TensorType) -> [TensorType]
    ) -> [OperatorExample] {
        [
            OperatorExample(
                "rows", operands(.f32(2, 5, 7, 3), .f32(2, 5, 5, 3)), ["axis": .integer(2), "bins": .integer(5)], values: values),
            OperatorExample(
                "more columns than there are", operands(.f32(1, 20, 2, 3), .f32(1, 20, 2, 7)),
                ["axis": .integer(3), "bins": .integer(7)], values: values),
        ]
    }
}

extension PoolingBins {
    private func space(_ extent: Int, _ taps: Int) -> FormulaSpace {
        FormulaSpace(image.axisNames.enumerated().map { ($1, $0 == axis ? .fixed(extent) : image[$0]) }, reducing: [("t", .fixed(taps))])
    }

    private func position(_ space: FormulaSpace, _ index: AffineIndex? = nil) -> [AffineIndex] {
        var position = (0..<4).map { AffineIndex.axis($0) }
        if let index { position[axis] = index }
        return position
    }

    /// `floor((i scale + offset) / divisor) + t`.
    private func index(_ space: FormulaSpace, scale: Int, offset: Int, divisor: Int) -> AffineIndex {
        AffineIndex(
            terms: [.init(axis: axis, scale: scale), .init(axis: space.number("t"), scale: divisor)], offset: offset, divisor: divisor,
            isRounded: true)
    }

    /// No bin has fewer positions, and none twice as many: the first so many and the last so many are all.
    private var least: Int { (extent + count - 1) / count }

    var maximum: Formula {
        let space = space(count, least)
        let first = index(space, scale: extent, offset: 0, divisor: count)
        let last = index(space, scale: extent, offset: extent + count - 1 - least * count, divisor: count)
        var formula = space.formula([position(space, first), position(space, last)], .maximum(.argument(0), .argument(1)), .maximum)
        formula.reads[1].operand = 0
        return formula
    }

    var matchSum: Formula {
        let space = space(count, least + 1)
        let bin = Scalar.coordinate(axis)
        let start = Scalar.unary(.floor, (bin * .constant(Double(extent)) + 0.5) / .constant(Double(count)))
        let row = start + .coordinate(space.number("t"))
        let body = Scalar.select(
            .less, row * .constant(Double(count)), (bin + 1) * .constant(Double(extent)),
            then: .select(.equal, .argument(0), .argument(1), then: .argument(2), otherwise: 0), otherwise: 0)
        let inside = position(space, index(space, scale: extent, offset: 0, divisor: count))
        return space.formula([inside, position(space), inside], body)
    }

    var matchSpread: Formula {
        // The bins that a position lies in are neighbours, too.
        let space = space(extent, (count + extent - 1) / extent + 1)
        let row = Scalar.coordinate(axis)
        let start = Scalar.unary(.floor, (row * .constant(Double(count)) + 0.5) / .constant(Double(extent)))
        let bin = start + .coordinate(space.number("t"))
        let body = Scalar.select(
            .less, bin * .constant(Double(extent)), (row + 1) * .constant(Double(count)),
            then: .select(.equal, .argument(0), .argument(1), then: .argument(2), otherwise: 0), otherwise: 0)
        let own = position(space, index(space, scale: count, offset: 0, divisor: extent))
        return space.formula([position(space), own, own], body)
    }
}

extension Checker {
    fileprivate func maximumBins() throws(TypeError) -> PoolingBins { try bins(number: positive("bins"), extent: nil) }

    fileprivate func matchSum() throws(TypeError) -> PoolingBins {
        let bins = try maximumBins()
        try require(1, is: bins.resultType, role: "tensor of elements")
        try require(2, is: bins.imageType, role: "tensor of values")
        return bins
    }

    fileprivate func matchSpread() throws(TypeError) -> PoolingBins {
        let bins = try maximumBins()
        for index in 1...2 { try require(index, is: bins.resultType, role: "tensor of elements or values") }
        return bins
    }
}
