import Graph

/// Axes in another order, and axes backwards.
extension Operator {
    /// Axis `k` of the result is axis `axes[k]` of the operand, as `torch.permute` has it.
    public static let permute: Operator = Operator(
        "permute", "Puts a tensor's axes in another order.",
        inputs: [OperatorInput("x", "the tensor")],
        parameters: [
            OperatorParameter(
                "axes", .integers,
                "all axes in their new order, negative ones counted from the last; the batch stays first")
        ],
        geometry: Checker.permutation, type: \.type,
        lowering: { permutation, _ in .view(.rearrange(permutation.rearrangement)) },
        gradient: .rule { context in
            let axes = context.signature.attributes.integers("axes").map(context.signature.operands[0].shape.fromFront)
            let inverse = axes.indices.map { axes.firstIndex(of: $0)! }
            return [context.builder.apply(permute, context.gradient, attributes: ["axes": .integers(inverse)])]
        },
        onnx: [ONNXForm("Transpose", [.order])],
        examples: [
            OperatorExample("channels last", [.f32(2, 5, 3, 4)], ["axes": .integers([0, 2, 3, 1])]),
            OperatorExample("many channels last", [.f32(1, 20, 3, 18)], ["axes": .integers([0, 2, -1, 1])]),
            OperatorExample("channels first", [.f32(2, 3, 4, 20)], ["axes": .integers([0, 3, 1, 2])]),
            OperatorExample("heads before tokens", [.f32(2, 5, 3, 8)], ["axes": .integers([0, 2, 1, 3])]),
            OperatorExample("a matrix", [.f32(3, 20)], ["axes": .integers([1, 0])], hasBatch: false),
            OperatorExample("five axes", [.f32(2, 3, 2, 4, 5)], ["axes": .integers([0, 3, 1, 4, 2])]),
        ])

    /// Two axes change places, as `torch.transpose` has it.
    public static let transpose: Operator = Operator(
        "transpose", "Exchanges two axes.",
        inputs: [OperatorInput("x", "the tensor")],
        parameters: [
            OperatorParameter("first", .integer, "one axis; negative ones count from the last"),
            OperatorParameter("second", .integer, "the other one"),
        ],
        type: { (check) throws(TypeError) in
            let type = check.signature.operands[0]
            let order = try check.exchange()
            let shape = Shape(order.map { type.shape[$0] })
            try check.checkSound(shape)
            return TensorType(type.element, shape)
        },
        lowering: { _ in
            .composite { context in
                let order = unfailing { () throws(TypeError) in try Checker("transpose", accepted: context.signature).exchange() }
                return context.builder.apply(permute, context.operands, ["axes": .integers(order)])
            }
        },
        gradient: .derived,
        examples: [
            OperatorExample("rows and columns", [.f32(2, 3, 4, 5)], ["first": .integer(2), "second": .integer(3)]),
            OperatorExample("the last two", [.f32(2, 3, 20)], ["first": .integer(-1), "second": .integer(-2)]),
        ])

    /// As `torch.flip` has it.
    public static let flip: Operator = Operator(
        "flip", "Reverses the order along axes.",
        inputs: [OperatorInput("x", "the tensor")],
        parameters: [OperatorParameter("axes", .integers, "the axes to reverse; negative ones count from the last")],
        geometry: Checker.reversal, type: \.type,
        lowering: { reversal, _ in
            let shape = reversal.type.shape
            let from = (0..<shape.rank).map { axis in
                reversal.axes.contains(axis) ? AffineIndex.axis(axis, scale: -1, offset: shape.number(axis) - 1) : .axis(axis)
            }
            return .view(.rearrange(Rearrangement(to: shape, from: from)))
        },
        gradient: .rule { context in [context.builder.apply(flip, [context.gradient], context.signature.attributes)] },
        examples: [
            OperatorExample("left to right", [.f32(2, 3, 4, 5)], ["axes": .integer(-1)]),
            OperatorExample("upside down, channels too", [.f32(2, 20, 3, 4)], ["axes": .integers([1, 2])]),
        ])
}

/// The axes of a tensor in another order.
private struct Permutation {
    var operand: TensorType
    /// The operand's axis of each axis of the result.
    var axes: [Int]

    var type: TensorType { TensorType(operand.element, Shape(axes.map { operand.shape[$0] })) }

    var rearrangement: Rearrangement {
        var from = [AffineIndex](repeating: .constant(0), count: axes.count)
        for (result, axis) in axes.enumerated() { from[axis] = .axis(result) }
        return Rearrangement(to: type.shape, from: from)
    }
}

/// A tensor and the axes along which it is turned around.
private struct Reversal {
    var type: TensorType
    var axes: [Int]
}

extension Checker {
    fileprivate func permutation() throws(TypeError) -> Permutation {
        let type = signature.operands[0]
        let axes = try distinctAxes(rank: type.rank)
        guard axes.count == type.rank else {
            throw error(
                "needs all \(type.rank) axes of \(type) in 'axes', not \(axes.count)",
                repair: "such as \(Array(0..<type.rank)), which changes nothing", parameter: "axes")
        }
        return Permutation(operand: type, axes: axes)
    }

    /// All axes in order, but the two that change places.
    fileprivate func exchange() throws(TypeError) -> [Int] {
        let rank = signature.operands[0].rank
        let first = try axis(signature.attributes.integer("first"), rank: rank, parameter: "first")
        let second = try axis(signature.attributes.integer("second"), rank: rank, parameter: "second")
        var order = Array(0..<rank)
        order.swapAt(first, second)
        return order
    }

    fileprivate func reversal() throws(TypeError) -> Reversal {
        let type = signature.operands[0]
        let axes = try axes(rank: type.rank)
        for axis in axes where isBatch(axis, of: type.shape) {
            throw error("cannot reverse axis \(axis): its extent \(type.shape[axis]) is a symbol", parameter: "axes")
        }
        return Reversal(type: type, axes: axes)
    }
}
