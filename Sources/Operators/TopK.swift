import Graph

/// The largest elements in descending order: each element's place follows from how many come before it, so the work grows with the square
/// of the extent, and every element's is the same, whatever the values are.
extension Operator {
    /// As `torch.topk` has it. Of equal elements the first comes first; a NaN counts as larger than all numbers.
    public static let topK: Operator = Operator(
        "top_k", "Takes the largest elements along an axis in descending order, and their positions: a tuple of two.",
        inputs: [OperatorInput("x", "the tensor")],
        parameters: [
            OperatorParameter("count", .integer, "how many elements to take"),
            OperatorParameter("axis", .integer, default: .integer(1), "the axis to take elements along"),
            OperatorParameter("largest", .boolean, default: .boolean(true), "whether the largest are taken; else the smallest, ascending"),
            OperatorParameter(
                "part", .integer, default: .integer(0), "whether a node is the elements, 0, or their positions, 1; the language makes both"),
        ],
        results: .init(parameter: "part") { _ throws(TypeError) in 2 },
        geometry: Checker.topElements, type: \.result,
        lowering: { top, _ in
            .composite { context in
                let builder = context.builder
                let x = context.operands[0]
                let axis: Attribute = .integer(top.axis)
                let place = builder.apply(placeInOrder, x, attributes: ["axis": axis, "descending": .boolean(top.isDescending)])
                let position = builder.apply(positionOfPlace, place, attributes: ["axis": axis, "count": .integer(top.count)])
                return top.isOfPositions ? position : builder.apply(gather, x, position, attributes: ["axis": axis])
            }
        },
        gradient: .derived,
        onnx: [.byRule("TopK")],
        examples: [
            OperatorExample("the three largest", [.f32(3, 7)], ["count": .integer(3)]),
            OperatorExample(
                "where they are, with equal ones", [.f32(3, 9)], ["count": .integer(4), "part": .integer(1)], values: [.labels(below: 4)]),
            OperatorExample(
                "the smallest rows", [.f32(2, 3, 5, 4)], ["count": .integer(2), "axis": .integer(-2), "largest": .boolean(false)]),
            OperatorExample("all channels, sorted", [.f32(2, 20, 3, 2)], ["count": .integer(20)]),
        ])

    /// How many elements come before each: in descending order those that are larger, in ascending order those that are smaller.
    static let placeInOrder: Operator = Operator(
        "place_in_order", "Counts the elements along an axis that come before each in order; no gradient flows.",
        inputs: [OperatorInput("x", "the tensor")],
        parameters: [
            OperatorParameter("axis", .integer, default: .integer(1), "the axis that is ordered"),
            OperatorParameter("descending", .boolean, default: .boolean(true), "whether the largest comes first"),
        ],
        isInLanguage: false,
        geometry: Checker.placement, type: \.result,
        lowering: { top, signature in
            let shape = top.result.shape
            let space = FormulaSpace(shape.axisNames.enumerated().map { ($1, shape[$0]) }, reducing: [("t", shape[top.axis])])
            let along = space.number("t")
            let own = (0..<shape.rank).map { AffineIndex.axis($0) }
            var other = own
            other[top.axis] = .axis(along)
            let (x, y) = (Scalar.argument(0), Scalar.argument(1))
            let isEarlier = Scalar.select(.less, .coordinate(along), .coordinate(top.axis), then: 1, otherwise: 0)
            // A NaN is not equal to itself, and counts as larger than all numbers.
            let isDescending = signature.attributes.boolean("descending")
            let besideNaN = Scalar.select(.equal, y, y, then: isDescending ? 0 : 1, otherwise: isEarlier)
            let isBefore = isDescending ? Scalar.select(.less, x, y, then: 1, otherwise: 0) : .select(.less, y, x, then: 1, otherwise: 0)
            let besideNumber = Scalar.select(
                .equal, y, y, then: .select(.equal, x, y, then: isEarlier, otherwise: isBefore), otherwise: isDescending ? 1 : 0)
            return .window(
                Formula(
                    axes: space.axes, resultRank: shape.rank, reads: [Read(operand: 0, own), Read(operand: 0, other)],
                    body: .select(.equal, x, x, then: besideNumber, otherwise: besideNaN)))
        },
        gradient: .stops,
        examples: [
            OperatorExample("rows", [.f32(3, 7)]),
            OperatorExample(
                "columns with equal elements", [.f32(2, 5, 4)], ["axis": .integer(2), "descending": .boolean(false)],
                values: [.labels(below: 3)]),
        ])

    /// Where the elements stand that come first, second, and so on.
    static let positionOfPlace: Operator = Operator(
        "position_of_place", "Finds the positions along an axis of the places 0, 1, and so on; no gradient flows.",
        inputs: [OperatorInput("place", "the place of each element, all different along the axis")],
        parameters: [
            OperatorParameter("count", .integer, "how many places to find"),
            OperatorParameter("axis", .integer, default: .integer(1), "the axis that is ordered"),
        ],
        isInLanguage: false,
        geometry: Checker.placesFound, type: \.result,
        lowering: { top, signature in
            let names = top.result.shape.axisNames
            let extent = signature.operands[0].shape[top.axis]
            let space = FormulaSpace(names.enumerated().map { ($1, top.result.shape[$0]) }, reducing: [("t", extent)])
            let along = space.number("t")
            let position = names.indices.map { $0 == top.axis ? AffineIndex.axis(along) : .axis($0) }
            return .window(
                space.formula([position], .select(.equal, .argument(0), .coordinate(top.axis), then: .coordinate(along), otherwise: 0)))
        },
        gradient: .stops,
        examples: [
            OperatorExample("rows", [.f32(3, 7)], ["count": .integer(2)], values: [.labels(below: 7)]),
            OperatorExample("columns", [.f32(2, 5, 4)], ["count": .integer(4), "axis": .integer(2)], values: [.labels(below: 4)]),
        ])
}

/// Elements that are put in order along an axis.
private struct TopElements {
    var result: TensorType
    var axis: Int
    var count: Int
    var isDescending = true
    var isOfPositions = false
}

extension Checker {
    fileprivate func topElements() throws(TypeError) -> TopElements {
        var top = try placesFound()
        top.isDescending = signature.attributes.boolean("largest")
        let part = signature.attributes.integer("part")
        guard (0...1).contains(part) else { throw error("has no part \(part): it makes 2", parameter: "part") }
        top.isOfPositions = part == 1
        return top
    }

    fileprivate func placesFound() throws(TypeError) -> TopElements {
        var top = try placement()
        let count = try positive("count")
        guard count <= top.count else {
            throw error("cannot take \(count) elements along axis \(top.axis), which has \(top.count)", parameter: "count")
        }
        top.count = count
        top.result.shape[top.axis] = .fixed(count)
        return top
    }

    fileprivate func placement() throws(TypeError) -> TopElements {
        let type = signature.operands[0]
        guard type.element == .f32 else { throw error("takes an f32 tensor, not \(type)", operand: 0) }
        let axis = try self.axis(signature.attributes.integer("axis"), rank: type.rank)
        guard let extent = type.shape[axis].value else {
            throw error("cannot order axis \(axis): its extent \(type.shape[axis]) is a symbol", parameter: "axis")
        }
        try checkPositions(extent, parameter: "axis")
        return TopElements(result: type, axis: axis, count: extent)
    }
}
