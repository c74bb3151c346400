import Graph

/// Channels and pixels that change places: each a single move over the parts that the axes are taken apart into.
extension Operator {
    /// Channel `i` of group `g` goes to place `g` of the `i`-th row of groups: `[groups, C / groups]` transposed, so that the next grouped
    /// convolution sees channels of all groups (Zhang et al., "ShuffleNet", arXiv 1707.01083).
    public static let channelShuffle: Operator = Operator(
        "channel_shuffle", "Deals the channels of each group out over all groups.",
        inputs: [OperatorInput("x", "the tensor [N, C, …]")],
        parameters: [OperatorParameter("groups", .integer, "the number of groups that the channels are divided into")],
        geometry: Checker.channelShuffle, type: \.type,
        lowering: { shuffle, _ in .view(.rearrange(shuffle.rearrangement)) },
        gradient: .rule { context in
            let channels = context.signature.operands[0].shape.number(1)
            let groups = context.signature.attributes.integer("groups")
            return [context.builder.apply(channelShuffle, context.gradient, attributes: ["groups": .integer(channels / groups)])]
        },
        examples: [
            OperatorExample("two groups", [.f32(2, 6, 3, 4)], ["groups": .integer(2)]),
            OperatorExample("wide groups", [.f32(1, 64, 3, 5)], ["groups": .integer(4)]),
            OperatorExample("rows", [.f32(3, 20)], ["groups": .integer(5)]),
        ])

    /// Channels become pixels (Shi et al., arXiv 1609.05158): `[N, C r r, H, W]` to `[N, C, H r, W r]`, in PyTorch's order or in that of
    /// TensorFlow's `depth_to_space`.
    public static let pixelShuffle: Operator = Operator(
        "pixel_shuffle", "Makes a rectangle of pixels of each pixel's channels.",
        inputs: [OperatorInput("x", "the image [N, C, H, W]")],
        parameters: [
            OperatorParameter("factor", .pair, "how many rows and columns a pixel becomes"), shuffleOrder,
        ],
        geometry: Checker.pixelShuffle, type: \.type,
        lowering: { shuffle, _ in .view(.rearrange(shuffle.rearrangement)) },
        gradient: .rule { context in [context.builder.apply(pixelUnshuffle, [context.gradient], context.signature.attributes)] },
        onnx: [ONNXForm("DepthToSpace", [blockSize, mode])],
        examples: [
            OperatorExample("twice as large", [.f32(2, 12, 3, 2)], ["factor": .integer(2)]),
            OperatorExample("to 20 channels", [.f32(1, 80, 2, 3)], ["factor": .integer(2)]),
            OperatorExample("TensorFlow's order", [.f32(2, 12, 3, 2)], ["factor": .integer(2), "order": .text("dcr")]),
            OperatorExample("rows only", [.f32(1, 6, 2, 5)], ["factor": .integers([3, 1])]),
        ])

    /// Pixels become channels: the inverse of `pixel_shuffle`.
    public static let pixelUnshuffle: Operator = Operator(
        "pixel_unshuffle", "Makes channels of each rectangle of pixels.",
        inputs: [OperatorInput("x", "the image [N, C, H, W]")],
        parameters: [
            OperatorParameter("factor", .pair, "how many rows and columns become one"), shuffleOrder,
        ],
        geometry: Checker.pixelUnshuffle, type: \.type,
        lowering: { shuffle, _ in .view(.rearrange(shuffle.rearrangement)) },
        gradient: .rule { context in [context.builder.apply(pixelShuffle, [context.gradient], context.signature.attributes)] },
        onnx: [
            ONNXForm("SpaceToDepth", [blockSize, mode], since: 28),
            ONNXForm("SpaceToDepth", [blockSize], fixed: ["order": .text("dcr")]),
        ],
        examples: [
            OperatorExample("half as large", [.f32(2, 3, 6, 4)], ["factor": .integer(2)]),
            OperatorExample("from 20 channels", [.f32(1, 20, 4, 6)], ["factor": .integer(2)]),
            OperatorExample("TensorFlow's order", [.f32(2, 3, 6, 4)], ["factor": .integer(2), "order": .text("dcr")]),
            OperatorExample("columns only", [.f32(1, 3, 2, 6)], ["factor": .integers([1, 3])]),
        ])

    private static let blockSize = ONNXAttribute.square("blocksize", of: "factor", default: 1)
    private static let mode = ONNXAttribute.word("mode", of: "order", spellings: ["dcr": "DCR", "crd": "CRD"], default: "DCR")

    private static let shuffleOrder = OperatorParameter(
        "order", .text, default: .text("crd"),
        "how channels are counted, as ONNX calls it: \"crd\", the pixel's place within the channel as in PyTorch, or \"dcr\", the channel "
            + "within the place as in TensorFlow's depth_to_space")
}

/// A move, and what it makes.
private struct Shuffle {
    var type: TensorType
    var rearrangement: Rearrangement
}

extension Checker {
    fileprivate func channelShuffle() throws(TypeError) -> Shuffle {
        let channels = try extent(channelVector().shape, 0)
        let shape = signature.operands[0].shape
        let groups = try positive("groups")
        guard channels % groups == 0 else {
            throw error("cannot divide \(channels) channels into \(groups) groups", parameter: "groups")
        }
        var extents = ["g": Dimension.fixed(groups), "c": .fixed(channels / groups)]
        var (from, to) = (shape.axisNames.map { [$0] }, shape.axisNames.map { [$0] })
        for (name, extent) in zip(shape.axisNames, shape.dimensions) where extents[name] == nil { extents[name] = extent }
        from[1] = ["g", "c"]
        to[1] = ["c", "g"]
        return Shuffle(type: signature.operands[0], rearrangement: Rearrangement(extents, from: from, to: to))
    }

    fileprivate func pixelShuffle() throws(TypeError) -> Shuffle {
        let image = try self.image()
        let factor = try positivePair("factor")
        let places = factor.vertical * factor.horizontal
        guard image.channels % places == 0 else {
            throw error(
                "cannot make \(factor.vertical)x\(factor.horizontal) pixels of \(image.channels) channels",
                repair: "their number must be a multiple of \(places)", parameter: "factor", axis: 1)
        }
        return try shuffle(image.batch, image.channels / places, image.height, image.width, factor, isInverse: false)
    }

    fileprivate func pixelUnshuffle() throws(TypeError) -> Shuffle {
        let image = try self.image()
        let factor = try positivePair("factor")
        let rows = image.height.expression.dividedExactly(by: factor.vertical)
        guard let rows, let columns = image.width.expression.dividedExactly(by: factor.horizontal) else {
            throw error(
                "cannot cut an image of \(image.area) into rectangles of \(factor.vertical)x\(factor.horizontal)",
                parameter: "factor", axis: rows == nil ? 2 : 3)
        }
        return try shuffle(image.batch, image.channels, Dimension(rows), Dimension(columns), factor, isInverse: true)
    }

    /// Between images of `channels` channels whose pixels are `factor` times as many, and such of `height` and `width`.
    private func shuffle(
        _ batch: Dimension, _ channels: Int, _ height: Dimension, _ width: Dimension, _ factor: Pair, isInverse: Bool
    ) throws(TypeError) -> Shuffle {
        let order = signature.attributes.text("order")
        guard ["crd", "dcr"].contains(order) else {
            throw error("has no order \(order.debugDescription)", repair: "\"crd\" is PyTorch's, \"dcr\" TensorFlow's", parameter: "order")
        }
        let extents: [String: Dimension] = [
            "n": batch, "c": .fixed(channels), "y": height, "x": width, "r": .fixed(factor.vertical),
            "s": .fixed(factor.horizontal),
        ]
        let small = [["n"], order == "crd" ? ["c", "r", "s"] : ["r", "s", "c"], ["y"], ["x"]]
        let large = [["n"], ["c"], ["y", "r"], ["x", "s"]]
        let places = factor.vertical * factor.horizontal
        let shape: [Dimension] =
            isInverse
            ? [batch, .fixed(channels * places), height, width]
            : [batch, .fixed(channels), height.multiplied(by: factor.vertical), width.multiplied(by: factor.horizontal)]
        return Shuffle(
            type: try result(shape),
            rearrangement: isInverse
                ? Rearrangement(extents, from: large, to: small) : Rearrangement(extents, from: small, to: large))
    }
}
