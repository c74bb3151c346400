import Graph

extension Operator {
    /// The transposed convolution (Zeiler et al., CVPR 2010), PyTorch's `ConvTranspose2d`: the gradient of a convolution with respect to
    /// its image, as a layer. Weights are `[I, O / groups, kh, kw]`.
    ///
    /// The result's extents are `(input - 1) * stride - pad + (kernel - 1) * dilation + 1 + output_pad`, `pad` counted at both sides; with
    /// `pad` "same" they are `input * stride`.
    public static let convolutionTransposed: Operator = Operator(
        "conv_transpose", "Spreads each pixel by a learned kernel, as the gradient of a convolution does.",
        inputs: [
            OperatorInput("x", "the image [N, I, H, W]"),
            OperatorInput("weight", .weight, "the kernel [I, O / groups, kh, kw]"),
            OperatorInput("bias", .weight, onlyIf: "bias", "one value an output channel [O], unless bias is false"),
        ],
        parameters: [
            OperatorParameter("channels", .integer, "the number of output channels"),
            OperatorParameter("kernel", .pair, "the kernel's height and width"),
            OperatorParameter("stride", .pair, default: .integers([1, 1]), "the distance of neighbouring pixels in the result"),
            OperatorParameter(
                "pad", .padding, default: .integers([0]),
                "rows and columns cut off the result: one number, (vertical, horizontal), (top, left, bottom, right), or \"same\" for a "
                    + "result of stride times the image's extents"),
            OperatorParameter(
                "output_pad", .pair, default: .integers([0, 0]), "rows and columns that the result has more, below the stride"),
            OperatorParameter("dilation", .pair, default: .integers([1, 1]), "the distance between the kernel's taps"),
            OperatorParameter("groups", .integer, default: .integer(1), "groups of channels that are convolved apart"),
            OperatorParameter("bias", .boolean, default: .boolean(true), "whether a learned value a channel is added"),
        ],
        weights: { (check) throws(TypeError) in
            let transposed = try check.transposedOfImage()
            return check.declarations(weight: transposed.weight, bias: transposed.bias)
        },
        geometry: Checker.transposed, type: \.result,
        lowering: { transposed, _ in .composite { decompose(transposed, $0) } },
        gradient: .derived,
        onnx: [.byRule("ConvTranspose")],
        examples: [
            OperatorExample(
                "twice as large", [.f32(2, 3, 4, 5), .f32(3, 5, 2, 2), .f32(5)],
                ["channels": .integer(5), "kernel": .integer(2), "stride": .integer(2)]),
            OperatorExample(
                "padded, with a row to spare", [.f32(1, 20, 3, 3), .f32(20, 3, 3, 3)],
                [
                    "channels": .integer(3), "kernel": .integer(3), "stride": .integer(2), "pad": .integer(1), "output_pad": .integer(1),
                    "bias": .boolean(false),
                ]),
            OperatorExample(
                "same, dilated", [.f32(1, 3, 3, 4), .f32(3, 4, 3, 2), .f32(4)],
                [
                    "channels": .integer(4), "kernel": .integers([3, 2]), "stride": .integers([2, 1]), "dilation": .integers([1, 2]),
                    "pad": .text("same"),
                ]),
            OperatorExample(
                "two groups, padded on two sides", [.f32(2, 4, 3, 4), .f32(4, 3, 3, 2), .f32(6)],
                [
                    "channels": .integer(6), "kernel": .integers([3, 2]), "stride": .integers([1, 2]), "pad": .integers([2, 0, 1, 1]),
                    "groups": .integer(2),
                ]),
            OperatorExample(
                "depthwise", [.f32(2, 5, 3, 3), .f32(5, 1, 4, 4), .f32(5)],
                ["channels": .integer(5), "kernel": .integer(4), "stride": .integer(2), "pad": .integer(1), "groups": .integer(5)]),
        ]
    ).takingSignals([
        OperatorExample(
            "a signal, twice as long", [.f32(2, 3, 5), .f32(3, 4, 4), .f32(4)],
            ["channels": .integer(4), "kernel": .integer(4), "stride": .integer(2), "pad": .integer(1)]),
        OperatorExample(
            "a signal with a position to spare", [.f32(1, 4, 5), .f32(4, 3, 3)],
            [
                "channels": .integer(3), "kernel": .integer(3), "stride": .integer(2), "pad": .integers([1, 0]), "output_pad": .integer(1),
                "bias": .boolean(false),
            ]),
    ]).takingVolumes([
        OperatorExample(
            "a volume, twice as large", [.f32(1, 2, 2, 3, 2), .f32(2, 3, 2, 2, 2), .f32(3)],
            ["channels": .integer(3), "kernel": .integer(2), "stride": .integer(2)]),
        OperatorExample(
            "a volume, axes of their own", [.f32(1, 2, 2, 3, 2), .f32(2, 2, 2, 3, 1)],
            [
                "channels": .integer(2), "kernel": .integers([2, 3, 1]), "stride": .integers([3, 2, 2]), "pad": .integers([1, 1, 0]),
                "output_pad": .integers([1, 1, 0]), "dilation": .integers([2, 1, 1]), "bias": .boolean(false),
            ]),
        OperatorExample(
            "a volume, same", [.f32(1, 2, 2, 3, 2), .f32(2, 2, 3, 1, 3)],
            [
                "channels": .integer(2), "kernel": .integers([3, 1, 3]), "stride": .integer(2), "pad": .text("same"),
                "bias": .boolean(false),
            ]),
    ]) { $0.transposedConvolution }

    private static func decompose(_ transposed: Transposed, _ context: Decomposition) -> Value {
        let builder = context.builder
        let (x, weight) = (context.operands[0], context.operands[1])
        let attributes = context.signature.attributes
        let groups = attributes.integer("groups")
        var sliding = attributes.only("stride", "pad", "dilation")
        sliding["size"] = .integers(transposed.result.shape.area)
        let plain: Value
        if groups == 1 || transposed.isDepthwise {
            plain = builder.apply(convolutionBackwardData, x, weight, attributes: sliding.with(["groups": .integer(groups)]))
        } else {
            plain = mergeGroups(
                builder,
                builder.apply(
                    convolutionBackwardData, split(builder, x, axis: 1, into: groups), split(builder, weight, axis: 0, into: groups),
                    attributes: sliding))
        }
        return attributes.boolean("bias") ? builder.apply(add, plain, context.operands[2]) : plain
    }
}

/// The types of a transposed convolution.
private struct Transposed {
    var weight: TensorType
    var bias: TensorType
    var result: TensorType
    /// Whether each channel is convolved alone.
    var isDepthwise: Bool
}

extension Checker {
    fileprivate func transposed() throws(TypeError) -> Transposed {
        let transposed = try transposedOfImage()
        try require(weight: transposed.weight, bias: transposed.bias)
        return transposed
    }

    /// The types that follow from the image and the parameters alone.
    fileprivate func transposedOfImage() throws(TypeError) -> Transposed {
        let image = try self.image()
        let channels = try positive("channels")
        let groups = try positive("groups")
        let kernel = try positivePair("kernel")
        guard image.channels % groups == 0 else {
            throw error("cannot split \(image.channels) input channels into \(groups) groups", parameter: "groups")
        }
        guard channels % groups == 0 else {
            throw error("cannot split \(channels) output channels into \(groups) groups", parameter: "groups")
        }
        let stride = try positivePair("stride")
        let dilation = try positivePair("dilation")
        let extra = try pair("output_pad", atLeast: 0)
        guard extra.vertical < stride.vertical, extra.horizontal < stride.horizontal else {
            throw error(
                "needs 'output_pad' to be below the stride", repair: "a stride of s leaves 0 to s - 1 rows to choose",
                parameter: "output_pad")
        }
        let padding = try padding()
        guard padding != .same || extra == Pair(0, 0) else {
            throw error(
                "has both a 'pad' of \"same\", which decides the result's extents, and an 'output_pad'", repair: "leave 'output_pad' out",
                parameter: "output_pad")
        }
        func length(
            _ input: Dimension, _ kernel: Int, _ stride: Int, _ dilation: Int, _ extra: Int, _ sides: Padding.Sides?
        ) -> Dimension {
            let spread = input.expression * SizeExpression(stride)
            guard let sides else { return Dimension(spread) }
            return Dimension(spread + SizeExpression((kernel - 1) * dilation + 1 + extra - stride - sides.before - sides.after))
        }
        let height = length(
            image.height, kernel.vertical, stride.vertical, dilation.vertical, extra.vertical, padding.vertical)
        let width = length(
            image.width, kernel.horizontal, stride.horizontal, dilation.horizontal, extra.horizontal, padding.horizontal)
        guard height.value ?? 1 > 0, width.value ?? 1 > 0 else {
            throw error(
                "has a padding that cuts off all of the result, which would be of \(height)x\(width)", repair: "take a smaller pad",
                parameter: "pad")
        }
        return Transposed(
            weight: try result([.fixed(image.channels), .fixed(channels / groups), .fixed(kernel.vertical), .fixed(kernel.horizontal)]),
            bias: .f32(.fixed(channels)), result: try result([image.batch, .fixed(channels), height, width]),
            isDepthwise: groups > 1 && groups == image.channels && groups == channels)
    }
}
