import Graph
import Interchange

/// Arithmetic of shapes of which some extents are no numbers yet: what exporters write to reshape a batch.
enum SizeArithmetic {
    /// No shape has as many: a few nodes that join or repeat sizes must not fill the memory.
    private static let mostSizes = 1024

    /// The result of a node that reads such sizes; nil where it reads none, or means them as a shape.
    static func fold(_ scope: NodeScope) throws(ImportFault) -> [ImportedValue]? {
        let hasSizes = scope.inputs.contains { if case .sizes = $0 { true } else { false } }
        // Others read sizes as a shape for a tensor.
        let ofSizes: Set<String> = ["Identity", "Cast", "Gather", "Slice", "Unsqueeze", "Squeeze", "Reshape", "ReduceProd"]
        if ofSizes.contains(scope.node.opType) { guard case .sizes? = scope.inputs.first else { return nil } }
        guard hasSizes, scope.node.domain.isEmpty || scope.node.domain == "ai.onnx" else { return nil }
        func result(_ sizes: [Dimension], isScalar: Bool = false) throws(ImportFault) -> [ImportedValue] {
            guard sizes.count <= mostSizes else { throw .unsupported("\(scope.node.opType) of \(sizes.count) sizes") }
            guard !isScalar || sizes.count == 1 else { throw .malformed("\(sizes.count) sizes as one number") }
            return [.of(sizes, isScalar: isScalar)]
        }
        func isScalar(_ index: Int) throws(ImportFault) -> Bool { try scope.rank(index) == 0 }
        switch scope.node.opType {
        case "Identity": return [try scope.input(0)]
        case "Cast":
            guard ElementCode(number: Int32(try scope.integer("to", default: 1))).isInteger else { return nil }
            return [try scope.input(0)]
        case "Gather":
            guard case .sizes(let sizes, false) = try scope.input(0) else { return nil }
            // A matrix of sizes is none of those that are kept.
            guard try scope.rank(1) <= 1 else { return nil }
            let places = try scope.integers(1)
            let chosen = try places.map { (place) throws(ImportFault) -> Dimension in
                guard -sizes.count..<sizes.count ~= place else { throw .malformed("the position \(place) in a shape of \(sizes.count)") }
                return sizes[place < 0 ? place + sizes.count : place]
            }
            return try result(chosen, isScalar: try isScalar(1))
        case "Slice":
            guard case .sizes(let sizes, false) = try scope.input(0) else { return nil }
            let starts = try scope.set < 10 ? scope.integers("starts") ?? [] : scope.integers(1)
            let ends = try scope.set < 10 ? scope.integers("ends") ?? [] : scope.integers(2)
            let step = try scope.set >= 10 && scope.isGiven(4) ? scope.integers(4).first ?? 1 : 1
            guard starts.count == 1, ends.count == 1, step == 1 else { return nil }
            let bound = { (value: Int) in min(max(value < 0 ? value + sizes.count : value, 0), sizes.count) }
            let (from, to) = (bound(starts[0]), bound(ends[0]))
            return try result(from < to ? Array(sizes[from..<to]) : [])
        case "Unsqueeze":
            let added = try scope.set < 13 ? scope.integers("axes") ?? [] : scope.integers(1)
            guard try isScalar(0), added.count == 1 else { return nil }
            return try result(try scope.sizes(0))
        case "Squeeze": return try result(try scope.sizes(0), isScalar: try scope.sizes(0).count == 1)
        case "Reshape":
            let sizes = try scope.sizes(0)
            let target = try scope.integers(1)
            guard target.count <= 1 else { return nil }
            guard [nil, -1, 0, sizes.count].contains(target.first) else { throw .malformed("\(sizes.count) sizes as \(target)") }
            return try result(sizes, isScalar: target.isEmpty)
        case "Concat":
            return try result(try scope.inputs.indices.map { (index) throws(ImportFault) in try scope.sizes(index) }.flatMap(\.self))
        case "ReduceProd":
            return try result([try scope.sizes(0).reduce(Dimension.fixed(1)) { Dimension($0.expression * $1.expression) }], isScalar: true)
        case "Add", "Sub", "Mul", "Div", "Max", "Min":
            let (a, b) = (try scope.sizes(0), try scope.sizes(1))
            let count = max(a.count, b.count)
            guard [1, count].contains(a.count), [1, count].contains(b.count) else { return nil }
            let values = try (0..<count).map { (index) throws(ImportFault) -> Dimension in
                let (x, y) = (a[a.count == 1 ? 0 : index].expression, b[b.count == 1 ? 0 : index].expression)
                switch scope.node.opType {
                case "Add": return Dimension(x + y)
                case "Sub": return Dimension(x - y)
                case "Mul": return Dimension(x * y)
                case "Div":
                    guard let divisor = y.value, divisor > 0 else { throw .unsupported("the size \(x) divided by \(y)") }
                    return Dimension(x.dividedRoundingDown(by: divisor))
                default:
                    guard let x = x.value, let y = y.value else { throw .unsupported("\(scope.node.opType) of the sizes \(x) and \(y)") }
                    return .fixed(scope.node.opType == "Max" ? max(x, y) : min(x, y))
                }
            }
            return try result(values, isScalar: try scope.rank(0) + scope.rank(1) == 0)
        case "Equal", "Where", "ConstantOfShape":
            // Exporters ask which extents are -1: none is.
            return try comparison(scope)
        default: return nil
        }
    }

    private static func comparison(_ scope: NodeScope) throws(ImportFault) -> [ImportedValue]? {
        switch scope.node.opType {
        case "Equal":
            let (a, b) = (try scope.sizes(0), try scope.sizes(1))
            let count = max(a.count, b.count)
            guard [1, count].contains(a.count), [1, count].contains(b.count) else { return nil }
            let values = try (0..<count).map { (index) throws(ImportFault) -> Double in
                let (x, y) = (a[a.count == 1 ? 0 : index], b[b.count == 1 ? 0 : index])
                if x == y { return 1 }
                let (more, less) = (x.expression - y.expression, y.expression - x.expression)
                if [more, less].contains(where: { $0.lowerBound ?? 0 > 0 }) { return 0 }
                throw .openSizes("whether \(x) is \(y) must be known", [x, y])
            }
            let isScalar = try scope.rank(0) + scope.rank(1) == 0
            return [.known(HostTensor(.bool, shape: isScalar ? [] : [count], numbers: values))]
        case "Where":
            guard let condition = try scope.input(0).known, condition.count <= mostSizes else { return nil }
            let (a, b) = (try scope.sizes(1), try scope.sizes(2))
            let decisions = condition.doubles
            let count = max(decisions.count, a.count, b.count)
            guard [decisions.count, a.count, b.count].allSatisfy({ $0 == 1 || $0 == count }) else { return nil }
            let chosen = (0..<count).map { index in
                let sizes = decisions[decisions.count == 1 ? 0 : index] != 0 ? a : b
                return sizes[sizes.count == 1 ? 0 : index]
            }
            let rank = try scope.inputs.indices.map { (index) throws(ImportFault) in try scope.rank(index) }.max() ?? 0
            guard rank <= 1 else { return nil }
            return [.of(chosen, isScalar: rank == 0)]
        default: return nil
        }
    }
}

extension SizeExpression {
    /// The number that it is, if it is one.
    var value: Int? { Dimension(self).value }
}
