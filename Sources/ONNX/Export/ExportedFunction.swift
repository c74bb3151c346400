import Graph
import Operators

/// A scalar function of the graph in ONNX: one of its activations where it is one, else its expression, a node an operation.
struct ExportedFunction {
    private let scope: ExportScope
    private let value: Value
    private let function: ScalarFunction

    init(_ scope: ExportScope, _ value: Value) {
        (self.scope, self.value) = (scope, value)
        function = scope.node(value).attributes.function("function")
    }

    func write() throws(ImportFault) -> String {
        let operands = try scope.aligned(value)
        if operands.count == 1 {
            let body = function.body
            func isCall(_ call: String) -> Bool { (try? ModelActivations.function(call))?.body == body }
            func isForm(_ form: ActivationForm, _ numbers: [Double] = []) -> Bool { (try? form.function(numbers))?.body == body }
            for form in ActivationForm.all where form.numbers.isEmpty && isForm(form) { return scope.node(form.name, operands) }
            if isCall("gelu(x)") { return scope.node("Gelu", operands) }
            if isCall("selu(x)") { return scope.node("Selu", operands) }
            if isCall("gelu_tanh(x)") {
                return scope.node("Gelu", operands, [.text("approximate", "tanh")])
            }
            if isCall("hard_sigmoid(x)") {
                return scope.node("HardSigmoid", operands, [.number("alpha", 1 / 6.0), .number("beta", 0.5)])
            }
            if isCall("silu(x)") {
                return scope.node("Mul", [operands[0], scope.step("Sigmoid", operands)])
            }
            for form in ActivationForm.all where form.numbers.count == 1 {
                for number in [1] + body.constants where isForm(form, [number]) {
                    return scope.node(form.name, operands, [.number(form.numbers[0].attribute, number)])
                }
            }
            if case .binary(.minimum, .binary(.maximum, .argument(0), .constant(let low)), .constant(let high)) = body {
                return scope.node("Clip", [operands[0], scope.scalar(low), scope.scalar(high)])
            }
        }
        var made: [Scalar: String] = [:]
        return try write(function.body, operands, &made, isLast: true)
    }

    /// The name of an expression's value; what occurs several times is written once.
    private func write(
        _ expression: Scalar, _ operands: [String], _ made: inout [Scalar: String], isLast: Bool = false
    ) throws(ImportFault) -> String {
        if let known = made[expression] { return known }
        func node(_ name: String, _ inputs: [String], _ attributes: [WireAttribute] = []) -> String {
            scope.node(name, inputs, attributes, isLast: isLast)
        }
        func part(_ expression: Scalar) throws(ImportFault) -> String { try write(expression, operands, &made) }
        let name: String
        switch expression {
        case .constant(let number): name = scope.scalar(number)
        case .argument(let index): name = isLast ? node("Identity", [operands[index]]) : operands[index]
        case .coordinate(let axis): name = try coordinate(axis)
        case .unary(let function, let x): name = try unary(function, part(x), node)
        case .binary(let function, let a, let b):
            name = node(Self.name(function), [try part(a), try part(b)])
        case .select(let comparison, let a, let b, let then, let otherwise):
            let operation = comparison == .less ? "Less" : comparison == .equal ? "Equal" : "LessOrEqual"
            let condition = scope.step(operation, [try part(a), try part(b)])
            name = node("Where", [condition, try part(then), try part(otherwise)])
        case .uniform: throw .unsupported("random numbers")
        }
        made[expression] = name
        return name
    }

    private static func name(_ function: BinaryFunction) -> String {
        switch function {
        case .add: "Add"
        case .subtract: "Sub"
        case .multiply: "Mul"
        case .divide: "Div"
        case .maximum: "Max"
        case .minimum: "Min"
        }
    }

    private func unary(
        _ function: UnaryFunction, _ x: String, _ node: (String, [String], [WireAttribute]) -> String
    ) throws(ImportFault) -> String {
        switch function {
        case .negate: node("Neg", [x], [])
        case .absolute: node("Abs", [x], [])
        case .reciprocal: node("Reciprocal", [x], [])
        case .squareRoot: node("Sqrt", [x], [])
        case .exponential: node("Exp", [x], [])
        case .logarithm: node("Log", [x], [])
        case .hyperbolicTangent: node("Tanh", [x], [])
        case .errorFunction: node("Erf", [x], [])
        case .floor: node("Floor", [x], [])
        case .logistic: node("Sigmoid", [x], [])
        case .softplus: node("Softplus", [x], [])
        case .exponentialMinusOne: node("Sub", [scope.step("Exp", [x]), scope.scalar(1)], [])
        case .logarithmOfOnePlus: node("Log", [scope.step("Add", [x, scope.scalar(1)])], [])
        case .gaussian: node("Exp", [scope.step("Neg", [scope.step("Mul", [x, x])])], [])
        case .normalDistribution:
            node(
                "Mul",
                [
                    scope.step("Add", [scope.step("Erf", [scope.step("Mul", [x, scope.scalar(0.5.squareRoot())])]), scope.scalar(1)]),
                    scope.scalar(0.5),
                ], [])
        }
    }

    /// The positions along an axis of the result.
    private func coordinate(_ axis: Int) throws(ImportFault) -> String {
        let shape = scope.shape(value)
        guard let extent = shape[axis].value else { throw .openBatch(shape[axis]) }
        var extents = [Int](repeating: 1, count: shape.rank)
        extents[axis] = extent
        return scope.constant(shape: extents, (0..<extent).map(Float.init))
    }
}

extension Scalar {
    /// The constants that occur.
    fileprivate var constants: [Double] {
        if case .constant(let number) = self { return [number] }
        return children.flatMap(\.constants)
    }
}
