import Graph
import LoopNest

/// One task's part of `AttentionNest`'s kernel.
struct AttentionTask {
    struct Scratch {
        /// The keys of a stretch: groups of lane blocks one after another, in each a row of registers for each term.
        var keys: BufferID
        /// The values of a stretch, likewise, with a row for each key.
        var values: BufferID
        /// The rows of a tile.
        var queries: BufferID
        /// The scores of a tile's rows, then their exponentials.
        var scores: BufferID
        /// The sum of a row's exponentials, a register a row; of a tile's rows, or of all between stretches.
        var sums: BufferID
        /// Between stretches: the largest score of each row so far, in all lanes, and what it has summed.
        var largest: BufferID?
        var results: BufferID?
    }

    let nest: AttentionNest
    let emitter: PointEmitter
    let scratch: Scratch
    /// The positions of the axes before the rows.
    let batch: [Position]
    let rowPart: Index
    let firstRow: Index

    var builder: KernelBuilder { emitter.builder }
    var lanes: Int { builder.lanes }
    private var row: Int { nest.row }

    /// The distance of rows of `count` elements in scratch: such that rows do not share sets of the cache.
    static func stride(_ count: Int, _ lanes: Int) -> Int {
        let padded = (count + lanes - 1) / lanes * lanes
        return padded * 4 % 1024 == 0 ? padded + lanes : padded
    }

    func run() {
        guard let largest = scratch.largest, let results = scratch.results else {
            take(from: 0, count: nest.keys)
            return
        }
        let rowCount = Index.least(.constant(nest.mostRows), .constant(nest.rows) + firstRow * -1)
        builder.loop("row", to: rowCount) { row in
            builder.store(largest, row * lanes, builder.constant(-.infinity))
            builder.store(scratch.sums, row * lanes, builder.constant(0))
            for block in 0..<nest.columnBlocks {
                builder.store(results, (row * nest.columnBlocks + .constant(block)) * lanes, builder.constant(0))
            }
        }
        let whole = nest.keys / nest.stretch
        func takeSeen(from first: Index, count: Int) {
            // Of causal attention some stretches lie behind the last row of the task.
            builder.when(nest.isCausal ? [IndexRange(first, 0, firstRow + rowCount)] : []) {
                take(from: first, count: count)
                return []
            }
        }
        builder.loop("stretch", to: .constant(whole)) { takeSeen(from: $0 * nest.stretch, count: nest.stretch) }
        if nest.keys % nest.stretch > 0 { takeSeen(from: .constant(whole * nest.stretch), count: nest.keys % nest.stretch) }
        tiles { tile, size in
            groups(nest.columnBlocks, nest.valueBlocks) { block, laneBlocks in
                let registers = places(tile, size, block, laneBlocks).map { builder.load(results, $0) }
                finish(registers, tile, size, block, laneBlocks)
            }
        }
    }

    /// Lets all rows see `count` keys from `first` on.
    private func take(from first: Index, count: Int) {
        let keyBlocks = (count + lanes - 1) / lanes
        let keyPacking = ColumnPacking(shape: nest.scores, emitter: emitter)
        groups(keyBlocks, nest.scoreBlocks) { block, laneBlocks in
            let mayEnd = laneBlocks < nest.scoreBlocks || keyBlocks % nest.scoreBlocks == 0
            _ = keyPacking.pack(
                into: scratch.keys, at: block * (nest.terms * lanes), block: first / lanes + block, laneBlocks, mayEnd: mayEnd,
                origin(nest.scores), from: 0, count: nest.terms)
        }
        let valuePacking = ColumnPacking(shape: nest.values, emitter: emitter)
        groups(nest.columnBlocks, nest.valueBlocks) { block, laneBlocks in
            _ = valuePacking.pack(
                into: scratch.values, at: block * (nest.stretch * lanes), block: block, laneBlocks, mayEnd: true, origin(nest.values),
                from: first, count: count)
        }
        tiles { tile, size in
            guard nest.isCausal else {
                take(Seen(end: .constant(count), count: count), from: first, tile, size)
                return
            }
            let end = Index.least(.constant(count), firstRow + tile + first * -1 + .constant(size))
            builder.when(nest.isStretched ? [IndexRange(end, 1, .constant(count + 1))] : []) {
                take(Seen(end: end, count: count), from: first, tile, size)
                return []
            }
        }
    }

    /// The keys of a stretch that rows see: those before `end`, of `count`.
    struct Seen {
        var end: Index
        var count: Int

        var isAll: Bool { end.constantValue == count }
        /// The groups of `size` keys with what is seen, of `most`.
        func groups(of size: Int, most: Int) -> Index {
            isAll ? .constant(most) : .least(.constant(most), (end + .constant(size - 1)) / size)
        }
    }

    /// Lets a tile's rows see keys from `first` on.
    private func take(_ seen: Seen, from first: Index, _ tile: Index, _ size: Int) {
        let queries = stage(tile, size)
        let keyBlocks = (seen.count + lanes - 1) / lanes
        let (whole, rest) = keyBlocks.quotientAndRemainder(dividingBy: nest.scoreBlocks)
        func group(_ block: Index, _ laneBlocks: Int) {
            let panel = VectorPanel(
                buffer: scratch.keys, axis: nest.inner, width: laneBlocks * lanes, start: block * (nest.terms * lanes))
            score(queries, panel, tile, size, first, block, laneBlocks)
        }
        if whole > 0 {
            builder.loop("block", to: seen.groups(of: nest.scoreBlocks * lanes, most: whole)) {
                group($0 * nest.scoreBlocks, nest.scoreBlocks)
            }
        }
        if rest > 0 {
            let begin = whole * nest.scoreBlocks
            builder.when(seen.isAll ? [] : [IndexRange(seen.end, .constant(begin * lanes + 1), .constant(seen.count + 1))]) {
                group(.constant(begin), rest)
                return []
            }
        }
        builder.loop("row", to: .constant(size)) { exponentiate($0, tile, seen) }
        multiply(tile, size, seen)
    }

    // MARK: Scores

    /// Copies the queries of a tile, computing them where they are not in memory.
    private func stage(_ tile: Index, _ size: Int) -> BroadcastSource {
        let (shape, stride) = (nest.scores, Self.stride(nest.terms, lanes))
        let value = shape.broadcast.value
        let extents = emitter.graph.extents(value)
        let vectors = (nest.terms + lanes - 1) / lanes
        builder.loop("row", to: .constant(size)) { row in
            for vector in 0..<vectors {
                var point = origin(shape)
                point.set(self.row, Position(firstRow + tile + row))
                point.set(nest.inner, Position(outer: .constant(vector), split: lanes))
                let rest = nest.terms - vector * lanes
                let position = shape.broadcast.position.map { $0.position(point.absolute) }
                let register = emitter.point(
                    extents, at: position, lane: shape.broadcast.dimension(of: nest.inner), active: rest < lanes ? .constant(rest) : nil
                ).value(value)
                builder.store(scratch.queries, row * stride + .constant(vector * lanes), register)
            }
        }
        return source(scratch.queries, value, stride)
    }

    private func source(_ buffer: BufferID, _ value: Value, _ stride: Int) -> BroadcastSource {
        BroadcastSource(
            staged: buffer, StoredTensor(owner: value, layout: .plain, extents: [nest.tileRows, stride]), [.axis(row), .axis(nest.inner)])
    }

    /// The scores of a tile's rows and some lane blocks of keys, the first of them `block` blocks behind key `first`.
    private func score(
        _ queries: BroadcastSource, _ panel: VectorPanel, _ tile: Index, _ size: Int, _ first: Index, _ block: Index, _ laneBlocks: Int
    ) {
        let shape = nest.scores
        var base = point(shape, tile)
        base.set(shape.lane, Position(outer: first / lanes + block, split: lanes))
        let registers = product(shape, queries, panel, tile, size, laneBlocks, steps: .constant(nest.terms), base, initial: nil)
        let (extents, keys) = (emitter.graph.extents(shape.result.value), nest.keys)
        let stride = Self.stride(nest.stretch, lanes)
        for number in 0..<size {
            for lane in 0..<laneBlocks {
                var coordinates = base.advanced(row, by: number).absolute
                coordinates[shape.lane].outer = coordinates[shape.lane].outer + .constant(lane)
                let active: Index? = keys % lanes == 0 ? nil : .constant(keys) + coordinates[shape.lane].index * -1
                let point = emitter.point(
                    extents, at: shape.result.position.map { $0.position(coordinates) }, lane: shape.lane, active: active)
                point.set(shape.result.value, registers[number * laneBlocks + lane])
                builder.store(
                    scratch.scores, .constant(number * stride) + (block + .constant(lane)) * lanes, point.value(nest.nodes.scores))
            }
        }
    }

    // MARK: Results

    /// Multiplies the exponentials of a tile's rows by the values of the keys that they see.
    private func multiply(_ tile: Index, _ size: Int, _ seen: Seen) {
        let shape = nest.values
        let exponentials = source(scratch.scores, shape.broadcast.value, Self.stride(nest.stretch, lanes))
        groups(nest.columnBlocks, nest.valueBlocks) { block, laneBlocks in
            let panel = VectorPanel(
                buffer: scratch.values, axis: nest.inner, width: laneBlocks * lanes, start: block * (nest.stretch * lanes))
            var base = point(shape, tile)
            base.set(shape.lane, Position(outer: block, split: lanes))
            let kept = places(tile, size, block, laneBlocks)
            let initial = scratch.results.map { results in kept.map { builder.load(results, $0) } }
            let registers = product(shape, exponentials, panel, tile, size, laneBlocks, steps: seen.end, base, initial: initial)
            if let results = scratch.results {
                for (place, register) in zip(kept, registers) { builder.store(results, place, register) }
            } else {
                finish(registers, tile, size, block, laneBlocks)
            }
        }
    }

    /// Divides finished sums where that comes before the epilogue, and applies it.
    private func finish(_ registers: [Register], _ tile: Index, _ size: Int, _ block: Index, _ laneBlocks: Int) {
        let (shape, nodes) = (nest.values, nest.nodes)
        var base = point(shape, tile)
        base.set(shape.lane, Position(outer: block, split: lanes))
        for number in 0..<size {
            let row = scratch.results == nil ? Index.constant(number) : tile + .constant(number)
            let sum = builder.load(scratch.sums, row * lanes)
            for lane in 0..<laneBlocks {
                var coordinates = base.advanced(self.row, by: number).absolute
                coordinates[shape.lane].outer = coordinates[shape.lane].outer + .constant(lane)
                var register = registers[number * laneBlocks + lane]
                if nodes.weights != nil { register = builder.binary(.divide, register, sum) }
                Epilogue(shape: shape, emitter: emitter).store(
                    register, at: shape.result.position.map { $0.position(coordinates) }, knowing: [(nodes.sums, sum)])
            }
        }
    }

    // MARK: Products

    private func product(
        _ shape: ContractionShape, _ source: BroadcastSource, _ panel: VectorPanel, _ tile: Index, _ size: Int, _ laneBlocks: Int,
        steps: Index, _ base: ContractionPoint, initial: [Register]?
    ) -> [Register] {
        let tile = RegisterTile(points: [.init(axis: row, count: size)], laneBlocks: laneBlocks)
        let unroll = RegisterTile.unroll(laneBlocks: laneBlocks, registers: nest.target.vectors.registers)
        let kernel = Microkernel(
            shape: shape, source: source, weights: panel.buffer, panel: panel, emitter: emitter, tile: tile,
            loops: [
                steps.constantValue.map { .axis(nest.inner, count: $0, unroll: unroll) }
                    ?? .beginning(nest.inner, end: steps, unroll: unroll)
            ],
            start: [Position](repeating: Position(0), count: shape.extents.count), numerics: nest.numerics)
        return kernel.reduce(base, initial: initial ?? .init(repeating: builder.constant(0), count: size * laneBlocks))
    }

    /// The origin of a task's matrices.
    private func origin(_ shape: ContractionShape) -> ContractionPoint {
        var point = ContractionPoint(axes: shape.extents.count)
        for (axis, position) in batch.enumerated() { point.set(axis, position) }
        return point
    }

    /// The first row of a tile, which counts from the task's first row.
    private func point(_ shape: ContractionShape, _ tile: Index) -> ContractionPoint {
        var point = origin(shape)
        point.set(row, Position(0), from: Position(firstRow + tile))
        return point
    }

    /// Where a tile's sums are kept between stretches, in the order of its registers.
    private func places(_ tile: Index, _ size: Int, _ block: Index, _ laneBlocks: Int) -> [Index] {
        (0..<size).flatMap { number in
            (0..<laneBlocks).map { ((tile + .constant(number)) * nest.columnBlocks + block + .constant($0)) * lanes }
        }
    }

    // MARK: Loops

    /// `count` lane blocks, `most` at a time.
    private func groups(_ count: Int, _ most: Int, _ body: (_ block: Index, _ laneBlocks: Int) -> Void) {
        let whole = count / most
        if whole > 0 { builder.loop("block", to: .constant(whole)) { body($0 * most, most) } }
        if count % most > 0 { body(.constant(whole * most), count % most) }
    }

    /// Every tile of the task, by its first row, which counts from the task's.
    private func tiles(_ body: (_ tile: Index, _ size: Int) -> Void) {
        let (whole, most, size) = (nest.wholeTiles, nest.tilesOfTask, nest.tileRows)
        let last = whole - (nest.rowParts - 1) * most
        let end = nest.rowParts == 1 || last == most ? Index.constant(last) : .least(.constant(most), .constant(whole) + rowPart * -most)
        builder.loop("tile", to: end) { body($0 * size, size) }
        guard nest.rows % size > 0 else { return }
        builder.when([IndexRange(rowPart, .constant(nest.rowParts - 1), .constant(nest.rowParts))]) {
            body(.constant(last * size), nest.rows % size)
            return []
        }
    }
}
