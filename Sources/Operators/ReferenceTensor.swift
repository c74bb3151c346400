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
    var strides: [Int] { rowMajorStrides(extents) }
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
    /// The result in fp64: each element by the operations, in the order, that the data says.
    ///
    /// - Parameters:
    ///   - operands: one tensor an operand.
    ///   - extents: the result's, by the operator's shape rule.
    public func evaluate(_ operands: [ReferenceTensor], extents: [Int], workers: ReferenceWorkers = .serial) -> ReferenceTensor {
        switch self {
        case .elementwise(let expression): expression.evaluate(operands, extents: extents, workers)
        case .reduction(let formula), .contraction(let formula), .window(let formula):
            ReferenceProducts(formula, operands)?.evaluate(workers) ?? formula.evaluate(operands, workers)
        case .view(let view): view.evaluate(operands, extents: extents)
        case .foreign(let call): call.evaluate(operands, extents: extents)
        case .composite: preconditionFailure("a composite operator must be decomposed before it is evaluated")
        }
    }
}

extension Scalar {
    /// The expression for every element of a result, operands repeated as `Lowering.elementwise` says.
    fileprivate func evaluate(_ operands: [ReferenceTensor], extents: [Int], _ workers: ReferenceWorkers) -> ReferenceTensor {
        let strides = operands.map { operand -> [Int] in
            guard let aligned = Shape(operand.extents).aligned(to: extents.count) else {
                preconditionFailure("\(operand.extents) does not broadcast to \(extents)")
            }
            let full = ReferenceTensor(aligned.extents!, operand.values).strides
            return full.indices.map { aligned[$0] == 1 ? 0 : full[$0] }
        }
        if let elements = ReferenceElements(self, operands, strides: strides, extents: extents) { return elements.evaluate(workers) }
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

/// Where a formula's operand has its elements.
protocol ElementSource {
    var extents: [Int] { get }
    /// The element at a position inside the extents.
    func element(inside position: [Int]) -> Double
}

extension ReferenceTensor: ElementSource {
    func element(inside position: [Int]) -> Double {
        var offset = 0
        var axis = 0
        while axis < extents.count {
            offset = offset * extents[axis] + position[axis]
            axis += 1
        }
        return values[offset]
    }
}

extension Formula {
    /// The formula by naive loops over all its axes, which must be bound.
    public func evaluate(_ operands: [ReferenceTensor]) -> ReferenceTensor {
        var bound = BoundFormula(self, operands)
        var position = [Int](repeating: 0, count: resultRank)
        var values: [Double] = []
        repeat {
            values.append(bound.element(at: position, number: values.count))
        } while advance(&position, in: bound.resultExtents, axes: parallelAxes)
        return ReferenceTensor(bound.resultExtents, values)
    }
}

extension Formula {
    /// Elements that one part computes.
    private static let elementsOfPart = 256

    /// The same, by several workers.
    fileprivate func evaluate(_ operands: [ReferenceTensor], _ workers: ReferenceWorkers) -> ReferenceTensor {
        let extents = BoundFormula(self, operands).resultExtents
        let values = workers.fill(extents.reduce(1, *), pieces: Self.elementsOfPart) { range, result in
            var bound = BoundFormula(self, operands)
            var position = [Int](repeating: 0, count: resultRank)
            var rest = range.lowerBound
            for axis in extents.indices.reversed() { (rest, position[axis]) = rest.quotientAndRemainder(dividingBy: extents[axis]) }
            for number in range {
                result[number - range.lowerBound] = bound.element(at: position, number: number)
                _ = advance(&position, in: extents, axes: parallelAxes)
            }
        }
        return ReferenceTensor(extents, values)
    }
}

/// A formula with its operands at hand, which gives single elements of the result.
struct BoundFormula<Source: ElementSource> {
    let resultExtents: [Int]
    private let formula: Formula
    private let extents: [Int]
    private var reads: [BoundRead<Source>]
    private var coordinates: [Int]
    private var arguments: [Double]

    /// The formula's axes must be bound.
    init(_ formula: Formula, _ operands: [Source]) {
        guard let extents = Shape(formula.axes.map(\.extent)).extents else { preconditionFailure("a formula's axes must be bound") }
        precondition(!extents.contains(0), "a formula's axes are never empty")
        self.formula = formula
        self.extents = extents
        resultExtents = Array(extents[formula.parallelAxes])
        reads = formula.reads.map { BoundRead($0, operands[$0.operand], rank: extents.count) }
        coordinates = [Int](repeating: 0, count: extents.count)
        arguments = [Double](repeating: 0, count: reads.count)
    }

    /// The element at `position`, the one with this row-major `number`: terms are combined in order.
    mutating func element(at position: [Int], number: Int) -> Double {
        for axis in formula.parallelAxes { coordinates[axis] = position[axis] }
        var total = formula.combination == .sum ? 0 : -Double.infinity
        var term = 0
        var best: Int?
        repeat {
            defer { term += 1 }
            guard fetch() else { continue }
            let value = formula.body.evaluate(arguments, coordinates: coordinates, position: number)
            switch formula.combination {
            case .sum: total += value
            case .maximum: total = BinaryFunction.maximum.evaluate(total, value)
            case .positionOfMaximum:
                if best == nil || value > total || value.isNaN { (total, best) = (value, term) }
            }
        } while advance(&coordinates, in: extents, axes: formula.reductionAxes)
        return formula.combination == .positionOfMaximum ? Double(best ?? 0) : total
    }

    /// Fills the arguments with what the reads find; false where one is outside its operand.
    private mutating func fetch() -> Bool {
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
private struct BoundRead<Source: ElementSource> {
    private let source: Source
    private let extents: [Int]
    private let scales: [[Int]]
    private let offsets: [Int]
    private let indices: [AffineIndex]
    private var position: [Int]

    init(_ read: Read, _ source: Source, rank: Int) {
        self.source = source
        extents = source.extents
        scales = read.position.map { position in (0..<rank).map(position.scale(of:)) }
        offsets = read.position.map(\.offset)
        indices = read.position
        position = offsets
    }

    /// The element read at `coordinates`, nil outside the operand. While loops, for debug builds iterate ranges slowly.
    mutating func value(at coordinates: [Int]) -> Double? {
        var axis = 0
        while axis < offsets.count {
            var place = offsets[axis]
            var index = 0
            while index < coordinates.count {
                place += scales[axis][index] * coordinates[index]
                index += 1
            }
            if indices[axis].divisor > 1 {
                guard let divided = indices[axis].divided(place) else { return nil }
                place = divided
            }
            guard place >= 0, place < extents[axis] else { return nil }
            position[axis] = place
            axis += 1
        }
        return source.element(inside: position)
    }
}

extension View {
    fileprivate func evaluate(_ operands: [ReferenceTensor], extents: [Int]) -> ReferenceTensor {
        if case .reshape = self { return ReferenceTensor(extents, operands[0].values) }
        if let rows = rows(operands, extents: extents) { return ReferenceTensor(extents, rows) }
        let operandExtents = operands.map(\.extents)
        var values: [Double] = []
        forEachPosition(extents) { position in
            let source = self.source(of: position, in: extents, operands: operandExtents)
            values.append(operands[source.operand].element(inside: source.position))
        }
        return ReferenceTensor(extents, values)
    }

    /// The elements in rows that lie together, nil for a view without such rows.
    private func rows(_ operands: [ReferenceTensor], extents: [Int]) -> [Double]? {
        let moved: (axis: Int, start: Int)
        switch self {
        case .reshape, .rearrange: return nil
        case .slice(let axis, let start, _): moved = (axis, start)
        case .concatenate(let axis): moved = (axis, 0)
        }
        var values: [Double] = []
        values.reserveCapacity(extents.reduce(1, *))
        for outer in 0..<extents[..<moved.axis].reduce(1, *) {
            for operand in operands {
                let inner = operand.extents[(moved.axis + 1)...].reduce(1, *)
                let row = operand.extents[moved.axis] * inner
                let count = operands.count == 1 ? extents[moved.axis] * inner : row
                let first = outer * row + moved.start * inner
                values += operand.values[first..<first + count]
            }
        }
        return values
    }

    /// Which element of which operand the element of the result at `position` is.
    func source(of position: [Int], in extents: [Int], operands: [[Int]]) -> (operand: Int, position: [Int]) {
        var source = position
        switch self {
        case .reshape:
            var rest = zip(position, extents).reduce(0) { $0 * $1.1 + $1.0 }
            source = operands[0]
            for axis in source.indices.reversed() { (rest, source[axis]) = rest.quotientAndRemainder(dividingBy: operands[0][axis]) }
            return (0, source)
        case .slice(let axis, let start, _):
            source[axis] += start
            return (0, source)
        case .rearrange(let rearrangement): return (0, rearrangement.source(of: position))
        case .concatenate(let axis):
            var operand = 0
            while source[axis] >= operands[operand][axis] {
                source[axis] -= operands[operand][axis]
                operand += 1
            }
            return (operand, source)
        }
    }
}
