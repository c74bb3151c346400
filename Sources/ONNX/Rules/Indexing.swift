import Graph
import Interchange
import Operators

extension ImportRule {
    /// Elements by their positions.
    static let indexing: [ImportRule] = [
        ImportRule("Gather", gather),
        ImportRule("GatherElements") { (scope) throws(ImportFault) in
            let shape = try scope.shape(0)
            let axis = try scope.axis(scope.integer("axis", default: 0), rank: shape.rank)
            guard let extent = shape[axis].value else { throw .unsupported("positions along the size \(shape[axis])") }
            if case .known(let tensor) = try scope.input(1) { _ = try inside(scope, tensor, extent) }
            let positions = try wrapped(scope, scope.positions(1), extent)
            // As many as there are positions, which may be fewer than the tensor has.
            var x = try scope.value(0)
            let wanted = scope.type(of: positions).shape
            guard wanted.rank == shape.rank else { throw .malformed("positions \(wanted) in \(shape)") }
            for other in shape.dimensions.indices where other != axis && wanted[other] != shape[other] {
                guard let count = wanted[other].value else { throw .unsupported("positions \(wanted) in \(shape)") }
                x = try scope.apply(.slice, [x], ["axis": .integer(other), "start": .integer(0), "count": .integer(count)])
            }
            return try scope.result(scope.apply(.gather, [x, positions], ["axis": .integer(axis)]))
        },
        ImportRule("OneHot") { (scope) throws(ImportFault) in
            let rank = try scope.rank(0)
            guard let classes = Int(exactly: try scope.number(1).rounded()) else { throw .malformed("a depth that is no integer") }
            let values = try scope.known(2).doubles
            guard values.count == 2, classes > 0, classes <= 1 << 20 else {
                throw .malformed("\(values.count) values and \(classes) classes")
            }
            let axis = try scope.axis(scope.integer("axis", default: -1), rank: rank + 1)
            let label = try wrapped(scope, scope.positions(0), classes)
            // Where a label is the number of its row.
            let shape = scope.type(of: label).shape.dimensions
            let apart = try scope.reshape(label, Array(shape[..<axis]) + [1] + shape[axis...])
            var extents = [Int](repeating: 1, count: rank + 1)
            extents[axis] = classes
            let numbers = try scope.importer.constant((0..<classes).map(Float.init), Shape(extents))
            var result = try scope.apply(.equal, [apart, numbers])
            if values[1] - values[0] != 1 { result = try scope.apply(.multiply, [result, scope.constant(values[1] - values[0])]) }
            if values[0] != 0 { result = try scope.apply(.add, [result, scope.constant(values[0])]) }
            return try scope.result(result, scope.element(2))
        },
    ]

    /// Positions of which negative ones count from the end.
    static func wrapped(_ scope: NodeScope, _ positions: Value, _ extent: Int) throws(ImportFault) -> Value {
        let position = Scalar.argument(0)
        let body = Scalar.select(.less, position, 0, then: position + .constant(Double(extent)), otherwise: position)
        return try scope.map(ScalarFunction("from_end", ["position"], body), [positions])
    }

    /// Known positions along an axis, counted from its start.
    private static func inside(_ scope: NodeScope, _ tensor: HostTensor, _ extent: Int) throws(ImportFault) -> [Int] {
        guard scope.importer.allowance.mayCompute(tensor.count / 8) else {
            throw .unsupported("as many known positions as \(Shape(tensor.shape))")
        }
        guard let numbers = tensor.integers else { throw .malformed("positions of \(ElementCode(tensor.element))") }
        return try numbers.map { (number) throws(ImportFault) -> Int in
            guard -Int64(extent)..<Int64(extent) ~= number else { throw .malformed("the position \(number) along an axis of \(extent)") }
            return Int(number < 0 ? number + Int64(extent) : number)
        }
    }

    private static func gather(_ scope: NodeScope) throws(ImportFault) -> [ImportedValue] {
        let (shape, places) = (try scope.shape(0), try scope.shape(1))
        guard shape.rank >= 1 else { throw .malformed("positions in a number") }
        let axis = try scope.axis(scope.integer("axis", default: 0), rank: shape.rank)
        let target = shape.dimensions[..<axis] + places.dimensions + shape.dimensions[(axis + 1)...]
        guard let extent = shape[axis].value else { throw .unsupported("positions along the size \(shape[axis])") }
        if case .known(let tensor) = try scope.input(1) {
            let positions = try inside(scope, tensor, extent)
            guard let first = positions.first else {
                guard let extents = Shape(Array(target)).extents else { throw .unsupported("no elements of \(shape)") }
                return [.known(HostTensor(try scope.element(0), shape: extents, numbers: []))]
            }
            let step = positions.count > 1 ? positions[1] - first : 1
            let isRow = positions.indices.allSatisfy { positions[$0] == first + $0 * step } && step != 0
            if isRow {
                let isWhole = step == 1 && positions.count == extent
                let cut =
                    try isWhole
                    ? scope.value(0)
                    : scope.apply(
                        .slice, [scope.value(0)],
                        ["axis": .integer(axis), "start": .integer(first), "count": .integer(positions.count), "step": .integer(step)])
                return try scope.result(scope.reshape(cut, Array(target)))
            }
        }
        if axis == 0, shape.rank == 2, scope.importer.folding == nil, case .known(let table) = try scope.input(0), places.rank >= 1,
            case .computed(let positions, _) = try scope.input(1), scope.type(of: positions).element == .i32
        {
            let label = scope.label(weight: 0)
            let weight = try scope.owned(0, "weight", of: label)
            return try scope.result(
                scope.apply(
                    .embedding, [positions, weight], ["count": .integer(table.shape[0]), "features": .integer(table.shape[1])], label: label
                ))
        }
        let flat = try wrapped(scope, scope.positions(1), extent)
        let count = places.dimensions.reduce(Dimension.fixed(1)) { Dimension($0.expression * $1.expression) }
        let one = [Dimension](repeating: 1, count: shape.rank - axis - 1)
        let aligned = try scope.reshape(flat, [Dimension](repeating: 1, count: axis) + [count] + one)
        return try scope.result(scope.reshape(scope.apply(.gather, [scope.value(0), aligned], ["axis": .integer(axis)]), Array(target)))
    }
}
