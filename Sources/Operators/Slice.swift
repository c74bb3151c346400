import Graph

extension Operator {
    /// `count` positions along `axis`, from `start`, each `step` from the one before it.
    public static let slice: Operator = Operator(
        "slice", "Takes positions along an axis.",
        inputs: [OperatorInput("x", "the tensor")],
        parameters: [
            OperatorParameter("axis", .integer, default: .integer(1), "the axis to cut"),
            OperatorParameter("start", .extent, "the first position; a negative one counts from the end"),
            OperatorParameter("count", .extent, "the number of positions, -1 for as many as there are"),
            OperatorParameter("step", .integer, default: .integer(1), "how far one lies from the next; negative for backwards"),
        ],
        geometry: Checker.slice, type: \.type,
        lowering: { slice, _ in
            let (start, count) = (slice.start.number, slice.count.number)
            guard slice.step != 1, count > 1 else { return .view(.slice(axis: slice.axis, start: start, count: count)) }
            let shape = slice.type.shape
            let from = (0..<shape.rank).map {
                $0 == slice.axis ? AffineIndex.axis($0, scale: slice.step, offset: start) : .axis($0)
            }
            return .view(.rearrange(Rearrangement(to: shape, from: from)))
        },
        gradient: .rule { context in
            let slice = unfailing { () throws(TypeError) in try Checker("slice", accepted: context.signature).slice() }
            var attributes: Attributes = [
                "axis": .integer(slice.axis), "start": .integer(slice.start.number), "size": .integer(slice.extent.number),
            ]
            if slice.count.number > 1 { attributes["step"] = .integer(slice.step) }
            return [context.builder.apply(padSlice, context.gradient, attributes: attributes)]
        },
        onnx: [.byRule("Slice")],
        examples: [
            OperatorExample("channels in the middle", [.f32(2, 20, 3, 3)], ["start": .integer(3), "count": .integer(5)]),
            OperatorExample("last rows", [.f32(1, 3, 5, 4)], ["axis": .integer(-2), "start": .integer(3), "count": .integer(2)]),
            OperatorExample(
                "every other column", [.f32(2, 3, 4, 35)],
                ["axis": .integer(3), "start": .integer(0), "count": .integer(-1), "step": .integer(2)]),
            OperatorExample(
                "channels backwards, every third", [.f32(2, 20, 3, 2)],
                ["start": .integer(-2), "step": .integer(-3), "count": .integer(6)]),
        ])

    /// The gradient of `slice`: the operand between zeros.
    static let padSlice: Operator = Operator(
        "pad_slice", "Puts a tensor between zeros along an axis.",
        inputs: [OperatorInput("x", "the tensor")],
        parameters: [
            OperatorParameter("axis", .integer, "the axis that grows"),
            OperatorParameter("start", .integer, "where the tensor begins"),
            OperatorParameter("size", .integer, "the extent of the result"),
            OperatorParameter("step", .integer, default: .integer(1), "how far a position comes to lie from the next"),
        ],
        isInLanguage: false,
        geometry: Checker.paddedSlice, type: \.type,
        lowering: { slice, _ in
            let shape = slice.type.shape
            let axes = (0..<shape.rank).map { Axis("d\($0)", shape[$0]) }
            var position = (0..<shape.rank).map { AffineIndex.axis($0) }
            position[slice.axis] = AffineIndex(
                terms: [.init(axis: slice.axis, scale: slice.step.signum())], offset: -slice.start.number * slice.step.signum(),
                divisor: abs(slice.step))
            return .window(Formula(axes: axes, resultRank: shape.rank, reads: [Read(operand: 0, position)], body: .argument(0)))
        },
        gradient: .rule { context in
            let count = context.signature.operands[0].shape.number(context.signature.attributes.integer("axis"))
            return [
                context.builder.apply(
                    slice, context.gradient,
                    attributes: context.signature.attributes.only("axis", "start", "step").with(["count": .integer(count)]))
            ]
        },
        examples: [
            OperatorExample("channels", [.f32(2, 5, 3, 3)], ["axis": .integer(1), "start": .integer(3), "size": .integer(20)]),
            OperatorExample("columns", [.f32(1, 3, 2, 2)], ["axis": .integer(3), "start": .integer(0), "size": .integer(5)]),
            OperatorExample(
                "every other row", [.f32(1, 3, 4, 3)],
                ["axis": .integer(2), "start": .integer(1), "size": .integer(9), "step": .integer(2)]),
            OperatorExample(
                "channels backwards, every third", [.f32(2, 4, 3, 2)],
                ["axis": .integer(1), "start": .integer(18), "size": .integer(20), "step": .integer(-3)]),
        ])

    /// Consecutive parts along an axis, as `torch.split` cuts them.
    public static let split: Operator = Operator(
        "split", "Cuts a tensor into consecutive parts along an axis.",
        inputs: [OperatorInput("x", "the tensor")],
        parameters: [
            OperatorParameter(
                "sizes", .extents, "the extents of all parts; one number for parts of that extent, of which the last may be smaller"),
            partAxis, partNumber,
        ],
        results: .init(parameter: "part") { (signature) throws(TypeError) in
            try Checker("split", accepted: signature).parts().bounds.count
        },
        geometry: Checker.parts, type: \.type,
        lowering: { parts, _ in parts.lowering }, gradient: .derived,
        examples: [
            OperatorExample("the second of two", [.f32(2, 20, 3, 3)], ["sizes": .integers([5, 15]), "part": .integer(1)]),
            OperatorExample("the rest", [.f32(3, 7)], ["sizes": .integer(3), "part": .integer(2)]),
            OperatorExample("rows", [.f32(1, 3, 5, 4)], ["sizes": .integers([2, 3]), "axis": .integer(-2)]),
        ])

    /// Consecutive parts along an axis, as `torch.chunk` cuts them: each of ceil(extent / count), so that there may be fewer.
    public static let chunk: Operator = Operator(
        "chunk", "Cuts a tensor into a number of equal parts along an axis, of which the last may be smaller.",
        inputs: [OperatorInput("x", "the tensor")],
        parameters: [OperatorParameter("count", .integer, "the number of parts, if the axis has so many"), partAxis, partNumber],
        results: .init(parameter: "part") { (signature) throws(TypeError) in
            try Checker("chunk", accepted: signature).chunks().bounds.count
        },
        geometry: Checker.chunks, type: \.type,
        lowering: { parts, _ in parts.lowering }, gradient: .derived,
        examples: [
            OperatorExample("halves", [.f32(2, 20, 3, 3)], ["count": .integer(2), "part": .integer(1)]),
            OperatorExample("a smaller last one", [.f32(3, 7)], ["count": .integer(3), "part": .integer(2)]),
        ])

    private static let partAxis = OperatorParameter("axis", .integer, default: .integer(1), "the axis to cut")
    private static let partNumber = OperatorParameter(
        "part", .integer, default: .integer(0), "which part a node is; the language makes all of them, a tuple")
}

/// A stretch of one axis, and what comes of cutting it out or of putting zeros around it.
private struct Slice {
    var axis: Int
    var start: Dimension
    var count: Dimension
    var step: Int
    /// The axis's extent before the cut.
    var extent: Dimension
    var type: TensorType
}

/// The parts that an axis is cut into, and one of them.
private struct Parts {
    var axis: Int
    /// Where each begins, and how many positions it has.
    var bounds: [(start: Dimension, count: Dimension)]
    var part: Int
    var type: TensorType

    var lowering: Lowering {
        let bounds = bounds[part]
        return .composite { [axis] context in
            context.builder.apply(
                .slice, context.operands,
                ["axis": .integer(axis), "start": .integer(bounds.start.number), "count": .integer(bounds.count.number)])
        }
    }
}

extension Checker {
    /// The parameter `axis` and the operand's extent along it.
    fileprivate func cutAxis() throws(TypeError) -> (axis: Int, extent: Dimension) {
        let type = signature.operands[0]
        let axis = try self.axis(signature.attributes.integer("axis"), rank: type.rank)
        return (axis, type.shape[axis])
    }

    fileprivate func slice() throws(TypeError) -> Slice {
        let (axis, extent) = try cutAxis()
        let (given, step) = (signature.attributes.extents("start")[0], signature.attributes.integer("step"))
        guard step != 0, step >= -Self.largestExtent, step <= Self.largestExtent else {
            throw error("cannot take steps of \(step)", repair: "1 takes neighbours, -1 goes backwards", parameter: "step")
        }
        var start = given
        if let number = given.value, number < 0, extent.value.map({ number >= -$0 }) ?? true {
            start = Dimension(extent.expression + SizeExpression(number))
        }
        var count = signature.attributes.extents("count")[0]
        if count.value == -1, start.value ?? 0 >= 0, extent.value.map({ end in start.value.map { $0 < end } ?? true }) ?? true {
            let last = step > 0 ? extent.expression - SizeExpression(1) - start.expression : start.expression
            count = Dimension(last.dividedRoundingDown(by: abs(step)) + SizeExpression(1))
        }
        // Where one of them is no number yet, the others are checked when it is.
        if let extent = extent.value, let start = start.value, let count = count.value {
            let words = step == 1 ? "" : " in steps of \(step)"
            guard start >= 0, count >= 1, start < extent, count <= extent, (0..<extent).contains(start + (count - 1) * step) else {
                throw error("cannot take \(count) positions from \(given) on\(words): axis \(axis) has \(extent)", parameter: "count")
            }
        }
        return Slice(axis: axis, start: start, count: count, step: step, extent: extent, type: cut(axis, to: count))
    }

    /// The operand's type with another extent along `axis`.
    private func cut(_ axis: Int, to extent: Dimension) -> TensorType {
        var type = signature.operands[0]
        type.shape[axis] = extent
        return type
    }

    fileprivate func paddedSlice() throws(TypeError) -> Slice {
        let type = signature.operands[0]
        let axis = try self.axis(signature.attributes.integer("axis"), rank: type.rank)
        let (start, size) = (signature.attributes.integer("start"), signature.attributes.integer("size"))
        let step = signature.attributes.integer("step")
        let count = try extent(type.shape, axis)
        guard axis == signature.attributes.integer("axis"), size >= 1, size <= Self.largestExtent, (0..<size).contains(start), step != 0,
            step >= -Self.largestExtent, step <= Self.largestExtent, (0..<size).contains(start + (count - 1) * step)
        else {
            throw error("cannot put \(count) positions at \(start) of \(size)", parameter: "size")
        }
        var shape = type.shape
        shape[axis] = .fixed(size)
        return Slice(
            axis: axis, start: .fixed(start), count: .fixed(count), step: step, extent: .fixed(count), type: TensorType(.f32, shape))
    }

    fileprivate func parts() throws(TypeError) -> Parts {
        let (axis, extent) = try cutAxis()
        let sizes = signature.attributes.extents("sizes")
        guard let first = sizes.first else { throw error("needs at least one number in 'sizes'", parameter: "sizes") }
        try check(sizes.compactMap(\.value), "sizes", atLeast: 1, atMost: Self.largestExtent)
        if sizes.count == 1 {
            guard let size = first.value, let number = extent.value else {
                // One part is all of it.
                guard first == extent else {
                    throw error(
                        "cannot tell how many parts of \(first) axis \(axis) has, which is \(extent)",
                        repair: "give all of them, or 'chunk' a number", parameter: "sizes")
                }
                return try parts(axis, [extent], parameter: "sizes")
            }
            return try parts(of: size, axis, number, parameter: "sizes")
        }
        // So many numbers of so many bits do not overflow.
        let total = Dimension(sizes.reduce(SizeExpression(0)) { $0 + $1.expression })
        guard total == extent else {
            throw error("cannot cut \(extent) positions of axis \(axis) into parts of \(total) in all", parameter: "sizes")
        }
        return try parts(axis, sizes, parameter: "sizes")
    }

    fileprivate func chunks() throws(TypeError) -> Parts {
        let (axis, extent) = try cutAxis()
        let count = try positive("count")
        if let extent = extent.value { return try parts(of: (extent + count - 1) / count, axis, extent, parameter: "count") }
        guard let size = extent.expression.dividedExactly(by: count) else {
            throw error(
                "cannot cut axis \(axis), which is \(extent), into \(count) equal parts",
                repair: Shape([extent]).repair(toAgreeWith: Shape([extent.roundedDown(toMultipleOf: count)]), along: [0]),
                parameter: "count")
        }
        return try parts(axis, [Dimension](repeating: Dimension(size), count: count), parameter: "count")
    }

    /// Parts of `size` positions, the last of what is left.
    private func parts(of size: Int, _ axis: Int, _ extent: Int, parameter: String) throws(TypeError) -> Parts {
        let count = (extent + size - 1) / size
        // Told before they are made.
        try checkPartCount(count, parameter)
        return try parts(axis, (0..<count).map { .fixed(Swift.min(extent - $0 * size, size)) }, parameter: parameter)
    }

    private func parts(_ axis: Int, _ counts: [Dimension], parameter: String) throws(TypeError) -> Parts {
        try checkPartCount(counts.count, parameter)
        let part = signature.attributes.integer("part")
        guard counts.indices.contains(part) else { throw error("has no part \(part): it makes \(counts.count)", parameter: "part") }
        var start = SizeExpression(0)
        let bounds = counts.map { count in
            defer { start = start + count.expression }
            return (start: Dimension(start), count: count)
        }
        return Parts(axis: axis, bounds: bounds, part: part, type: cut(axis, to: counts[part]))
    }

    private func checkPartCount(_ count: Int, _ parameter: String) throws(TypeError) {
        guard count <= Self.largestPartCount else {
            throw error("cannot make \(count) parts: \(Self.largestPartCount) are the limit", parameter: parameter)
        }
    }

    /// The most parts that one use makes.
    private static let largestPartCount = 4096
}
