import Graph

/// The smallest element, and where the largest and smallest stand.
extension Operator {
    /// The smallest value over axes; its gradient is shared equally among equal smallest ones, as that of `max` and of `torch.amin` is.
    public static let minimumOverAxes: Operator = Operator(
        "min", "Takes the smallest value over axes.", inputs: reductionInputs, parameters: reductionParameters,
        geometry: Checker.reduction, type: \.type,
        lowering: { _, _ in
            .composite { context in
                let builder = context.builder
                let negated = builder.map("negate", ["x": context.operands[0]], -.argument(0))
                let largest = builder.apply(max, [negated], context.signature.attributes)
                return builder.map("negate", ["x": largest], -.argument(0))
            }
        },
        gradient: .derived, onnx: [ONNXForm("ReduceMin", [.axes], ofNothing: .infinity)], examples: reductionExamples)

    /// The position of the first largest element, a number of f32; a NaN counts as larger than all numbers.
    public static let argmax: Operator = Operator(
        "argmax", "Finds the position of the largest element over axes, counted row by row; no gradient flows.",
        inputs: reductionInputs, parameters: reductionParameters,
        geometry: Checker.position, type: \.type,
        lowering: { reduction, _ in .reduction(reduction.formula(.positionOfMaximum)) },
        gradient: .stops, onnx: [ONNXForm("ArgMax", [.soleAxis], result: .position)], examples: reductionExamples)

    /// The position of the first smallest element.
    public static let argmin: Operator = Operator(
        "argmin", "Finds the position of the smallest element over axes, counted row by row; no gradient flows.",
        inputs: reductionInputs, parameters: reductionParameters,
        geometry: Checker.position, type: \.type,
        lowering: { _, _ in
            .composite { context in
                let negated = context.builder.map("negate", ["x": context.operands[0]], -.argument(0))
                return context.builder.apply(argmax, [negated], context.signature.attributes)
            }
        },
        gradient: .stops, onnx: [ONNXForm("ArgMin", [.soleAxis], result: .position)], examples: reductionExamples)
}

extension Checker {
    /// Checks that f32 holds every position of so many exactly.
    func checkPositions(_ count: Int, parameter: String) throws(TypeError) {
        guard count <= 1 << 24 else {
            throw error("cannot number more than 2^24 positions", repair: "f32 holds no larger integers exactly", parameter: parameter)
        }
    }

    fileprivate func position() throws(TypeError) -> Reduction {
        let reduction = try self.reduction()
        var count = 1
        for axis in reduction.axes {
            count = count.multipliedReportingOverflow(by: reduction.operand[axis].value ?? 1).partialValue
            try checkPositions(count, parameter: "axes")
        }
        return reduction
    }
}
