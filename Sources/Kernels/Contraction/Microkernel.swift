import Graph
import LoopNest

/// The innermost loops of a contraction: a register tile, summed over the reduced axes.
struct Microkernel {
    /// One loop of the reduction.
    enum ReductionLoop {
        /// Over the whole of an axis.
        case axis(Int, count: Int, unroll: Int)
        /// Over the beginning of an axis, which ends somewhere before its extent.
        case beginning(Int, end: Index, unroll: Int)
        /// Over the blocks of a blocked axis; `lanes` positions each.
        case blocks(Int, count: Int)
        /// Within the block that an enclosing `blocks` loop has chosen, `step` positions at a time; the last block has only what remains of
        /// `extent`, if given.
        case withinBlock(Int, lanes: Int, extent: Int?, step: Int, unroll: Int)
    }

    let shape: ContractionShape
    let source: BroadcastSource
    /// Where the vector operand lies.
    let weights: BufferID
    /// How it lies there, where it was copied; nil where it is read as it lies in memory.
    var panel: VectorPanel?
    let emitter: PointEmitter
    let tile: RegisterTile
    /// Outermost first.
    let loops: [ReductionLoop]
    /// Where the staged region starts, by axis.
    let start: [Position]
    var numerics = Numerics.standard
    /// How a step sums the products of pairs of bf16, of neighbours along the channels; nil where it multiplies numbers.
    var pairRule: DotProduct.PairRule?
    /// Whether the elements of the next block of channels are asked for while a block is summed: blocks lie apart, where no hardware
    /// expects the next access.
    var prefetches = false

    private var builder: KernelBuilder { emitter.builder }
    private var usesPairs: Bool { pairRule != nil }

    /// The sums, tile point by tile point and within each lane block by lane block.
    func reduce(_ base: ContractionPoint, initial: [Register]) -> [Register] {
        switch numerics {
        case .standard, .tolerance: return reduce(loops[...], base, initial)
        case .strict:
            let errors = [Register](repeating: builder.constant(0), count: initial.count)
            let ends = reduce(loops[...], base, initial + errors)
            return zip(ends.prefix(initial.count), ends.suffix(initial.count)).map { builder.binary(.add, $0, $1) }
        }
    }

    private func reduce(_ rest: ArraySlice<ReductionLoop>, _ point: ContractionPoint, _ sums: [Register]) -> [Register] {
        guard let loop = rest.first else { return step(point, sums) }
        func turn(_ axis: Int, _ position: Position, _ sums: [Register]) -> [Register] {
            var inner = point
            inner.set(axis, position, from: start[axis])
            return reduce(rest.dropFirst(), inner, sums)
        }
        switch loop {
        case .axis(let axis, let count, let unroll):
            if count == 1 { return turn(axis, Position(0), sums) }
            return builder.loop(shape.names[axis], to: .constant(count), unroll: unroll, carrying: sums) { index, sums in
                turn(axis, Position(index), sums)
            }
        case .beginning(let axis, let end, let unroll):
            return builder.loop(shape.names[axis], to: end, unroll: unroll, carrying: sums) { turn(axis, Position($0), $1) }
        case .blocks(let axis, let count):
            if count == 1 { return turn(axis, Position(outer: 0, split: builder.lanes), sums) }
            return builder.loop(shape.names[axis] + "_block", to: .constant(count), carrying: sums) { index, sums in
                if prefetches {
                    var next = point
                    next.set(axis, Position(outer: .least(index + 1, .constant(count - 1)), split: builder.lanes), from: start[axis])
                    for point in tile.points(from: next) { builder.prefetch(source.buffer, source.offset(point)) }
                }
                return turn(axis, Position(outer: index, split: builder.lanes), sums)
            }
        case .withinBlock(let axis, let lanes, let extent, let step, let unroll):
            let block = point.local[axis].outer
            let count = extent.map { Index.least(.constant(lanes), .constant($0) + block * -lanes) } ?? .constant(lanes)
            return builder.loop(shape.names[axis], to: count, step: step, unroll: unroll, carrying: sums) { index, sums in
                turn(axis, Position(outer: block, inner: index, split: lanes), sums)
            }
        }
    }

    /// How many of the lanes from a position on there are, where no padding fills the last vector.
    private func active(_ position: Position) -> Index? {
        let (extent, size) = (shape.extents[shape.lane], emitter.graph.layout(shape.vector.value).blocks.last?.size ?? 1)
        return extent % builder.lanes == 0 || size % builder.lanes == 0 ? nil : .constant(extent) + position.index * -1
    }

    /// How many steps ahead weights are fetched: longer than memory takes, and less than what a panel of the first-level cache holds.
    private static let prefetchDistance = 48

    /// One step: every point's broadcast element times every block's vector. Where errors are carried along, they follow the sums.
    private func step(_ base: ContractionPoint, _ sums: [Register]) -> [Register] {
        let memory = emitter.graph.storage(of: shape.vector.value)
        let dimension = shape.vector.dimension(of: shape.lane)!
        let vectors = (0..<tile.laneBlocks).map { block in
            if let panel {
                let place = base.local[panel.axis].index * panel.width + panel.start + .constant(block * builder.lanes)
                return builder.load(panel.buffer, place)
            }
            let position = shape.vector.position.map { $0.position(base.absolute) }
            var blocked = position
            blocked[dimension].outer = position[dimension].outer + .constant(block)
            let offset = memory.offset(of: blocked, lane: nil).offset
            // The weights of a block are one stream, which the processor's own prefetching loses at the end of every page.
            builder.prefetch(weights, offset + .constant(Self.prefetchDistance * builder.lanes * (usesPairs ? 2 : 1)))
            return usesPairs
                ? builder.define(.loadPairs(weights, offset)) : builder.load(weights, offset, active: active(blocked[dimension]))
        }
        var result = sums
        for (number, point) in tile.points(from: base).enumerated() {
            let offset = source.offset(point)
            let element = usesPairs ? builder.define(.broadcastPair(source.buffer, offset)) : builder.broadcast(source.buffer, offset)
            for block in 0..<tile.laneBlocks {
                let index = number * tile.laneBlocks + block
                if let pairRule {
                    result[index] = builder.define(pairRule.operation(element, vectors[block], sum: result[index]))
                    continue
                }
                switch numerics {
                case .standard, .tolerance: result[index] = builder.multiplyAdd(element, vectors[block], result[index])
                case .strict:
                    let error = result.count / 2 + index
                    (result[index], result[error]) = builder.compensatedMultiplyAdd(
                        element, vectors[block], sum: result[index], error: result[error])
                }
            }
        }
        return result
    }
}
