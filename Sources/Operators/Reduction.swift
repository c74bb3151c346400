import Graph

extension Operator {
    public static let sum: Operator = reduction(
        "sum", "Sums over axes.", .sum, onnx: ONNXForm("ReduceSum", [.axes], ofNothing: 0),
        gradient: { context in [spread(context.builder, context.gradient, over: context.signature)] })

    /// The largest value over axes; its gradient is shared equally among equal largest ones.
    public static let max: Operator = reduction(
        "max", "Takes the largest value over axes.", .maximum, onnx: ONNXForm("ReduceMax", [.axes], ofNothing: -.infinity),
        gradient: { context in
            let builder = context.builder
            let x = context.operands[0]
            let isLargest = ScalarFunction(
                "is_largest", ["x", "largest"], .select(.equal, .argument(0), .argument(1), then: 1, otherwise: 0))
            let largest = spread(builder, context.result, over: context.signature)
            let mask = builder.apply(map, x, largest, attributes: ["function": .function(isLargest)])
            let count = builder.apply(sum, mask, attributes: context.signature.attributes)
            let share = spread(builder, builder.apply(divide, context.gradient, count), over: context.signature)
            return [builder.apply(multiply, mask, share)]
        })

    /// `sum / element_count`, so that it holds for a symbolic batch.
    public static let mean: Operator = Operator(
        "mean", "Averages over axes.", inputs: reductionInputs, parameters: reductionParameters,
        geometry: Checker.reduction, type: \.type,
        lowering: { reduction, _ in
            .composite { context in
                let builder = context.builder
                let total = builder.apply(sum, context.operands, context.signature.attributes)
                let counted = Shape(reduction.axes.map { reduction.operand[$0] })
                return builder.apply(divide, total, builder.apply(elementCount, [], ["shape": .shape(counted)]))
            }
        },
        gradient: .derived, onnx: [ONNXForm("ReduceMean", [.axes], ofNothing: .nan)], examples: reductionExamples)

    /// The element at position 0 of each reduced axis: what a mean is shifted by (`shiftedMean`). A constant to differentiation.
    package static let firstElement: Operator = Operator(
        "first_element", "Takes the first element along axes and stops its gradient.", inputs: reductionInputs,
        parameters: reductionParameters, isInLanguage: false,
        geometry: Checker.reduction, type: \.type,
        lowering: { reduction, _ in .reduction(reduction.firstElement) },
        gradient: .stops, examples: reductionExamples)

    /// The mean over axes, for what is then subtracted from the elements: `first + mean(x - first)`.
    ///
    /// A sum of n equal numbers is rounded n times in the same direction, and the mean of a constant plane of 1000 would be off by more
    /// than the root of what normalizations add to its variance. Shifted by an element of its own (Chan, Golub & LeVeque, "Algorithms
    /// for computing the sample variance", 1983), the sum of a constant plane is 0 and its mean exact; in general the error is that of a
    /// sum of distances, and half a unit in the last place of the mean. No gradient needs to flow through the shift, which cancels.
    /// - Parameter attributes: the axes, and whether they are kept; the result must broadcast to `x`.
    static func shiftedMean(_ builder: GraphBuilder, _ x: Value, _ attributes: Attributes) -> Value {
        let first = builder.apply(firstElement, x, attributes: attributes)
        let distance = ScalarFunction("distance", ["x", "first"], .argument(0) - .argument(1))
        let distances = builder.apply(map, x, first, attributes: ["function": .function(distance)])
        return builder.apply(add, builder.apply(mean, distances, attributes: attributes), first)
    }

    /// Averages each channel's plane; `[N, C, H, W]` becomes `[N, C, 1, 1]`.
    public static let globalAveragePool: Operator = globalPool(
        "global_avg_pool", "Averages each channel over the whole image.", by: mean, onnx: "GlobalAveragePool")

    /// The largest element of each channel's plane; `[N, C, H, W]` becomes `[N, C, 1, 1]`.
    public static let globalMaxPool: Operator = globalPool(
        "global_max_pool", "Takes the largest element of each channel over the whole image.", by: max, onnx: "GlobalMaxPool")

    private static func globalPool(_ name: String, _ summary: String, by reduction: Operator, onnx: String) -> Operator {
        Operator(
            name, summary, inputs: [OperatorInput("x", "the image [N, C, H, W]; of signals [N, C, L], of volumes [N, C, D, H, W]")],
            type: { (check) throws(TypeError) in
                let shape = try check.pixels()
                return try check.result(shape.dimensions.prefix(2) + [Dimension](repeating: 1, count: shape.rank - 2))
            },
            lowering: { _ in
                .composite { context in
                    let axes = Array(2..<context.signature.operands[0].rank)
                    return context.builder.apply(reduction, context.operands, ["axes": .integers(axes), "keep": .boolean(true)])
                }
            },
            gradient: .derived, onnx: [ONNXForm(onnx)],
            examples: [
                OperatorExample("20 channels", [.f32(2, 20, 3, 4)]), OperatorExample("one pixel", [.f32(1, 3, 1, 1)]),
                OperatorExample("a signal", [.f32(2, 5, 7)]), OperatorExample("a volume", [.f32(2, 5, 3, 2, 4)]),
            ])
    }

    /// The number of elements of a shape: a sum of ones, and a constant once the shape's symbols are bound.
    public static let elementCount: Operator = Operator(
        "element_count", "Counts the elements of a shape.", inputs: [],
        parameters: [OperatorParameter("shape", .shape, "the shape whose elements are counted")],
        isInLanguage: false,
        type: { (check) throws(TypeError) in
            try check.checkSound(check.signature.attributes.shape("shape"), parameter: "shape")
            return .f32()
        },
        lowering: { signature in
            let shape = signature.attributes.shape("shape")
            guard let count = shape.elementCount else {
                let space = FormulaSpace([], reducing: (0..<shape.rank).map { ("d\($0)", shape[$0]) })
                return .reduction(space.formula([], 1))
            }
            return .elementwise(.constant(Double(count)))
        },
        gradient: .stops,
        examples: [OperatorExample("a plane", [], ["shape": .shape([2, 3, 4])])])

    /// `x` repeated to `shape`.
    package static let broadcast: Operator = Operator(
        "broadcast", "Repeats a tensor to a shape.",
        inputs: [OperatorInput("x", "a scalar, one value a channel, or a tensor with extents of 1")],
        parameters: [OperatorParameter("shape", .shape, "the shape of the result")],
        isInLanguage: false,
        type: { (check) throws(TypeError) in
            let shape = check.signature.attributes.shape("shape")
            let type = check.signature.operands[0]
            guard let aligned = type.shape.aligned(to: shape.rank),
                (0..<shape.rank).allSatisfy({ aligned[$0] == 1 || aligned[$0] == shape[$0] })
            else { throw check.error("cannot repeat \(type) to \(shape)", operand: 0, parameter: "shape") }
            return try check.result(shape.dimensions)
        },
        lowering: { _ in .elementwise(.argument(0)) },
        gradient: .derived,
        examples: [
            OperatorExample("a scalar", [.f32()], ["shape": .shape([2, 3, 4, 5])]),
            OperatorExample("one value a channel", [.f32(5)], ["shape": .shape([2, 5, 3, 3])]),
            OperatorExample("extents of 1", [.f32(2, 20, 1, 1)], ["shape": .shape([2, 20, 3, 4])]),
        ])

    /// `value`, a reduction's result or its gradient, repeated over the operand of the reduction with signature `signature`.
    static func spread(_ builder: GraphBuilder, _ value: Value, over signature: Signature) -> Value {
        let shape = signature.operands[0].shape
        let axes = Set(signature.attributes.integers("axes").map(shape.fromFront))
        let kept = Shape((0..<shape.rank).map { axes.isEmpty || axes.contains($0) ? 1 : shape[$0] })
        var value = value
        if builder.type(of: value).shape.aligned(to: shape.rank) != kept {
            value = builder.apply(reshape, value, attributes: ["shape": .shape(kept)])
        }
        return builder.apply(broadcast, value, attributes: ["shape": .shape(shape)])
    }

    static let reductionInputs = [OperatorInput("x", "the tensor")]
    static let reductionParameters: [OperatorParameter] = [
        OperatorParameter("axes", .integers, default: .integers([]), "the axes to reduce over; all if left out"),
        OperatorParameter("keep", .boolean, default: .boolean(false), "whether reduced axes stay, with extent 1"),
    ]
    static let reductionExamples: [OperatorExample] = [
        OperatorExample("each channel", [.f32(2, 5, 3, 4)], ["axes": .integers([0, 2, 3])]),
        OperatorExample("each plane, kept", [.f32(2, 20, 3, 3)], ["axes": .integers([2, 3]), "keep": .boolean(true)]),
        OperatorExample("each row", [.f32(3, 20)], ["axes": .integer(1)]),
        OperatorExample("each row from the last axis, kept", [.f32(3, 5)], ["axes": .integer(-1), "keep": .boolean(true)]),
        OperatorExample("one plane a batch", [.f32(2, 3, 4)], ["axes": .integers([1])]),
        OperatorExample("everything", [.f32(2, 3, 5)], ["axes": .integers([0, 1, 2])]),
        OperatorExample("everything, unsaid", [.f32(2, 3, 4)]),
        OperatorExample("everything, unsaid and kept", [.f32(3, 20)], ["keep": .boolean(true)]),
    ]

    private static func reduction(
        _ name: String, _ summary: String, _ combination: Combination, onnx: ONNXForm,
        gradient: @escaping @Sendable (GradientContext) -> [Value?]
    ) -> Operator {
        Operator(
            name, summary, inputs: reductionInputs, parameters: reductionParameters,
            geometry: Checker.reduction, type: \.type,
            lowering: { reduction, _ in .reduction(reduction.formula(combination)) },
            gradient: .rule(gradient), onnx: [onnx], examples: reductionExamples)
    }
}

/// What a reduction over axes makes.
struct Reduction: Sendable {
    var operand: Shape
    var axes: [Int]
    var keep: Bool

    var type: TensorType {
        TensorType(
            .f32,
            Shape(
                (0..<operand.rank).compactMap { axis in
                    axes.contains(axis) ? (keep ? 1 : nil) : operand[axis]
                }))
    }

    func formula(_ combination: Combination) -> Formula {
        let names = operand.axisNames
        let space = FormulaSpace(result, reducing: axes.map { (names[$0], operand[$0]) })
        return space.formula([names.map { space[$0] }], .argument(0), combination)
    }

    /// The element at position 0 of the axes: a sum over none.
    var firstElement: Formula {
        let names = operand.axisNames
        let space = FormulaSpace(result)
        return space.formula([(0..<operand.rank).map { axes.contains($0) ? .constant(0) : space[names[$0]] }], .argument(0))
    }

    private var result: [(String, Dimension)] {
        let names = operand.axisNames
        return (0..<operand.rank).compactMap { axis in
            axes.contains(axis) ? (keep ? (names[axis] + "_kept", 1) : nil) : (names[axis], operand[axis])
        }
    }
}

extension Checker {
    func reduction() throws(TypeError) -> Reduction {
        let type = signature.operands[0]
        guard type.element == .f32 else { throw error("takes an f32 tensor, not \(type)", operand: 0) }
        let isGiven = !signature.attributes.integers("axes").isEmpty || type.rank == 0
        return Reduction(
            operand: type.shape, axes: isGiven ? try axes(rank: type.rank) : Array(0..<type.rank),
            keep: signature.attributes.boolean("keep"))
    }
}
