import Graph

extension Operator {
    /// The largest element of each window, NaN if one is; padding is never the largest.
    public static let maxPool: Operator = Operator(
        "max_pool", "Takes the largest element of each window.",
        inputs: [OperatorInput("x", "the image [N, C, H, W]")], parameters: maxPoolParameters,
        geometry: Checker.pooling, type: \.resultType,
        doubt: { pooling, check in check.unread(by: pooling.window, canRoundUp: true) },
        lowering: { pooling, _ in
            let space = pooling.resultSpace
            return .window(space.formula([pooling.imagePosition(space)], .argument(0), .maximum))
        },
        gradient: .rule { context in
            let attributes = context.signature.attributes
            let position = context.builder.apply(maxPoolPosition, context.operands, attributes)
            return [
                context.builder.apply(
                    maxPoolBackward, context.gradient, position, attributes: attributes.with(imageSize(context.signature)))
            ]
        },
        onnx: [ONNXForm("MaxPool", [.window(isPool: true)])],
        examples: maxPoolExamples
    ).takingSignals([
        OperatorExample("a signal", [.f32(2, 5, 9)], ["kernel": .integer(2)]),
        OperatorExample(
            "a signal, overlapping and padded", [.f32(1, 18, 8)],
            ["kernel": .integer(3), "stride": .integer(2), "pad": .integer(1), "dilation": .integer(2), "ceil": .boolean(true)]),
    ]).takingVolumes([
        OperatorExample("a volume", [.f32(1, 3, 4, 5, 4)], ["kernel": .integer(2)]),
        OperatorExample(
            "a volume, overlapping and padded", [.f32(1, 2, 5, 4, 5)],
            ["kernel": .integers([3, 2, 3]), "stride": .integers([2, 1, 2]), "pad": .integers([1, 1, 0]), "ceil": .boolean(true)]),
    ]) { $0.separated }

    /// Which tap of each window holds its first largest element, counted row by row; a NaN is the largest of all, the last of several.
    public static let maxPoolPosition: Operator = Operator(
        "max_pool_position", "Finds the tap of each window that holds its largest element, counted row by row; no gradient flows.",
        inputs: [OperatorInput("x", "the image [N, C, H, W]")], parameters: maxPoolParameters,
        geometry: Checker.pooling, type: \.resultType,
        lowering: { pooling, _ in
            let space = pooling.resultSpace
            return .window(space.formula([pooling.imagePosition(space)], .argument(0), .positionOfMaximum))
        },
        gradient: .stops, examples: maxPoolExamples)

    /// Puts each element where `max_pool` took one from, zeros elsewhere; of windows that overlap, elements in one place are added up
    /// (`torch.nn.functional.max_unpool2d` keeps one of them).
    public static let maxUnpool: Operator = Operator(
        "max_unpool", "Puts each element at the tap of its window that max_pool_position found, zeros elsewhere.",
        inputs: [
            OperatorInput("x", "the pooled image [N, C, H, W]"), OperatorInput("position", "what max_pool_position found"),
        ],
        parameters: maxPoolParameters + [sizeParameter],
        geometry: Checker.poolingGradient, type: \.imageType,
        lowering: { _, signature in .composite { $0.builder.apply(maxPoolBackward, $0.operands, signature.attributes) } },
        gradient: .derived, examples: maxPoolGradientExamples)

    /// Gives each window's gradient to the element at its position.
    static let maxPoolBackward: Operator = Operator(
        "max_pool_backward", "Gradient of max_pool with respect to its image.",
        inputs: [
            OperatorInput("gradient", "the gradient with respect to the result"),
            OperatorInput("position", "what max_pool_position found"),
        ],
        parameters: maxPoolParameters + [sizeParameter], isInLanguage: false,
        geometry: Checker.poolingGradient, type: \.imageType,
        lowering: { pooling, _ in
            let space = pooling.imageSpace
            let position = pooling.resultPosition(space)
            return .window(
                space.formula(
                    [position, position],
                    .select(.equal, .argument(1), pooling.tapNumber(space), then: .argument(0), otherwise: 0)))
        },
        gradient: .rule { context in
            [context.builder.apply(maxPoolGather, context.gradient, context.operands[1], attributes: context.signature.attributes), nil]
        },
        examples: maxPoolGradientExamples)

    /// Takes the element of each window at its position: `max_pool` with the choice made before, and the gradient of its gradient.
    static let maxPoolGather: Operator = Operator(
        "max_pool_gather", "Takes the element of each window at a given tap.",
        inputs: [
            OperatorInput("x", "the image [N, C, H, W]"), OperatorInput("position", "what max_pool_position found"),
        ],
        parameters: maxPoolParameters + [sizeParameter], isInLanguage: false,
        geometry: Checker.gather, type: \.resultType,
        lowering: { pooling, _ in
            let space = pooling.resultSpace
            return .window(
                space.formula(
                    [pooling.imagePosition(space), [space["n"], space["c"], space["y"], space["x"]]],
                    .select(.equal, .argument(1), pooling.tapNumber(space), then: .argument(0), otherwise: 0)))
        },
        gradient: .rule { context in
            [context.builder.apply(maxPoolBackward, context.gradient, context.operands[1], attributes: context.signature.attributes), nil]
        },
        examples: [
            OperatorExample(
                "overlapping windows", [.f32(2, 3, 7, 6), .f32(2, 3, 4, 3)],
                ["kernel": .integer(3), "stride": .integer(2), "pad": .integer(1), "size": .integers([7, 6])],
                values: [.normal, .labels(below: 9)])
        ])

    private static let maxPoolParameters: [OperatorParameter] =
        poolingParameters + [OperatorParameter("dilation", .pair, default: .integers([1, 1]), "the distance between the window's taps")]

    private static let maxPoolExamples: [OperatorExample] = [
        OperatorExample("2x2", [.f32(2, 5, 6, 4)], ["kernel": .integer(2)]),
        OperatorExample("overlapping and padded", [.f32(1, 20, 7, 8)], ["kernel": .integer(3), "stride": .integer(2), "pad": .integer(1)]),
        OperatorExample("stride 1", [.f32(1, 3, 5, 5)], ["kernel": .integer(3), "stride": .integer(1), "pad": .integer(1)]),
        OperatorExample("last window kept", [.f32(1, 3, 6, 7)], ["kernel": .integer(3), "stride": .integer(2), "ceil": .boolean(true)]),
        OperatorExample(
            "same", [.f32(1, 3, 7, 6)], ["kernel": .integers([2, 3]), "stride": .integers([1, 2]), "pad": .text("same")]),
        OperatorExample(
            "dilated, padded on two sides", [.f32(1, 3, 8, 7)],
            ["kernel": .integers([2, 3]), "stride": .integers([2, 1]), "dilation": .integer(2), "pad": .integers([1, 0, 0, 2])]),
    ]

    private static let maxPoolGradientExamples: [OperatorExample] = [
        OperatorExample(
            "2x2", [.f32(2, 5, 3, 2), .f32(2, 5, 3, 2)], ["kernel": .integer(2), "size": .integers([6, 4])],
            values: [.normal, .labels(below: 4)]),
        OperatorExample(
            "overlapping and padded", [.f32(1, 20, 4, 4), .f32(1, 20, 4, 4)],
            ["kernel": .integer(3), "stride": .integer(2), "pad": .integer(1), "size": .integers([7, 8])],
            values: [.normal, .labels(below: 9)]),
        OperatorExample(
            "dilated", [.f32(1, 3, 4, 5), .f32(1, 3, 4, 5)],
            [
                "kernel": .integers([2, 3]), "stride": .integers([2, 1]), "dilation": .integer(2), "pad": .integers([1, 0, 0, 2]),
                "size": .integers([8, 7]),
            ], values: [.normal, .labels(below: 6)]),
    ]
}

extension Checker {
    /// The geometry of `max_pool_gather`: an image of the size that `size` repeats, and positions of the result's type.
    fileprivate func gather() throws(TypeError) -> Pooling {
        let pooling = try self.pooling()
        guard try Area(size()) == Area(pooling.window.vertical.input, pooling.window.horizontal.input) else {
            throw error("has a 'size' that is not its image's", parameter: "size")
        }
        try require(1, is: pooling.resultType, role: "position")
        return pooling
    }
}
