import Graph

extension Operator {
    /// The p-norm of each window, as `torch.nn.functional.lp_pool2d` has it for an even `p`; of sizes for any other. Where a window is zero
    /// no gradient flows.
    public static let powerPool: Operator = Operator(
        "lp_pool", "Takes the p-norm of each window.",
        inputs: [OperatorInput("x", "the image [N, C, H, W]")],
        parameters: poolingParameters + [
            OperatorParameter("p", .number, default: .number(2), "1 for sums of sizes, 2 for Euclidean lengths, any number above 0")
        ],
        geometry: Checker.powerPooling, type: \.resultType,
        lowering: { pooling, signature in
            .composite { context in
                let builder = context.builder
                let p = signature.attributes.number("p")
                let size = Scalar.unary(.absolute, .argument(0))
                let power: Scalar =
                    switch p {
                    case 1: size
                    case 2: .argument(0) * .argument(0)
                    default: .positivePower(size, .constant(p))
                    }
                let powers = builder.map("power", ["x": context.operands[0]], power)
                let mean = builder.apply(averagePool, [powers], signature.attributes.only("kernel", "stride", "pad", "ceil"))
                let total = Scalar.argument(0) * .constant(Double(pooling.window.vertical.kernel * pooling.window.horizontal.kernel))
                let root = p == 1 ? total : p == 2 ? Scalar.safeRoot(total) : .positivePower(total, .constant(1 / p))
                return builder.map("root", ["mean": mean], root)
            }
        },
        gradient: .derived,
        // ONNX does not scale the sum of a last window that does not fit.
        onnx: [
            ONNXForm("LpPool", [.window(isPool: true), .whole("p", of: "p", default: 2)]) { signature in
                guard signature.attributes.boolean("ceil") else { return true }
                let fitting = Signature(signature.operands, signature.attributes.with(["ceil": .boolean(false)]))
                guard let type = try? powerPool.inferType(fitting) else { return false }
                return (try? powerPool.inferType(signature)) == type
            }
        ],
        examples: [
            OperatorExample("lengths", [.f32(2, 5, 6, 4)], ["kernel": .integer(2)]),
            OperatorExample(
                "cubes, overlapping and padded", [.f32(1, 20, 7, 8)],
                ["kernel": .integer(3), "stride": .integer(2), "pad": .integer(1), "p": .number(3)]),
            OperatorExample("sums of sizes", [.f32(1, 3, 4, 6)], ["kernel": .integers([2, 3]), "p": .number(1)]),
        ])
}

extension Checker {
    fileprivate func powerPooling() throws(TypeError) -> Pooling {
        _ = try number("p", in: 0.0.nextUp..<Double.infinity, "above 0")
        return try pooling()
    }
}
