import Graph
import LoopNest

/// Copies columns of the vector operand of a product of matrices side by side, a step of the sum after another.
struct ColumnPacking {
    let shape: ContractionShape
    let emitter: PointEmitter

    private var builder: KernelBuilder { emitter.builder }
    private var lanes: Int { builder.lanes }
    private var inner: Int { shape.reducedAxes[0] }
    private var extent: Int { shape.extents[shape.lane] }

    /// Copies `count` steps of the sum, from `first` on, of `laneBlocks` blocks of columns from number `block` on.
    ///
    /// - Parameters:
    ///   - start: where the panel begins in `buffer`.
    ///   - origin: the position of all other axes.
    ///   - mayEnd: whether the last of all blocks, which may be a partial one, can be among them.
    func pack(
        into buffer: BufferID, at start: Index = 0, block: Index, _ laneBlocks: Int, mayEnd: Bool, _ origin: ContractionPoint,
        from first: Index, count: Int
    ) -> VectorPanel {
        let panel = VectorPanel(buffer: buffer, axis: inner, width: laneBlocks * lanes, start: start)
        for number in 0..<laneBlocks {
            let outer = block + .constant(number)
            var point = origin
            point.set(shape.lane, Position(outer: outer, split: lanes))
            let place = start + .constant(number * lanes)
            guard liesTransposed, count >= lanes else {
                copy(point, to: panel, place, from: first, 0..<count)
                continue
            }
            let (whole, rest) = extent.quotientAndRemainder(dividingBy: lanes)
            guard mayEnd, rest > 0 else {
                transpose(point, to: panel, place, from: first, count: count, columns: lanes)
                continue
            }
            for (range, columns) in [(0..<whole, lanes), (whole..<whole + 1, rest)] where !range.isEmpty {
                builder.when([IndexRange(outer, .constant(range.lowerBound), .constant(range.upperBound))]) {
                    transpose(point, to: panel, place, from: first, count: count, columns: columns)
                    return []
                }
            }
        }
        return panel
    }

    /// Whether columns lie apart, and their elements side by side, as f32 or what is as easily loaded.
    private var liesTransposed: Bool {
        let value = shape.vector.value
        guard emitter.source(of: value) != nil, let column = shape.vector.dimension(of: shape.lane),
            let step = shape.vector.dimension(of: inner)
        else { return false }
        let blockSize = emitter.graph.layout(value).blockSize(of: step)
        let memory = emitter.graph.storage(of: value)
        let zeros = shape.vector.position.map { _ in Position(0) }
        func stride(_ dimension: Int) -> Int? { memory.offset(of: zeros, lane: dimension).laneStride }
        return stride(step) == 1 && stride(column) != 1 && (blockSize == 1 || blockSize % lanes == 0)
    }

    /// A register for each step: where columns do not lie side by side it is gathered.
    private func copy(_ origin: ContractionPoint, to panel: VectorPanel, _ place: Index, from first: Index, _ steps: Range<Int>) {
        let outer = origin.absolute[shape.lane].outer
        let active: Index? = extent % lanes == 0 ? nil : .constant(extent) + outer * -lanes
        builder.loop("pack", from: .constant(steps.lowerBound), to: .constant(steps.upperBound), unroll: 4) { step in
            var point = origin
            point.set(inner, Position(first + step))
            let register = value(point, lane: shape.vector.dimension(of: shape.lane), active: active)
            builder.store(panel.buffer, step * panel.width + place, register)
        }
    }

    /// Loads a register of steps from each column and exchanges rows and columns of these squares.
    ///
    /// - Parameter columns: how many of the block's columns there are; the others are zeros.
    private func transpose(
        _ origin: ContractionPoint, to panel: VectorPanel, _ place: Index, from first: Index, count: Int, columns: Int
    ) {
        let whole = count / lanes
        builder.loop("square", to: .constant(whole)) { square in
            let rows = (0..<lanes).map { column in
                guard column < columns else { return builder.constant(0) }
                var point = origin
                point.set(shape.lane, origin.absolute[shape.lane].advanced(by: column))
                point.set(inner, Position(outer: first / lanes + square, split: lanes))
                return value(point, lane: shape.vector.dimension(of: inner), active: nil)
            }
            for (step, register) in builder.transposed(rows).enumerated() {
                builder.store(panel.buffer, (square * lanes + .constant(step)) * panel.width + place, register)
            }
        }
        if count % lanes > 0 { copy(origin, to: panel, place, from: first, whole * lanes..<count) }
    }

    private func value(_ point: ContractionPoint, lane: Int?, active: Index?) -> Register {
        let position = shape.vector.position.map { $0.position(point.absolute) }
        return emitter.point(emitter.graph.extents(shape.vector.value), at: position, lane: lane, active: active).value(shape.vector.value)
    }
}
