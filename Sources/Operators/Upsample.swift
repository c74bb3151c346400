import Graph

extension Operator {
    /// Each pixel becomes a rectangle of `scale` pixels: the nearest neighbour, for whole factors.
    public static let upsample: Operator = Operator(
        "upsample", "Repeats each pixel down and to the right.",
        inputs: [OperatorInput("x", "the image [N, C, H, W]")],
        parameters: [OperatorParameter("scale", .pair, "how often, vertically and horizontally")],
        inferType: { (signature) throws(TypeError) in
            let check = try Checker("upsample", signature, takes: 1)
            let image = try check.image()
            let scale = try check.positivePair("scale")
            return try check.result([
                image.batch, .fixed(image.channels), .fixed(image.height * scale.vertical), .fixed(image.width * scale.horizontal),
            ])
        },
        lowering: { signature in
            let scale = Pair(signature.attributes.integers("scale"))
            let shape = signature.operands[0].shape
            func axis(_ axis: Int, _ scale: Int) -> WindowAxis {
                guard let extent = shape[axis].value else { preconditionFailure("rows are never a symbol") }
                return WindowAxis(
                    input: extent * scale, kernel: scale, stride: scale, dilation: 1, padding: .init(before: 0, after: 0), ceiling: false)
            }
            // The gradient of a sum over windows that do not overlap: each position lies under one tap of one window.
            let window = Window(vertical: axis(2, scale.vertical), horizontal: axis(3, scale.horizontal))
            let space = FormulaSpace(
                [
                    ("n", shape[0]), ("c", shape[1]), ("y", .fixed(window.vertical.input)), ("x", .fixed(window.horizontal.input)),
                ], reducing: [("r", .fixed(scale.vertical)), ("s", .fixed(scale.horizontal))])
            return .window(space.formula([[space["n"], space["c"]] + window.outputPosition(space)], .argument(0)))
        },
        gradient: .rule { context in
            let scale = context.signature.attributes.integers("scale")
            let mean = context.builder.apply(averagePool, context.gradient, attributes: ["kernel": .integers(scale)])
            return [context.builder.apply(multiply, mean, context.builder.constant(Double(scale[0] * scale[1])))]
        },
        examples: [
            OperatorExample("twice", [.f32(2, 5, 3, 2)], ["scale": .integer(2)]),
            OperatorExample("rows three times", [.f32(1, 20, 2, 3)], ["scale": .integers([3, 1])]),
        ])
}
