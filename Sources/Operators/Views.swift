import Graph

extension Operator {
    /// All axes from `axis` 1 on become one.
    public static let flatten: Operator = Operator(
        "flatten", "Makes one row of each image.",
        inputs: [OperatorInput("x", "a tensor of rank 2 or more")],
        type: { (check) throws(TypeError) in
            let type = check.signature.operands[0]
            guard type.rank >= 2 else { throw check.error("needs a batch and at least one more axis, not \(type)", operand: 0) }
            return TensorType(
                type.element, Shape([type.shape[0], Dimension(Shape(Array(type.shape.dimensions.dropFirst())).elementTally)]))
        },
        lowering: { _ in .view(.reshape) },
        gradient: .rule(reshapeBack),
        onnx: [ONNXForm("Flatten", [.constant("axis", 1)])],
        examples: [OperatorExample("an image", [.f32(2, 5, 3, 4)]), OperatorExample("already flat", [.f32(3, 20)])])

    /// The same elements in the same order under another shape.
    ///
    /// The language gives the extents behind the first axis, as a batch is a symbol that nobody can write (Keras's `Reshape` does so,
    /// too); rules and passes give a whole shape.
    public static let reshape: Operator = Operator(
        "reshape", "Gives a tensor another shape; its elements stay in their order.",
        inputs: [OperatorInput("x", "the tensor")],
        parameters: [
            OperatorParameter(
                "extents", .extents, default: .integers([]),
                "the extents behind the first axis, the batch, which stays; one of them may be -1, for what is left"),
            OperatorParameter(
                "whole", .boolean, default: .boolean(false), "whether `extents` are those of all axes, the first one's among them"),
            OperatorParameter("shape", .shape, default: .shape([]), "the whole shape where there are no `extents`, as passes give it"),
        ],
        type: { (check) throws(TypeError) in
            let attributes = check.signature.attributes
            guard attributes.extents("extents").isEmpty else { return try check.reshaped(isWhole: attributes.boolean("whole")) }
            let shape = attributes.shape("shape")
            try check.checkSound(shape, parameter: "shape")
            let type = check.signature.operands[0]
            guard shape.hasAsManyElements(as: type.shape) else {
                throw check.error("cannot give \(type) the shape \(shape): the numbers of elements differ", parameter: "shape")
            }
            return TensorType(type.element, shape)
        },
        lowering: { _ in .view(.reshape) },
        gradient: .rule(reshapeBack),
        onnx: [.byRule("Reshape")],
        examples: [
            OperatorExample("groups of channels", [.f32(2, 6, 3, 3)], ["shape": .shape([2, 3, 2, 3, 3])], hasBatch: false),
            OperatorExample("to a column", [.f32(5)], ["shape": .shape([5, 1])]),
            OperatorExample("rows of pixels", [.f32(2, 5, 3, 4)], ["extents": .integers([5, -1])]),
            OperatorExample("all axes", [.f32(6, 4)], ["extents": .integers([2, -1, 3]), "whole": .boolean(true)], hasBatch: false),
        ])

    /// `reshape` behind the batch, the inverse of `flatten`.
    public static let unflatten: Operator = Operator(
        "unflatten", "Gives each image other extents; its elements stay in their order.",
        inputs: [OperatorInput("x", "a tensor of rank 2 or more")],
        parameters: [
            OperatorParameter(
                "extents", .extents,
                "the extents behind the batch, such as (channels, height, width); one of them may be -1, for what is left")
        ],
        type: { (check) throws(TypeError) in
            let type = check.signature.operands[0]
            guard type.rank >= 2 else { throw check.error("needs a batch and at least one more axis, not \(type)", operand: 0) }
            return try check.reshaped(isWhole: false)
        },
        lowering: { _ in .view(.reshape) },
        gradient: .rule(reshapeBack),
        onnx: [.byRule("Reshape")],
        examples: [
            OperatorExample("rows to images", [.f32(2, 20)], ["extents": .integers([5, 2, 2])]),
            OperatorExample("channels in two", [.f32(2, 6, 3, 4)], ["extents": .integers([2, 3, 3, 4])]),
            OperatorExample("as many columns as there are", [.f32(2, 6, 3, 4)], ["extents": .integers([6, 2, -1])]),
        ])

    /// The tensor without axes of extent 1.
    public static let squeeze: Operator = Operator(
        "squeeze", "Drops axes of extent 1.",
        inputs: [OperatorInput("x", "the tensor")],
        parameters: [
            OperatorParameter("axes", .integers, default: .integers([]), "the axes to drop; if left out, all of extent 1 behind the first")
        ],
        type: { (check) throws(TypeError) in
            let type = check.signature.operands[0]
            let isGiven = !check.signature.attributes.integers("axes").isEmpty
            let axes = isGiven ? try check.axes(rank: type.rank) : (0..<type.rank).filter { $0 > 0 && type.shape[$0] == 1 }
            for axis in axes where type.shape[axis] != 1 {
                throw check.error(
                    "cannot drop axis \(axis) of \(type): its extent is \(type.shape[axis])", repair: "only axes of extent 1 can go",
                    parameter: "axes", axis: axis)
            }
            return TensorType(type.element, Shape((0..<type.rank).filter { !axes.contains($0) }.map { type.shape[$0] }))
        },
        lowering: { _ in .view(.reshape) }, gradient: .rule(reshapeBack),
        onnx: [.byRule("Reshape")],
        examples: [
            OperatorExample("a pooled image", [.f32(2, 5, 1, 1)]),
            OperatorExample("columns only", [.f32(2, 1, 4, 1)], ["axes": .integer(-1)]),
        ])

    /// The tensor with an axis of extent 1 more.
    public static let unsqueeze: Operator = Operator(
        "unsqueeze", "Puts in an axis of extent 1.",
        inputs: [OperatorInput("x", "the tensor")],
        parameters: [OperatorParameter("axis", .integer, "the number that the new axis gets; negative ones count from the last")],
        type: { (check) throws(TypeError) in
            let type = check.signature.operands[0]
            let axis = try check.axis(check.signature.attributes.integer("axis"), rank: type.rank + 1)
            var dimensions = type.shape.dimensions
            dimensions.insert(1, at: axis)
            try check.checkSound(Shape(dimensions))
            return TensorType(type.element, Shape(dimensions))
        },
        lowering: { _ in .view(.reshape) }, gradient: .rule(reshapeBack),
        onnx: [.byRule("Reshape")],
        examples: [
            OperatorExample("rows to planes", [.f32(2, 5)], ["axis": .integer(1)]),
            OperatorExample("behind the last", [.f32(2, 3, 4)], ["axis": .integer(-1)]),
        ])

    /// The operands one behind another along an axis of their own.
    public static let stack: Operator = Operator(
        "stack", "Joins tensors of one type along a new axis, axis 1 if not said otherwise.",
        inputs: [OperatorInput("operands", variadic: true, "tensors of one type")],
        parameters: [OperatorParameter("axis", .integer, default: .integer(1), "the number that the new axis gets")],
        type: { (check) throws(TypeError) in
            let first = check.signature.operands[0]
            for (index, type) in check.signature.operands.enumerated() where type != first {
                throw check.error("cannot join \(first) and \(type)", repair: "the tensors must have one type", operand: index)
            }
            let axis = try check.axis(check.signature.attributes.integer("axis"), rank: first.rank + 1)
            var dimensions = first.shape.dimensions
            dimensions.insert(.fixed(check.signature.operands.count), at: axis)
            try check.checkSound(Shape(dimensions))
            return TensorType(first.element, Shape(dimensions))
        },
        lowering: { signature in
            .composite { context in
                let rank = context.signature.operands[0].rank
                let axis = context.signature.attributes.integer("axis")
                let attributes: Attributes = ["axis": .integer(axis < 0 ? axis + rank + 1 : axis)]
                let parts = context.operands.map { context.builder.apply(unsqueeze, [$0], attributes) }
                return context.builder.apply(concat, parts, attributes)
            }
        },
        gradient: .derived,
        examples: [
            OperatorExample("images", [.f32(2, 3, 4, 4), .f32(2, 3, 4, 4)]),
            OperatorExample("rows, side by side", [.f32(3, 5), .f32(3, 5), .f32(3, 5)], ["axis": .integer(-1)]),
        ])

    /// One operand after another along `axis`.
    public static let concat: Operator = Operator(
        "concat", "Joins tensors along an axis, the channels if not said otherwise.",
        inputs: [OperatorInput("operands", variadic: true, "tensors that agree in all other extents")],
        parameters: [OperatorParameter("axis", .integer, default: .integer(1), "the axis to join along")],
        geometry: Checker.concatenation, type: \.type,
        lowering: { concatenation, _ in .view(.concatenate(axis: concatenation.axis)) },
        gradient: .rule { context in
            let axis = context.signature.operands[0].shape.fromFront(context.signature.attributes.integer("axis"))
            var start = 0
            return context.operands.indices.map { index in
                let count = context.signature.operands[index].shape.number(axis)
                defer { start += count }
                guard context.wanted[index] else { return nil }
                return context.builder.apply(
                    slice, context.gradient, attributes: ["axis": .integer(axis), "start": .integer(start), "count": .integer(count)])
            }
        },
        onnx: [ONNXForm("Concat", [.axis(default: 1)])],
        examples: [
            OperatorExample("channels", [.f32(2, 3, 4, 4), .f32(2, 20, 4, 4), .f32(2, 5, 4, 4)]),
            OperatorExample("rows", [.f32(1, 2, 3, 2), .f32(1, 2, 1, 2)], ["axis": .integer(2)]),
            OperatorExample("one alone", [.f32(2, 3)]),
            OperatorExample("the last axis of vectors", [.f32(3), .f32(5)], ["axis": .integer(-1)]),
        ])

    @Sendable private static func reshapeBack(_ context: GradientContext) -> [Value?] {
        [context.builder.apply(reshape, context.gradient, attributes: ["shape": .shape(context.signature.operands[0].shape)])]
    }
}

extension Attributes {
    /// The parameters by which `reshape` gives a tensor of the shape `shape` the shape `target`, in the one form that a source has for it:
    /// without the first axis where its open extent stays, and with -1 for the one extent that depends on the batch otherwise, which has no
    /// value while a network is built.
    ///
    /// - Parameters:
    ///   - target: a shape of 1 to 8 axes and as many elements as `shape`.
    ///   - batch: the symbol of the batch, if there is one.
    public static func reshaping(_ shape: Shape, to target: Shape, batch: String?) -> Attributes {
        let isBehind = target.rank > 1 && shape.dimensions.first == target[0] && target[0].value == nil
        var extents = isBehind ? Array(target.dimensions.dropFirst()) : target.dimensions
        let open = extents.indices.filter { axis in extents[axis].expression.symbols.contains { $0.name == batch } }
        // What is left is worked out again where the operator can.
        if open.count == 1 {
            let others = Shape(extents.indices.filter { $0 != open[0] }.map { extents[$0] }).elementTally
            let all = Shape(Array(shape.dimensions.dropFirst(isBehind ? 1 : 0))).elementTally
            if all.dividedExactly(by: others) == extents[open[0]].expression { extents[open[0]] = -1 }
        }
        let numbers = Shape(extents).extents
        return [
            "extents": numbers.map(Attribute.integers) ?? .shape(Shape(extents)), "whole": .boolean(!isBehind),
        ]
    }
}

extension Shape {
    /// Whether both have equally many elements, whatever their sizes turn out to be.
    func hasAsManyElements(as other: Shape) -> Bool {
        let (own, others) = (elementTally, other.elementTally)
        return own == others && !own.isUnbounded
    }
}

/// Tensors one after another along an axis.
private struct Concatenation {
    var axis: Int
    var type: TensorType
}

extension Checker {
    /// The operand under a shape of the extents in the parameter `extents`, one of which may be -1; behind the first axis, if they are not
    /// those of the whole shape.
    fileprivate func reshaped(isWhole: Bool) throws(TypeError) -> TensorType {
        let type = signature.operands[0]
        var extents = signature.attributes.extents("extents")
        // With the first axis, which stays unless `extents` are those of all axes, a tensor has at most 8.
        let most = isWhole ? 8 : 7
        guard (1...most).contains(extents.count) else {
            throw error("needs 1 to \(most) numbers in 'extents', not \(extents.count)", parameter: "extents")
        }
        guard isWhole || type.rank >= 1 else { throw error("needs an axis that stays, and \(type) has none", operand: 0) }
        let front = isWhole ? [] : [type.shape[0]]
        if let open = extents.firstIndex(of: -1) {
            guard extents.count(where: { $0 == -1 }) == 1 else {
                throw error("has more than one -1 in 'extents': what is left can go to one axis", parameter: "extents")
            }
            let count = Dimension(Shape(Array(type.shape.dimensions.dropFirst(front.count))).elementTally)
            extents[open] = 1
            try checkSound(Shape(extents), parameter: "extents")
            let known = Dimension(Shape(extents).elementTally)
            guard let rest = count.expression.dividedExactly(by: known.expression) else {
                throw error("cannot work out the -1 in 'extents': \(count) elements are no multiple of \(known)", parameter: "extents")
            }
            extents[open] = Dimension(rest)
        }
        let shape = Shape(front + extents)
        try checkSound(shape, parameter: "extents")
        guard shape.hasAsManyElements(as: type.shape) else {
            throw error("cannot give \(type) the shape \(shape): the numbers of elements differ", parameter: "extents")
        }
        return TensorType(type.element, shape)
    }

    fileprivate func concatenation() throws(TypeError) -> Concatenation {
        let first = signature.operands[0]
        let axis = try self.axis(signature.attributes.integer("axis"), rank: first.rank)
        var length = SizeExpression(0)
        for (index, type) in signature.operands.enumerated() {
            guard type.rank == first.rank, type.element == first.element else {
                throw error("cannot join \(first) and \(type)", repair: "the branches must have the same rank", operand: index)
            }
            for other in 0..<first.rank where other != axis && type.shape[other] != first.shape[other] {
                let isArea = first.rank == 4 && other >= 2
                throw error(
                    "cannot join \(first) and \(type) along axis \(axis): their \(first.shape.axisName(other)) differ "
                        + "(\(first.shape[other]) and \(type.shape[other]))",
                    repair: first.shape.repair(toAgreeWith: type.shape, along: (0..<first.rank).filter { $0 != axis })
                        ?? (isArea ? "check stride and pad on both branches" : nil),
                    operand: index)
            }
            length = length + type.shape[axis].expression
        }
        var shape = first.shape
        shape[axis] = Dimension(length)
        try checkSound(shape)
        return Concatenation(axis: axis, type: TensorType(first.element, shape))
    }
}
