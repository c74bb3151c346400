import Graph

extension Operator {
    /// Each pixel becomes a rectangle of `scale` pixels: the nearest neighbour, for whole factors.
    public static let upsample: Operator = Operator(
        "upsample", "Repeats each pixel down and to the right.",
        inputs: [OperatorInput("x", "the image [N, C, H, W]")],
        parameters: [OperatorParameter("scale", .pair, "how often, vertically and horizontally")],
        geometry: Checker.upsampling, type: \.imageType,
        lowering: { pooling, _ in
            let space = pooling.imageSpace
            return .window(space.formula([pooling.resultPosition(space)], .argument(0)))
        },
        gradient: .rule { context in
            let scale = context.signature.attributes.integers("scale")
            let mean = context.builder.apply(averagePool, context.gradient, attributes: ["kernel": .integers(scale)])
            return [context.builder.apply(multiply, mean, context.builder.constant(Double(scale[0] * scale[1])))]
        },
        onnx: [.byRule("Resize")],
        examples: [
            OperatorExample("twice", [.f32(2, 5, 3, 2)], ["scale": .integer(2)]),
            OperatorExample("rows three times", [.f32(1, 20, 2, 3)], ["scale": .integers([3, 1])]),
        ]
    ).takingSignals([
        OperatorExample("a signal", [.f32(2, 5, 3)], ["scale": .integer(3)])
    ]).takingVolumes([
        OperatorExample("a volume", [.f32(1, 3, 2, 2, 3)], ["scale": .integers([2, 1, 3])])
    ]) { $0.separated }
}

extension Checker {
    /// What `upsample` is the gradient of: a sum over windows of the larger image that do not overlap, so that each of its positions lies
    /// under one tap of one window.
    fileprivate func upsampling() throws(TypeError) -> Pooling {
        let image = try self.image()
        let scale = try positivePair("scale")
        func axis(_ extent: Dimension, _ scale: Int) -> WindowAxis {
            WindowAxis(
                input: extent.multiplied(by: scale), kernel: scale, stride: scale, dilation: 1, padding: .init(before: 0, after: 0),
                ceiling: false)
        }
        return Pooling(
            batch: image.batch, channels: image.channels,
            window: Window(vertical: axis(image.height, scale.vertical), horizontal: axis(image.width, scale.horizontal)))
    }
}
