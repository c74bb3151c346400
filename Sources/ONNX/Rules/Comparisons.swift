import Graph
import Operators

extension ImportRule {
    /// What decides, and what is decided: truth values are 1 and 0 in the graph.
    static let comparisons: [ImportRule] =
        [("And", "both(x, y)"), ("Or", "either(x, y)"), ("Xor", "exclusive_either(x, y)")].map { name, call in
            ImportRule(name) { (scope) throws(ImportFault) in
                try scope.result(scope.map(ModelActivations.function(call), scope.repeated()), .bool)
            }
        }
        + [
            ImportRule("Not") { (scope) throws(ImportFault) in
                try scope.result(scope.map(ModelActivations.function("negated(x)"), [scope.value(0)]), .bool)
            },
            ImportRule("IsNaN") { (scope) throws(ImportFault) in
                try scope.result(scope.map(ModelActivations.function("is_nan(x)"), [scope.value(0)]), .bool)
            },
            ImportRule("Where") { (scope) throws(ImportFault) in
                try scope.requireFloating(1..<3, orNarrow: true)
                return try scope.result(scope.apply(.choose, scope.aligned()), scope.element(1))
            },
        ]
}
