import Graph
import LoopNest

/// Attention as one kernel: the scores of a tile of rows are computed, exponentiated and multiplied by the values while they lie in the
/// first-level cache.
///
/// A task has some rows of one pair of matrices. It copies the keys side by side and the values beside them, and goes through its rows tile
/// by tile. Where there are many keys it takes a stretch of them at a time and rescales what it has summed so far when a larger score turns
/// up (Milakov and Gimelshein, arXiv 1805.02867; Dao et al., arXiv 2205.14135).
struct AttentionNest {
    let group: Group
    let target: Target
    let numerics: Numerics
    let nodes: AttentionNodes
    /// The products of queries and keys, and of the exponentials and values. Rows are the axis before the last of both.
    let scores: ContractionShape
    let values: ContractionShape
    /// Whether a row sees the keys up to its own number only, so that those behind are left out. A masked value counts nothing then, even if it is
    /// infinite or no number.
    let isCausal: Bool
    /// The rows of a tile, and the lane blocks that are summed at a time, of scores and of results.
    private(set) var tileRows = 1
    private(set) var scoreBlocks = 1
    private(set) var valueBlocks = 1
    /// The keys of a stretch, a multiple of the lanes where there are several.
    private(set) var stretch = 1
    /// The whole tiles of a task; the last task has the rest of the rows, too.
    private(set) var tilesOfTask = 1

    /// Nil for a group that is no attention.
    init?(_ group: Group, target: Target, numerics: Numerics) {
        let members = group.members.filter { group.facts.contraction(of: $0) != nil }
        guard members.count == 2, let product = members.last,
            let nodes = AttentionNodes(endingWith: product, in: group.facts, unit: { _ in group.members }),
            let scores = ContractionShape(nodes.scoreProduct, in: group, lanes: target.lanes),
            let values = ContractionShape(product, in: group, lanes: target.lanes)
        else { return nil }
        (self.group, self.target, self.numerics, self.nodes) = (group, target, numerics, nodes)
        (self.scores, self.values) = (scores, values)
        let last = scores.resultRank - 1
        isCausal =
            group.facts.expression(of: nodes.scores).map { $0.isCausal(key: last, row: last - 1) } ?? false
            && scores.extents[last] >= scores.extents[last - 1]
        chooseTile()
        chooseStretch()
        split()
    }

    // MARK: How the work is cut

    var row: Int { values.resultRank - 2 }
    var inner: Int { values.resultRank }
    var rows: Int { values.extents[row] }
    var keys: Int { scores.extents[scores.lane] }
    /// The width of queries and keys.
    var terms: Int { scores.extents[inner] }
    var columnBlocks: Int { values.laneBlockCount(target.lanes) }
    var wholeTiles: Int { rows / tileRows }
    var rowParts: Int { (wholeTiles + tilesOfTask - 1) / tilesOfTask }
    var isStretched: Bool { stretch < keys }
    var mostRows: Int { min(rows, tilesOfTask * tileRows + rows % tileRows) }
    private var matrices: Int { (0..<row).reduce(1) { $0 * values.extents[$1] } }

    /// The cycles of a step of the sum for all lane blocks, so many at a time.
    private static func cycles(rows: Int, _ laneBlocks: Int, at once: Int) -> Double {
        let (whole, rest) = laneBlocks.quotientAndRemainder(dividingBy: once)
        return Double(whole) * RegisterTile.cycles(rows, once) + (rest > 0 ? RegisterTile.cycles(rows, rest) : 0)
    }

    /// The cycles of both products for so many rows, with the lane blocks that take the fewest.
    private func cheapest(rows: Int) -> (cycles: Double, scoreBlocks: Int, valueBlocks: Int)? {
        let registers = numerics.accumulatorRegisters(of: target)
        func best(_ laneBlocks: Int) -> (blocks: Int, cycles: Double)? {
            (1...min(laneBlocks, 6)).filter { RegisterTile.fits(points: rows, laneBlocks: $0, registers: registers) }
                .map { (blocks: $0, cycles: Self.cycles(rows: rows, laneBlocks, at: $0)) }.min { $0.cycles < $1.cycles }
        }
        guard let first = best(scores.laneBlockCount(target.lanes)), let second = best(columnBlocks) else { return nil }
        return (first.cycles * Double(terms) + second.cycles * Double(keys), first.blocks, second.blocks)
    }

    private mutating func chooseTile() {
        var least = Double.infinity
        for largest in 1...min(rows, 28) {
            let (size, whole, rest) = RegisterTile.cover(rows, largest: largest)
            guard let best = cheapest(rows: size) else { continue }
            let last = rest > 0 ? cheapest(rows: rest)?.cycles ?? 0 : 0
            let cycles = Double(whole) * best.cycles + last
            if cycles < least * 0.999 { (least, tileRows, scoreBlocks, valueBlocks) = (cycles, size, best.scoreBlocks, best.valueBlocks) }
        }
    }

    /// Keys, values and scores of a stretch take half of the second-level cache at most; a last one of less than half joins the one before it.
    private mutating func chooseStretch() {
        let bytes = 4 * (terms + columnBlocks * target.lanes + tileRows)
        let most = max(target.lanes, target.caches.level2 / 2 / bytes)
        stretch = keys <= most * 3 / 2 ? keys : most / target.lanes * target.lanes
    }

    /// Cuts rows so that the core with the most tasks is done first, copies included; and so that the sums between stretches stay in the
    /// second-level cache.
    private mutating func split() {
        let whole = max(1, wholeTiles)
        tilesOfTask = whole
        guard whole > 1 else { return }
        var least = Double.infinity
        let copies = copyCycles / Double(matrices)
        let cores = max(1, target.cores)
        for parts in 1...min(whole, 4 * cores) {
            let tiles = (whole + parts - 1) / parts
            let tasks = matrices * ((whole + tiles - 1) / tiles)
            let turns = (tasks + cores - 1) / cores
            let cycles = Double(turns) * (copies + Double(tiles) * tileCycles)
            if cycles < least * 0.99 { (least, tilesOfTask) = (cycles, tiles) }
        }
        guard isStretched else { return }
        while tilesOfTask > 1, mostRows * (columnBlocks + 2) * target.lanes * 4 > target.caches.level2 / 4 {
            tilesOfTask = (tilesOfTask + 1) / 2
        }
    }

    // MARK: What it costs

    /// An exponential with the loads, stores and sums around it, for a register.
    private static let exponentialCycles = 24.0

    private var tileCycles: Double {
        let products = cheapest(rows: tileRows)?.cycles ?? 0
        let factor = numerics == .strict ? 10.0 : 1
        let cycles =
            products * factor * target.speed.registerTiles
            + Double(tileRows * scores.laneBlockCount(target.lanes)) * Self.exponentialCycles
        return isCausal ? cycles * min(1, Double(rows + tileRows) / Double(2 * keys)) : cycles
    }

    /// Of all matrices, where each is copied once.
    private var copyCycles: Double {
        let model = CostModel(target)
        let registers = scores.laneBlockCount(target.lanes) * terms + columnBlocks * keys
        return Double(matrices * registers) * (model.load + model.store)
    }

    /// The cycles that one thread takes; they do not depend on how the work is cut.
    var cycles: Double { Double(matrices) * Double(rows) / Double(tileRows) * tileCycles + copyCycles }

    // MARK: The kernel

    func lower() -> LoweredGroup {
        let lanes = target.lanes
        let builder = KernelBuilder(name: group.kernelName("attention"), lanes: lanes, taskCount: matrices * rowParts)
        let emitter = PointEmitter(builder, group)
        var rest = builder.task
        let rowPart = rowParts == 1 ? 0 : rest % rowParts
        rest = rest / rowParts
        var batch = [Position](repeating: Position(0), count: row)
        for axis in (0..<row).reversed() {
            let extent = values.extents[axis]
            batch[axis] = Position(extent == 1 ? 0 : rest % extent)
            rest = rest / extent
        }
        let keyBlocks = (stretch + lanes - 1) / lanes
        let scratch = AttentionTask.Scratch(
            keys: builder.scratch("keys", count: keyBlocks * lanes * terms),
            values: builder.scratch("values", count: stretch * columnBlocks * lanes),
            queries: builder.scratch("queries", count: tileRows * AttentionTask.stride(terms, lanes)),
            scores: builder.scratch("scores", count: tileRows * AttentionTask.stride(stretch, lanes)),
            sums: builder.scratch("sums", count: (isStretched ? mostRows : tileRows) * lanes),
            largest: isStretched ? builder.scratch("largest", count: mostRows * lanes) : nil,
            results: isStretched ? builder.scratch("results", count: mostRows * columnBlocks * lanes) : nil)
        let task = AttentionTask(
            nest: self, emitter: emitter, scratch: scratch, batch: batch, rowPart: rowPart, firstRow: rowPart * (tilesOfTask * tileRows))
        task.run()
        var call = KernelCall(builder.finish(), emitter.arguments)
        let seconds = CostModel(target).seconds(cycles)
        call.choice = AlgorithmChoice(AlgorithmChoice.Candidate("attention", predictedSeconds: seconds))
        return LoweredGroup([call])
    }
}

extension Scalar {
    /// Whether it is minus infinity wherever the coordinate along axis `key` is larger than that along `row`.
    fileprivate func isCausal(key: Int, row: Int) -> Bool {
        guard case .select(.lessOrEqual, .coordinate(key), .coordinate(row), then: _, otherwise: .constant(-.infinity)) = self else {
            return false
        }
        return true
    }
}
