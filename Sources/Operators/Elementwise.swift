import Graph

extension Operator {
    /// `map(x, …; function: f)`: any scalar function, element by element. Activations of the language become this.
    public static let map: Operator = Operator(
        "map", "Applies a scalar function to the elements of its operands, element by element.",
        inputs: [OperatorInput("operands", variadic: true, "the function's arguments; scalars and one value a channel are repeated")],
        parameters: [OperatorParameter("function", .function, "the function of one element of each operand")],
        type: { (check) throws(TypeError) in
            let function = check.signature.attributes.function("function")
            let count = check.signature.operands.count
            guard function.parameters.count == count, function.body.arity <= count else {
                throw check.error(
                    "got \(count) operands for the function '\(function.name)' of \(function.parameters.count)",
                    parameter: "function")
            }
            return try check.result(check.broadcastShape().dimensions)
        },
        lowering: { .elementwise($0.attributes.function("function").body) },
        gradient: .derived,
        examples: [
            OperatorExample("relu", [.f32(2, 5, 3, 4)], ["function": .function(.exampleRelu)]),
            OperatorExample(
                "three operands, two of them repeated", [.f32(2, 3, 4, 4), .f32(3), .f32()], ["function": .function(.exampleAffine)]),
            OperatorExample(
                "a label against a table of classes", [.f32(4, 5), TensorType(.i32, [4, 1])],
                ["function": .function(.exampleSelect)], values: [.normal, .labels(below: 5)]),
            OperatorExample("repeats both ways", [.f32(2, 3, 1, 1), .f32(1, 1, 4, 5)], ["function": .function(.exampleProduct)]),
        ])

    public static let add: Operator = arithmetic(
        "add", "Adds two tensors element by element.", .argument(0) + .argument(1),
        onnx: [ONNXForm("Add", operands: .repeated), ONNXForm("Sum", operands: .many)])
    public static let subtract: Operator = arithmetic(
        "subtract", "Subtracts the second tensor from the first.", .argument(0) - .argument(1), onnx: [ONNXForm("Sub", operands: .repeated)]
    )
    public static let multiply: Operator = arithmetic(
        "multiply", "Multiplies two tensors element by element.", .argument(0) * .argument(1), onnx: [ONNXForm("Mul", operands: .repeated)])
    public static let divide: Operator = arithmetic(
        "divide", "Divides the first tensor by the second.", .argument(0) / .argument(1), values: [.normal, .positive],
        onnx: [ONNXForm("Div", operands: .repeated)])
    public static let maximum: Operator = arithmetic(
        "maximum", "Takes the larger of two tensors' elements.", .maximum(.argument(0), .argument(1)),
        onnx: [ONNXForm("Max", operands: .many)])
    public static let minimum: Operator = arithmetic(
        "minimum", "Takes the smaller of two tensors' elements.", .minimum(.argument(0), .argument(1)),
        onnx: [ONNXForm("Min", operands: .many)])

    private static func arithmetic(
        _ name: String, _ summary: String, _ expression: Scalar, values: [OperatorExample.Values] = [], onnx: [ONNXForm]
    ) -> Operator {
        Operator(
            name, summary,
            inputs: [
                OperatorInput("a", "the first tensor"),
                OperatorInput("b", "the second: of the same shape, a scalar, one value a channel, or with extents of 1"),
            ],
            type: { (check) throws(TypeError) in
                for (index, type) in check.signature.operands.enumerated() where type.element != .f32 {
                    throw check.error("takes f32 tensors, but its \(Checker.ordinal(index)) operand is \(type)", operand: index)
                }
                return try check.result(check.broadcastShape().dimensions)
            },
            lowering: { _ in .elementwise(expression) },
            gradient: .derived, onnx: onnx,
            examples: [
                OperatorExample("equal shapes", [.f32(2, 3, 4, 5), .f32(2, 3, 4, 5)], values: values),
                OperatorExample("one value a channel", [.f32(2, 20, 3, 3), .f32(20)], values: values),
                OperatorExample("one value for all channels", [.f32(2, 5, 3, 3), .f32(1)], values: values),
                OperatorExample("a scalar first", [.f32(), .f32(3, 5)], values: values),
                OperatorExample("extents of 1", [.f32(2, 5, 3, 4), .f32(2, 5, 1, 1)], values: values),
            ])
    }
}

extension ScalarFunction {
    static let exampleRelu = ScalarFunction("relu", ["x"], .maximum(.argument(0), 0))
    static let exampleAffine = ScalarFunction("affine", ["x", "scale", "shift"], .argument(0) * .argument(1) + .argument(2))
    static let exampleProduct = ScalarFunction("product", ["a", "b"], .argument(0) * .unary(.hyperbolicTangent, .argument(1)))
    static let exampleSelect = ScalarFunction(
        "pick", ["x", "label"], .select(.equal, .argument(1), .coordinate(1), then: .argument(0) * .argument(0), otherwise: 0))
}

extension GraphBuilder {
    /// A scalar function of tensors, element by element: for the rules of operators.
    ///
    /// - Parameter operands: with the names that the function's parameters get in the graph's text.
    func map(_ name: String, _ operands: KeyValuePairs<String, Value>, _ body: Scalar) -> Value {
        map(name, operands.map { ($0.key, $0.value) }, body)
    }

    /// Applies the scalar function `name(parameters) = body` element by element.
    public func map(_ name: String, _ operands: [(String, Value)], _ body: Scalar) -> Value {
        apply(.map, operands.map(\.1), ["function": .function(ScalarFunction(name, operands.map(\.0), body))])
    }
}
