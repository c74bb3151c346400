import Graph
import LoopNest

/// Keeps a tile of the result in registers over the whole reduction, then applies the epilogue and stores it once.
///
/// A task is some rows of one image (and, where those are few, some blocks of output channels): it stages the rows of the broadcast
/// operand that they need, padded with zeros, and runs register tiles over them.
struct ResultStationary {
    let shape: ContractionShape
    let group: Group
    let target: Target
    let numerics: Numerics
    /// How products are summed where factors are multiplied as pairs of bf16, two channels at a time (`PairedWeights`).
    let pairRule: DotProduct.PairRule?
    private var usesPairs: Bool { pairRule != nil }
    private let name: String
    var tile: RegisterTile
    /// The point axis along which tiles run: the last.
    let tileAxis: Int
    /// The other point axes with the positions of each that a task takes.
    var rows: [RegisterTile.Side]
    /// Into how many parts the lane blocks are split over tasks.
    var laneParts = 1
    let isStaged: Bool
    /// What the thread with the most work takes, with a thread a core.
    private(set) var cyclesOfLongestThread = 0.0

    init(
        _ shape: ContractionShape, _ group: Group, _ target: Target, _ numerics: Numerics, pairRule: DotProduct.PairRule? = nil,
        name: String
    ) {
        self.shape = shape
        self.group = group
        self.target = target
        self.numerics = numerics
        self.pairRule = pairRule
        self.name = name
        tileAxis = shape.pointAxes.last!
        tile = .best(
            axis: tileAxis, extent: shape.extents[tileAxis], laneBlocks: shape.laneBlockCount(target.lanes),
            registers: numerics.accumulatorRegisters(of: target))
        let isReadable = pairRule == nil || group.graph.storedElement(of: shape.broadcast.value) == .bf16
        isStaged = !shape.isEmpty && !(isReadable && BroadcastSource.canReadInPlace(shape, group))
        rows = shape.pointAxes.dropLast().enumerated().map { number, axis in
            .init(axis: axis, count: number == 0 ? 1 : shape.extents[axis])
        }
        splitOverTasks()
    }

    /// How the work is cut: some rows, and some of the lane blocks.
    struct Cut {
        var rows: Int
        var laneParts: Int
        var tile: RegisterTile
    }

    /// Cuts the work so that the thread with the most of it takes the least time, and what a task stages stays in a part of the
    /// second-level cache. The order of arithmetic does not depend on the cut, so neither do results.
    private mutating func splitOverTasks() {
        let blocks = shape.laneBlockCount(target.lanes)
        // Tasks take whole groups of lane blocks, so the groups must come out even where they are dealt out.
        let even =
            blocks % tile.laneBlocks == 0
            ? tile
            : RegisterTile.best(
                axis: tileAxis, extent: shape.extents[tileAxis], laneBlocks: blocks,
                registers: numerics.accumulatorRegisters(of: target), isEven: true)
        let height = rows.count > 1 ? shape.extents[rows[rows.count - 1].axis] : 1
        var best = Cut(rows: height, laneParts: 1, tile: tile)
        var least = Double.infinity
        for count in (1...height).reversed() {
            var cut = Cut(rows: count, laneParts: 1, tile: tile)
            let stagedBytes = isStaged ? region(rows: count).bytes : 0
            if stagedBytes > target.caches.level2 / 4 && count > 1 { continue }
            let groups = blocks / even.laneBlocks
            for parts in 1...min(groups, 4 * target.cores) where groups % parts == 0 {
                cut.laneParts = parts
                cut.tile = parts == 1 ? tile : even
                let cycles = cycles(cut, height: height, stagedBytes: stagedBytes)
                if cycles < least * 0.99 { (best, least) = (cut, cycles) }
            }
        }
        if rows.count > 1 { rows[rows.count - 1].count = best.rows }
        laneParts = best.laneParts
        tile = best.tile
        cyclesOfLongestThread = cycles(best, height: height, stagedBytes: isStaged ? region(rows: best.rows).bytes : 0)
    }

    /// What the thread with the most work takes.
    func cycles(_ cut: Cut, height: Int, stagedBytes: Int) -> Double {
        let model = CostModel(target)
        let others = rows.dropLast(rows.count > 1 ? 1 : 0).reduce(1) { $0 * shape.extents[$1.axis] }
        let tasks = others * ((height + cut.rows - 1) / cut.rows) * cut.laneParts
        let turns = Double((tasks + target.cores - 1) / target.cores)
        let rowCycles = arithmetic(cut.tile) / Double(others * height)
        let staging = Double(stagedBytes / (factor.size * target.lanes)) * (model.load + model.store)
        let weights = weightBytes / cut.laneParts
        let operand = group.graph.storedBytes(shape.broadcast.value) * cut.rows / (others * height)
        let streams = (turns - 1) * model.level3(bytes: weights) + model.memory(bytes: weights, threads: 1)
        // A group of lane blocks goes through all rows: its weights and the operand stay in the second-level cache, or come again a row.
        let group = weights * cut.laneParts * cut.tile.laneBlocks / shape.laneBlockCount(target.lanes)
        let again = group + operand > target.caches.level2 * 3 / 4 ? turns * Double(cut.rows - 1) * model.level3(bytes: weights) : 0
        return turns * (rowCycles * Double(cut.rows) / Double(cut.laneParts) + staging + model.task)
            + 0.3 * (streams + again + turns * model.level3(bytes: operand)) + rounding(threads: target.cores)
    }

    /// What rounding the weights takes in a run.
    private func rounding(threads: Int) -> Double {
        usesPairs ? PairedWeights(shape, group, target).cyclesOfRun(threads: threads, CostModel(target)) : 0
    }

    /// The cycles of all register tiles and of storing what they make.
    func arithmetic(_ tile: RegisterTile) -> Double {
        let blocks = shape.laneBlockCount(target.lanes)
        let extent = shape.extents[tileAxis]
        let (whole, rest) = extent.quotientAndRemainder(dividingBy: tile.points[0].count)
        func row(_ laneBlocks: Int) -> Double {
            Double(whole) * RegisterTile.cycles(tile.points[0].count, laneBlocks)
                + (rest > 0 ? RegisterTile.cycles(rest, laneBlocks) : 0)
        }
        let (groups, last) = blocks.quotientAndRemainder(dividingBy: tile.laneBlocks)
        let rowCount = rows.reduce(1.0) { $0 * Double(shape.extents[$1.axis]) }
        let steps = shape.reducedAxes.reduce(1.0) { $0 * Double(shape.extents[$1]) }
        let strictFactor = numerics == .strict ? 10.0 : 1
        let tiles = (Double(groups) * row(tile.laneBlocks) + (last > 0 ? row(last) : 0)) * rowCount * steps
        let sums = tiles * strictFactor / productRate * target.speed.registerTiles
        return sums + Double(blocks) * Double(extent) * rowCount * CostModel(target).store
    }

    /// The cycles that one thread takes: register tiles, copies of the operand, and weights from memory. They do not depend on how the work
    /// is cut, nor therefore on the number of cores.
    var cycles: Double {
        let tile = RegisterTile.best(
            axis: tileAxis, extent: shape.extents[tileAxis], laneBlocks: shape.laneBlockCount(target.lanes),
            registers: numerics.accumulatorRegisters(of: target))
        let model = CostModel(target)
        let staged = isStaged ? Double(group.graph.storedCount(shape.broadcast.value) / target.lanes) * (model.load + model.store) : 0
        return model.together(
            arithmetic(tile) + staged, model.memory(bytes: weightBytes, threads: 1)) + rounding(threads: 1)
    }

    /// What factors are multiplied as.
    private var factor: StoredElement { usesPairs ? .bf16 : .f32 }

    private var weightBytes: Int { group.graph.storedCount(shape.vector.value) * factor.size }

    /// The products a second, relative to fused multiply-adds of f32.
    private var productRate: Double {
        guard usesPairs else { return 1 }
        guard let rate = target.dotProducts[.bfloat16]?.rate else { preconditionFailure("\(target) has no dot products of pairs") }
        return target.speed.pairRate ?? rate
    }

    func region(rows count: Int) -> StagedRegion {
        var changed = self
        if !rows.isEmpty { changed.rows[rows.count - 1].count = count }
        return changed.region
    }

    private var region: StagedRegion {
        var spans = [Int](repeating: 1, count: shape.extents.count)
        for axis in shape.reducedAxes { spans[axis] = shape.extents[axis] }
        for side in rows { spans[side.axis] = side.count }
        spans[tileAxis] = shape.extents[tileAxis]
        return StagedRegion(shape, spans: spans, element: factor, graph: group.graph)
    }

    func lower() -> KernelCall {
        let counts = rows.map { (shape.extents[$0.axis] + $0.count - 1) / $0.count }
        let builder = KernelBuilder(name: name, lanes: target.lanes, taskCount: counts.reduce(laneParts, *))
        let emitter = PointEmitter(builder, group, reads: usesPairs ? group.reads.filter { $0 != shape.vector.value } : nil)
        let weights = usesPairs ? PairedWeights(shape, group, target).buffer(emitter, .read) : emitter.buffer(shape.vector.value)
        var start = [Position](repeating: Position(0), count: shape.extents.count)
        var rest = builder.task / laneParts
        for (side, count) in zip(rows, counts).reversed() {
            start[side.axis] = Position(count == 1 ? 0 : rest % count * side.count)
            rest = rest / count
        }
        // An empty sum reads nothing, so its operand need not be in memory.
        var source: BroadcastSource?
        if isStaged {
            let region = self.region
            source = region.stage(into: builder.scratch("staged", region.element, count: region.count), from: start, emitter)
        } else if !shape.isEmpty {
            source = BroadcastSource(inPlace: shape, emitter)
        }
        lanes(emitter, source, weights, start)
        return KernelCall(builder.finish(), emitter.arguments)
    }

    private func lanes(_ emitter: PointEmitter, _ source: BroadcastSource?, _ weights: BufferID, _ start: [Position]) {
        let builder = emitter.builder
        let blocks = shape.laneBlockCount(target.lanes)
        let groups = blocks / tile.laneBlocks / laneParts
        let first = laneParts == 1 ? 0 : builder.task % laneParts * (groups * tile.laneBlocks)
        builder.loop("block", to: .constant(groups)) { index in
            row(
                rows[...], emitter, source, weights, start, tile, block: first + index * tile.laneBlocks,
                ContractionPoint(axes: shape.extents.count)
            )
        }
        let last = blocks % tile.laneBlocks
        if last > 0 {
            let narrow = RegisterTile(points: tile.points, laneBlocks: last)
            row(
                rows[...], emitter, source, weights, start, narrow, block: .constant(blocks - last),
                ContractionPoint(axes: shape.extents.count))
        }
    }

    /// Loops over the rows of a task, then over the tiles of a row.
    private func row(
        _ rest: ArraySlice<RegisterTile.Side>, _ emitter: PointEmitter, _ source: BroadcastSource?, _ weights: BufferID,
        _ start: [Position], _ tile: RegisterTile, block: Index, _ point: ContractionPoint
    ) {
        let builder = emitter.builder
        guard let side = rest.first else {
            let size = tile.points[0].count
            let (whole, last) = shape.extents[tileAxis].quotientAndRemainder(dividingBy: size)
            builder.loop("tile", to: .constant(whole)) { index in
                compute(emitter, source, weights, start, tile, block: block, point, first: index * size)
            }
            if last > 0 {
                let short = RegisterTile(points: [.init(axis: tileAxis, count: last)], laneBlocks: tile.laneBlocks)
                compute(emitter, source, weights, start, short, block: block, point, first: .constant(whole * size))
            }
            return
        }
        let extent = shape.extents[side.axis]
        let count =
            extent % side.count == 0
            ? Index.constant(side.count) : Index.least(.constant(side.count), .constant(extent) + start[side.axis].index * -1)
        builder.loop(shape.names[side.axis], to: count) { index in
            var inner = point
            inner.set(side.axis, Position(index), from: start[side.axis])
            row(rest.dropFirst(), emitter, source, weights, start, tile, block: block, inner)
        }
    }

    private func compute(
        _ emitter: PointEmitter, _ source: BroadcastSource?, _ weights: BufferID, _ start: [Position], _ tile: RegisterTile, block: Index,
        _ point: ContractionPoint, first: Index
    ) {
        var base = point
        base.set(tileAxis, Position(first))
        base.set(shape.lane, Position(outer: block, split: target.lanes))
        let zero = emitter.builder.constant(0)
        var sums = [Register](repeating: zero, count: tile.pointCount * tile.laneBlocks)
        if let source {
            let microkernel = Microkernel(
                shape: shape, source: source, weights: weights, emitter: emitter, tile: tile, loops: reductionLoops(emitter, tile),
                start: start, numerics: numerics, pairRule: pairRule, prefetches: prefetches)
            sums = microkernel.reduce(base, initial: sums)
        }
        Epilogue(shape: shape, emitter: emitter).store(sums, tile, base)
    }

    /// Whether a tile reads each element once (a 1x1 convolution or linear layer), from an operand that no second-level cache holds.
    private var prefetches: Bool {
        !isStaged && shape.reducedAxes.allSatisfy { $0 == shape.channelAxis || shape.extents[$0] == 1 }
            && group.graph.storedBytes(shape.broadcast.value) > target.caches.level2
    }

    /// Blocks of channels outermost, then the taps, then the channels of a block: the order in which the weights lie in memory.
    private func reductionLoops(_ emitter: PointEmitter, _ tile: RegisterTile) -> [Microkernel.ReductionLoop] {
        let lanes = target.lanes
        let unroll = RegisterTile.unroll(laneBlocks: tile.laneBlocks, registers: target.vectors.registers)
        guard let channel = shape.channelAxis else {
            return shape.reducedAxes.map { .axis($0, count: shape.extents[$0], unroll: 1) }
        }
        let taps = shape.reducedAxes.filter { $0 != channel }.map {
            Microkernel.ReductionLoop.axis($0, count: shape.extents[$0], unroll: 1)
        }
        let extent = shape.extents[channel]
        let isPadded = shape.channelsArePadded(emitter.graph, lanes: lanes)
        if extent <= lanes && !isPadded { return taps + [.axis(channel, count: extent, unroll: unroll)] }
        return [.blocks(channel, count: (extent + lanes - 1) / lanes)] + taps
            + [.withinBlock(channel, lanes: lanes, extent: isPadded ? nil : extent, step: usesPairs ? 2 : 1, unroll: unroll)]
    }
}
