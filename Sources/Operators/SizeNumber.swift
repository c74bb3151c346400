import Graph

extension Operator {
    /// What `x / (H * W)` divides by: a constant once the sizes are bound.
    public static let size: Operator = Operator(
        "size", "Makes a number of a size.", inputs: [],
        parameters: [
            OperatorParameter("value", .extent, "the size"),
            OperatorParameter("divisor", .integer, default: .integer(1), "what it is divided by"),
        ],
        isInLanguage: false,
        type: { (check) throws(TypeError) in
            let attributes = check.signature.attributes
            try check.check([attributes.integer("divisor")], "divisor", atLeast: 1, atMost: 1 << 31)
            if case .size(let size) = attributes.extents("value")[0], size.isUnbounded {
                throw check.error("cannot take a size that is too long or too large an expression", parameter: "value")
            }
            return .f32()
        },
        lowering: { signature in
            .elementwise(
                .constant(Double(signature.attributes.extents("value")[0].number) / Double(signature.attributes.integer("divisor"))))
        },
        gradient: .stops,
        examples: [
            OperatorExample("a number", [], ["value": .integer(12)]),
            OperatorExample("a half", [], ["value": .integer(-7), "divisor": .integer(2)]),
        ])
}
