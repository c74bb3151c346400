import Graph

/// Elements by their positions along an axis, as sums over the whole axis of which one term counts. So no position reads out of bounds, and
/// each element costs as many steps as the axis has positions.
extension Operator {
    /// As `torch.gather` has it; where the positions have extent 1, they hold for all of `x`.
    public static let gather: Operator = Operator(
        "gather", "Takes the elements along an axis whose positions are given; zeros where a position is not on the axis.",
        inputs: [
            OperatorInput("x", "the tensor"),
            OperatorInput("position", "integers, of x's shape but along the axis; extents of 1 are repeated"),
        ],
        parameters: [OperatorParameter("axis", .integer, default: .integer(1), "the axis to take elements along")],
        geometry: Checker.gather, type: \.taken,
        lowering: { gathering, _ in .window(gathering.taking) },
        gradient: .rule { context in
            let shape = context.signature.operands[0].shape
            let axis = context.signature.attributes.integer("axis")
            return [
                context.builder.apply(
                    gatherBackward, context.gradient, context.operands[1],
                    attributes: ["axis": .integer(axis), "extent": .integer(shape.number(axis < 0 ? axis + shape.rank : axis))]), nil,
            ]
        },
        onnx: [.byRule("GatherElements")],
        examples: [
            OperatorExample("four of each row", [.f32(3, 7), TensorType(.i32, [3, 4])], values: [.normal, .labels(below: 7)]),
            OperatorExample(
                "rows, by positions that are computed", [.f32(2, 3, 5, 4), .f32(2, 3, 2, 4)], ["axis": .integer(2)],
                values: [.normal, .labels(below: 5)]),
            OperatorExample(
                "the same columns everywhere, some beyond the last", [.f32(2, 20, 3), TensorType(.i32, [1, 1, 9])], ["axis": .integer(-1)],
                values: [.normal, .labels(below: 5)], hasBatch: false),
        ])

    /// `torch.scatter_add` into zeros.
    static let gatherBackward: Operator = Operator(
        "gather_backward", "Gradient of gather: each element gets the sum of the gradients of those that were taken from it.",
        inputs: [
            OperatorInput("gradient", "the gradient with respect to the result"), OperatorInput("position", "where each element was taken"),
        ],
        parameters: [
            OperatorParameter("axis", .integer, default: .integer(1), "the axis that elements were taken along"),
            OperatorParameter("extent", .integer, "the extent of x along the axis"),
        ],
        isInLanguage: false,
        geometry: Checker.gatherBackward, type: \.x,
        lowering: { gathering, _ in .window(gathering.givingBack) },
        gradient: .rule { context in
            [
                context.builder.apply(gather, context.gradient, context.operands[1], attributes: context.signature.attributes.only("axis")),
                nil,
            ]
        },
        examples: [
            OperatorExample(
                "four of each row", [.f32(3, 4), TensorType(.i32, [3, 4])], ["extent": .integer(7)], values: [.normal, .labels(below: 7)]),
            OperatorExample(
                "the same columns everywhere", [.f32(2, 20, 9), TensorType(.i32, [1, 1, 9])], ["axis": .integer(2), "extent": .integer(3)],
                values: [.normal, .labels(below: 5)], hasBatch: false),
        ])
}

/// What is taken from where.
private struct Gathering {
    /// The tensor that elements are taken from.
    var x: TensorType
    var position: TensorType
    /// The elements that are taken, or their gradients: as many along the axis as there are positions.
    var taken: TensorType
    var axis: Int

    /// Each element that is taken, as a sum over x.
    var taking: Formula { sum(over: x, to: taken, runsAlongX: true) }

    /// For each element of x the sum of those that were taken from it.
    var givingBack: Formula { sum(over: taken, to: x, runsAlongX: false) }

    /// For each element of `result` the sum of those of `source` along the axis that belong to it. Axis `rank` of the formula runs along the
    /// source's axis, which is x's or that of the positions.
    private func sum(over source: TensorType, to result: TensorType, runsAlongX: Bool) -> Formula {
        let rank = x.rank
        let names = x.shape.axisNames
        let space = FormulaSpace(names.enumerated().map { ($1, result.shape[$0]) }, reducing: [("t", source.shape[axis])])
        let (alongX, alongPosition) = runsAlongX ? (rank, axis) : (axis, rank)
        let read = (0..<rank).map { $0 == axis ? AffineIndex.axis(rank) : .axis($0) }
        let positions = (0..<rank).map { number -> AffineIndex in
            if number == axis { return .axis(alongPosition) }
            return position.shape[number] == 1 ? .constant(0) : .axis(number)
        }
        return space.formula(
            [read, positions], .select(.equal, .argument(1), .coordinate(alongX), then: .argument(0), otherwise: 0))
    }
}

extension Checker {
    fileprivate func gather() throws(TypeError) -> Gathering {
        let (x, position) = (signature.operands[0], signature.operands[1])
        let axis = try gatheringAxis()
        var taken = x
        taken.shape[axis] = position.rank == x.rank ? position.shape[axis] : 1
        return try gathering(x, taken, axis)
    }

    fileprivate func gatherBackward() throws(TypeError) -> Gathering {
        let taken = signature.operands[0]
        let axis = try gatheringAxis()
        var x = taken
        x.shape[axis] = try .fixed(positive("extent"))
        return try gathering(x, taken, axis)
    }

    /// The axis, whose extent in the first operand must be a number.
    private func gatheringAxis() throws(TypeError) -> Int {
        let type = signature.operands[0]
        guard type.element == .f32 else { throw error("takes elements of an f32 tensor, not of \(type)", operand: 0) }
        let axis = try self.axis(signature.attributes.integer("axis"), rank: type.rank)
        guard type.shape[axis].value != nil else {
            throw error("cannot take elements along axis \(axis): its extent \(type.shape[axis]) is a symbol", parameter: "axis")
        }
        return axis
    }

    private func gathering(_ x: TensorType, _ taken: TensorType, _ axis: Int) throws(TypeError) -> Gathering {
        let position = signature.operands[1]
        guard position.rank == x.rank else {
            throw error("takes positions of rank \(x.rank), as that of \(x), not \(position)", operand: 1)
        }
        for number in 0..<x.rank {
            let (given, wanted) = (position.shape[number], taken.shape[number])
            guard given == wanted || given == 1 && number != axis else {
                throw error(
                    "takes positions of extent \(wanted) or 1 along axis \(number), as \(x) has, not \(position)", operand: 1)
            }
        }
        try checkPositions(x.shape[axis].value ?? 0, parameter: "axis")
        return Gathering(x: x, position: position, taken: taken, axis: axis)
    }
}
