import Graph

extension Operator {
    /// Batch normalization (Ioffe & Szegedy, arXiv 1502.03167) over all axes but the channels.
    ///
    /// In training the batch's own mean and biased variance normalize, and the running statistics move towards the batch's mean and
    /// unbiased variance by `momentum`, as PyTorch has it; in inference the running statistics normalize.
    public static let batchNormalization: Operator = Operator(
        "batchnorm", "Normalizes each channel over the batch, then scales and shifts it.",
        inputs: [
            OperatorInput("x", "the tensor [N, C, …]"),
            OperatorInput("weight", .weight, "one scale a channel"),
            OperatorInput("bias", .weight, "one shift a channel"),
            OperatorInput("running_mean", .state, "the mean that inference uses"),
            OperatorInput("running_var", .state, "the variance that inference uses"),
        ],
        parameters: [
            epsilonParameter,
            OperatorParameter("momentum", .number, default: .number(0.1), "how far the running statistics move at each step"),
        ],
        weights: { (check) throws(TypeError) in
            let type = try check.channelVector()
            return [
                WeightDeclaration("weight", type, .ones), WeightDeclaration("bias", type, .zeros),
                WeightDeclaration("running_mean", type, .zeros), WeightDeclaration("running_var", type, .ones),
            ]
        },
        type: { (check) throws(TypeError) in
            let type = try check.channelVector()
            for (index, role) in ["weight", "bias", "running_mean", "running_var"].enumerated() {
                try check.require(index + 1, is: type, role: role)
            }
            _ = try check.epsilon()
            _ = try check.number("momentum", in: 0..<1.0.nextUp, "between 0 and 1")
            return check.signature.operands[0]
        },
        trainingFault: { check in
            let type = check.signature.operands[0]
            guard valuesAChannel(type.shape).dimensions.allSatisfy({ $0 == 1 }) else { return nil }
            // Every result is the bias then, and nothing before it learns.
            return check.error(
                "needs more than one value a channel to train, and \(type) has one, which is its own mean",
                repair: "give a larger batch", operand: 0)
        },
        lowering: { _ in .composite(decomposeBatchNormalization) },
        gradient: .derived,
        onnx: [
            ONNXForm(
                "BatchNormalization",
                [
                    .named("epsilon", of: "epsilon", default: .number(1e-5)),
                    .complement("momentum", of: "momentum", default: 0.9),
                ])
        ],
        examples: [
            OperatorExample("an image", [.f32(2, 5, 3, 4), .f32(5), .f32(5), .f32(5), .f32(5)], values: statistics),
            OperatorExample(
                "20 channels, own epsilon", [.f32(3, 20, 2, 2), .f32(20), .f32(20), .f32(20), .f32(20)],
                ["epsilon": .number(0.01), "momentum": .number(0.3)], values: statistics),
            OperatorExample("rows", [.f32(4, 3), .f32(3), .f32(3), .f32(3), .f32(3)], values: statistics),
        ])

    /// `(x - mean) * (weight / sqrt(variance + epsilon)) + bias`, its per-channel part an expression of the vectors alone.
    static let normalize: Operator = Operator(
        "normalize", "Normalizes with a given mean and variance, then scales and shifts.",
        inputs: [
            OperatorInput("x", "the tensor [N, C, …]"), OperatorInput("mean", "one mean a channel"),
            OperatorInput("variance", "one variance a channel"), OperatorInput("weight", "one scale a channel"),
            OperatorInput("bias", "one shift a channel"),
        ],
        parameters: [epsilonParameter], isInLanguage: false,
        type: { (check) throws(TypeError) in
            let type = try check.channelVector()
            for (index, role) in ["mean", "variance", "weight", "bias"].enumerated() { try check.require(index + 1, is: type, role: role) }
            _ = try check.epsilon()
            return check.signature.operands[0]
        },
        lowering: { signature in
            let scale = .argument(3) / .squareRoot(.argument(2) + .constant(signature.attributes.number("epsilon")))
            return .elementwise((.argument(0) - .argument(1)) * scale + .argument(4))
        },
        gradient: .rule(normalizeGradient),
        examples: [
            OperatorExample(
                "an image", [.f32(2, 5, 3, 4), .f32(5), .f32(5), .f32(5), .f32(5)], values: [.normal, .normal, .positive]),
            OperatorExample(
                "rows, own epsilon", [.f32(4, 20), .f32(20), .f32(20), .f32(20), .f32(20)], ["epsilon": .number(0.01)],
                values: [.normal, .normal, .positive]),
        ])

    /// The same tensor, as a constant to differentiation.
    public static let detach: Operator = Operator(
        "detach", "Passes a tensor on and stops its gradient.",
        inputs: [OperatorInput("x", "the tensor")],
        type: { (check) throws(TypeError) in
            let type = check.signature.operands[0]
            guard type.element == .f32 else { throw check.error("takes an f32 tensor, not \(type)", operand: 0) }
            return type
        },
        lowering: { _ in .elementwise(.argument(0)) },
        gradient: .stops, examples: [OperatorExample("an image", [.f32(2, 3, 4, 4)])])

    static let epsilonParameter = OperatorParameter(
        "epsilon", .number, default: .number(1e-5), "what is added to the variance before its root is taken")
    private static let statistics: [OperatorExample.Values] = [.normal, .positive, .normal, .normal, .positive]

    /// The parameter `axes` of a reduction to one value a channel.
    private static func channelAxes(_ type: TensorType) -> Attributes {
        ["axes": .integers((0..<type.rank).filter { $0 != 1 })]
    }

    /// The shape of what the statistics of a channel are taken over.
    private static func valuesAChannel(_ shape: Shape) -> Shape {
        var shape = shape
        shape.dimensions.remove(at: 1)
        return shape
    }

    @Sendable private static func decomposeBatchNormalization(_ context: Decomposition) -> Value {
        let builder = context.builder
        let (x, weight, bias) = (context.operands[0], context.operands[1], context.operands[2])
        let (runningMean, runningVariance) = (context.operands[3], context.operands[4])
        let epsilon = context.signature.attributes.only("epsilon")
        guard context.mode == .training else {
            return builder.apply(normalize, [x, runningMean, runningVariance, weight, bias], epsilon)
        }
        let axes = channelAxes(builder.type(of: x))
        let mean = shiftedMean(builder, x, axes)
        // The biased variance, in a second pass. No gradient flows through its mean: the distances from it sum to zero, so its part of
        // the gradient is zero.
        let distance: Scalar = .argument(0) - .argument(1)
        let square = ScalarFunction("squared_distance", ["x", "mean"], distance * distance)
        let squares = builder.apply(map, x, builder.apply(detach, mean), attributes: ["function": .function(square)])
        let variance = builder.apply(Operator.mean, squares, attributes: axes)
        let momentum = Scalar.constant(context.signature.attributes.number("momentum"))
        func move(_ state: Value, _ name: String, _ parameters: [String], towards target: Scalar, _ operands: [Value]) {
            // A tensor that is no parameter, such as an input, has no next value.
            guard builder.graph[state].parameter != nil else { return }
            let function = ScalarFunction(name, parameters, .argument(0) * (1 - momentum) + target * momentum)
            builder.advance(state) { builder.apply(map, [$0] + operands, ["function": .function(function)]) }
        }
        let count = builder.apply(elementCount, [], ["shape": .shape(valuesAChannel(builder.type(of: x).shape))])
        // No training has one value a channel (`trainingFault`).
        let unbiased = .argument(1) * .argument(2) / .maximum(.argument(2) - 1, 1)
        move(runningMean, "running_mean", ["running", "mean"], towards: .argument(1), [mean])
        move(runningVariance, "running_variance", ["running", "variance", "count"], towards: unbiased, [variance, count])
        return builder.apply(normalize, [x, mean, variance, weight, bias], epsilon)
    }

    /// Two reductions, `s0 = sum(dy)` and `s1 = sum(dy * (x - mean))`, give the gradients of all four vectors.
    @Sendable private static func normalizeGradient(_ context: GradientContext) -> [Value?] {
        let builder = context.builder
        let operands = context.operands
        let (x, mean, variance, weight) = (operands[0], operands[1], operands[2], operands[3])
        let gradient = context.gradient
        let axes = channelAxes(context.signature.operands[0])
        let spread = Scalar.squareRoot(.argument(0) + .constant(context.signature.attributes.number("epsilon")))
        func map(_ name: String, _ parameters: [String], _ body: Scalar, _ operands: Value...) -> Value {
            builder.apply(Operator.map, operands, ["function": .function(ScalarFunction(name, parameters, body))])
        }
        let wantsTotal = context.wanted[1] || context.wanted[4]
        let wantsMoment = context.wanted[2] || context.wanted[3]
        let total = wantsTotal ? builder.apply(sum, gradient, attributes: axes) : nil
        let moment =
            wantsMoment
            ? builder.apply(
                sum, map("moment", ["x", "mean", "gradient"], (.argument(0) - .argument(1)) * .argument(2), x, mean, gradient),
                attributes: axes) : nil
        // dx = dy * weight / spread; the mean's and variance's parts reach x through their own rules.
        let scaled: Scalar = .argument(2) * (.argument(1) / spread)
        return [
            context.wanted[0] ? map("normalize_x", ["variance", "weight", "gradient"], scaled, variance, weight, gradient) : nil,
            context.wanted[1] ? map("normalize_mean", ["variance", "weight", "total"], -scaled, variance, weight, total!) : nil,
            context.wanted[2]
                ? map(
                    "normalize_variance", ["variance", "weight", "moment"], -0.5 * scaled / (spread * spread), variance, weight, moment!)
                : nil,
            context.wanted[3] ? map("normalize_weight", ["variance", "moment"], .argument(1) / spread, variance, moment!) : nil,
            context.wanted[4] ? total : nil,
        ]
    }
}

extension Checker {
    /// The type of one value a channel of the first operand, an f32 tensor of rank 2 or more.
    func channelVector() throws(TypeError) -> TensorType {
        let type = signature.operands[0]
        guard type.element == .f32, type.rank >= 2 else {
            throw error("takes a tensor f32[N, C, …] of rank 2 or more, not \(type)", operand: 0)
        }
        return .f32(.fixed(try extent(type.shape, 1)))
    }

    func epsilon() throws(TypeError) -> Double {
        try number("epsilon", in: 0.0.nextUp..<1, "above 0 and below 1")
    }
}
