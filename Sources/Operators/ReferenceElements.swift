import Graph

/// An element-wise expression in fp64, interpreted once for many elements: the same operations on each as `Scalar.evaluate` does.
struct ReferenceElements {
    private let expression: Scalar
    private let extents: [Int]
    private let operands: [ReferenceTensor]
    /// How far neighbours along each axis of the result lie apart; 0 where the operand is repeated.
    private let strides: [[Int]]
    private let isWhole: [Bool]

    private static let elementsAtOnce = 512
    private static let elementsOfPart = 16_384

    /// Nil for an expression that asks where its element lies.
    init?(_ expression: Scalar, _ operands: [ReferenceTensor], strides: [[Int]], extents: [Int]) {
        if expression.isPositional { return nil }
        (self.expression, self.operands, self.strides, self.extents) = (expression, operands, strides, extents)
        isWhole = operands.map { $0.extents == extents }
    }

    func evaluate(_ workers: ReferenceWorkers) -> ReferenceTensor {
        let values = workers.fill(extents.reduce(1, *), pieces: Self.elementsOfPart) { range, result in
            var start = range.lowerBound
            while start < range.upperBound {
                let count = min(Self.elementsAtOnce, range.upperBound - start)
                let block = expression.evaluate(count) { arguments($0, start..<start + count) }
                block.withUnsafeBufferPointer { (result + (start - range.lowerBound)).update(from: $0.baseAddress!, count: count) }
                start += count
            }
        }
        return ReferenceTensor(extents, values)
    }

    /// The elements of an operand that belong to some of the result.
    private func arguments(_ index: Int, _ range: Range<Int>) -> [Double] {
        let operand = operands[index].values
        if isWhole[index] { return Array(operand[range]) }
        if operand.count == 1 { return [Double](repeating: operand[0], count: range.count) }
        let strides = strides[index]
        var position = [Int](repeating: 0, count: extents.count)
        var rest = range.lowerBound
        for axis in extents.indices.reversed() { (rest, position[axis]) = rest.quotientAndRemainder(dividingBy: extents[axis]) }
        var offset = zip(position, strides).reduce(0) { $0 + $1.0 * $1.1 }
        var values: [Double] = []
        values.reserveCapacity(range.count)
        while values.count < range.count {
            values.append(operand[offset])
            var axis = extents.count - 1
            while axis >= 0 {
                position[axis] += 1
                offset += strides[axis]
                if position[axis] < extents[axis] { break }
                position[axis] = 0
                offset -= strides[axis] * extents[axis]
                axis -= 1
            }
        }
        return values
    }
}

extension Scalar {
    /// Whether the value depends on where the element lies.
    fileprivate var isPositional: Bool {
        switch self {
        case .coordinate, .uniform: true
        default: children.contains(where: \.isPositional)
        }
    }

    /// The values of so many elements, whose arguments are given by their index.
    fileprivate func evaluate(_ count: Int, _ arguments: (Int) -> [Double]) -> [Double] {
        switch self {
        case .constant(let value): return [Double](repeating: value, count: count)
        case .argument(let index): return arguments(index)
        case .coordinate, .uniform: preconditionFailure("an expression that asks for positions is computed element by element")
        case .unary(let function, let a):
            var values = a.evaluate(count, arguments)
            for index in 0..<count { values[index] = function.evaluate(values[index]) }
            return values
        case .binary(let function, let a, let b):
            var values = a.evaluate(count, arguments)
            let others = b.evaluate(count, arguments)
            // The usual ones without asking for each element what to do.
            switch function {
            case .add: for index in 0..<count { values[index] += others[index] }
            case .multiply: for index in 0..<count { values[index] *= others[index] }
            default: for index in 0..<count { values[index] = function.evaluate(values[index], others[index]) }
            }
            return values
        case .select(let comparison, let a, let b, let then, let otherwise):
            let (left, right) = (a.evaluate(count, arguments), b.evaluate(count, arguments))
            var values = then.evaluate(count, arguments)
            let others = otherwise.evaluate(count, arguments)
            for index in 0..<count where !comparison.evaluate(left[index], right[index]) { values[index] = others[index] }
            return values
        }
    }
}
