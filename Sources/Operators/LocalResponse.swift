import Graph

extension Operator {
    /// Local response normalization (Krizhevsky, Sutskever & Hinton, NeurIPS 2012, section 3.3), as PyTorch has it:
    /// `x / (k + alpha / size * sum of x^2) ^ beta`, the sum over `size` channels, of which `size / 2` lie before the element's own.
    public static let localResponseNormalization: Operator = Operator(
        "local_response_norm", "Divides each element by a power of the mean square of its neighbouring channels.",
        inputs: [OperatorInput("x", "the tensor [N, C, …]")],
        parameters: [
            OperatorParameter("size", .integer, "how many channels count, the element's own in the middle"),
            OperatorParameter("alpha", .number, default: .number(1e-4), "the factor of their mean square"),
            OperatorParameter("beta", .number, default: .number(0.75), "the power"),
            OperatorParameter("k", .number, default: .number(1), "what is added before the power is taken"),
        ],
        type: { (check) throws(TypeError) in
            _ = try check.channelVector()
            _ = try check.positive("size")
            _ = try check.number("alpha", in: 0..<Double.infinity, "at least 0")
            _ = try check.number("beta", in: 0..<Double.infinity, "at least 0")
            _ = try check.number("k", in: 0.0.nextUp..<Double.infinity, "above 0")
            return check.signature.operands[0]
        },
        lowering: { _ in
            .composite { context in
                let builder = context.builder
                let x = context.operands[0]
                let attributes = context.signature.attributes
                let size = attributes.integer("size")
                let channels = builder.type(of: x).shape.number(1)
                let square = ScalarFunction("square", ["x"], .argument(0) * .argument(0))
                let total = builder.apply(
                    channelWindowSum, builder.apply(map, x, attributes: ["function": .function(square)]),
                    attributes: [
                        "before": .integer(Swift.min(size / 2, channels - 1)), "after": .integer(Swift.min((size - 1) / 2, channels - 1)),
                    ])
                let alpha = Scalar.constant(attributes.number("alpha") / Double(size))
                let divisor = .constant(attributes.number("k")) + alpha * .argument(1)
                let normalized = .argument(0) * .exponential(.constant(-attributes.number("beta")) * .logarithm(divisor))
                let function = ScalarFunction("local_response_norm", ["x", "total"], normalized)
                return builder.apply(map, x, total, attributes: ["function": .function(function)])
            }
        },
        gradient: .derived,
        onnx: [
            ONNXForm(
                "LRN",
                [
                    .named("size", of: "size", default: .integer(1)), .named("alpha", of: "alpha", default: .number(1e-4)),
                    .named("beta", of: "beta", default: .number(0.75)), .named("bias", of: "k", default: .number(1)),
                ],
                // Around an even number ONNX and PyTorch have another middle.
                takes: { $0.attributes.integer("size") % 2 == 1 })
        ],
        examples: [
            OperatorExample("five channels", [.f32(2, 20, 3, 4)], ["size": .integer(5)]),
            OperatorExample(
                "an even size, strongly", [.f32(1, 7, 3, 3)],
                ["size": .integer(4), "alpha": .number(0.8), "beta": .number(0.6), "k": .number(2)]),
            OperatorExample("wider than the channels, on rows", [.f32(3, 5)], ["size": .integer(99), "alpha": .number(1)]),
        ])

    /// The sum of each element's neighbours along the channels; its gradient is the same sum, mirrored.
    static let channelWindowSum: Operator = Operator(
        "channel_window_sum", "Sums each element's neighbours along the channels, and itself.",
        inputs: [OperatorInput("x", "the tensor [N, C, …]")],
        parameters: [
            OperatorParameter("before", .integer, "how many channels in front count"),
            OperatorParameter("after", .integer, "how many channels behind count"),
        ],
        isInLanguage: false,
        geometry: Checker.channelWindow, type: \.type,
        lowering: { window, _ in
            let shape = window.type.shape
            let names = shape.axisNames
            let space = FormulaSpace(
                names.enumerated().map { ($1, shape[$0]) }, reducing: [("s", .fixed(window.before + 1 + window.after))])
            var position = names.map { space[$0] }
            position[1] = AffineIndex(
                terms: [.init(axis: 1, scale: 1), .init(axis: space.number("s"), scale: 1)], offset: -window.before)
            return .window(space.formula([position], .argument(0)))
        },
        gradient: .rule { context in
            let attributes = context.signature.attributes
            return [
                context.builder.apply(
                    channelWindowSum, context.gradient,
                    attributes: ["before": .integer(attributes.integer("after")), "after": .integer(attributes.integer("before"))])
            ]
        },
        examples: [
            OperatorExample("five channels", [.f32(2, 20, 3, 4)], ["before": .integer(2), "after": .integer(2)]),
            OperatorExample("more in front", [.f32(3, 5)], ["before": .integer(3), "after": .integer(0)]),
        ])
}

/// Neighbours along the channels of a tensor.
private struct ChannelWindow {
    var type: TensorType
    var before: Int
    var after: Int
}

extension Checker {
    fileprivate func channelWindow() throws(TypeError) -> ChannelWindow {
        let channels = try extent(channelVector().shape, 0)
        let (before, after) = (signature.attributes.integer("before"), signature.attributes.integer("after"))
        for (name, value) in [("before", before), ("after", after)] where value < 0 || value >= channels {
            throw error("needs '\(name)' to be at least 0 and below the \(channels) channels, not \(value)", parameter: name)
        }
        return ChannelWindow(type: signature.operands[0], before: before, after: after)
    }
}
