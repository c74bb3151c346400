import Graph

extension Operator {
    /// All axes from `axis` 1 on become one.
    public static let flatten: Operator = Operator(
        "flatten", "Makes one row of each image.",
        inputs: [OperatorInput("x", "a tensor of rank 2 or more")],
        type: { (check) throws(TypeError) in
            let type = check.signature.operands[0]
            guard type.rank >= 2 else { throw check.error("needs a batch and at least one more axis, not \(type)", operand: 0) }
            let length = type.shape.dimensions.dropFirst().compactMap(\.value).reduce(1, *)
            return TensorType(type.element, Shape([type.shape[0], .fixed(length)]))
        },
        lowering: { _ in .view(.reshape) },
        gradient: .rule(reshapeBack),
        examples: [OperatorExample("an image", [.f32(2, 5, 3, 4)]), OperatorExample("already flat", [.f32(3, 20)])])

    /// The same elements in the same order under another shape.
    public static let reshape: Operator = Operator(
        "reshape", "Gives a tensor another shape.",
        inputs: [OperatorInput("x", "the tensor")],
        parameters: [OperatorParameter("shape", .shape, "the new shape, of as many elements")],
        isInLanguage: false,
        type: { (check) throws(TypeError) in
            let shape = check.signature.attributes.shape("shape")
            try check.checkSound(shape, parameter: "shape")
            let type = check.signature.operands[0]
            guard shape.elementTally == type.shape.elementTally else {
                throw check.error("cannot give \(type) the shape \(shape): the numbers of elements differ", parameter: "shape")
            }
            return TensorType(type.element, shape)
        },
        lowering: { _ in .view(.reshape) },
        gradient: .rule(reshapeBack),
        examples: [
            OperatorExample("groups of channels", [.f32(2, 6, 3, 3)], ["shape": .shape([2, 3, 2, 3, 3])]),
            OperatorExample("to a column", [.f32(5)], ["shape": .shape([5, 1])]),
        ])

    /// `reshape` behind the batch, as the language has it.
    public static let unflatten: Operator = Operator(
        "unflatten", "Gives each image other extents; its elements stay in their order.",
        inputs: [OperatorInput("x", "a tensor of rank 2 or more")],
        parameters: [OperatorParameter("extents", .integers, "the extents behind the batch, such as (channels, height, width)")],
        type: { (check) throws(TypeError) in
            let type = check.signature.operands[0]
            guard type.rank >= 2 else { throw check.error("needs a batch and at least one more axis, not \(type)", operand: 0) }
            let extents = check.signature.attributes.integers("extents")
            guard (1...7).contains(extents.count) else {
                throw check.error("needs 1 to 7 numbers in 'extents', not \(extents.count)", parameter: "extents")
            }
            let shape = Shape([type.shape[0]] + extents.map(Dimension.fixed))
            try check.checkSound(shape, parameter: "extents")
            guard shape.elementTally == type.shape.elementTally else {
                throw check.error("cannot give \(type) the shape \(shape): the numbers of elements differ", parameter: "extents")
            }
            return TensorType(type.element, shape)
        },
        lowering: { _ in .view(.reshape) },
        gradient: .rule(reshapeBack),
        examples: [
            OperatorExample("rows to images", [.f32(2, 20)], ["extents": .integers([5, 2, 2])]),
            OperatorExample("channels in two", [.f32(2, 6, 3, 4)], ["extents": .integers([2, 3, 3, 4])]),
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
        examples: [
            OperatorExample("channels", [.f32(2, 3, 4, 4), .f32(2, 20, 4, 4), .f32(2, 5, 4, 4)]),
            OperatorExample("rows", [.f32(1, 2, 3, 2), .f32(1, 2, 1, 2)], ["axis": .integer(2)]),
            OperatorExample("one alone", [.f32(2, 3)]),
            OperatorExample("the last axis of vectors", [.f32(3), .f32(5)], ["axis": .integer(-1)]),
        ])

    /// `count` positions along `axis`, from `start`.
    public static let slice: Operator = Operator(
        "slice", "Takes consecutive positions along an axis.",
        inputs: [OperatorInput("x", "the tensor")],
        parameters: [
            OperatorParameter("axis", .integer, default: .integer(1), "the axis to cut"),
            OperatorParameter("start", .integer, "the first position"),
            OperatorParameter("count", .integer, "the number of positions"),
        ],
        geometry: Checker.slice, type: \.type,
        lowering: { slice, _ in .view(.slice(axis: slice.axis, start: slice.start, count: slice.count)) },
        gradient: .rule { context in
            let shape = context.signature.operands[0].shape
            let axis = shape.fromFront(context.signature.attributes.integer("axis"))
            return [
                context.builder.apply(
                    padSlice, context.gradient,
                    attributes: [
                        "axis": .integer(axis), "start": .integer(context.signature.attributes.integer("start")),
                        "size": .integer(shape.number(axis)),
                    ])
            ]
        },
        examples: [
            OperatorExample("channels in the middle", [.f32(2, 20, 3, 3)], ["start": .integer(3), "count": .integer(5)]),
            OperatorExample("last rows", [.f32(1, 3, 5, 4)], ["axis": .integer(-2), "start": .integer(3), "count": .integer(2)]),
        ])

    /// The gradient of `slice`: the operand between zeros.
    static let padSlice: Operator = Operator(
        "pad_slice", "Puts a tensor between zeros along an axis.",
        inputs: [OperatorInput("x", "the tensor")],
        parameters: [
            OperatorParameter("axis", .integer, "the axis that grows"),
            OperatorParameter("start", .integer, "where the tensor begins"),
            OperatorParameter("size", .integer, "the extent of the result"),
        ],
        isInLanguage: false,
        geometry: Checker.paddedSlice, type: \.type,
        lowering: { slice, _ in
            let shape = slice.type.shape
            let axes = (0..<shape.rank).map { Axis("d\($0)", shape[$0]) }
            let position = (0..<shape.rank).map { AffineIndex.axis($0, offset: $0 == slice.axis ? -slice.start : 0) }
            return .window(Formula(axes: axes, resultRank: shape.rank, reads: [Read(operand: 0, position)], body: .argument(0)))
        },
        gradient: .rule { context in
            let count = context.signature.operands[0].shape.number(context.signature.attributes.integer("axis"))
            return [
                context.builder.apply(
                    slice, context.gradient, attributes: context.signature.attributes.only("axis", "start").with(["count": .integer(count)])
                )
            ]
        },
        examples: [
            OperatorExample("channels", [.f32(2, 5, 3, 3)], ["axis": .integer(1), "start": .integer(3), "size": .integer(20)]),
            OperatorExample("columns", [.f32(1, 3, 2, 2)], ["axis": .integer(3), "start": .integer(0), "size": .integer(5)]),
        ])

    @Sendable private static func reshapeBack(_ context: GradientContext) -> [Value?] {
        [context.builder.apply(reshape, context.gradient, attributes: ["shape": .shape(context.signature.operands[0].shape)])]
    }
}

extension Shape {
    /// The product of the numbers and the symbols: equal for shapes of equally many elements.
    fileprivate var elementTally: [String: Int] {
        var tally = ["": 1]
        for dimension in dimensions {
            switch dimension {
            case .fixed(let extent): tally[""]! *= extent
            case .symbol(let name): tally[name, default: 0] += 1
            }
        }
        return tally
    }
}

/// A stretch of one axis, and what comes of cutting it out or of putting zeros around it.
private struct Slice {
    var axis: Int
    var start: Int
    var count: Int
    var type: TensorType
}

/// Tensors one after another along an axis.
private struct Concatenation {
    var axis: Int
    var type: TensorType
}

extension Checker {
    fileprivate func concatenation() throws(TypeError) -> Concatenation {
        let first = signature.operands[0]
        let axis = try self.axis(signature.attributes.integer("axis"), rank: first.rank)
        var length = 0
        for (index, type) in signature.operands.enumerated() {
            guard type.rank == first.rank, type.element == first.element else {
                throw error("cannot join \(first) and \(type)", repair: "the branches must have the same rank", operand: index)
            }
            for other in 0..<first.rank where other != axis && type.shape[other] != first.shape[other] {
                let isArea = first.rank == 4 && other >= 2
                throw error(
                    "cannot join \(first) and \(type) along axis \(axis): their \(first.shape.axisName(other)) differ "
                        + "(\(first.shape[other]) and \(type.shape[other]))",
                    repair: isArea ? "check stride and pad on both branches" : nil, operand: index)
            }
            guard let count = type.shape[axis].value else {
                throw error("cannot join along axis \(axis): its extent \(type.shape[axis]) is a symbol", parameter: "axis")
            }
            length += count
        }
        var shape = first.shape
        shape[axis] = .fixed(length)
        try checkSound(shape)
        return Concatenation(axis: axis, type: TensorType(first.element, shape))
    }

    fileprivate func slice() throws(TypeError) -> Slice {
        let type = signature.operands[0]
        let axis = try self.axis(signature.attributes.integer("axis"), rank: type.rank)
        let (start, count) = (signature.attributes.integer("start"), signature.attributes.integer("count"))
        guard let extent = type.shape[axis].value else {
            throw error("cannot cut axis \(axis): its extent \(type.shape[axis]) is a symbol", parameter: "axis")
        }
        guard start >= 0, count >= 1, start < extent, count <= extent - start else {
            throw error("cannot take \(count) positions from \(start) on: axis \(axis) has \(extent)", parameter: "count")
        }
        var shape = type.shape
        shape[axis] = .fixed(count)
        return Slice(axis: axis, start: start, count: count, type: TensorType(type.element, shape))
    }

    fileprivate func paddedSlice() throws(TypeError) -> Slice {
        let type = signature.operands[0]
        let axis = try self.axis(signature.attributes.integer("axis"), rank: type.rank)
        let (start, size) = (signature.attributes.integer("start"), signature.attributes.integer("size"))
        let count = try extent(type.shape, axis)
        guard axis == signature.attributes.integer("axis"), start >= 0, size >= 1, size <= Self.largestElementCount,
            start <= size - count
        else {
            throw error("cannot put \(count) positions at \(start) of \(size)", parameter: "size")
        }
        var shape = type.shape
        shape[axis] = .fixed(size)
        return Slice(axis: axis, start: start, count: count, type: TensorType(.f32, shape))
    }
}
