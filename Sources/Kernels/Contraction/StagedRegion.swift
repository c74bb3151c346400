import Graph
import LoopNest

/// The region of a contraction's broadcast operand that one task (or one turn of its outer loop) needs.
struct StagedRegion {
    let shape: ContractionShape
    /// Per axis of the contraction: how many positions the region spans, from the start that `stage` is given.
    let spans: [Int]
    let layout: Layout
    /// The extents of the copy.
    let extents: [Int]

    /// - Parameters:
    ///   - spans: how far the inner loops run along each axis of the contraction; 1 for an axis that is fixed outside.
    ///   - element: what the copy's elements are stored as.
    init(_ shape: ContractionShape, spans: [Int], element: StoredElement = .f32, graph: Graph) {
        self.shape = shape
        self.spans = spans
        self.element = element
        layout = graph.layout(shape.broadcast.value)
        extents = shape.broadcast.position.map { $0.range(spans.map { 0..<$0 }).count }
    }

    /// What the copy's elements are stored as.
    let element: StoredElement
    var count: Int { layout.storedCount(extents) }
    var bytes: Int { count * element.size }

    /// The copy's positions: those of the operand, counted from the region's first.
    private var localPosition: [AffineIndex] {
        shape.broadcast.position.map { position in
            let varying = position.terms.filter { spans[$0.axis] > 1 }
            return AffineIndex(
                terms: varying, offset: -varying.filter { $0.scale < 0 }.map { $0.scale * (spans[$0.axis] - 1) }.reduce(0, +))
        }
    }

    /// Copies (and computes, where the operand is not in memory) the region into `scratch`.
    ///
    /// - Parameter start: the first coordinate of every axis; along a blocked axis it is the start of a block.
    func stage(into scratch: BufferID, from start: [Position], _ emitter: PointEmitter) -> BroadcastSource {
        let value = shape.broadcast.value
        let operandExtents = emitter.graph.extents(value)
        // The operand's position at the region's first corner.
        let origin = shape.broadcast.position.map { position -> Position in
            if let axis = position.singleAxis { return start[axis] }
            let back = position.terms.filter { $0.scale < 0 }.map { $0.scale * (spans[$0.axis] - 1) }.reduce(0, +)
            return Position(position.position(start).index + .constant(back))
        }
        // The last region along an axis reaches beyond it where its span does not divide the extent.
        let reach = zip(shape.extents, spans).map { extent, span in max(1, (extent + span - 1) / max(1, span) * span) }
        let bounds = shape.broadcast.position.map { $0.range(reach.map { 0..<$0 }) }
        let copier = RegionCopier(
            emitter: emitter, value: value, operandExtents: operandExtents, origin: origin, bounds: bounds, scratch: scratch,
            layout: layout, extents: extents)
        copier.copy()
        return BroadcastSource(staged: scratch, StoredTensor(owner: value, layout: layout, extents: extents), localPosition)
    }
}

extension AffineIndex {
    /// The smallest range that holds the position for all coordinates in `ranges` (none of them empty).
    func range(_ ranges: [Range<Int>]) -> Range<Int> {
        var lower = offset
        var upper = offset
        for term in terms {
            let first = term.scale * ranges[term.axis].lowerBound
            let last = term.scale * (ranges[term.axis].upperBound - 1)
            lower += min(first, last)
            upper += max(first, last)
        }
        return lower..<upper + 1
    }
}

/// Copies a box of a tensor into scratch, with zeros where the box reaches beyond the tensor.
private struct RegionCopier {
    let emitter: PointEmitter
    let value: Value
    let operandExtents: [Int]
    let origin: [Position]
    /// Where the box can lie along each axis over all tasks.
    let bounds: [Range<Int>]
    let scratch: BufferID
    let layout: Layout
    let extents: [Int]

    private var builder: KernelBuilder { emitter.builder }
    private var rank: Int { extents.count }
    /// The axis along the lanes: the blocked one, or the innermost of a plain tensor.
    private var lane: Int { layout.blocks.last?.axis ?? rank - 1 }
    private var order: [Int] { (0..<rank).filter { $0 != lane || !layout.blocks.isEmpty } }

    func copy() { copy(order[...], at: [:]) }

    /// Loops over the axes in `rest`; `local` has the positions within the box of the axes done.
    private func copy(_ rest: ArraySlice<Int>, at local: [Int: Position]) {
        guard let axis = rest.first else { return layout.blocks.isEmpty ? copyRow(local) : copyVector(local) }
        let step = axis == lane ? builder.lanes : 1
        let count = (extents[axis] + step - 1) / step
        func inside(_ index: Index) { copy(rest.dropFirst(), at: local.merging([axis: Position(outer: index, split: step)]) { $1 }) }
        func outside(_ index: Index) { zero(rest.dropFirst(), at: local.merging([axis: Position(outer: index, split: step)]) { $1 }) }
        if case .constant(let first) = origin[axis].index {
            let begin = min(max(0, -first), count * step) / step
            let end = max(begin, (min(count * step, operandExtents[axis] - first) + step - 1) / step)
            if begin > 0 { builder.loop("before", to: .constant(begin)) { outside($0) } }
            if end > begin { builder.loop("copy", from: .constant(begin), to: .constant(end)) { inside($0) } }
            if count > end { builder.loop("after", from: .constant(end), to: .constant(count)) { outside($0) } }
        } else {
            let isWithin = bounds[axis].lowerBound >= 0 && bounds[axis].upperBound <= operandExtents[axis]
            builder.loop("copy", to: .constant(count)) { index in
                if isWithin || axis == lane { return inside(index) }
                let position = origin[axis].index + index
                let extent = operandExtents[axis]
                scoped([IndexRange(position, 0, .constant(extent))]) { inside(index) }
                scoped([IndexRange(position, .constant(-(1 << 30)), 0)]) { outside(index) }
                scoped([IndexRange(position, .constant(extent), .constant(1 << 30))]) { outside(index) }
            }
        }
    }

    private func scoped(_ conditions: [IndexRange], _ body: () -> Void) {
        builder.when(conditions) {
            body()
            return []
        }
    }

    /// The operand's position at a position in the box.
    private func absolute(_ local: [Int: Position]) -> [Position] {
        (0..<rank).map { axis in
            guard let position = local[axis] else { return origin[axis] }
            if axis == lane && !layout.blocks.isEmpty {
                return Position(outer: origin[axis].divided(by: builder.lanes).block + position.outer, split: builder.lanes)
            }
            return Position(origin[axis].index + position.index)
        }
    }

    private func offset(_ local: [Int: Position]) -> Index {
        layout.offset(of: (0..<rank).map { local[$0] ?? Position(0) }, extents: extents, lane: nil).offset
    }

    /// One register of channels of a blocked operand.
    private func copyVector(_ local: [Int: Position]) {
        let position = absolute(local)
        let extent = operandExtents[lane]
        let active: Index? = extent % builder.lanes == 0 ? nil : .constant(extent) + position[lane].index * -1
        let point = emitter.point(operandExtents, at: position, lane: lane, active: active)
        var register = point.value(value)
        if let active, !emitter.isStored(value) { register = builder.define(.keep(register, active: active)) }
        builder.store(scratch, offset(local), register)
    }

    /// The innermost row of a plain operand, a register at a time.
    private func copyRow(_ local: [Int: Position]) {
        guard case .constant(let first) = origin[lane].index else {
            preconditionFailure("the innermost axis of a plain operand is never split over tasks")
        }
        let begin = min(max(0, -first), extents[lane])
        let end = max(begin, min(extents[lane], operandExtents[lane] - first))
        zeroRow(local, from: 0, to: begin)
        let lanes = builder.lanes
        func copy(at index: Index, active: Int?) {
            var position = local
            position[lane] = Position(index)
            let point = emitter.point(operandExtents, at: absolute(position), lane: lane, active: active.map { .constant($0) })
            builder.store(scratch, offset(position), point.value(value), active: active.map { .constant($0) })
        }
        let whole = (end - begin) / lanes * lanes
        if whole > 0 {
            builder.loop("copy", from: .constant(begin), to: .constant(begin + whole), step: lanes) { copy(at: $0, active: nil) }
        }
        if begin + whole < end { copy(at: .constant(begin + whole), active: end - begin - whole) }
        zeroRow(local, from: end, to: extents[lane])
    }

    /// Writes zeros from one position of a row to another, a register at a time: in a loop where so many stores would make a kernel long.
    private func zeroRow(_ local: [Int: Position], from: Int, to: Int) {
        func store(at start: Index, active: Int?) {
            var position = local
            position[lane] = Position(start)
            builder.store(scratch, offset(position), builder.constant(0), active: active.map { .constant($0) })
        }
        let lanes = builder.lanes
        var start = from
        let whole = (to - from) / lanes * lanes
        if whole / lanes > Self.mostStoresInALine {
            builder.loop("zero", from: .constant(from), to: .constant(from + whole), step: lanes) { store(at: $0, active: nil) }
            start += whole
        }
        for start in stride(from: start, to: to, by: lanes) {
            store(at: .constant(start), active: to - start < lanes ? to - start : nil)
        }
    }

    private static let mostStoresInALine = 64

    private func zero(_ rest: ArraySlice<Int>, at local: [Int: Position]) {
        guard let axis = rest.first else {
            if layout.blocks.isEmpty { return zeroRow(local, from: 0, to: extents[lane]) }
            return builder.store(scratch, offset(local), builder.constant(0))
        }
        let step = axis == lane ? builder.lanes : 1
        builder.loop("zero", to: .constant((extents[axis] + step - 1) / step)) { index in
            zero(rest.dropFirst(), at: local.merging([axis: Position(outer: index, split: step)]) { $1 })
        }
    }
}
