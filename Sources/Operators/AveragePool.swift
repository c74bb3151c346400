import Graph

extension Operator {
    /// The mean of each window, over the padding too unless `count_include_pad` is false.
    public static let averagePool: Operator = Operator(
        "avg_pool", "Averages each window.",
        inputs: [OperatorInput("x", "the image [N, C, H, W]")], parameters: averagePoolParameters,
        geometry: Checker.pooling, type: \.resultType,
        doubt: { pooling, check in check.unread(by: pooling.window, canRoundUp: true) },
        lowering: { pooling, signature in
            let space = pooling.resultSpace
            let share = pooling.share(
                y: .coordinate(space.number("y")), x: .coordinate(space.number("x")),
                countsPadding: signature.attributes.boolean("count_include_pad"))
            return .window(space.formula([pooling.imagePosition(space)], .argument(0) * share))
        },
        gradient: .rule { context in
            [
                context.builder.apply(
                    averagePoolBackward, context.gradient, attributes: context.signature.attributes.with(imageSize(context.signature)))
            ]
        },
        onnx: [
            ONNXForm(
                "AveragePool",
                [.window(isPool: true), .named("count_include_pad", of: "count_include_pad", default: .boolean(false))])
        ],
        examples: [
            OperatorExample("2x2", [.f32(2, 5, 6, 4)], ["kernel": .integer(2)]),
            OperatorExample(
                "padding counted", [.f32(1, 20, 7, 8)], ["kernel": .integer(3), "stride": .integer(2), "pad": .integer(1)]),
            OperatorExample(
                "padding not counted", [.f32(1, 3, 7, 5)],
                ["kernel": .integer(3), "stride": .integer(1), "pad": .integer(1), "count_include_pad": .boolean(false)]),
            OperatorExample(
                "same, padding not counted", [.f32(1, 3, 5, 6)],
                ["kernel": .integers([2, 3]), "stride": .integer(2), "pad": .text("same"), "count_include_pad": .boolean(false)]),
            OperatorExample(
                "a window larger than the image kept", [.f32(1, 3, 2, 3)],
                ["kernel": .integer(3), "stride": .integer(2), "ceil": .boolean(true)]),
            OperatorExample(
                "last window kept", [.f32(1, 3, 6, 7)],
                ["kernel": .integers([3, 2]), "stride": .integer(2), "pad": .integers([1, 0, 0, 1]), "ceil": .boolean(true)]),
        ]
    ).takingSignals([
        OperatorExample("a signal", [.f32(2, 5, 9)], ["kernel": .integer(2)]),
        OperatorExample(
            "a signal, padding not counted", [.f32(1, 18, 8)],
            [
                "kernel": .integer(3), "stride": .integer(2), "pad": .integer(1), "ceil": .boolean(true),
                "count_include_pad": .boolean(false),
            ]),
    ]).takingVolumes([
        OperatorExample(
            "a volume, padding not counted", [.f32(1, 2, 5, 4, 5)],
            [
                "kernel": .integers([3, 2, 3]), "stride": .integers([2, 1, 2]), "pad": .integers([1, 1, 0]),
                "count_include_pad": .boolean(false), "ceil": .boolean(true),
            ])
    ]) { $0.separated }

    static let averagePoolBackward: Operator = Operator(
        "avg_pool_backward", "Gradient of avg_pool with respect to its image.",
        inputs: [OperatorInput("gradient", "the gradient with respect to the result")],
        parameters: averagePoolParameters + [sizeParameter], isInLanguage: false,
        geometry: Checker.poolingGradient, type: \.imageType,
        lowering: { pooling, signature in
            let space = pooling.imageSpace
            let share = pooling.share(
                y: pooling.window.vertical.output(of: .coordinate(space.number("y")), tap: .coordinate(space.number("r"))),
                x: pooling.window.horizontal.output(of: .coordinate(space.number("x")), tap: .coordinate(space.number("s"))),
                countsPadding: signature.attributes.boolean("count_include_pad"))
            return .window(space.formula([pooling.resultPosition(space)], .argument(0) * share))
        },
        gradient: .rule { context in
            var attributes = context.signature.attributes
            attributes["size"] = nil
            return [context.builder.apply(averagePool, context.gradient, attributes: attributes)]
        },
        examples: [
            OperatorExample("2x2", [.f32(2, 5, 3, 2)], ["kernel": .integer(2), "size": .integers([6, 4])]),
            OperatorExample(
                "padding not counted", [.f32(1, 20, 4, 3)],
                [
                    "kernel": .integer(3), "stride": .integer(2), "pad": .integer(1), "count_include_pad": .boolean(false),
                    "size": .integers([7, 5]),
                ]),
            OperatorExample(
                "last window kept", [.f32(1, 3, 3, 4)],
                [
                    "kernel": .integers([3, 2]), "stride": .integer(2), "pad": .integers([1, 0, 0, 1]), "ceil": .boolean(true),
                    "size": .integers([6, 7]),
                ]),
        ])

    private static let averagePoolParameters: [OperatorParameter] =
        poolingParameters + [
            OperatorParameter("count_include_pad", .boolean, default: .boolean(true), "whether padding counts in the mean")
        ]
}

extension Pooling {
    /// One over the number of elements that the window at `(y, x)` averages.
    fileprivate func share(y: Scalar, x: Scalar, countsPadding: Bool) -> Scalar {
        let rows = window.vertical.count(y, countsPadding: countsPadding)
        let columns = window.horizontal.count(x, countsPadding: countsPadding)
        return 1 / (rows * columns)
    }
}

extension WindowAxis {
    /// The output position, as a number, whose window has tap `tap` over `input`.
    fileprivate func output(of input: Scalar, tap: Scalar) -> Scalar {
        (input + .constant(Double(before)) - tap) / .constant(Double(stride))
    }

    /// How many positions the undilated window at `output` counts: those in the image, or in the padded image.
    fileprivate func count(_ output: Scalar, countsPadding: Bool) -> Scalar {
        let (input, last) = (input.number, self.output.number - 1)
        let overhang = last * stride + kernel - before - input
        let outside = countsPadding ? overhang > after : overhang > 0 || before > 0
        guard outside else { return .constant(Double(kernel)) }
        let start = output * .constant(Double(stride)) - .constant(Double(before))
        let end = Scalar.minimum(start + .constant(Double(kernel)), .constant(Double(input + (countsPadding ? after : 0))))
        return end - (countsPadding ? start : .maximum(start, 0))
    }
}
