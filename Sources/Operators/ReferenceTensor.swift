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
    var position = [Int](repeating: 0, count: extents.count)
    repeat { body(position) } while advance(&position, in: extents, axes: 0..<extents.count)
}

/// Moves the coordinates of `axes` to the next position in row-major order; after the last, back to the first, and returns false.
private func advance(_ position: inout [Int], in extents: [Int], axes: Range<Int>) -> Bool {
    var axis = axes.upperBound - 1
    while axis >= axes.lowerBound {
        position[axis] += 1
        if position[axis] < extents[axis] { return true }
        position[axis] = 0
        axis -= 1
    }
    return false
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
        precondition(!extents.contains(0), "a formula's axes are never empty")
        let reads = reads.map { BoundRead($0, operands[$0.operand], rank: axes.count) }
        var coordinates = [Int](repeating: 0, count: axes.count)
        var arguments = [Double](repeating: 0, count: reads.count)
        var values: [Double] = []
        repeat {
            var total = combination == .sum ? 0 : -Double.infinity
            var number = 0
            var best = 0
            repeat {
                defer { number += 1 }
                guard Self.fetch(reads, coordinates, into: &arguments) else { continue }
                let term = body.evaluate(arguments, coordinates: coordinates, position: values.count)
                switch combination {
                case .sum: total += term
                case .maximum: total = BinaryFunction.maximum.evaluate(total, term)
                case .positionOfMaximum:
                    if term > total { (total, best) = (term, number) }
                }
            } while advance(&coordinates, in: extents, axes: reductionAxes)
            values.append(combination == .positionOfMaximum ? Double(best) : total)
        } while advance(&coordinates, in: extents, axes: parallelAxes)
        return ReferenceTensor(Array(extents[parallelAxes]), values)
    }

    /// Fills `arguments` with what the reads find; false where one is outside its operand.
    private static func fetch(_ reads: [BoundRead], _ coordinates: [Int], into arguments: inout [Double]) -> Bool {
        var index = 0
        while index < reads.count {
            guard let value = reads[index].value(at: coordinates) else { return false }
            arguments[index] = value
            index += 1
        }
        return true
    }
}

/// A read with its operand at hand and its positions as rows of one scale an axis.
private struct BoundRead {
    private let tensor: ReferenceTensor
    private let scales: [[Int]]
    private let offsets: [Int]
    private let divisors: [Int]

    init(_ read: Read, _ tensor: ReferenceTensor, rank: Int) {
        self.tensor = tensor
        scales = read.position.map { position in (0..<rank).map(position.scale(of:)) }
        offsets = read.position.map(\.offset)
        divisors = read.position.map(\.divisor)
    }

    /// The element read at `coordinates`, nil outside the operand. While loops, for debug builds iterate ranges slowly.
    func value(at coordinates: [Int]) -> Double? {
        var element = 0
        var axis = 0
        while axis < offsets.count {
            var position = offsets[axis]
            var index = 0
            while index < coordinates.count {
                position += scales[axis][index] * coordinates[index]
                index += 1
            }
            if divisors[axis] > 1 {
                guard position % divisors[axis] == 0 else { return nil }
                position /= divisors[axis]
            }
            guard position >= 0, position < tensor.extents[axis] else { return nil }
            element = element * tensor.extents[axis] + position
            axis += 1
        }
        return tensor.values[element]
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
