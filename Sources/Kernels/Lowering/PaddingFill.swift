import Graph
import LoopNest

extension PointEmitter {
    /// Writes zeros to the padding of a value's layout, except where the lanes of whole vectors have covered it.
    ///
    /// - Parameters:
    ///   - lane: the axis of the value along which vectors were stored, and their width.
    func fillPadding(of value: Value, lane: Int?, lanes: Int) {
        let layout = graph.layout(value)
        let extents = graph.extents(value)
        for axis in Set(layout.blocks.map(\.axis)).sorted() {
            let size = layout.blockSize(of: axis)
            let padded = (extents[axis] + size - 1) / size * size
            let covered = axis == lane && axis == layout.blocks.last?.axis ? (extents[axis] + lanes - 1) / lanes * lanes : extents[axis]
            if covered < padded { fill(value, axis, covered..<padded) }
        }
    }

    /// Zeros at `range` of `axis` and all positions, padding included, of the others.
    private func fill(_ value: Value, _ axis: Int, _ range: Range<Int>) {
        let layout = graph.layout(value)
        let extents = graph.extents(value)
        let zero = builder.constant(0)
        // Whole vectors along another axis whose block is innermost, else a partial one within the block, else single elements.
        let innermost = layout.blocks.last!
        let isVector = innermost.axis != axis && innermost.size % builder.lanes == 0
        let isRun = innermost.axis == axis && layout.blockSize(of: axis) == innermost.size && range.count <= builder.lanes
        func loop(_ other: Int, _ position: [Position]) {
            guard other < extents.count else {
                let (offset, _) = graph.storage(of: value).offset(of: position, lane: nil)
                if isVector {
                    builder.store(buffer(value), offset, zero)
                } else {
                    builder.store(buffer(value), offset, zero, active: .constant(isRun ? range.count : 1))
                }
                return
            }
            let size = layout.blockSize(of: other)
            var position = position
            if other == axis {
                let count = isRun ? 1 : range.count
                builder.loop("padding", to: .constant(count)) { index in
                    position[other] = Position(index + .constant(range.lowerBound))
                    loop(other + 1, position)
                }
                return
            }
            let step = isVector && other == innermost.axis ? builder.lanes : 1
            let count = (extents[other] + size - 1) / size * size
            builder.loop("axis\(other)", to: .constant(count), step: step) { index in
                position[other] = Position(index)
                loop(other + 1, position)
            }
        }
        builder.when([IndexRange(builder.task, 0, 1)]) {
            loop(0, [Position](repeating: Position(0), count: extents.count))
            return []
        }
    }
}
