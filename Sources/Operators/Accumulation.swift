import Graph

/// Products, and sums of all elements up to each.
extension Operator {
    /// Halves are multiplied until one is left: an order of its own, and a gradient that is right beside zeros, since nothing is divided.
    public static let product: Operator = Operator(
        "product", "Multiplies over axes.", inputs: reductionInputs, parameters: reductionParameters,
        geometry: Checker.product, type: \.type,
        lowering: { reduction, _ in
            .composite { context in
                let builder = context.builder
                var value = context.operands[0]
                for axis in reduction.axes {
                    func part(_ start: Int, _ count: Int) -> Value {
                        builder.apply(
                            slice, value, attributes: ["axis": .integer(axis), "start": .integer(start), "count": .integer(count)])
                    }
                    var extent = reduction.operand.number(axis)
                    while extent > 1 {
                        let half = extent / 2
                        var next = builder.apply(multiply, part(0, half), part(half, half))
                        if extent % 2 == 1 { next = builder.apply(concat, next, part(extent - 1, 1), attributes: ["axis": .integer(axis)]) }
                        extent -= half
                        value = next
                    }
                }
                return builder.type(of: value) == reduction.type
                    ? value : builder.apply(reshape, value, attributes: ["shape": .shape(reduction.type.shape)])
            }
        },
        gradient: .derived, onnx: [ONNXForm("ReduceProd", [.axes], ofNothing: 1)],
        examples: [
            OperatorExample("each row", [.f32(3, 7)], ["axes": .integer(1)]),
            OperatorExample("each plane, kept", [.f32(2, 20, 3, 2)], ["axes": .integers([2, 3]), "keep": .boolean(true)]),
            OperatorExample("an axis of extent 1", [.f32(2, 1, 3)], ["axes": .integer(1)]),
        ])

    /// `torch.cumsum`: every result is a sum of its own, of at most `extent` terms, so that bits do not depend on how the work is cut. The work
    /// grows with the square of the extent.
    public static let cumulativeSum: Operator = Operator(
        "cumulative_sum", "Sums all elements up to each along an axis.",
        inputs: [OperatorInput("x", "the tensor")],
        parameters: [
            OperatorParameter("axis", .integer, default: .integer(1), "the axis to sum along"),
            OperatorParameter("reverse", .boolean, default: .boolean(false), "whether the elements from each one on are summed instead"),
        ],
        geometry: Checker.accumulation, type: \.type,
        lowering: { accumulation, _ in
            let shape = accumulation.type.shape
            let names = shape.axisNames
            let space = FormulaSpace(names.enumerated().map { ($1, shape[$0]) }, reducing: [("t", shape[accumulation.axis])])
            var position = names.map { space[$0] }
            position[accumulation.axis] = AffineIndex(
                terms: [
                    .init(axis: accumulation.axis, scale: 1), .init(axis: space.number("t"), scale: accumulation.isReversed ? 1 : -1),
                ])
            return .window(space.formula([position], .argument(0)))
        },
        gradient: .rule { context in
            let isReversed = context.signature.attributes.boolean("reverse")
            return [
                context.builder.apply(
                    cumulativeSum, [context.gradient], context.signature.attributes.with(["reverse": .boolean(!isReversed)]))
            ]
        },
        onnx: [.byRule("CumSum")],
        examples: [
            OperatorExample("rows", [.f32(3, 7)]),
            OperatorExample("down each image", [.f32(2, 3, 5, 4)], ["axis": .integer(2)]),
            OperatorExample("from the last column", [.f32(2, 20, 2, 5)], ["axis": .integer(-1), "reverse": .boolean(true)]),
        ])
}

/// Sums along an axis.
private struct Accumulation {
    var type: TensorType
    var axis: Int
    var isReversed: Bool
}

extension Checker {
    fileprivate func product() throws(TypeError) -> Reduction {
        let reduction = try self.reduction()
        for axis in reduction.axes where isBatch(axis, of: reduction.operand) {
            throw error("cannot multiply over axis \(axis): its extent \(reduction.operand[axis]) is a symbol", parameter: "axes")
        }
        return reduction
    }

    fileprivate func accumulation() throws(TypeError) -> Accumulation {
        let type = signature.operands[0]
        guard type.element == .f32 else { throw error("takes an f32 tensor, not \(type)", operand: 0) }
        let axis = try self.axis(signature.attributes.integer("axis"), rank: type.rank)
        guard !isBatch(axis, of: type.shape) else {
            throw error("cannot sum along axis \(axis): its extent \(type.shape[axis]) is a symbol", parameter: "axis")
        }
        return Accumulation(type: type, axis: axis, isReversed: signature.attributes.boolean("reverse"))
    }
}
