import Graph

/// The gradients of a convolution, contractions themselves. Both take images `[N, C, H, W]`, or with groups as an axis `[N, G, C, H, W]`.
extension Operator {
    /// The gradient with respect to the image: `size` is the image's height and width, which the result's do not determine.
    static let convolutionBackwardData: Operator = Operator(
        "conv_backward_data", "Gradient of a convolution with respect to its image.",
        inputs: [
            OperatorInput("gradient", "the gradient with respect to the convolution's result"),
            OperatorInput("weight", "the convolution's weight"),
        ],
        parameters: [OperatorParameter("size", .pair, "the image's height and width")] + gradientParameters,
        isInLanguage: false,
        geometry: Checker.convolutionBackwardData, type: \.inputType,
        lowering: { geometry, _ in .contraction(geometry.backwardData) },
        gradient: .rule { context in
            let builder = context.builder
            let weight = context.signature.operands[1].shape
            let sliding = context.signature.attributes.only("stride", "pad", "dilation", "groups")
            let kernel = Attribute.integers(weight.area)
            return [
                context.wanted[0] ? convolve(builder, context.gradient, context.operands[1], sliding) : nil,
                context.wanted[1]
                    ? builder.apply(
                        convolutionBackwardWeights, context.gradient, context.operands[0], attributes: sliding.with(["kernel": kernel]))
                    : nil,
            ]
        },
        examples: [
            OperatorExample("padded", [.f32(2, 5, 6, 5), .f32(5, 3, 3, 3)], ["size": .integers([6, 5]), "pad": .integer(1)]),
            OperatorExample(
                "stride 2 with a row left over", [.f32(1, 20, 4, 4), .f32(20, 3, 3, 3)],
                ["size": .integers([8, 7]), "stride": .integer(2), "pad": .integer(1)]),
            OperatorExample(
                "dilated", [.f32(1, 3, 7, 3), .f32(3, 5, 3, 2)],
                ["size": .integers([8, 7]), "stride": .integers([1, 2]), "pad": .integers([2, 0, 1, 1]), "dilation": .integer(2)]),
            OperatorExample(
                "depthwise", [.f32(2, 5, 3, 3), .f32(5, 1, 3, 3)],
                ["size": .integer(6), "stride": .integer(2), "pad": .integer(1), "groups": .integer(5)]),
            OperatorExample(
                "groups as an axis", [.f32(2, 3, 4, 3, 3), .f32(3, 4, 2, 3, 3)],
                ["size": .integer(5), "stride": .integer(2), "pad": .integer(1)]),
        ])

    /// The gradient with respect to the weight.
    static let convolutionBackwardWeights: Operator = Operator(
        "conv_backward_weights", "Gradient of a convolution with respect to its weight.",
        inputs: [
            OperatorInput("x", "the convolution's image"),
            OperatorInput("gradient", "the gradient with respect to the convolution's result"),
        ],
        parameters: [OperatorParameter("kernel", .pair, "the kernel's height and width")] + gradientParameters,
        isInLanguage: false,
        geometry: Checker.convolutionBackwardWeights, type: \.weightType,
        lowering: { geometry, _ in .contraction(geometry.backwardWeights) },
        gradient: .rule { context in
            let builder = context.builder
            let sliding = context.signature.attributes.only("stride", "pad", "dilation", "groups")
            let size = Attribute.integers(context.signature.operands[0].shape.area)
            return [
                context.wanted[0]
                    ? builder.apply(
                        convolutionBackwardData, context.operands[1], context.gradient, attributes: sliding.with(["size": size]))
                    : nil,
                context.wanted[1] ? convolve(builder, context.operands[0], context.gradient, sliding) : nil,
            ]
        },
        examples: [
            OperatorExample("padded", [.f32(2, 3, 6, 5), .f32(2, 5, 6, 5)], ["kernel": .integer(3), "pad": .integer(1)]),
            OperatorExample(
                "stride 2 with a row left over", [.f32(2, 3, 8, 7), .f32(2, 20, 4, 4)],
                ["kernel": .integer(3), "stride": .integer(2), "pad": .integer(1)]),
            OperatorExample(
                "dilated", [.f32(1, 5, 8, 7), .f32(1, 3, 7, 3)],
                ["kernel": .integers([3, 2]), "stride": .integers([1, 2]), "pad": .integers([2, 0, 1, 1]), "dilation": .integer(2)]),
            OperatorExample(
                "depthwise", [.f32(2, 5, 6, 6), .f32(2, 5, 3, 3)],
                ["kernel": .integer(3), "stride": .integer(2), "pad": .integer(1), "groups": .integer(5)]),
            OperatorExample(
                "groups as an axis", [.f32(2, 3, 2, 5, 5), .f32(2, 3, 4, 3, 3)],
                ["kernel": .integer(3), "stride": .integer(2), "pad": .integer(1)]),
        ])

    private static let gradientParameters: [OperatorParameter] =
        [OperatorParameter("stride", .pair, default: .integers([1, 1]), "the convolution's stride")] + slidingParameters + [
            OperatorParameter("groups", .integer, default: .integer(1), "1, or the number of channels of a depthwise convolution")
        ]

    /// The convolution, without bias, of operands of rank 4 or 5.
    private static func convolve(_ builder: GraphBuilder, _ image: Value, _ weight: Value, _ sliding: Attributes) -> Value {
        let shape = builder.type(of: weight).shape
        if shape.rank == 5 {
            return builder.apply(groupedConvolution, image, weight, attributes: sliding.only("stride", "pad", "dilation"))
        }
        let extents = shape.dimensions.compactMap(\.value)
        return builder.apply(
            convolution, image, weight,
            attributes: sliding.with([
                "channels": .integer(extents[0]), "kernel": .integers([extents[2], extents[3]]), "bias": .boolean(false),
            ]))
    }
}

extension Checker {
    /// Operand `index` of rank 4, or 5 when `groups` is 1.
    private func grouped(_ index: Int, _ form: String) throws(TypeError) -> Shape {
        let isGrouped = signature.operands[index].rank == 5 && signature.attributes.integer("groups") == 1
        return try operand(index, rank: isGrouped ? 5 : 4, form: form)
    }

    fileprivate func convolutionBackwardData() throws(TypeError) -> ConvolutionGeometry {
        let gradient = try grouped(0, "the gradient of an image")
        let weight = try grouped(1, "a weight")
        let size = try size()
        guard gradient.rank == weight.rank else { throw error("cannot apply weights \(weight) to \(gradient)", operand: 1) }
        let kernel = try Pair(extent(weight, weight.rank - 2), extent(weight, weight.rank - 1))
        let geometry = try convolution(gradient, area: Area(size), weight, kernel: kernel, isDepthwise: isDepthwise(weight))
        try require(0, is: geometry.outputType, role: "gradient")
        try require(1, is: geometry.weightType, role: "weight")
        return geometry
    }

    fileprivate func convolutionBackwardWeights() throws(TypeError) -> ConvolutionGeometry {
        let image = try grouped(0, "an image")
        let gradient = try grouped(1, "the gradient of an image")
        let kernel = try positivePair("kernel")
        let isDepthwise = try isDepthwise(gradient, channelAxis: 1)
        guard image.rank == gradient.rank else { throw error("cannot pair \(image) with \(gradient)", operand: 1) }
        let lead: [Dimension] = image.rank == 5 ? [image[1]] : []
        let channels = image.rank - 3
        let weight = Shape(
            lead + [gradient[channels], isDepthwise ? 1 : image[channels], .fixed(kernel.vertical), .fixed(kernel.horizontal)])
        try checkSound(weight, parameter: "kernel")
        let area = Area(image[image.rank - 2], image[image.rank - 1])
        let geometry = try convolution(image, area: area, weight, kernel: kernel, isDepthwise: isDepthwise)
        try require(0, is: geometry.inputType, role: "image")
        try require(1, is: geometry.outputType, role: "gradient")
        return geometry
    }

    private func isDepthwise(_ shape: Shape, channelAxis: Int = 0) throws(TypeError) -> Bool {
        let groups = try positive("groups")
        guard groups > 1 else { return false }
        guard shape[channelAxis] == .fixed(groups) else {
            throw error("takes 'groups' of 1, or all \(shape[channelAxis]) channels, not \(groups)", parameter: "groups")
        }
        return true
    }
}
