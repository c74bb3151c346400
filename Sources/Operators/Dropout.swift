import Graph

extension Operator {
    /// The scalar input that random operators draw their numbers from; a training run sets it anew each step.
    public static let seedInput = "seed"

    /// Sets elements to zero at random in training and scales the others by `1 / (1 - rate)` (Srivastava et al., JMLR 15, 2014).
    ///
    /// The random numbers follow from the graph's scalar input `seedInput`.
    public static let dropout: Operator = Operator(
        "dropout", "Sets elements to zero at random while training.",
        inputs: [OperatorInput("x", "the tensor")],
        parameters: [OperatorParameter("rate", .number, default: .number(0.5), "the share of elements set to zero")],
        isRandom: true,
        type: { (check) throws(TypeError) in
            let type = check.signature.operands[0]
            guard type.element == .f32 else { throw check.error("takes an f32 tensor, not \(type)", operand: 0) }
            _ = try check.number("rate", in: 0..<1, "at least 0 and below 1")
            return type
        },
        lowering: { _ in
            .composite { context in
                let rate = context.signature.attributes.number("rate")
                guard context.mode == .training, rate > 0 else { return context.operands[0] }
                let seed = context.builder.input(seedInput, .f32())
                let isDropped = Scalar.uniform(seed: .argument(1), stream: context.ordinal)
                let function = ScalarFunction(
                    "dropout", ["x", "seed"],
                    .select(.less, isDropped, .constant(rate), then: 0, otherwise: .argument(0) * .constant(1 / (1 - rate))))
                return context.builder.apply(map, context.operands[0], seed, attributes: ["function": .function(function)])
            }
        },
        gradient: .derived,
        examples: [
            OperatorExample("half", [.f32(2, 5, 4, 4)]), OperatorExample("a fifth of rows", [.f32(4, 20)], ["rate": .number(0.2)]),
        ])

    /// Drops whole channels of an image (Tompson et al., arXiv 1411.4280): neighbouring pixels say nearly the same, so that dropping
    /// single ones hides little.
    public static let spatialDropout: Operator = Operator(
        "spatial_dropout", "Sets whole channels of an image to zero at random while training.",
        inputs: [OperatorInput("x", "the image [N, C, H, W]; of signals [N, C, L], of volumes [N, C, D, H, W]")],
        parameters: [OperatorParameter("rate", .number, default: .number(0.5), "the share of channels set to zero")],
        isRandom: true,
        type: { (check) throws(TypeError) in
            _ = try check.pixels()
            _ = try check.number("rate", in: 0..<1, "at least 0 and below 1")
            return check.signature.operands[0]
        },
        lowering: { _ in
            .composite { context in
                let shape = context.signature.operands[0].shape
                return dropped(context, alike: shape.dimensions.prefix(2) + [Dimension](repeating: 1, count: shape.rank - 2))
            }
        },
        gradient: .derived,
        examples: [
            OperatorExample("half", [.f32(3, 20, 3, 4)]), OperatorExample("a fifth", [.f32(2, 5, 2, 2)], ["rate": .number(0.2)]),
            OperatorExample("of a signal", [.f32(2, 5, 7)]),
        ])

    /// Drops the branch of a residual unit, of each image by itself or of all at once (Huang et al., arXiv 1603.09382), as torchvision's
    /// `StochasticDepth` does: what is kept is scaled by `1 / (1 - rate)`.
    public static let stochasticDepth: Operator = Operator(
        "stochastic_depth", "Sets all that an image has in a branch to zero at random while training.",
        inputs: [OperatorInput("x", "the tensor [N, …]")],
        parameters: [
            OperatorParameter("rate", .number, "the share of images, or of steps, whose branch is dropped"),
            OperatorParameter(
                "mode", .text, default: .text("row"), "\"row\" for each image by itself, \"batch\" for all images of a step"),
        ],
        isRandom: true,
        type: { (check) throws(TypeError) in
            let type = check.signature.operands[0]
            guard type.element == .f32, type.rank > 0 else { throw check.error("takes an f32 tensor [N, …], not \(type)", operand: 0) }
            _ = try check.number("rate", in: 0..<1, "at least 0 and below 1")
            let mode = check.signature.attributes.text("mode")
            guard ["row", "batch"].contains(mode) else {
                throw check.error(
                    "has no mode \(mode.debugDescription)", repair: "there are \"row\" and \"batch\"", parameter: "mode")
            }
            return type
        },
        lowering: { _ in
            .composite { context in
                let shape = context.signature.operands[0].shape
                let first: Dimension = context.signature.attributes.text("mode") == "row" ? shape[0] : 1
                return dropped(context, alike: [first] + [Dimension](repeating: 1, count: shape.rank - 1))
            }
        },
        gradient: .derived,
        examples: [
            OperatorExample("each image", [.f32(3, 5, 4, 4)], ["rate": .number(0.5)]),
            OperatorExample("the whole batch", [.f32(2, 5, 3)], ["rate": .number(0.2), "mode": .text("batch")]),
            OperatorExample("rows", [.f32(4, 20)], ["rate": .number(0.1)]),
        ])

    /// The operand times factors of the shape `alike`, drawn while training: 0 for the share `rate`, `1 / (1 - rate)` for the others.
    private static func dropped(_ context: Decomposition, alike: [Dimension]) -> Value {
        let rate = context.signature.attributes.number("rate")
        guard context.mode == .training, rate > 0 else { return context.operands[0] }
        let builder = context.builder
        let seed = builder.apply(broadcast, builder.input(seedInput, .f32()), attributes: ["shape": .shape(Shape(alike))])
        let isDropped = Scalar.uniform(seed: .argument(0), stream: context.ordinal)
        let function = ScalarFunction(
            "keep", ["seed"], .select(.less, isDropped, .constant(rate), then: 0, otherwise: .constant(1 / (1 - rate))))
        let factor = builder.apply(map, seed, attributes: ["function": .function(function)])
        return builder.apply(multiply, context.operands[0], factor)
    }
}
