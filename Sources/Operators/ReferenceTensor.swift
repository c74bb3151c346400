import Graph

/// A tensor in fp64, elements in row-major order: what the reference computes with.
public struct ReferenceTensor: Hashable, Sendable {
    public var extents: [Int]
    public var values: [Double]

    public init(_ extents: [Int], _ values: [Double]) {
        precondition(extents.reduce(1, *) == values.count, "\(values.count) values do not fill \(extents)")
        self.extents = extents
        self.values = values
    }

    public init(_ extents: [Int], repeating value: Double) {
        self.init(extents, [Double](repeating: value, count: extents.reduce(1, *)))
    }

    public static func scalar(_ value: Double) -> ReferenceTensor { ReferenceTensor([], [value]) }

    /// The distance between neighbours along each axis.
    var strides: [Int] {
        var strides = [Int](repeating: 1, count: extents.count)
        for axis in extents.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * extents[axis + 1] }
        return strides
    }

    /// The element at `position`, or nil outside the tensor.
    func element(at position: [Int]) -> Double? {
        var offset = 0
        for (axis, extent) in extents.enumerated() {
            guard position[axis] >= 0, position[axis] < extent else { return nil }
            offset = offset * extent + position[axis]
        }
        return values[offset]
    }
}

/// Calls `body` with every position of a space of these extents, in row-major order.
func forEachPosition(_ extents: [Int], _ body: ([Int]) -> Void) {
    guard !extents.contains(0) else { return }
    var position = [Int](repeating: 0, count: extents.count)
    while true {
        body(position)
        var axis = extents.count - 1
        while axis >= 0 {
            position[axis] += 1
            if position[axis] < extents[axis] { break }
            position[axis] = 0
            axis -= 1
        }
        if axis < 0 { return }
    }
}

extension Lowering {
    /// The result in fp64 by the plainest loops there are.
    ///
    /// - Parameters:
    ///   - operands: one tensor an operand.
    ///   - extents: the result's, by the operator's shape rule.
    public func evaluate(_ operands: [ReferenceTensor], extents: [Int]) -> ReferenceTensor {
        switch self {
        case .elementwise(let expression): expression.evaluate(operands, extents: extents)
        case .reduction(let formula), .contraction(let formula), .window(let formula): formula.evaluate(operands)
        case .view(let view): view.evaluate(operands, extents: extents)
        case .composite: preconditionFailure("a composite operator must be decomposed before it is evaluated")
        }
    }
}

extension Scalar {
    /// The expression for every element of a result, operands repeated as `Lowering.elementwise` says.
    fileprivate func evaluate(_ operands: [ReferenceTensor], extents: [Int]) -> ReferenceTensor {
        let strides = operands.map { operand -> [Int] in
            guard let aligned = Shape(operand.extents).aligned(to: extents.count) else {
                preconditionFailure("\(operand.extents) does not broadcast to \(extents)")
            }
            let full = ReferenceTensor(aligned.extents!, operand.values).strides
            return full.indices.map { aligned[$0] == 1 ? 0 : full[$0] }
        }
        var values: [Double] = []
        forEachPosition(extents) { position in
            let arguments = operands.indices.map { index in
                operands[index].values[zip(position, strides[index]).reduce(0) { $0 + $1.0 * $1.1 }]
            }
            values.append(evaluate(arguments, coordinates: position, position: values.count))
        }
        return ReferenceTensor(extents, values)
    }
}

extension Formula {
    /// The formula by naive loops over all its axes, which must be bound.
    public func evaluate(_ operands: [ReferenceTensor]) -> ReferenceTensor {
        guard let extents = Shape(axes.map(\.extent)).extents else { preconditionFailure("a formula's axes must be bound") }
        let resultExtents = Array(extents[parallelAxes])
        let reductionExtents = Array(extents[reductionAxes])
        var values: [Double] = []
        forEachPosition(resultExtents) { outer in
            var total = combination == .sum ? 0 : -Double.infinity
            var number = 0
            var best = 0
            forEachPosition(reductionExtents) { inner in
                defer { number += 1 }
                let coordinates = outer + inner
                var arguments: [Double] = []
                for read in reads {
                    let position = read.position.map { $0.evaluate(coordinates) }
                    guard !position.contains(nil), let value = operands[read.operand].element(at: position.map { $0! }) else { return }
                    arguments.append(value)
                }
                let term = body.evaluate(arguments, coordinates: coordinates, position: values.count)
                switch combination {
                case .sum: total += term
                case .maximum: total = BinaryFunction.maximum.evaluate(total, term)
                case .positionOfMaximum:
                    if term > total { (total, best) = (term, number) }
                }
            }
            values.append(combination == .positionOfMaximum ? Double(best) : total)
        }
        return ReferenceTensor(resultExtents, values)
    }
}

extension View {
    fileprivate func evaluate(_ operands: [ReferenceTensor], extents: [Int]) -> ReferenceTensor {
        switch self {
        case .reshape: return ReferenceTensor(extents, operands[0].values)
        case .slice(let axis, let start, _):
            var values: [Double] = []
            forEachPosition(extents) { position in
                var source = position
                source[axis] += start
                values.append(operands[0].element(at: source)!)
            }
            return ReferenceTensor(extents, values)
        case .concatenate(let axis):
            var values: [Double] = []
            forEachPosition(extents) { position in
                var source = position
                var operand = 0
                while source[axis] >= operands[operand].extents[axis] {
                    source[axis] -= operands[operand].extents[axis]
                    operand += 1
                }
                values.append(operands[operand].element(at: source)!)
            }
            return ReferenceTensor(extents, values)
        }
    }
}
