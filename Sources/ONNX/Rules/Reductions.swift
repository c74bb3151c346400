import Graph
import Interchange
import Operators

extension ImportRule {
    /// Sums and the like over axes, and positions of extremes.
    static let reductions: [ImportRule] =
        [
            reduction("ReduceSum", .sum, empty: 0), reduction("ReduceMean", .mean, empty: .nan),
            reduction("ReduceMax", .max, empty: -.infinity),
            reduction("ReduceMin", .minimumOverAxes, empty: .infinity), reduction("ReduceProd", .product, empty: 1),
            reduction("ReduceLogSumExp", .logSumExponential, empty: -.infinity),
            reduction("ReduceL1", .sum, before: "abs(x)", empty: 0), reduction("ReduceL2", .norm, empty: 0),
            reduction("ReduceSumSquare", .sum, before: "x * x", empty: 0),
            reduction("ReduceLogSum", .sum, behind: "log(x)", empty: -.infinity),
        ] + [
            position("ArgMax", .argmax), position("ArgMin", .argmin), cumulative, topK,
        ]

    /// - Parameters:
    ///   - before: what each element goes through first; the square where it is `x * x`.
    ///   - behind: what the result goes through.
    ///   - empty: what comes of no elements.
    private static func reduction(
        _ name: String, _ operation: Operator, before: String? = nil, behind: String? = nil, empty: Double
    ) -> ImportRule {
        ImportRule(name) { (scope) throws(ImportFault) in
            let shape = try scope.shape(0)
            let axes = try scope.axes(rank: shape.rank) ?? []
            let keep = try scope.boolean("keepdims", default: true)
            let isNothing = try axes.isEmpty ? scope.boolean("noop_with_empty_axes", default: false) : false
            let reduced = isNothing ? [] : axes.isEmpty ? Array(0..<shape.rank) : axes
            if let known = try scope.input(0).known, known.count == 0 {
                let kept = shape.dimensions.indices.compactMap { axis -> Int? in
                    reduced.contains(axis) ? (keep ? 1 : nil) : known.shape[axis]
                }
                let element = try scope.element(0)
                // Of truth values the smallest is false.
                let value = element == .bool && empty < 0 ? 0 : empty
                return [.known(HostTensor(element, shape: kept, numbers: [Double](repeating: value, count: kept.reduce(1, *))))]
            }
            try scope.requireFloating(0..<1)
            var result = try scope.value(0)
            switch before {
            case "x * x"?: result = try scope.apply(.multiply, [result, result])
            case let call?: result = try scope.map(ModelActivations.function(call), [result])
            case nil: break
            }
            if !reduced.isEmpty {
                result = try scope.apply(operation, [result], ["axes": .integers(reduced), "keep": .boolean(keep)])
            } else if operation == .norm {
                result = try scope.map(ModelActivations.function("abs(x)"), [result])
            }
            if let behind { result = try scope.map(ModelActivations.function(behind), [result]) }
            return try scope.result(result)
        }
    }

    private static func position(_ name: String, _ operation: Operator) -> ImportRule {
        ImportRule(name) { (scope) throws(ImportFault) in
            let shape = try scope.shape(0)
            let axis = try scope.axis(scope.integer("axis", default: 0), rank: shape.rank)
            let keep = try scope.boolean("keepdims", default: true)
            var x = try scope.value(0)
            let isLast = try scope.boolean("select_last_index", default: false)
            if isLast { x = try scope.apply(.flip, [x], ["axes": .integers([axis])]) }
            var place = try scope.apply(operation, [x], ["axes": .integers([axis]), "keep": .boolean(keep)])
            if isLast {
                guard let extent = shape[axis].value else {
                    throw .unsupported("the last of several largest elements along \(shape[axis])")
                }
                place = try scope.apply(.subtract, [scope.constant(Double(extent - 1)), place])
            }
            return try scope.result(place, .i64)
        }
    }

    private static let cumulative = ImportRule("CumSum") { (scope) throws(ImportFault) in
        try scope.requireFloating(0..<1)
        let axis = try scope.axis(scope.integers(1).first ?? 0, rank: scope.rank(0))
        let x = try scope.value(0)
        let attributes: Attributes = ["axis": .integer(axis), "reverse": .boolean(try scope.boolean("reverse", default: false))]
        let sums = try scope.apply(.cumulativeSum, [x], attributes)
        return try scope.result(scope.boolean("exclusive", default: false) ? scope.apply(.subtract, [sums, x]) : sums)
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
