import Graph

/// Reductions that are written with sums.
extension Operator {
    /// The mean squared distance from the mean, over `count - correction`, as `torch.var` has it. From distances, not from the
    /// difference of two large sums, so that it is exact for constants.
    public static let variance: Operator = Operator(
        "variance", "Averages the squared distances from the mean over axes.", inputs: reductionInputs,
        parameters: reductionParameters + [correction],
        geometry: Checker.variance, type: \.type,
        lowering: { reduction, signature in .composite { spread($0, reduction, signature, root: false) } },
        gradient: .derived, examples: varianceExamples)

    /// The root of `variance`; where that is 0 no gradient flows, as in `torch.std`.
    public static let standardDeviation: Operator = Operator(
        "standard_deviation", "Takes the root of the mean squared distance from the mean over axes.", inputs: reductionInputs,
        parameters: reductionParameters + [correction],
        geometry: Checker.variance, type: \.type,
        lowering: { reduction, signature in .composite { spread($0, reduction, signature, root: true) } },
        gradient: .derived, examples: varianceExamples)

    private static func spread(_ context: Decomposition, _ reduction: Reduction, _ signature: Signature, root: Bool) -> Value {
        let builder = context.builder
        let x = context.operands[0]
        let attributes = signature.attributes.only("axes", "keep")
        let average = shiftedMean(builder, x, attributes.with(["keep": .boolean(true)]))
        let distance: Scalar = .argument(0) - .argument(1)
        let squares = builder.map("squared_distance", ["x": x, "mean": average], distance * distance)
        let counted = Shape(reduction.axes.map { reduction.operand[$0] })
        let count = builder.apply(elementCount, [], ["shape": .shape(counted)])
        let variance: Scalar = .argument(0) / (.argument(1) - .constant(Double(signature.attributes.integer("correction"))))
        return builder.map(
            root ? "standard_deviation" : "variance", ["total": builder.apply(sum, squares, attributes: attributes), "count": count],
            root ? .safeRoot(variance) : variance)
    }

    /// `(sum |x|^p)^(1/p)`, as `torch.linalg.vector_norm` has it; where it is 0 no gradient flows.
    public static let norm: Operator = Operator(
        "norm", "Takes the p-norm over axes.", inputs: reductionInputs,
        parameters: reductionParameters + [
            OperatorParameter("p", .number, default: .number(2), "1 for the sum of sizes, 2 for the Euclidean length, any number above 0")
        ],
        geometry: Checker.norm, type: \.type,
        lowering: { _, signature in
            .composite { context in
                let builder = context.builder
                let p = signature.attributes.number("p")
                let size = Scalar.unary(.absolute, .argument(0))
                let (power, root): (Scalar, Scalar) =
                    switch p {
                    case 1: (size, .argument(0))
                    case 2: (.argument(0) * .argument(0), .safeRoot(.argument(0)))
                    default: (.positivePower(size, .constant(p)), .positivePower(.argument(0), .constant(1 / p)))
                    }
                let powers = builder.map("power", ["x": context.operands[0]], power)
                let total = builder.apply(sum, powers, attributes: signature.attributes.only("axes", "keep"))
                return p == 1 ? total : builder.map("root", ["total": total], root)
            }
        },
        gradient: .derived,
        onnx: [
            ONNXForm("ReduceL1", [.axes], fixed: ["p": .number(1)], ofNothing: 0),
            ONNXForm("ReduceL2", [.axes], fixed: ["p": .number(2)], ofNothing: 0),
        ],
        examples: [
            OperatorExample("the length of each row", [.f32(3, 20)], ["axes": .integer(1)]),
            OperatorExample("sums of sizes", [.f32(2, 5, 3, 4)], ["axes": .integers([2, 3]), "p": .number(1), "keep": .boolean(true)]),
            OperatorExample("cubes", [.f32(2, 5, 3)], ["axes": .integers([0, -1]), "p": .number(3)]),
        ])

    /// `log(sum(exp(x)))`, computed from `x - max(x)`, which cannot overflow; an infinite maximum is not subtracted.
    public static let logSumExponential: Operator = Operator(
        "log_sum_exp", "Takes the logarithm of the sum of exponentials over axes.", inputs: reductionInputs,
        parameters: reductionParameters,
        geometry: Checker.reduction, type: \.type,
        lowering: { reduction, signature in
            .composite { context in
                let builder = context.builder
                let x = context.operands[0]
                let kept = signature.attributes.with(["keep": .boolean(true)])
                let largest = builder.apply(detach, builder.apply(max, x, attributes: kept))
                let shift = builder.map(
                    "finite", ["largest": largest],
                    .select(
                        .lessOrEqual, .unary(.absolute, .argument(0)), .constant(Double(Float.greatestFiniteMagnitude)),
                        then: .argument(0), otherwise: 0))
                let exponential = builder.map(
                    "shifted_exponential", ["x": x, "shift": shift], .exponential(.argument(0) - .argument(1)))
                let total = builder.apply(sum, exponential, attributes: kept)
                let result = builder.map("log_sum_exp", ["total": total, "shift": shift], .logarithm(.argument(0)) + .argument(1))
                return builder.type(of: result) == reduction.type
                    ? result : builder.apply(reshape, result, attributes: ["shape": .shape(reduction.type.shape)])
            }
        },
        gradient: .derived, onnx: [ONNXForm("ReduceLogSumExp", [.axes], ofNothing: -.infinity)], examples: reductionExamples)

    private static let correction = OperatorParameter(
        "correction", .integer, default: .integer(1), "what is taken from the number of elements: 1 for an unbiased estimate, 0 for none")
    private static let varianceExamples: [OperatorExample] = [
        OperatorExample("each channel", [.f32(2, 5, 3, 4)], ["axes": .integers([0, 2, 3])]),
        OperatorExample(
            "each plane, biased", [.f32(2, 20, 3, 3)], ["axes": .integers([2, 3]), "keep": .boolean(true), "correction": .integer(0)]),
        OperatorExample("each row", [.f32(3, 20)], ["axes": .integer(-1)]),
    ]
}

extension Scalar {
    /// The root of what is not negative, whose derivative at 0 counts as 0.
    static func safeRoot(_ a: Scalar) -> Scalar { .select(.equal, a, 0, then: 0, otherwise: .squareRoot(a)) }

    /// `a` to the power `exponent` above 0, of what is not negative; the derivative at 0 counts as 0.
    static func positivePower(_ a: Scalar, _ exponent: Scalar) -> Scalar {
        .select(.equal, a, 0, then: 0, otherwise: .exponential(exponent * .logarithm(a)))
    }
}

extension Checker {
    fileprivate func variance() throws(TypeError) -> Reduction {
        let reduction = try self.reduction()
        let correction = signature.attributes.integer("correction")
        try check([correction], "correction", atLeast: 0)
        if let count = Shape(reduction.axes.map { reduction.operand[$0] }).elementCount, count <= correction {
            throw error("has \(count) elements to take the variance of, and a 'correction' of \(correction)", parameter: "correction")
        }
        return reduction
    }

    fileprivate func norm() throws(TypeError) -> Reduction {
        _ = try number("p", in: 0.0.nextUp..<Double.infinity, "above 0")
        return try reduction()
    }
}
