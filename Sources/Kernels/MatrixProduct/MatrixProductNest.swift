import Graph
import LoopNest

/// Multiplies matrices of activations, which no preparation can bring into the order that register tiles want.
///
/// A task has some rows and some groups of lane blocks of one pair of matrices. For a group it copies the vector operand's columns into a
/// *panel* in scratch, one row of `laneBlocks` registers a step of the sum, and runs register tiles of rows over it. Long sums are cut
/// into stretches whose panels a cache holds; between them the sums lie in scratch.
struct MatrixProductNest {
    let shape: ContractionShape
    let group: Group
    let target: Target
    let numerics: Numerics
    private let name: String
    /// The point axis along which tiles run, and the axis that is summed over.
    let row: Int
    let inner: Int
    let tile: RegisterTile
    /// The whole tiles of rows, and the whole groups of lane blocks, of a task; the last tasks have the rest too.
    private(set) var tilesOfTask = 1
    private(set) var groupsOfTask = 1
    /// How many terms are summed over one panel.
    let stretch: Int
    /// Whether the broadcast operand is copied too: where it is not in memory as f32, or its rows lie so that a cache cannot hold a tile's.
    let isStaged: Bool
    /// Whether the vector operand is copied; of few rows it is read in place where that can be done.
    let isPacked: Bool

    /// The terms over a panel: what a few registers a term take of the second-level cache leaves room for the rest.
    private static let longestStretch = 512
    /// The fewest rows for which copying columns that do not lie side by side pays.
    static let fewestRows = 4

    init?(_ shape: ContractionShape, _ group: Group, _ target: Target, _ numerics: Numerics, name: String) {
        guard shape.reducedAxes.count == 1, let row = Self.rowAxis(shape) else { return nil }
        self.shape = shape
        self.group = group
        self.target = target
        self.numerics = numerics
        self.name = name
        self.row = row
        inner = shape.reducedAxes[0]
        let (extent, blocks) = (shape.extents[row], shape.laneBlockCount(target.lanes))
        tile = .best(axis: row, extent: extent, laneBlocks: blocks, registers: numerics.accumulatorRegisters(of: target))
        let isLoadable = shape.vectorIsLoadable(in: group, lanes: target.lanes)
        isPacked = !(isLoadable && extent <= tile.points[0].count)
        guard isLoadable || extent >= Self.fewestRows else { return nil }
        isStaged = !Self.canReadInPlace(shape, group, row: row, inner: inner)
        let terms = shape.extents[inner]
        let stretches = isPacked || isStaged ? (terms + Self.longestStretch * 3 / 2 - 1) / (Self.longestStretch * 3 / 2) : 1
        stretch = stretches == 1 ? terms : Self.longestStretch
        split()
    }

    /// The axis of rows: of those that the broadcast operand alone reads, the one with the most positions.
    private static func rowAxis(_ shape: ContractionShape) -> Int? {
        let rows = shape.pointAxes.filter { shape.broadcast.dimension(of: $0) != nil && !shape.vector.reads($0) }
        return rows.max { (shape.extents[$0], $0) < (shape.extents[$1], $1) }
    }

    /// Whether tiles can read the broadcast operand where it lies: rows in memory whose neighbours are not in one set of the cache.
    private static func canReadInPlace(_ shape: ContractionShape, _ group: Group, row: Int, inner: Int) -> Bool {
        let value = shape.broadcast.value
        guard let stored = group.stored(value), group.graph.storedElement(of: stored) == .f32 else { return false }
        let memory = group.graph.storage(of: value).flattened
        guard memory.layout.blocks.isEmpty, let dimension = shape.broadcast.dimension(of: row) else { return false }
        let stride = rowMajorStrides(memory.extents)[dimension]
        return stride * 4 % 2048 != 0 || shape.extents[row] == 1
    }

    // MARK: How the work is cut

    private var rows: Int { shape.extents[row] }
    private var wholeTiles: Int { rows / tile.points[0].count }
    private var laneBlocks: Int { shape.laneBlockCount(target.lanes) }
    private var wholeGroups: Int { laneBlocks / tile.laneBlocks }
    private var rowParts: Int { (wholeTiles + tilesOfTask - 1) / tilesOfTask }
    private var laneParts: Int { (wholeGroups + groupsOfTask - 1) / groupsOfTask }
    /// The axes whose every position is a pair of matrices, or further rows.
    private var outerAxes: [Int] { shape.pointAxes.filter { $0 != row } }
    private var matrices: Int { outerAxes.reduce(1) { $0 * shape.extents[$1] } }
    /// The most rows and lane blocks of a task.
    private var mostRows: Int { min(rows, tilesOfTask * tile.points[0].count + rows % tile.points[0].count) }
    private var mostBlocks: Int { min(laneBlocks, groupsOfTask * tile.laneBlocks + laneBlocks % tile.laneBlocks) }
    private var isStretched: Bool { stretch < shape.extents[inner] }

    /// Cuts matrices so that every core has some tasks: first by lanes, of which each is copied once however they are dealt out, then by
    /// rows; and so that what a task keeps in scratch stays in the second-level cache.
    private mutating func split() {
        tilesOfTask = max(1, wholeTiles)
        groupsOfTask = max(1, wholeGroups)
        let wanted = target.cores == 1 ? 1 : 4 * target.cores
        func halve(_ count: inout Int) { count = (count + 1) / 2 }
        while matrices * rowParts * laneParts < wanted {
            if groupsOfTask > 1 { halve(&groupsOfTask) } else if tilesOfTask > 1 { halve(&tilesOfTask) } else { break }
        }
        while scratchBytes > target.caches.level2 / 2 {
            if tilesOfTask > 1 { halve(&tilesOfTask) } else if groupsOfTask > 1 { halve(&groupsOfTask) } else { break }
        }
    }

    /// What a task copies of rows, and keeps of sums, at a time.
    private var scratchBytes: Int {
        4 * ((isStaged ? stagedRows.count : 0) + (isStretched ? mostRows * mostBlocks * target.lanes : 0))
    }

    /// The copy of a task's rows: the operand's own order of the two axes, the later one side by side.
    private var stagedRows: (slow: Int, fast: Int, fastCount: Int, stride: Int, count: Int) {
        let lanes = target.lanes
        let isRowFirst = shape.broadcast.dimension(of: row)! < shape.broadcast.dimension(of: inner)!
        let (slow, fast) = isRowFirst ? (mostRows, stretch) : (stretch, mostRows + (rowParts > 1 ? lanes - 1 : 0))
        let padded = (fast + lanes - 1) / lanes * lanes
        // Rows that lie a multiple of many lines apart would share sets of the cache.
        let stride = padded * 4 % 1024 == 0 ? padded + lanes : padded
        return (isRowFirst ? row : inner, isRowFirst ? inner : row, fast, stride, slow * stride)
    }

    /// The cycles that one thread takes; they do not depend on how the work is cut.
    var cycles: Double {
        let model = CostModel(target)
        let (size, terms) = (tile.points[0].count, Double(shape.extents[inner]))
        func column(_ blocks: Int) -> Double {
            Double(wholeTiles) * RegisterTile.cycles(size, blocks)
                + (rows % size > 0 ? RegisterTile.cycles(rows % size, blocks) : 0)
        }
        let last = laneBlocks % tile.laneBlocks
        let sums = (Double(wholeGroups) * column(tile.laneBlocks) + (last > 0 ? column(last) : 0)) * terms
        let copies = (isPacked ? Double(laneBlocks) * terms : 0) + (isStaged ? Double(rows) * terms / Double(target.lanes) : 0)
        let stores = Double(rows * laneBlocks) * model.store
        let factor = numerics == .strict ? 10.0 : 1
        return Double(matrices) * (sums * factor * target.speed.registerTiles + copies * (model.load + model.store) + stores)
    }

    // MARK: The kernel

    func lower() -> KernelCall {
        let builder = KernelBuilder(name: name, lanes: target.lanes, taskCount: matrices * rowParts * laneParts)
        let emitter = PointEmitter(builder, group)
        var rest = builder.task
        let lanePart = laneParts == 1 ? 0 : rest % laneParts
        rest = rest / laneParts
        let rowPart = rowParts == 1 ? 0 : rest % rowParts
        rest = rest / rowParts
        var origin = ContractionPoint(axes: shape.extents.count)
        for axis in outerAxes.reversed() {
            let extent = shape.extents[axis]
            origin.set(axis, Position(extent == 1 ? 0 : rest % extent))
            rest = rest / extent
        }
        let scratch = Scratch(
            panel: isPacked ? builder.scratch("panel", count: stretch * tile.laneBlocks * target.lanes) : nil,
            rows: isStaged ? builder.scratch("rows", count: stagedRows.count) : nil,
            sums: isStretched ? builder.scratch("sums", count: mostRows * mostBlocks * target.lanes) : nil)
        let task = Task(
            nest: self, emitter: emitter, scratch: scratch, origin: origin, rowPart: rowPart, lanePart: lanePart,
            firstRow: rowPart * (tilesOfTask * tile.points[0].count), firstBlock: lanePart * (groupsOfTask * tile.laneBlocks))
        if isStretched {
            let whole = shape.extents[inner] / stretch
            builder.loop("stretch", to: .constant(whole)) { task.multiply(from: $0 * stretch, count: stretch) }
            if shape.extents[inner] % stretch > 0 {
                task.multiply(from: .constant(whole * stretch), count: shape.extents[inner] % stretch)
            }
            task.finish()
        } else {
            task.multiply(from: 0, count: stretch)
        }
        return KernelCall(builder.finish(), emitter.arguments)
    }

    private struct Scratch {
        var panel: BufferID?
        var rows: BufferID?
        var sums: BufferID?
    }

    /// One task's part of the kernel.
    private struct Task {
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
                let panel = scratch.panel.map { pack(into: $0, block, laneBlocks, from: first, count: count) }
                tiles { row, size in
                    let tile = RegisterTile(points: [.init(axis: nest.row, count: size)], laneBlocks: laneBlocks)
                    multiply(tile, row: row, block: block, from: first, count: count, start, source, panel)
                }
            }
        }

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

        /// Copies columns of the vector operand, a step of the sum after another.
        private func pack(into buffer: BufferID, _ block: Index, _ laneBlocks: Int, from first: Index, count: Int) -> VectorPanel {
            let (value, extent) = (shape.vector.value, shape.extents[shape.lane])
            let (extents, width) = (emitter.graph.extents(value), laneBlocks * lanes)
            let dimension = shape.vector.dimension(of: shape.lane)
            func copy(_ term: Index, _ number: Int) {
                var point = origin
                point.set(nest.inner, Position(first + term))
                let outer = firstBlock + block + .constant(number)
                point.set(shape.lane, Position(outer: outer, split: lanes))
                let active: Index? = extent % lanes == 0 ? nil : .constant(extent) + outer * -lanes
                let position = shape.vector.position.map { $0.position(point.absolute) }
                let register = emitter.point(extents, at: position, lane: dimension, active: active).value(value)
                builder.store(buffer, term * width + .constant(number * lanes), register)
            }
            for number in 0..<laneBlocks {
                builder.loop("pack", to: .constant(count), unroll: 4) { copy($0, number) }
            }
            return VectorPanel(buffer: buffer, axis: nest.inner, width: width)
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
}

extension BroadcastSource {
    /// The operand as it lies in memory, whose blocks of the last axis alone are as if there were none.
    init(flattened shape: ContractionShape, _ emitter: PointEmitter) {
        let value = shape.broadcast.value
        buffer = emitter.buffer(emitter.source(of: value) ?? value)
        memory = emitter.graph.storage(of: value).flattened
        position = shape.broadcast.position
        isStaged = false
    }
}

extension StoredTensor {
    /// The same memory without blocks, where only the last axis is divided into them.
    var flattened: StoredTensor {
        guard layout.blocks.count == 1, let block = layout.blocks.first, block.axis == extents.count - 1 else { return self }
        var flat = self
        flat.layout = .plain
        flat.extents[block.axis] = (extents[block.axis] + block.size - 1) / block.size * block.size
        return flat
    }
}
