import Graph

/// One tensor in memory as a loop nest touches it: the position along each of its axes, over the axes of the nest.
struct TensorAccess {
    var value: Value
    var extents: [Int]
    var layout: Layout
    var position: [AffineIndex]
    var isWrite = false

    /// What happens to neighbouring elements along one axis of a nest.
    enum Stride: Hashable {
        /// All lanes touch the same element.
        case none
        case elements(Int)
        /// Lanes lie at no constant distance, or may fall outside the tensor one by one.
        case irregular
    }

    /// The distance from one position of `axis` to the next where vectors have `lanes` lanes.
    func stride(along axis: Int, extents space: [Int], lanes: Int) -> Stride {
        let touched = position.indices.filter { position[$0].scale(of: axis) != 0 && space[axis] > 1 }
        guard let dimension = touched.first else { return .none }
        let index = position[dimension]
        guard touched.count == 1, index.isInside(extents[dimension], over: space), isWrite || index.scale(of: axis) == 1 else {
            return .irregular
        }
        let sizes = layout.blocks.filter { $0.axis == dimension }.map(\.size)
        if let innermost = sizes.last {
            // Lanes must not cross a block: vectors start at its beginning, or at a multiple of their width that divides it.
            guard index.scale(of: axis) == 1, index.terms.filter({ space[$0.axis] > 1 }).count == 1, innermost % lanes == 0,
                index.offset % lanes == 0
            else { return .irregular }
        }
        let strides = layout.storedStrides(extents)
        let level = layout.blocks.lastIndex { $0.axis == dimension }.map { extents.count + $0 } ?? dimension
        return .elements(strides[level] * index.scale(of: axis))
    }
}

extension AffineIndex {
    /// The smallest and largest value before the division, over a space of the given extents.
    func bounds(over extents: [Int]) -> ClosedRange<Int> {
        var lower = offset
        var upper = offset
        for term in terms {
            let reach = term.scale * max(extents[term.axis] - 1, 0)
            lower += min(reach, 0)
            upper += max(reach, 0)
        }
        return lower...upper
    }

    /// Whether the position always exists in an axis of `extent` positions.
    func isInside(_ extent: Int, over extents: [Int]) -> Bool {
        let bounds = bounds(over: extents)
        return divisor == 1 && bounds.lowerBound >= 0 && bounds.upperBound < extent
    }
}

extension Group {
    /// The value in memory that `value` is, under its own shape and layout: itself, or what it is a reshape of that moves nothing.
    func stored(_ value: Value) -> Value? {
        if reads.contains(value) { return value }
        guard !members.contains(value), facts.isAlias(value) else { return nil }
        return stored(graph[value].operands[0])
    }

    /// The tensors in memory that computing `value` at `position` touches.
    ///
    /// - Parameter known: values that are in registers already.
    func accesses(of value: Value, at position: [AffineIndex], known: Set<Value> = []) -> [TensorAccess] {
        var visited: Set<Place> = []
        return accesses(of: value, at: position, known: known, &visited)
    }

    private struct Place: Hashable {
        var value: Value
        var position: [AffineIndex]
    }

    /// - Parameter visited: what is computed already, once however many values are made of it.
    private func accesses(
        of value: Value, at position: [AffineIndex], known: Set<Value>, _ visited: inout Set<Place>
    ) -> [TensorAccess] {
        if known.contains(value) || graph[value].constant != nil { return [] }
        let extents = graph.extents(value)
        if let source = stored(value) {
            return [TensorAccess(value: source, extents: extents, layout: graph.layout(value), position: position)]
        }
        guard visited.insert(Place(value: value, position: position)).inserted else { return [] }
        switch facts.lowering(of: value) {
        case .elementwise?, .view(.reshape)?:
            var accesses: [TensorAccess] = []
            for operand in facts.readOperands(of: value) {
                let place = position.projected(from: extents, to: graph.extents(operand))
                accesses += self.accesses(of: operand, at: place, known: known, &visited)
            }
            return accesses
        default: preconditionFailure("\(value) is neither in memory nor computable at a point: \(graph[value].kind)")
        }
    }

    /// The number of primitive operations that `value` costs at one point.
    func operationCount(of value: Value, known: Set<Value> = []) -> Int {
        var counts: [Value: Int] = [:]
        return operationCount(of: value, known: known, &counts)
    }

    private func operationCount(of value: Value, known: Set<Value>, _ counts: inout [Value: Int]) -> Int {
        if known.contains(value) || graph[value].constant != nil { return 0 }
        if stored(value) != nil { return 1 }
        if let count = counts[value] { return count }
        var count = facts.expression(of: value)?.operationCount ?? 0
        // What is read many times over counts as often, which may double with every step.
        for operand in facts.readOperands(of: value) { count = min(count + operationCount(of: operand, known: known, &counts), 1 << 20) }
        counts[value] = count
        return count
    }
}

extension [AffineIndex] {
    /// The position in an operand of extents `shape` that broadcasts to a space of `extents`, or differs from it by axes of extent 1.
    func projected(from extents: [Int], to shape: [Int]) -> [AffineIndex] {
        if shape == extents { return self }
        if shape.isEmpty { return [] }
        if shape.count == 1 && extents.count > 1 { return [shape[0] == extents[1] ? self[1] : .constant(0)] }
        if shape.count == extents.count { return shape.indices.map { shape[$0] == extents[$0] ? self[$0] : .constant(0) } }
        let mine = extents.indices.filter { extents[$0] != 1 }
        let theirs = shape.indices.filter { shape[$0] != 1 }
        precondition(mine.map { extents[$0] } == theirs.map { shape[$0] }, "\(shape) does not broadcast to \(extents)")
        var result = [AffineIndex](repeating: .constant(0), count: shape.count)
        for (a, b) in zip(mine, theirs) { result[b] = self[a] }
        return result
    }
}
