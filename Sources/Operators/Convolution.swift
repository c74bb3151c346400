import Graph

extension Operator {
    /// Two-dimensional cross-correlation, what networks call convolution. Weights are `[O, I / groups, kh, kw]`.
    ///
    /// With a bias, or with groups other than depthwise, it is written with the plain one; so the formulas stay simple and a bias is
    /// one more element-wise operation to fuse.
    public static let convolution: Operator = Operator(
        "conv", "Convolves an image with a learned kernel.",
        inputs: [
            OperatorInput("x", "the image [N, I, H, W]"),
            OperatorInput("weight", .weight, "the kernel [O, I / groups, kh, kw]"),
            OperatorInput("bias", .weight, onlyIf: "bias", "one value an output channel [O], unless bias is false"),
        ],
        parameters: [
            OperatorParameter("channels", .integer, "the number of output channels"),
            OperatorParameter("kernel", .pair, "the kernel's height and width"),
            OperatorParameter("stride", .pair, default: .integers([1, 1]), "how far the kernel moves"),
        ] + slidingParameters + [
            OperatorParameter("groups", .integer, default: .integer(1), "groups of channels that are convolved apart"),
            OperatorParameter("bias", .boolean, default: .boolean(true), "whether a learned value a channel is added"),
        ],
        weights: { (check) throws(TypeError) in
            let weight = try check.convolutionWeight()
            return check.declarations(weight: weight, bias: .f32(weight.shape[0]))
        },
        geometry: Checker.convolution, type: \.outputType,
        doubt: { geometry, check in check.unread(by: geometry.window, canRoundUp: false) },
        lowering: { geometry, signature in
            if signature.attributes.boolean("bias") { return .composite(addBias) }
            if geometry.connection == .depthwise || signature.attributes.integer("groups") == 1 { return .contraction(geometry.forward) }
            return .composite(splitGroups)
        },
        gradient: .rule(convolutionGradient),
        onnx: [
            ONNXForm(
                "Conv",
                [
                    .window(isPool: false), .named("group", of: "groups", default: .integer(1)),
                    .extent(of: "channels", input: 1, axis: 0),
                ])
        ],
        examples: [
            OperatorExample(
                "3x3 with padding", [.f32(2, 3, 6, 5), .f32(5, 3, 3, 3)],
                ["channels": .integer(5), "kernel": .integer(3), "pad": .integer(1), "bias": .boolean(false)]),
            OperatorExample(
                "stride 2, 3 to 20 channels", [.f32(1, 3, 7, 8), .f32(20, 3, 3, 3)],
                ["channels": .integer(20), "kernel": .integer(3), "stride": .integer(2), "pad": .integer(1), "bias": .boolean(false)]),
            OperatorExample(
                "1x1 with stride 2 and bias", [.f32(2, 20, 5, 5), .f32(5, 20, 1, 1), .f32(5)],
                ["channels": .integer(5), "kernel": .integer(1), "stride": .integer(2)]),
            OperatorExample(
                "dilated, padded on two sides", [.f32(1, 5, 8, 7), .f32(3, 5, 3, 2)],
                [
                    "channels": .integer(3), "kernel": .integers([3, 2]), "stride": .integers([1, 2]), "pad": .integers([2, 0, 1, 1]),
                    "dilation": .integer(2), "bias": .boolean(false),
                ]),
            OperatorExample(
                "as large an output as the strides allow, one more row and column behind than in front",
                [.f32(1, 3, 8, 6), .f32(4, 3, 4, 3), .f32(4)],
                ["channels": .integer(4), "kernel": .integers([4, 3]), "stride": .integers([1, 2]), "pad": .text("same")]),
            OperatorExample(
                "large kernel, stride 4", [.f32(1, 3, 15, 15), .f32(4, 3, 7, 7), .f32(4)],
                ["channels": .integer(4), "kernel": .integer(7), "stride": .integer(4), "pad": .integer(3)]),
            OperatorExample(
                "two groups", [.f32(2, 6, 5, 5), .f32(4, 3, 3, 3), .f32(4)],
                ["channels": .integer(4), "kernel": .integer(3), "pad": .integer(1), "groups": .integer(2)]),
            OperatorExample(
                "two groups of many channels", [.f32(1, 32, 4, 5), .f32(40, 16, 3, 3), .f32(40)],
                ["channels": .integer(40), "kernel": .integer(3), "pad": .integer(1), "groups": .integer(2)]),
            OperatorExample(
                "two groups, same", [.f32(2, 6, 5, 4), .f32(4, 3, 3, 3)],
                [
                    "channels": .integer(4), "kernel": .integer(3), "stride": .integer(2), "pad": .text("same"), "groups": .integer(2),
                    "bias": .boolean(false),
                ]),
            OperatorExample(
                "depthwise, dilated, same", [.f32(2, 5, 7, 6), .f32(5, 1, 3, 2)],
                [
                    "channels": .integer(5), "kernel": .integers([3, 2]), "dilation": .integer(2), "pad": .text("same"),
                    "groups": .integer(5), "bias": .boolean(false),
                ]),
            OperatorExample(
                "depthwise", [.f32(2, 5, 6, 6), .f32(5, 1, 3, 3)],
                [
                    "channels": .integer(5), "kernel": .integer(3), "stride": .integer(2), "pad": .integer(1), "groups": .integer(5),
                    "bias": .boolean(false),
                ]),
        ]
    ).takingSignals([
        OperatorExample(
            "a signal, stride 2, padded in front", [.f32(2, 3, 9), .f32(5, 3, 3), .f32(5)],
            ["channels": .integer(5), "kernel": .integer(3), "stride": .integer(2), "pad": .integers([2, 0])]),
        OperatorExample(
            "a signal, depthwise, dilated, same", [.f32(1, 18, 8), .f32(18, 1, 3)],
            [
                "channels": .integer(18), "kernel": .integer(3), "dilation": .integer(2), "pad": .text("same"), "groups": .integer(18),
                "bias": .boolean(false),
            ]),
        OperatorExample(
            "a signal in two groups", [.f32(2, 6, 5), .f32(4, 3, 3), .f32(4)],
            ["channels": .integer(4), "kernel": .integer(3), "pad": .integer(1), "groups": .integer(2)]),
    ]).takingVolumes([
        OperatorExample(
            "a volume, padded", [.f32(1, 2, 3, 4, 3), .f32(3, 2, 3, 3, 2), .f32(3)],
            ["channels": .integer(3), "kernel": .integers([3, 3, 2]), "pad": .integer(1)]),
        OperatorExample(
            "a volume, strides and dilations of its axes", [.f32(1, 4, 5, 5, 4), .f32(2, 2, 2, 2, 3)],
            [
                "channels": .integer(2), "kernel": .integers([2, 2, 3]), "stride": .integers([2, 3, 1]), "dilation": .integers([2, 1, 1]),
                "pad": .integers([1, 0, 1, 0, 2, 0]), "groups": .integer(2), "bias": .boolean(false),
            ]),
        OperatorExample(
            "a volume, same", [.f32(1, 2, 3, 4, 4), .f32(2, 2, 2, 3, 2)],
            [
                "channels": .integer(2), "kernel": .integers([2, 3, 2]), "stride": .integer(2), "pad": .text("same"),
                "bias": .boolean(false),
            ]),
    ]) { $0.convolution }

    /// A convolution whose groups are an axis of their own: images `[N, G, C, H, W]`, weights `[G, O, I, kh, kw]`.
    static let groupedConvolution: Operator = Operator(
        "grouped_conv", "Convolves each group of channels with its own kernel.",
        inputs: [
            OperatorInput("x", "the groups' images [N, G, I, H, W]"),
            OperatorInput("weight", "the groups' kernels [G, O, I, kh, kw]"),
        ],
        parameters: [OperatorParameter("stride", .pair, default: .integers([1, 1]), "how far the kernel moves")] + slidingParameters,
        isInLanguage: false,
        geometry: Checker.groupedConvolution, type: \.outputType,
        lowering: { geometry, _ in .contraction(geometry.forward) },
        gradient: .rule(convolutionGradient),
        examples: [
            OperatorExample(
                "three groups", [.f32(2, 3, 2, 5, 5), .f32(3, 4, 2, 3, 3)], ["stride": .integer(2), "pad": .integer(1)])
        ])

    static let slidingParameters: [OperatorParameter] = [
        padParameter("zeros"),
        OperatorParameter("dilation", .pair, default: .integers([1, 1]), "the distance between the kernel's taps"),
    ]

    /// `conv(x, w, b)` = `conv(x, w)` + `b` along the channels.
    @Sendable private static func addBias(_ context: Decomposition) -> Value {
        let plain = context.builder.apply(
            convolution, Array(context.operands.prefix(2)), context.signature.attributes.with(["bias": .boolean(false)]))
        return context.builder.apply(add, plain, context.operands[2])
    }

    /// A convolution in groups, by splitting the channel axis in two.
    /// Few groups of many channels are convolutions of their own, side by side, which all that is known of plain ones applies to; many
    /// narrow ones an operator with an axis of groups.
    @Sendable private static func splitGroups(_ context: Decomposition) -> Value {
        let builder = context.builder
        let (image, weight) = (context.operands[0], context.operands[1])
        let groups = context.signature.attributes.integer("groups")
        let shape = builder.type(of: weight).shape
        let (inputs, outputs) = (shape.number(1), shape.number(0) / groups)
        if groups <= mostColumns && min(inputs, outputs) >= fewestChannels {
            let attributes = context.signature.attributes.only("kernel", "stride", "pad", "dilation")
            let columns = (0..<groups).map { group in
                builder.apply(
                    convolution, cut(builder, image, axis: 1, start: group * inputs, count: inputs),
                    cut(builder, weight, axis: 0, start: group * outputs, count: outputs),
                    attributes: attributes.with(["channels": .integer(outputs), "bias": .boolean(false)]))
            }
            return builder.apply(concat, columns, [:])
        }
        let result = builder.apply(
            groupedConvolution, split(builder, image, axis: 1, into: groups), split(builder, weight, axis: 0, into: groups),
            attributes: context.signature.attributes.only("stride", "pad", "dilation"))
        return mergeGroups(builder, result)
    }

    /// As many groups are written side by side, of as many channels at least.
    private static let mostColumns = 8
    private static let fewestChannels = 16

    private static func cut(_ builder: GraphBuilder, _ value: Value, axis: Int, start: Int, count: Int) -> Value {
        builder.apply(slice, value, attributes: ["axis": .integer(axis), "start": .integer(start), "count": .integer(count)])
    }

    /// `value` with its channel axis in two: groups, and the channels of one group.
    static func split(_ builder: GraphBuilder, _ value: Value, axis: Int, into groups: Int) -> Value {
        var shape = builder.type(of: value).shape
        shape.dimensions.replaceSubrange(axis...axis, with: [.fixed(groups), .fixed(shape.number(axis) / groups)])
        return builder.apply(reshape, value, attributes: ["shape": .shape(shape)])
    }

    /// Images `[N, G, C, …]` as `[N, G * C, …]`.
    static func mergeGroups(_ builder: GraphBuilder, _ value: Value) -> Value {
        var shape = builder.type(of: value).shape
        shape.dimensions.replaceSubrange(1...2, with: [.fixed(shape.number(1) * shape.number(2))])
        return builder.apply(reshape, value, attributes: ["shape": .shape(shape)])
    }

    @Sendable private static func convolutionGradient(_ context: GradientContext) -> [Value?] {
        let attributes = context.signature.attributes
        let input = context.signature.operands[0].shape.area
        let kernel = context.signature.operands[1].shape.area
        let common = attributes.only("stride", "pad", "dilation", "groups")
        return [
            context.wanted[0]
                ? context.builder.apply(
                    convolutionBackwardData, context.gradient, context.operands[1], attributes: common.with(["size": .integers(input)]))
                : nil,
            context.wanted[1]
                ? context.builder.apply(
                    convolutionBackwardWeights, context.operands[0], context.gradient,
                    attributes: common.with(["kernel": .integers(kernel)]))
                : nil,
        ]
    }
}

extension Checker {
    /// The weight that a `conv` with these parameters takes for its image.
    fileprivate func convolutionWeight() throws(TypeError) -> TensorType {
        let image = try self.image()
        let channels = try positive("channels")
        let groups = try positive("groups")
        let kernel = try positivePair("kernel")
        guard image.channels % groups == 0 else {
            throw error(
                "cannot split \(image.channels) input channels into \(groups) groups",
                repair: divisors(image.channels, channels), parameter: "groups", axis: 1)
        }
        guard channels % groups == 0 else {
            throw error(
                "cannot split \(channels) output channels into \(groups) groups",
                repair: divisors(image.channels, channels), parameter: "groups")
        }
        return try result([.fixed(channels), .fixed(image.channels / groups), .fixed(kernel.vertical), .fixed(kernel.horizontal)])
    }

    /// Which numbers of groups there could be.
    private func divisors(_ inputs: Int, _ outputs: Int) -> String {
        let shared = (1...Swift.max(1, Swift.min(inputs, outputs, 4096))).filter { inputs % $0 == 0 && outputs % $0 == 0 }
        let list = shared.count > 8 ? shared.prefix(7).map(String.init) + ["… \(shared[shared.count - 1])"] : shared.map(String.init)
        return "the groups must divide \(inputs) input and \(outputs) output channels, as \(list.joined(separator: ", ")) would"
    }

    /// The geometry of a `conv`; with groups that are not depthwise it holds for the result's extents only.
    fileprivate func convolution() throws(TypeError) -> ConvolutionGeometry {
        let image = try self.image()
        let weight = try convolutionWeight()
        try require(weight: weight, bias: .f32(weight.shape[0]))
        let groups = signature.attributes.integer("groups")
        let isDepthwise = groups > 1 && groups == image.channels && .fixed(groups) == weight.shape[0]
        return try convolution(
            signature.operands[0].shape, area: image.area, weight.shape, kernel: positivePair("kernel"),
            isDepthwise: isDepthwise)
    }

    fileprivate func groupedConvolution() throws(TypeError) -> ConvolutionGeometry {
        let input = try operand(0, rank: 5, form: "grouped images f32[N, G, I, H, W]")
        let weight = try operand(1, rank: 5, form: "grouped kernels f32[G, O, I, kh, kw]")
        guard input[1] == weight[0], input[2] == weight[2] else {
            throw error("cannot apply weights \(weight) to \(input): groups or channels differ", operand: 1)
        }
        return try convolution(
            input, area: Area(input[3], input[4]), weight, kernel: Pair(extent(weight, 3), extent(weight, 4)),
            isDepthwise: false)
    }
}
