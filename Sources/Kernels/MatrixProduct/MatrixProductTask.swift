import Graph
import LoopNest

/// One task's part of the kernel.
struct MatrixProductTask {
    /// The copies and sums that a task keeps, each where there is one.
    struct Scratch {
        var panel: BufferID?
        var rows: BufferID?
        var sums: BufferID?
    }

    let nest: MatrixProductNest
    let emitter: PointEmitter
    let scratch: Scratch
    /// The position of all axes but the rows, the lanes and what is summed over.
    let origin: ContractionPoint
    let rowPart: Index
    let lanePart: Index
    let firstRow: Index
    let firstBlock: Index

    private var builder: KernelBuilder { emitter.builder }
    private var shape: ContractionShape { nest.shape }
    private var lanes: Int { nest.target.lanes }

    /// Adds up `count` terms from `first` on; the sums are stored with their epilogue, or kept in scratch where further ones follow.
    func multiply(from first: Index, count: Int) {
        let source = scratch.rows.map { stage(into: $0, from: first, count: count) } ?? BroadcastSource(flattened: shape, emitter)
        var start = [Position](repeating: Position(0), count: shape.extents.count)
        start[nest.row] = scratch.rows == nil ? Position(0) : Position(firstStaged)
        start[nest.inner] = Position(first)
        groups { block, laneBlocks in
            let panel = scratch.panel.map {
                ColumnPacking(shape: shape, emitter: emitter).pack(
                    into: $0, block: firstBlock + block, laneBlocks, mayEnd: laneBlocks < nest.tile.laneBlocks || isEven, origin,
                    from: first, count: count)
            }
            tiles { row, size in
                let tile = RegisterTile(points: [.init(axis: nest.row, count: size)], laneBlocks: laneBlocks)
                multiply(tile, row: row, block: block, from: first, count: count, start, source, panel)
            }
        }
    }

    /// Whether all groups of lane blocks are whole.
    private var isEven: Bool { nest.laneBlocks % nest.tile.laneBlocks == 0 }

    /// Adds up `count` terms from `first` on for one tile.
    private func multiply(
        _ tile: RegisterTile, row: Index, block: Index, from first: Index, count: Int, _ start: [Position], _ source: BroadcastSource,
        _ panel: VectorPanel?
    ) {
        let base = point(row: row, block: block, start)
        let kept = places(row, block, tile)
        var initial = [Register](repeating: builder.constant(0), count: kept.count)
        if let sums = scratch.sums {
            initial = builder.when([IndexRange(first, 1, .constant(1 << 40))], carrying: initial) {
                kept.map { builder.load(sums, $0) }
            }
        }
        let unroll = RegisterTile.unroll(laneBlocks: tile.laneBlocks, registers: nest.target.vectors.registers)
        let kernel = Microkernel(
            shape: shape, source: source, weights: panel?.buffer ?? emitter.buffer(shape.vector.value), panel: panel, emitter: emitter,
            tile: tile, loops: [.axis(nest.inner, count: count, unroll: unroll)], start: start, numerics: nest.numerics)
        let registers = kernel.reduce(base, initial: initial)
        if let sums = scratch.sums {
            for (place, register) in zip(kept, registers) { builder.store(sums, place, register) }
        } else {
            Epilogue(shape: shape, emitter: emitter).store(registers, tile, base)
        }
    }

    /// The epilogue of sums that were kept in scratch.
    func finish() {
        guard let sums = scratch.sums else { preconditionFailure("no sums were kept") }
        let start = [Position](repeating: Position(0), count: shape.extents.count)
        groups { block, laneBlocks in
            tiles { row, size in
                let tile = RegisterTile(points: [.init(axis: nest.row, count: size)], laneBlocks: laneBlocks)
                let registers = places(row, block, tile).map { builder.load(sums, $0) }
                Epilogue(shape: shape, emitter: emitter).store(registers, tile, point(row: row, block: block, start))
            }
        }
    }

    private func point(row: Index, block: Index, _ start: [Position]) -> ContractionPoint {
        var point = origin
        point.set(nest.row, Position(firstRow + row + start[nest.row].index * -1), from: start[nest.row])
        point.set(shape.lane, Position(outer: firstBlock + block, split: lanes))
        return point
    }

    /// The first row that is copied: where rows lie side by side, one that begins a register.
    private var firstStaged: Index { nest.stagedRows.fast == nest.row ? firstRow / lanes * lanes : firstRow }

    /// Where a tile's sums are kept, in the order of its registers; row and block count from the task's first.
    private func places(_ row: Index, _ block: Index, _ tile: RegisterTile) -> [Index] {
        (0..<tile.pointCount).flatMap { point in
            (0..<tile.laneBlocks).map { lane in
                ((row + .constant(point)) * nest.mostBlocks + block + .constant(lane)) * lanes
            }
        }
    }

    /// Every group of lane blocks of the task, counted from the task's first block.
    private func groups(_ body: (_ block: Index, _ laneBlocks: Int) -> Void) {
        let size = nest.tile.laneBlocks
        each("block", nest.wholeGroups, nest.groupsOfTask, part: lanePart, of: nest.laneParts, rest: nest.laneBlocks % size) {
            body($0 * size, $1 ?? size)
        }
    }

    /// Every tile of rows of the task, counted from the task's first row.
    private func tiles(_ body: (_ row: Index, _ size: Int) -> Void) {
        let size = nest.tile.points[0].count
        each("tile", nest.wholeTiles, nest.tilesOfTask, part: rowPart, of: nest.rowParts, rest: nest.rows % size) {
            body($0 * size, $1 ?? size)
        }
    }

    /// The units of one part out of `parts`, `most` each; the last has what is left over, and a smaller unit if there is a `rest`.
    private func each(
        _ name: String, _ whole: Int, _ most: Int, part: Index, of parts: Int, rest: Int, _ body: (Index, _ size: Int?) -> Void
    ) {
        let last = whole - (parts - 1) * most
        if parts == 1 || last == most {
            builder.loop(name, to: .constant(last)) { body($0, nil) }
        } else {
            builder.loop(name, to: .least(.constant(most), .constant(whole) + part * -most)) { body($0, nil) }
        }
        guard rest > 0 else { return }
        builder.when([IndexRange(part, .constant(parts - 1), .constant(parts))]) {
            body(.constant(last), rest)
            return []
        }
    }

    /// Copies the task's rows of the broadcast operand, computing them where they are not in memory.
    private func stage(into buffer: BufferID, from first: Index, count: Int) -> BroadcastSource {
        let value = shape.broadcast.value
        let extents = emitter.graph.extents(value)
        let (slow, fast, stride) = (nest.stagedRows.slow, nest.stagedRows.fast, nest.stagedRows.stride)
        let rowCount = Index.least(.constant(nest.mostRows), .constant(nest.rows) + firstRow * -1)
        let dimension = shape.broadcast.dimension(of: fast)
        func begin(_ axis: Int) -> Index { axis == nest.row ? firstStaged : first }
        func copy(_ number: Index, _ vector: Index) {
            var point = origin
            point.set(slow, Position(begin(slow) + number))
            let outer = begin(fast) / lanes + vector
            point.set(fast, Position(outer: outer, split: lanes))
            let extent = shape.extents[fast]
            let active: Index? = extent % lanes == 0 ? nil : .constant(extent) + outer * -lanes
            let position = shape.broadcast.position.map { $0.position(point.absolute) }
            let register = emitter.point(extents, at: position, lane: dimension, active: active).value(value)
            builder.store(buffer, number * stride + vector * lanes, register)
        }
        func registers(_ count: Int) -> Index { .constant((count + lanes - 1) / lanes) }
        let copies =
            fast == nest.row
            ? Index.least(registers(nest.stagedRows.fastCount), registers(nest.rows) + firstStaged / lanes * -1) : registers(count)
        builder.loop("row", to: slow == nest.row ? rowCount : .constant(count)) { number in
            builder.loop("copy", to: copies) { copy(number, $0) }
        }
        let memory = StoredTensor(owner: value, layout: .plain, extents: [nest.stagedRows.count / stride, stride])
        return BroadcastSource(staged: buffer, memory, [.axis(slow), .axis(fast)])
    }
}
