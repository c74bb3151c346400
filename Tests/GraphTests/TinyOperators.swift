import Graph

/// Operators that exist for these tests only: one with every kind of parameter, and a variadic one.
enum TinyOperators {
    static let everything = Operator(
        "everything", "Takes a parameter of every kind.",
        inputs: [OperatorInput("x", .operand, "any tensor"), OperatorInput("y", .operand, "a tensor of the same type")],
        parameters: [
            OperatorParameter("count", .integer, default: .integer(3), "an integer"),
            OperatorParameter("slope", .number, default: .number(0.5), "a number"),
            OperatorParameter("fast", .boolean, default: .boolean(true), "a switch"),
            OperatorParameter("kernel", .pair, default: .integer(1), "a pair"),
            OperatorParameter("pad", .integers, default: .integers([]), "a list"),
            OperatorParameter("border", .padding, default: .integers([0]), "integers or a word"),
            OperatorParameter("note", .text, default: .text(""), "a text"),
            OperatorParameter("function", .function, "a function"),
            OperatorParameter("target", .shape, default: .shape([]), "a shape"),
        ],
        inferType: { signature throws(TypeError) in
            guard signature.operands[0] == signature.operands[1] else {
                throw TypeError("'x' is \(signature.operands[0]), but 'y' is \(signature.operands[1])", repair: "make them equal")
            }
            return signature.operands[0]
        },
        lowering: { _ in .elementwise(.argument(0)) }, gradient: .stops, examples: [])

    static let join = Operator(
        "join", "Joins tensors along their first axis.", inputs: [OperatorInput("parts", .operand, variadic: true, "tensors of one type")],
        inferType: { signature throws(TypeError) in
            var type = signature.operands[0]
            guard let extent = type.shape.dimensions.first?.value else { throw TypeError("the first axis must have a fixed extent") }
            type.shape[0] = .fixed(extent * signature.operands.count)
            return type
        },
        lowering: { _ in .view(.concatenate(axis: 0)) }, gradient: .stops, examples: [])

    static let catalog = OperatorCatalog([everything, join])
    static let relu = ScalarFunction("relu", ["x"], .maximum(.argument(0), 0))
}
