import Graph

/// Random numbers of a tensor's shape, keyed by the training's seed and step as those of `dropout` are: the same whatever the threads.
extension Operator {
    /// Uniform numbers while training, as `torch.rand_like` makes them; their mean otherwise.
    public static let uniformNoise: Operator = Operator(
        "uniform_noise", "Makes uniform random numbers of a tensor's shape while training, and their mean otherwise.",
        inputs: [OperatorInput("x", "the tensor whose shape counts; no gradient flows to it")],
        parameters: [
            OperatorParameter("low", .number, default: .number(0), "the smallest number"),
            OperatorParameter("high", .number, default: .number(1), "the number that all are below"),
        ],
        isRandom: true,
        type: { (check) throws(TypeError) in
            let low = try check.finite("low")
            let high = try check.finite("high")
            guard low < high else { throw check.error("needs 'high' to be above 'low'", parameter: "high") }
            return try check.noise()
        },
        lowering: { signature in
            let (low, high) = (signature.attributes.number("low"), signature.attributes.number("high"))
            return .composite { noise($0, mean: (low + high) / 2) { $0 * .constant(high - low) + .constant(low) } }
        },
        gradient: .stops,
        examples: [
            OperatorExample("as they are", [.f32(2, 5, 4, 4)]),
            OperatorExample("around 0", [.f32(4, 20)], ["low": .number(-0.5), "high": .number(0.5)]),
        ])

    /// Normal numbers while training, as `torch.randn_like` makes them; their mean otherwise. So `mean + normal_noise(mean) * deviation`
    /// samples while training and is the mean at inference (Kingma & Welling, arXiv 1312.6114).
    public static let normalNoise: Operator = Operator(
        "normal_noise", "Makes normal random numbers of a tensor's shape while training, and their mean otherwise.",
        inputs: [OperatorInput("x", "the tensor whose shape counts; no gradient flows to it")],
        parameters: [
            OperatorParameter("mean", .number, default: .number(0), "their mean"),
            OperatorParameter("deviation", .number, default: .number(1), "their standard deviation"),
        ],
        isRandom: true,
        type: { (check) throws(TypeError) in
            _ = try check.finite("mean")
            _ = try check.number("deviation", in: 0..<Double.infinity, "at least 0")
            return try check.noise()
        },
        lowering: { signature in
            let (mean, deviation) = (signature.attributes.number("mean"), signature.attributes.number("deviation"))
            return .composite { noise($0, mean: mean) { .normalQuantile($0) * .constant(deviation) + .constant(mean) } }
        },
        gradient: .stops,
        examples: [
            OperatorExample("standard", [.f32(2, 5, 4, 4)]),
            OperatorExample("small", [.f32(4, 20)], ["mean": .number(1), "deviation": .number(0.1)]),
        ])

    private static func noise(_ context: Decomposition, mean: Double, _ transform: (Scalar) -> Scalar) -> Value {
        let builder = context.builder
        let shape: Attributes = ["shape": .shape(context.signature.operands[0].shape)]
        guard context.mode == .training else { return builder.apply(broadcast, builder.constant(mean), attributes: shape) }
        let seed = builder.apply(broadcast, builder.input(seedInput, .f32()), attributes: shape)
        return builder.map("noise", ["seed": seed], transform(.uniform(seed: .argument(0), stream: context.ordinal)))
    }
}

extension Scalar {
    /// The number below which the share `u` of the standard normal distribution lies, of a `uniform` number, which has 24 bits: of the
    /// middle of what they stand for, so that it is finite (Wichura, "Algorithm AS 241: The percentage points of the normal
    /// distribution", 1988, PPND7: 7 digits).
    static func normalQuantile(_ u: Scalar) -> Scalar {
        func polynomial(_ x: Scalar, _ coefficients: [Double]) -> Scalar {
            coefficients.dropLast().reversed().reduce(.constant(coefficients[coefficients.count - 1])) { $0 * x + .constant($1) }
        }
        let distance = u - .constant(0.5 - 0x1p-25)
        let square = .constant(0.180625) - distance * distance
        let middle =
            distance * polynomial(square, [3.3871327179, 50.434271938, 159.29113202, 59.10937472])
            / polynomial(square, [1, 17.895169469, 78.757757664, 67.1875636])
        let size = Scalar.unary(.absolute, distance)
        // No farther out than 2^-25, of which the root is 4.2: what the algorithm has from 5 on is not needed.
        let root = Scalar.squareRoot(-.logarithm(0.5 - size)) - 1.6
        let outside =
            polynomial(root, [1.4234372777, 2.75681539, 1.3067284816, 0.17023821103]) / polynomial(root, [1, 0.7370016425, 0.12021132975])
        return .select(
            .lessOrEqual, size, 0.425, then: middle, otherwise: .select(.less, distance, 0, then: -outside, otherwise: outside))
    }
}

extension Checker {
    fileprivate func noise() throws(TypeError) -> TensorType {
        let type = signature.operands[0]
        guard type.element == .f32 else { throw error("takes an f32 tensor, not \(type)", operand: 0) }
        return type
    }

    fileprivate func finite(_ name: String) throws(TypeError) -> Double {
        try number(name, in: -Double(Float.greatestFiniteMagnitude)..<Double(Float.greatestFiniteMagnitude), "a finite number")
    }
}
