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
        inputs: [OperatorInput("x", "the image [N, C, H, W]")],
        parameters: [OperatorParameter("rate", .number, default: .number(0.5), "the share of channels set to zero")],
        isRandom: true,
        type: { (check) throws(TypeError) in
            _ = try check.pixels()
            _ = try check.number("rate", in: 0..<1, "at least 0 and below 1")
            return check.signature.operands[0]
        },
        lowering: { _ in
            .composite { context in
                let rate = context.signature.attributes.number("rate")
                guard context.mode == .training, rate > 0 else { return context.operands[0] }
                let builder = context.builder
                let shape = context.signature.operands[0].shape
                let seed = builder.apply(
                    broadcast, builder.input(seedInput, .f32()),
                    attributes: ["shape": .shape(Shape(shape.dimensions.prefix(2) + [Dimension](repeating: 1, count: shape.rank - 2)))])
                let isDropped = Scalar.uniform(seed: .argument(0), stream: context.ordinal)
                let function = ScalarFunction(
                    "keep", ["seed"], .select(.less, isDropped, .constant(rate), then: 0, otherwise: .constant(1 / (1 - rate))))
                let factor = builder.apply(map, seed, attributes: ["function": .function(function)])
                return builder.apply(multiply, context.operands[0], factor)
            }
        },
        gradient: .derived,
        examples: [
            OperatorExample("half", [.f32(3, 20, 3, 4)]), OperatorExample("a fifth", [.f32(2, 5, 2, 2)], ["rate": .number(0.2)]),
            OperatorExample("of a signal", [.f32(2, 5, 7)]),
        ])
}
