import Graph
import Operators

/// How one of the catalog's operators is written in ONNX: a row an operator. Composite ones without a row are written as what they are made of.
struct ExportRule: Sendable {
    let operation: Operator
    /// Whether a use of a composite operator is written whole.
    let takes: @Sendable (Signature) -> Bool
    /// Appends the nodes, and gives the name of the result.
    let write: @Sendable (ExportScope, Value) throws(ImportFault) -> String

    init(
        _ operation: Operator, takes: @escaping @Sendable (Signature) -> Bool = { _ in true },
        _ write: @escaping @Sendable (ExportScope, Value) throws(ImportFault) -> String
    ) {
        self.operation = operation
        self.takes = takes
        self.write = write
    }

    /// A row for an operator that is one of ONNX's, element by element.
    init(_ operation: Operator, _ name: String) {
        self.init(operation) { (scope, value) throws(ImportFault) in scope.node(name, try scope.aligned(value)) }
    }

    /// All rows, by the operator's name.
    static let all: [String: ExportRule] = Dictionary(
        uniqueKeysWithValues: (elementwise + contractions + windows + reductions + views + normalizations).map { ($0.operation.name, $0) })

    private static let elementwise: [ExportRule] =
        [
            ExportRule(.add, "Add"), ExportRule(.subtract, "Sub"), ExportRule(.multiply, "Mul"), ExportRule(.divide, "Div"),
            ExportRule(.maximum, "Max"), ExportRule(.minimum, "Min"), ExportRule(.power, "Pow"),
            ExportRule(.map) { (scope, value) throws(ImportFault) in try ExportedFunction(scope, value).write() },
            ExportRule(.parametricRectifier) { (scope, value) throws(ImportFault) in scope.node("PRelu", try scope.aligned(value)) },
            ExportRule(.detach) { (scope, value) throws(ImportFault) in scope.operands(value)[0] },
            ExportRule(.notEqual) { (scope, value) throws(ImportFault) in
                number(scope, scope.step("Not", [scope.step("Equal", try scope.aligned(value))]))
            },
            ExportRule(.oneHot) { (scope, value) throws(ImportFault) in
                let classes = scope.node(value).attributes.integer("classes")
                let label = scope.positions(scope.node(value).operands[0])
                return scope.node(
                    "OneHot", [label, scope.integers([classes]), scope.constant(shape: [2], [0, 1])], [.integer("axis", -1)])
            },
            ExportRule(.elementCount) { (scope, value) throws(ImportFault) in
                guard let count = scope.node(value).attributes.shape("shape").elementCount else {
                    throw .unsupported("sizes that are no numbers")
                }
                return scope.scalar(Double(count))
            },
            ExportRule(.choose) { (scope, value) throws(ImportFault) in
                let operands = try scope.aligned(value)
                let condition = scope.step("Cast", [operands[0]], [.integer("to", Int(ElementCode.bool.number))])
                return scope.node("Where", [condition, operands[1], operands[2]])
            },
        ]
        + [
            (Operator.less, "Less"), (.lessOrEqual, "LessOrEqual"), (.greater, "Greater"), (.greaterOrEqual, "GreaterOrEqual"),
            (.equal, "Equal"),
        ].map { operation, name in
            ExportRule(operation) { (scope, value) throws(ImportFault) in
                number(scope, scope.step(name, try scope.aligned(value)))
            }
        }

    /// Truth values as numbers.
    private static func number(_ scope: ExportScope, _ decided: String) -> String {
        scope.node("Cast", [decided], [.integer("to", Int(ElementCode.f32.number))])
    }

    private static let reductions: [ExportRule] =
        [
            (Operator.sum, "ReduceSum"), (.mean, "ReduceMean"), (.max, "ReduceMax"), (.minimumOverAxes, "ReduceMin"),
            (.product, "ReduceProd"),
            (.logSumExponential, "ReduceLogSumExp"),
        ].map { operation, name in
            ExportRule(operation) { (scope, value) throws(ImportFault) in try reduced(scope, value, name) }
        }
        + [
            ExportRule(.norm, takes: { [1, 2].contains($0.attributes.number("p")) }) { (scope, value) throws(ImportFault) in
                try reduced(scope, value, scope.node(value).attributes.number("p") == 1 ? "ReduceL1" : "ReduceL2")
            },
            ExportRule(.firstElement) { (scope, value) throws(ImportFault) in
                let operand = scope.node(value).operands[0]
                let given = scope.node(value).attributes.integers("axes")
                let axes = given.isEmpty ? Array(0..<scope.shape(operand).rank) : given
                let ends = [axes.map { _ in 0 }, axes.map { _ in 1 }, axes].map { scope.integers($0) }
                return try scope.reshaped(scope.step("Slice", [scope.name(operand)] + ends), to: scope.shape(value))
            },
            ExportRule(.argmax) { (scope, value) throws(ImportFault) in try position(scope, value, "ArgMax") },
            ExportRule(.argmin, takes: { $0.attributes.integers("axes").count == 1 }) { (scope, value) throws(ImportFault) in
                try position(scope, value, "ArgMin")
            },
            ExportRule(.topK) { (scope, value) throws(ImportFault) in
                let attributes = scope.node(value).attributes
                let part = attributes.integer("part")
                let results = scope.several(
                    "TopK", [scope.operands(value)[0], scope.integers([attributes.integer("count")])],
                    [.integer("axis", attributes.integer("axis")), .boolean("largest", attributes.boolean("largest"))], count: 2)
                return part == 0 ? scope.node("Identity", [results[0]]) : number(scope, results[1])
            },
            ExportRule(.cumulativeSum) { (scope, value) throws(ImportFault) in
                let attributes = scope.node(value).attributes
                return scope.node(
                    "CumSum", [scope.operands(value)[0], scope.integers([attributes.integer("axis")], isScalar: true)],
                    [.boolean("reverse", attributes.boolean("reverse"))])
            },
            ExportRule(.gather) { (scope, value) throws(ImportFault) in
                let operands = scope.node(value).operands
                let (shape, places) = (scope.shape(operands[0]), scope.shape(operands[1]))
                let axis = scope.node(value).attributes.integer("axis")
                var positions = scope.positions(operands[1])
                var target = places.dimensions
                let place = axis < 0 ? axis + shape.rank : axis
                for other in target.indices where other != place { target[other] = shape[other] }
                if Shape(target) != places {
                    positions = scope.step("Expand", [positions, scope.integers(target.map { $0.value ?? 1 })])
                }
                return scope.node("GatherElements", [scope.name(operands[0]), positions], [.integer("axis", axis)])
            },
            ExportRule(.embedding) { (scope, value) throws(ImportFault) in
                let operands = scope.node(value).operands
                return scope.node("Gather", [scope.name(operands[1]), scope.positions(operands[0])], [.integer("axis", 0)])
            },
        ]

    private static func reduced(_ scope: ExportScope, _ value: Value, _ name: String) throws(ImportFault) -> String {
        let attributes = scope.node(value).attributes
        let axes = attributes.integers("axes")
        return scope.node(
            name, scope.operands(value) + (axes.isEmpty ? [] : [scope.integers(axes)]), [.boolean("keepdims", attributes.boolean("keep"))])
    }

    private static func position(_ scope: ExportScope, _ value: Value, _ name: String) throws(ImportFault) -> String {
        let attributes = scope.node(value).attributes
        let axes = attributes.integers("axes")
        guard axes.count == 1 else { throw .unsupported("positions over \(axes.isEmpty ? "all" : "\(axes.count)") axes") }
        let place = scope.step(name, scope.operands(value), [.integer("axis", axes[0]), .boolean("keepdims", attributes.boolean("keep"))])
        return scope.node("Cast", [place], [.integer("to", Int(ElementCode.f32.number))])
    }
}
