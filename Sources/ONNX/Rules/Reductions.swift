import Graph
import Interchange
import Operators

extension ImportRule {
    /// Sums of what elements become first, logarithms of sums, and positions of extremes.
    static let reductions: [ImportRule] = [
        ImportRule("ReduceSumSquare") { (scope) throws(ImportFault) in
            try sum(scope, ofNothing: 0) { (x) throws(ImportFault) in try scope.apply(.multiply, [x, x]) }
        },
        ImportRule("ReduceLogSum") { (scope) throws(ImportFault) in
            let sums = try sum(scope, ofNothing: -.infinity) { (x) throws(ImportFault) in x }
            guard case .computed(let value, _)? = sums.first else { return sums }
            return try scope.result(scope.wholeWhereIntegers(scope.map(ModelActivations.function("log(x)"), [value])))
        },
        position("ArgMax", .argmax), position("ArgMin", .argmin), cumulative, topK,
    ]

    /// - Parameter change: what the elements become before they are summed up.
    private static func sum(
        _ scope: NodeScope, ofNothing: Double, _ change: (Value) throws(ImportFault) -> Value
    ) throws(ImportFault) -> [ImportedValue] {
        if let nothing = try scope.reductionOfNothing(ONNXForm(scope.node.opType, [.axes], ofNothing: ofNothing)) { return [nothing] }
        try scope.requireFloating(0..<1)
        let changed = try change(scope.value(0))
        return try scope.replacing(0, by: .computed(changed, scope.element(0))).read(.sum)
    }

    private static func position(_ name: String, _ operation: Operator) -> ImportRule {
        ImportRule(name) { (scope) throws(ImportFault) in
            guard try scope.boolean("select_last_index", default: false) else { return try scope.read(operation) }
            // The first one seen from behind.
            let shape = try scope.shape(0)
            let axis = try scope.axis(scope.integer("axis", default: 0), rank: shape.rank)
            guard let extent = shape[axis].value else { throw .unsupported("the last of several largest elements along \(shape[axis])") }
            let turned = try scope.apply(.flip, [scope.value(0)], ["axes": .integers([axis])])
            let places = try scope.replacing(0, by: .computed(turned, scope.element(0))).read(operation)
            guard case .computed(let place, _)? = places.first else { return places }
            return try scope.result(scope.apply(.subtract, [scope.constant(Double(extent - 1)), place]), .i64)
        }
    }

    private static let cumulative = ImportRule("CumSum") { (scope) throws(ImportFault) in
        try scope.requireFloating(0..<1)
        let axis = try scope.axis(scope.integers(1).first ?? 0, rank: scope.rank(0))
        let isReversed = try scope.boolean("reverse", default: false)
        let attributes: Attributes = ["axis": .integer(axis), "reverse": .boolean(isReversed)]
        guard try scope.boolean("exclusive", default: false) else {
            return try scope.result(scope.apply(.cumulativeSum, [scope.value(0)], attributes))
        }
        // Sums up to the element before are those of elements that are moved on by one; taken from sums up to itself, an infinite one would leave
        // no number, and a large one no digits.
        guard try scope.shape(0)[axis] != 1 else {
            let nothing = Scalar.select(.less, .unary(.absolute, .argument(0)), .constant(-1), then: 1, otherwise: 0)
            return try scope.result(scope.map(ScalarFunction("nothing", ["x"], nothing), [scope.value(0)]))
        }
        var (before, behind) = ([Int](repeating: 0, count: try scope.rank(0)), [Int](repeating: 0, count: try scope.rank(0)))
        (before[axis], behind[axis]) = isReversed ? (-1, 1) : (1, -1)
        guard let moved = try padded(scope, before, behind) else { preconditionFailure("an axis that is moved is padded") }
        return try scope.result(scope.apply(.cumulativeSum, [moved], attributes))
    }

    private static let topK = ImportRule("TopK") { (scope) throws(ImportFault) in
        let count = try scope.set < 10 ? scope.integer("k", default: 1) : scope.integers(1).first ?? 1
        let axis = try scope.axis(scope.integer("axis", default: -1), rank: scope.rank(0))
        let isLargest = try scope.boolean("largest", default: true)
        let x = try scope.value(0)
        func part(_ number: Int) throws(ImportFault) -> Value {
            try scope.apply(
                .topK, [x], ["count": .integer(count), "axis": .integer(axis), "largest": .boolean(isLargest), "part": .integer(number)])
        }
        return try [.computed(part(0), scope.element(0)), .computed(part(1), .i64)]
    }
}
