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

    private var builder: KernelBuilder { emitter.builder }
    private var lanes: Int { builder.lanes }
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
        builder.loop("stretch", to: .constant(whole)) { take(from: $0 * nest.stretch, count: nest.stretch) }
        if nest.keys % nest.stretch > 0 { take(from: .constant(whole * nest.stretch), count: nest.keys % nest.stretch) }
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
            let queries = stage(tile, size)
            groups(keyBlocks, nest.scoreBlocks) { block, laneBlocks in
                let panel = VectorPanel(
                    buffer: scratch.keys, axis: nest.inner, width: laneBlocks * lanes, start: block * (nest.terms * lanes))
                score(queries, panel, tile, size, first, block, laneBlocks)
            }
            builder.loop("row", to: .constant(size)) { exponentiate($0, tile, count: count) }
            multiply(tile, size, count: count)
        }
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
        let registers = product(shape, queries, panel, tile, size, laneBlocks, steps: nest.terms, base, initial: nil)
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

    // MARK: Exponentials

    /// The exponentials of a row's scores less the largest, with their sum; what was summed before is rescaled if there is a larger one now.
    private func exponentiate(_ row: Index, _ tile: Index, count: Int) {
        let (base, whole) = (row * Self.stride(nest.stretch, lanes), count / lanes)
        let lowest = builder.constant(-.infinity)
        /// The scores behind the last whole register; those of keys that are not there cannot be the largest.
        func last() -> Register? {
            guard count % lanes > 0 else { return nil }
            let (lane, end) = (builder.define(.position(0, stride: 1)), builder.define(.position(.constant(count % lanes), stride: 0)))
            let score = builder.load(scratch.scores, base + .constant(whole * lanes))
            return builder.define(.select(.less, lane, end, then: score, otherwise: lowest))
        }
        // One instruction. A NaN may be lost here, for its exponential is one, too.
        func larger(_ a: Register, _ b: Register) -> Register { builder.define(.select(.less, a, b, then: b, otherwise: a)) }
        var most = fold(whole, from: lowest, larger) { builder.load(scratch.scores, base + $0 * lanes) }
        let rest = last()
        if let rest { most = larger(most, rest) }
        most = builder.define(.acrossLanes(.maximum, most))
        guard let largest = scratch.largest, let results = scratch.results else {
            builder.store(scratch.sums, row * lanes, exponentials(base, whole, rest, less: most))
            return
        }
        let number = tile + row
        let before = builder.load(largest, number * lanes)
        most = builder.binary(.maximum, before, most)
        // As long as all scores are minus infinity, nothing counts.
        let shift = builder.define(.select(.equal, most, lowest, then: builder.constant(0), otherwise: most))
        let factor = builder.define(.unary(.exponential, builder.binary(.subtract, before, shift)))
        let sum = exponentials(base, whole, rest, less: shift)
        builder.store(largest, number * lanes, most)
        builder.store(scratch.sums, number * lanes, builder.multiplyAdd(builder.load(scratch.sums, number * lanes), factor, sum))
        for block in 0..<nest.columnBlocks {
            let place = (number * nest.columnBlocks + .constant(block)) * lanes
            builder.store(results, place, builder.binary(.multiply, builder.load(results, place), factor))
        }
    }

    /// Writes the exponentials over a row's scores and gives their sum in all lanes.
    private func exponentials(_ base: Index, _ whole: Int, _ rest: Register?, less shift: Register) -> Register {
        func exponential(_ vector: Index, of score: Register) -> Register {
            let result = builder.define(.unary(.exponential, builder.binary(.subtract, score, shift)))
            builder.store(scratch.scores, base + vector * lanes, result)
            return result
        }
        func add(_ a: Register, _ b: Register) -> Register { builder.binary(.add, a, b) }
        var sum = fold(whole, from: builder.constant(0), add) { exponential($0, of: builder.load(scratch.scores, base + $0 * lanes)) }
        if let rest { sum = add(sum, exponential(.constant(whole), of: rest)) }
        return builder.define(.acrossLanes(.add, sum))
    }

    /// The values of vectors `0 ..< count` combined, four side by side.
    private func fold(
        _ count: Int, from identity: Register, _ combine: (Register, Register) -> Register, _ value: (Index) -> Register
    ) -> Register {
        let width = 4
        let main = count / width * width
        var total = identity
        if main > 0 {
            let parts = builder.loop("vector", to: .constant(main), step: width, carrying: .init(repeating: identity, count: width)) {
                vector, parts in parts.indices.map { combine(parts[$0], value(vector + .constant($0))) }
            }
            total = combine(combine(parts[0], parts[1]), combine(parts[2], parts[3]))
        }
        for vector in main..<count { total = combine(total, value(.constant(vector))) }
        return total
    }

    // MARK: Results

    /// Multiplies the exponentials of a tile's rows by `count` values.
    private func multiply(_ tile: Index, _ size: Int, count: Int) {
        let shape = nest.values
        let exponentials = source(scratch.scores, shape.broadcast.value, Self.stride(nest.stretch, lanes))
        groups(nest.columnBlocks, nest.valueBlocks) { block, laneBlocks in
            let panel = VectorPanel(
                buffer: scratch.values, axis: nest.inner, width: laneBlocks * lanes, start: block * (nest.stretch * lanes))
            var base = point(shape, tile)
            base.set(shape.lane, Position(outer: block, split: lanes))
            let kept = places(tile, size, block, laneBlocks)
            let initial = scratch.results.map { results in kept.map { builder.load(results, $0) } }
            let registers = product(shape, exponentials, panel, tile, size, laneBlocks, steps: count, base, initial: initial)
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
        steps: Int, _ base: ContractionPoint, initial: [Register]?
    ) -> [Register] {
        let tile = RegisterTile(points: [.init(axis: row, count: size)], laneBlocks: laneBlocks)
        let unroll = RegisterTile.unroll(laneBlocks: laneBlocks, registers: nest.target.vectors.registers)
        let kernel = Microkernel(
            shape: shape, source: source, weights: panel.buffer, panel: panel, emitter: emitter, tile: tile,
            loops: [.axis(nest.inner, count: steps, unroll: unroll)],
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
