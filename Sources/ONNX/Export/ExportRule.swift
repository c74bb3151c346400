import Graph
import Operators

/// How uses of one of the catalog's operators are written where no form in its row says it: a row an operator.
///
/// Composite operators that have neither are written as what they are made of.
struct ExportRule: Sendable {
    let operation: Operator
    /// Whether a use is written by this rule.
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

    /// The rule for a use of an operator: one of its own, or one that a form in its row makes; nil where ONNX has no such operator.
    static func rule(for operation: Operator, _ signature: Signature) -> ExportRule? {
        if let own = all[operation.name], own.takes(signature) { return own }
        guard let form = operation.onnx.first(where: { $0.canWrite(operation, signature) }) else { return nil }
        return ExportRule(operation) { (scope, value) throws(ImportFault) in try scope.write(value, as: form) }
    }

    /// All rows, by the operator's name.
    static let all: [String: ExportRule] = Dictionary(
        uniqueKeysWithValues: (elementwise + contractions + windows + reductions + views + normalizations + omissions).map {
            ($0.operation.name, $0)
        })

    private static let elementwise: [ExportRule] = [
        ExportRule(.map) { (scope, value) throws(ImportFault) in try ExportedFunction(scope, value).write() },
        ExportRule(.parametricRectifier) { (scope, value) throws(ImportFault) in scope.node("PRelu", try scope.aligned(value)) },
        ExportRule(.detach) { (scope, value) throws(ImportFault) in scope.operands(value)[0] },
        ExportRule(.notEqual) { (scope, value) throws(ImportFault) in
            scope.number(scope.step("Not", [scope.step("Equal", try scope.aligned(value))]))
        },
        ExportRule(.oneHot) { (scope, value) throws(ImportFault) in
            let classes = scope.node(value).attributes.integer("classes")
            let label = scope.positions(scope.node(value).operands[0])
            return scope.node(
                "OneHot", [label, scope.integers([classes]), scope.constant(shape: [2], [0, 1])], [.integer("axis", -1)])
        },
        ExportRule(.elementCount) { (scope, value) throws(ImportFault) in
            let shape = scope.node(value).attributes.shape("shape")
            if let count = shape.elementCount { return scope.scalar(Double(count)) }
            let count = scope.step("ReduceProd", [try scope.sizes(shape)], [.boolean("keepdims", false)])
            return scope.number(count)
        },
        ExportRule(.choose) { (scope, value) throws(ImportFault) in
            let operands = try scope.aligned(value)
            let condition = scope.step("Cast", [operands[0]], [.integer("to", Int(ElementCode.bool.number))])
            return scope.node("Where", [condition, operands[1], operands[2]])
        },
    ]

    private static let reductions: [ExportRule] = [
        ExportRule(.firstElement) { (scope, value) throws(ImportFault) in
            let operand = scope.node(value).operands[0]
            let given = scope.node(value).attributes.integers("axes")
            let axes = given.isEmpty ? Array(0..<scope.shape(operand).rank) : given
            let ends = [axes.map { _ in 0 }, axes.map { _ in 1 }, axes].map { scope.integers($0) }
            return try scope.reshaped(scope.step("Slice", [scope.name(operand)] + ends), to: scope.shape(value))
        },
        ExportRule(.topK) { (scope, value) throws(ImportFault) in
            let attributes = scope.node(value).attributes
            let part = attributes.integer("part")
            let results = scope.several(
                "TopK", [scope.operands(value)[0], scope.integers([attributes.integer("count")])],
                [.integer("axis", attributes.integer("axis")), .boolean("largest", attributes.boolean("largest"))], count: 2)
            return part == 0 ? scope.node("Identity", [results[0]]) : scope.number(results[1])
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
            let place = axis < 0 ? axis + shape.rank : axis
            var positions = scope.positions(operands[1])
            var target = places
            for other in target.dimensions.indices where other != place { target[other] = shape[other] }
            if target == places {
                return scope.node("GatherElements", [scope.name(operands[0]), positions], [.integer("axis", axis)])
            }
            // The same positions everywhere are those of whole rows, planes and so on.
            let areCommon = places.dimensions.enumerated().allSatisfy { $0.offset == place || $0.element == 1 }
            if areCommon, let count = places[place].value {
                let row = try scope.reshaped(positions, to: [.fixed(count)], isLast: false)
                return scope.node("Gather", [scope.name(operands[0]), row], [.integer("axis", axis)])
            }
            positions = scope.step("Expand", [positions, try scope.sizes(target, repeating: operands[1])])
            return scope.node("GatherElements", [scope.name(operands[0]), positions], [.integer("axis", axis)])
        },
        ExportRule(.embedding) { (scope, value) throws(ImportFault) in
            let operands = scope.node(value).operands
            return scope.node("Gather", [scope.name(operands[1]), scope.positions(operands[0])], [.integer("axis", 0)])
        },
    ]
}
