import Graph

extension Operator {
    /// As `torch.nn.functional.pad` has it, on all axes behind the channels, with the numbers in the order of this language.
    ///
    /// Padding with zeros and cutting off are one formula whose reads fall outside; all other modes join pieces of the tensor, so that
    /// their gradients follow.
    public static let pad: Operator = Operator(
        "pad", "Puts positions around each channel of a tensor, or cuts some off.",
        inputs: [OperatorInput("x", "the tensor [N, C, …]")],
        parameters: [
            OperatorParameter(
                "pad", .extents,
                "how many on each side: one number for all, one an axis such as (vertical, horizontal), or those before each axis and then "
                    + "those behind, such as (top, left, bottom, right); negative ones cut off"),
            OperatorParameter(
                "mode", .text, default: .text("constant"),
                "what they hold: \"constant\", \"reflect\" (mirrored at the outermost position), \"replicate\" (that position) or \"circular\""
            ),
            OperatorParameter("value", .number, default: .number(0), "the number that constant ones hold"),
        ],
        geometry: Checker.surrounding, type: \.type,
        lowering: { surrounding, _ in
            guard surrounding.mode == .constant else { return .composite { surrounding.joined($0.builder, $0.operands[0]) } }
            guard surrounding.value != 0 else { return .window(surrounding.formula) }
            return .composite { context in
                let zeros = context.builder.apply(
                    pad, context.operands, context.signature.attributes.with(["value": .number(0)]))
                return context.builder.map("fill", ["x": zeros], surrounding.filling(.argument(0)))
            }
        },
        gradient: .rule { context in
            let surrounding = unfailing { () throws(TypeError) in try Checker("pad", accepted: context.signature).surrounding() }
            let cut = surrounding.sides.map { -$0.before } + surrounding.sides.map { -$0.after }
            return [context.builder.apply(pad, context.gradient, attributes: ["pad": .integers(cut)])]
        },
        onnx: [.byRule("Pad")],
        examples: [
            OperatorExample("zeros", [.f32(2, 5, 3, 4)], ["pad": .integers([1, 0, 2, 3])]),
            OperatorExample("cut off on one side, zeros on the other", [.f32(1, 20, 4, 5)], ["pad": .integers([-1, 2, 1, -2])]),
            OperatorExample("a number", [.f32(2, 3, 3, 4)], ["pad": .integers([1, -1, 0, 2]), "value": .number(-1.5)]),
            OperatorExample("reflected", [.f32(1, 5, 4, 5)], ["pad": .integers([3, 2]), "mode": .text("reflect")]),
            OperatorExample("replicated", [.f32(1, 3, 2, 3)], ["pad": .integers([2, -1, 1, 2]), "mode": .text("replicate")]),
            OperatorExample("around", [.f32(1, 20, 3, 4)], ["pad": .integers([3, 1, 0, 4]), "mode": .text("circular")]),
            OperatorExample("rows of three axes", [.f32(2, 3, 5)], ["pad": .integers([1, 2])]),
        ])
}

/// What is put around a tensor, and cut off it.
private struct Surrounding {
    enum Mode: String { case constant, reflect, replicate, circular }

    var operand: Shape
    /// One an axis behind the channels: how many before and behind, numbers once all sizes are known.
    var extents: [(before: Dimension, after: Dimension)]
    var mode: Mode
    var value: Double
    var type: TensorType

    var sides: [Padding.Sides] { extents.map { Padding.Sides(before: $0.before.number, after: $0.after.number) } }

    var formula: Formula {
        let space = FormulaSpace(operand.axisNames.enumerated().map { ($1, type.shape[$0]) })
        let position = (0..<operand.rank).map { AffineIndex.axis($0, offset: $0 < 2 ? 0 : -sides[$0 - 2].before) }
        return space.formula([position], .argument(0))
    }

    /// `x` inside of the operand, the value around it.
    func filling(_ x: Scalar) -> Scalar {
        var result = x
        for (index, side) in sides.enumerated() {
            let position = Scalar.coordinate(index + 2)
            if side.before > 0 {
                result = .select(.less, position, .constant(Double(side.before)), then: .constant(value), otherwise: result)
            }
            if side.after > 0 {
                let end = Double(operand.number(index + 2) + side.before)
                result = .select(.less, position, .constant(end), then: result, otherwise: .constant(value))
            }
        }
        return result
    }

    /// The tensor, first cut on all sides, then between pieces of it, an axis after the other: none of these is larger than the result.
    func joined(_ builder: GraphBuilder, _ x: Value) -> Value {
        var result = x
        func part(_ axis: Int, _ start: Int, _ count: Int, step: Int = 1) -> Value {
            builder.apply(
                .slice, result,
                attributes: ["axis": .integer(axis), "start": .integer(start), "count": .integer(count), "step": .integer(step)])
        }
        for (index, side) in sides.enumerated() {
            let extent = operand.number(index + 2)
            let kept = extent + Swift.min(0, side.before) + Swift.min(0, side.after)
            if kept < extent { result = part(index + 2, Swift.max(0, -side.before), kept) }
        }
        for (index, side) in sides.enumerated() {
            let axis = index + 2
            let (before, after) = (Swift.max(0, side.before), Swift.max(0, side.after))
            let extent = builder.type(of: result).shape.number(axis)
            func repeated(_ position: Int, _ count: Int) -> Value {
                var shape = builder.type(of: result).shape
                shape[axis] = .fixed(count)
                return builder.apply(.broadcast, part(axis, position, 1), attributes: ["shape": .shape(shape)])
            }
            var parts = [result]
            switch mode {
            case .constant: preconditionFailure("constants are padded by a formula")
            case .reflect:
                if before > 0 { parts.insert(part(axis, before, before, step: -1), at: 0) }
                if after > 0 { parts.append(part(axis, extent - 2, after, step: -1)) }
            case .replicate:
                if before > 0 { parts.insert(repeated(0, before), at: 0) }
                if after > 0 { parts.append(repeated(extent - 1, after)) }
            case .circular:
                if before > 0 { parts.insert(part(axis, extent - before, before), at: 0) }
                if after > 0 { parts.append(part(axis, 0, after)) }
            }
            if parts.count > 1 { result = builder.apply(.concat, parts, ["axis": .integer(axis)]) }
        }
        return result
    }
}

extension Checker {
    fileprivate func surrounding() throws(TypeError) -> Surrounding {
        let type = signature.operands[0]
        guard type.element == .f32, type.rank >= 3 else {
            throw error("takes a tensor f32[N, C, …] of rank 3 or more, not \(type)", operand: 0)
        }
        let axes = type.rank - 2
        let numbers = signature.attributes.extents("pad")
        try check(numbers.compactMap(\.value), "pad", atLeast: -Self.largestParameter)
        let sides: [(before: Dimension, after: Dimension)]
        switch numbers.count {
        case 1: sides = (0..<axes).map { _ in (numbers[0], numbers[0]) }
        case axes: sides = numbers.map { ($0, $0) }
        case 2 * axes: sides = (0..<axes).map { (numbers[$0], numbers[axes + $0]) }
        default:
            throw error(
                "cannot use a 'pad' of \(numbers.count) numbers", repair: "\(type) takes 1, \(axes) or \(2 * axes)", parameter: "pad")
        }
        guard let mode = Surrounding.Mode(rawValue: signature.attributes.text("mode")) else {
            throw error(
                "has no mode \(signature.attributes.text("mode").debugDescription)",
                repair: "there are \"constant\", \"reflect\", \"replicate\" and \"circular\"", parameter: "mode")
        }
        let value = try number("value", in: -Double.greatestFiniteMagnitude..<Double.infinity, "a finite number")
        var shape = type.shape
        for (index, side) in sides.enumerated() {
            let axis = index + 2
            shape[axis] = Dimension(type.shape[axis].expression + side.before.expression + side.after.expression)
            // What there is of a size that is no number yet is looked at when it is one.
            guard let extent = type.shape[axis].value, let first = side.before.value, let last = side.after.value else { continue }
            let (before, after) = (Swift.max(0, first), Swift.max(0, last))
            let kept = extent + Swift.min(0, first) + Swift.min(0, last)
            guard kept >= 1 else { throw error("cuts off all of axis \(axis) of \(type)", parameter: "pad", axis: axis) }
            let most = mode == .reflect ? kept - 1 : mode == .circular ? kept : Int.max
            guard before <= most, after <= most else {
                throw error(
                    "cannot take \(Swift.max(before, after)) positions of axis \(axis), which has \(kept), in the mode \"\(mode.rawValue)\"",
                    repair: "at most \(most)", parameter: "pad", axis: axis)
            }
        }
        return Surrounding(operand: type.shape, extents: sides, mode: mode, value: value, type: TensorType(.f32, shape))
    }
}
