import Graph

extension Scalar {
    /// `base` to the power `exponent`.
    ///
    /// A constant exponent that is a small whole number becomes multiplications, one with a half a root besides; other powers are
    /// `exp(exponent * log(base))`: NaN for negative bases, and of a derivative that counts as 0 at 0. An exponent that is no constant may
    /// be whole for negative bases, too.
    public static func power(_ base: Scalar, _ exponent: Scalar) -> Scalar {
        if case .constant(let exponent) = exponent {
            if abs(exponent) <= largestWhole, let whole = Int(exactly: exponent) { return wholePower(base, whole) }
            if abs(exponent) <= largestWhole, let whole = Int(exactly: exponent - 0.5) {
                let root = Scalar.squareRoot(base)
                return whole < 0 ? 1 / (wholePower(base, -whole - 1) * root) : wholePower(base, whole) * root
            }
            let power = Scalar.exponential(.constant(exponent) * .logarithm(base))
            return exponent > 0 ? .select(.equal, base, 0, then: 0, otherwise: power) : power
        }
        let size = Scalar.exponential(exponent * .logarithm(.unary(.absolute, base)))
        let half = exponent * 0.5
        let isEven = { (then: Scalar, otherwise: Scalar) -> Scalar in
            .select(.equal, .unary(.floor, half), half, then: then, otherwise: otherwise)
        }
        // The logarithm of a negative number is none, and neither is a power of it with a part of a whole.
        let negative = isEven(
            size, .select(.equal, .unary(.floor, exponent), exponent, then: -size, otherwise: .logarithm(base) * size))
        let atZero = Scalar.select(
            .equal, exponent, 0, then: 1, otherwise: .select(.less, 0, exponent, then: 0, otherwise: 1 / .unary(.absolute, base)))
        return .select(.equal, base, 0, then: atZero, otherwise: .select(.less, base, 0, then: negative, otherwise: size))
    }

    private static let largestWhole = 32.0

    /// By squaring, so that few roundings add up.
    private static func wholePower(_ base: Scalar, _ exponent: Int) -> Scalar {
        switch exponent {
        case ..<0: return 1 / wholePower(base, -exponent)
        case 0: return 1
        case 1: return base
        default:
            let half = wholePower(base, exponent / 2)
            return exponent % 2 == 0 ? half * half : half * half * base
        }
    }
}

extension Operator {
    /// As `torch.pow` has it. A number as the exponent becomes products and roots where it can.
    public static let power: Operator = Operator(
        "power", "Raises a tensor to a power, element by element.",
        inputs: [OperatorInput("x", "the base"), OperatorInput("exponent", "the exponent, a number or a tensor that is repeated")],
        type: { (check) throws(TypeError) in
            for (index, type) in check.signature.operands.enumerated() where type.element != .f32 {
                throw check.error("takes f32 tensors, but its \(Checker.ordinal(index)) operand is \(type)", operand: index)
            }
            return try check.result(check.broadcastShape().dimensions)
        },
        lowering: { signature in
            .composite { context in
                let builder = context.builder
                let (x, exponent) = (context.operands[0], context.operands[1])
                guard let constant = builder.graph[exponent].constant else {
                    return builder.map("power", ["x": x, "exponent": exponent], .power(.argument(0), .argument(1)))
                }
                if constant == 0 {
                    return builder.apply(broadcast, builder.constant(1), attributes: ["shape": .shape(signature.operands[0].shape)])
                }
                return builder.map("power", ["x": x], .power(.argument(0), .constant(constant)))
            }
        },
        gradient: .derived, onnx: [ONNXForm("Pow", operands: .repeated)],
        examples: [
            OperatorExample("each element its own", [.f32(2, 3, 4), .f32(2, 3, 4)], values: [.positive]),
            OperatorExample("one exponent a channel", [.f32(2, 20, 3), .f32(20)], values: [.positive]),
        ])
}
