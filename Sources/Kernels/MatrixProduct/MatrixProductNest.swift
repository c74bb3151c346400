import Graph
import LoopNest

/// Multiplies matrices of activations, which no preparation can bring into the order that register tiles want, and weights that are trained
/// by what does not want them in the order in which they lie.
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
    /// The terms over a panel of trained weights, whose blocks of terms lie far apart: so many streams of neighbouring blocks are followed.
    private static let stretchOfWeights = 128
    /// The terms at a time where a few rows meet columns in place: so many streams of neighbouring elements a processor follows, and not one
    /// that jumps from row to row.
    private static let stretchOfFewRows = 8
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
        let areFew = extent < Self.fewestRows
        let isLoadable = shape.vectorIsLoadable(in: group, lanes: target.lanes) || areFew && shape.vectorLiesInRows(in: group)
        isPacked = !(isLoadable && extent <= tile.points[0].count)
        // Of a weight there is no other order, and nothing else that multiplies it.
        guard isLoadable || !areFew || group.facts.isTrained(shape.vector.value) else { return nil }
        isStaged = !Self.canReadInPlace(shape, group, row: row, inner: inner)
        let terms = shape.extents[inner]
        // Errors are carried along no further than a stretch; what is staged is copied in whole vectors.
        let ofFewRows = isStaged ? max(Self.stretchOfFewRows, target.lanes) : Self.stretchOfFewRows
        let ofPanels = group.facts.isTrained(shape.vector.value) ? Self.stretchOfWeights : Self.longestStretch
        let longest = areFew && numerics != .strict ? ofFewRows : isPacked || isStaged ? ofPanels : terms
        stretch = terms <= longest * 3 / 2 ? terms : longest
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

    var rows: Int { shape.extents[row] }
    var wholeTiles: Int { rows / tile.points[0].count }
    var laneBlocks: Int { shape.laneBlockCount(target.lanes) }
    var wholeGroups: Int { laneBlocks / tile.laneBlocks }
    var rowParts: Int { (wholeTiles + tilesOfTask - 1) / tilesOfTask }
    var laneParts: Int { (wholeGroups + groupsOfTask - 1) / groupsOfTask }
    /// The axes whose every position is a pair of matrices, or further rows.
    private var outerAxes: [Int] { shape.pointAxes.filter { $0 != row } }
    private var matrices: Int { outerAxes.reduce(1) { $0 * shape.extents[$1] } }
    /// The most rows and lane blocks of a task.
    var mostRows: Int { min(rows, tilesOfTask * tile.points[0].count + rows % tile.points[0].count) }
    var mostBlocks: Int { min(laneBlocks, groupsOfTask * tile.laneBlocks + laneBlocks % tile.laneBlocks) }
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
    var stagedRows: (slow: Int, fast: Int, fastCount: Int, stride: Int, count: Int) {
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
        let scratch = MatrixProductTask.Scratch(
            panel: isPacked ? builder.scratch("panel", count: stretch * tile.laneBlocks * target.lanes) : nil,
            rows: isStaged ? builder.scratch("rows", count: stagedRows.count) : nil,
            sums: isStretched ? builder.scratch("sums", count: mostRows * mostBlocks * target.lanes) : nil)
        let task = MatrixProductTask(
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
}
