import Graph
import LoopNest

/// Sums a small result over a long reduction: the gradients of weights, summed over images and pixels.
///
/// A task takes one block of the broadcast operand's channels and some of the images: it stages a few images at a time and adds their
/// products to its own partial result, a register tile at a time. A second kernel adds the partial results in a fixed order and
/// applies the epilogue. How the images are split follows from the shape alone.
///
/// Where the result is too large for parts and all is summed at once, as of linear layers, there is nothing to add: a task takes blocks of
/// the result's lanes, finishes its sums and applies the epilogue, so that gradients are never stored, and weights and what an optimizer
/// keeps of them pass by once, in the order in which they lie.
struct ReductionSplit {
    let shape: ContractionShape
    private let group: Group
    private let target: Target
    private let channel: Int
    /// Whether the channels lie in blocks, of which a task takes one; otherwise it takes them all.
    private let isBlocked: Bool
    /// The reduced axis that is split over tasks: the outermost.
    private let splitAxis: Int
    /// How many parts the split axis is cut into, and how many positions are staged at a time.
    private let parts: Int
    private let stagedCount: Int
    private let tile: RegisterTile
    private let isStaged: Bool

    /// Nil if the broadcast operand has several blocks of channels and the result none, so that no task could take a block.
    init?(_ shape: ContractionShape, _ group: Group, _ target: Target) {
        let graph = group.graph
        guard let channel = shape.channelAxis, let dimension = shape.result.dimension(of: channel) else { return nil }
        let operandIsBlocked = !graph.layout(shape.broadcast.value).blocks.isEmpty
        if operandIsBlocked && shape.extents[channel] > target.lanes && graph.layout(shape.result.value).blockSize(of: dimension) == 1 {
            return nil
        }
        self.shape = shape
        self.group = group
        self.target = target
        let lanes = target.lanes
        self.channel = channel
        isBlocked = operandIsBlocked
        splitAxis = shape.reducedAxes[0]
        isStaged = !BroadcastSource.canReadInPlace(shape, group)
        tile = Self.tile(shape, channel: channel, isBlocked: isBlocked, target)
        let blocks = isBlocked ? (shape.extents[channel] + lanes - 1) / lanes : 1
        let images = shape.extents[splitAxis]
        let wanted = max(1, min(16 / blocks, (8 << 20) / max(1, group.graph.storedBytes(shape.result.value))))
        let parts = (1...images).last { images % $0 == 0 && $0 <= wanted } ?? 1
        self.parts = parts
        var bytes = 4 * lanes
        for axis in shape.reducedAxes.dropFirst() { bytes *= shape.extents[axis] }
        let perPart = images / parts
        stagedCount = (1...perPart).last { perPart % $0 == 0 && $0 * bytes <= target.caches.level2 / 16 } ?? 1
    }

    private static func tile(_ shape: ContractionShape, channel: Int, isBlocked: Bool, _ target: Target) -> RegisterTile {
        let blocks = shape.laneBlockCount(target.lanes)
        func blocksThatFit(_ points: Int, atMost: Int) -> Int {
            (1...min(blocks, atMost)).last { RegisterTile.fits(points: points, laneBlocks: $0, registers: target.vectors.registers) } ?? 1
        }
        if isBlocked {
            let points =
                blocks == 1 && target.vectors.registers >= 32 ? target.lanes : min(target.lanes, target.vectors.registers >= 32 ? 8 : 4)
            // Blocks that divide the number of blocks leave no narrow last group.
            let most = blocksThatFit(points, atMost: 3)
            let even = (1...most).last { blocks % $0 == 0 } ?? 1
            return RegisterTile(points: [.init(axis: channel, count: points)], laneBlocks: even == 1 ? most : even)
        }
        // Few channels: the taps are written out instead, from the innermost on.
        var sides: [RegisterTile.Side] = []
        var count = 1
        for axis in shape.pointAxes.reversed() where axis != channel || shape.extents[axis] > 1 {
            let extent = shape.extents[axis]
            guard RegisterTile.fits(points: count * extent, laneBlocks: 1, registers: target.vectors.registers) else { break }
            sides.insert(.init(axis: axis, count: extent), at: 0)
            count *= extent
        }
        if sides.isEmpty { sides = [.init(axis: shape.pointAxes.last!, count: 1)] }
        return RegisterTile(points: sides, laneBlocks: blocksThatFit(count, atMost: 4))
    }

    /// Whether there is nothing to add: one part, which is summed at once from operands as they lie.
    private var isWhole: Bool { parts == 1 && stagedCount == shape.extents[splitAxis] && !isStaged && isBlocked }

    private var sums: PartialSums { PartialSums(shape: shape, group: group, target: target, parts: parts) }

    func lower() -> LoweredGroup {
        if isWhole { return LoweredGroup([finish()]) }
        return sums.lowered(behind: accumulate())
    }

    /// What one thread takes: the steps of all register tiles. What is staged and joined beside them hardly counts.
    var cycles: Double {
        let (points, blocks) = (tile.pointCount, tile.laneBlocks)
        return Double(shape.multiplyAccumulates) / Double(target.lanes) * RegisterTile.cycles(points, blocks) / Double(points * blocks)
    }

    private var channelBlocks: Int { isBlocked ? (shape.extents[channel] + target.lanes - 1) / target.lanes : 1 }

    /// The kernel that makes the partial results, one a part of the images.
    private func accumulate() -> KernelCall {
        let builder = KernelBuilder(name: group.kernelName("partial"), lanes: target.lanes, taskCount: parts * channelBlocks)
        let (partial, count) = (self.sums, self.sums.count)
        let emitter = PointEmitter(builder, group, reads: partial.operandReads, results: [])
        let sums = partial.buffer(emitter, .readWrite)
        let part = builder.task / channelBlocks
        let block = builder.task % channelBlocks
        let perPart = shape.extents[splitAxis] / parts

        var spans = [Int](repeating: 1, count: shape.extents.count)
        for axis in shape.reducedAxes.dropFirst() + shape.pointAxes { spans[axis] = shape.extents[axis] }
        spans[splitAxis] = stagedCount
        if isBlocked { spans[channel] = target.lanes }
        let region = StagedRegion(shape, spans: spans, graph: group.graph)
        let scratch = isStaged ? builder.scratch("staged", count: region.count) : nil

        builder.loop(shape.names[splitAxis] + "_start", to: .constant(perPart), step: stagedCount) { offset in
            var start = [Position](repeating: Position(0), count: shape.extents.count)
            start[splitAxis] = Position(part * perPart + offset)
            if isBlocked { start[channel] = Position(outer: block, split: target.lanes) }
            let source = scratch.map { region.stage(into: $0, from: start, emitter) } ?? BroadcastSource(inPlace: shape, emitter)
            tiles(emitter, source, start, into: sums, at: part * count, isFirst: offset)
        }
        return KernelCall(builder.finish(), emitter.arguments)
    }

    /// The kernel that does all where `isWhole`; a task takes as many blocks of lanes as a register tile.
    private func finish() -> KernelCall {
        let (whole, rest) = shape.laneBlockCount(target.lanes).quotientAndRemainder(dividingBy: tile.laneBlocks)
        let builder = KernelBuilder(name: group.kernelName(), lanes: target.lanes, taskCount: whole + (rest > 0 ? 1 : 0))
        let emitter = PointEmitter(builder, group)
        func task(_ tile: RegisterTile) {
            builder.loop("channel_block", to: .constant(channelBlocks)) { block in
                var start = [Position](repeating: Position(0), count: shape.extents.count)
                start[channel] = Position(outer: block, split: target.lanes)
                var point = ContractionPoint(axes: shape.extents.count)
                point.set(channel, Position(outer: 0, split: target.lanes), from: start[channel])
                point.set(shape.lane, Position(outer: builder.task * self.tile.laneBlocks, split: target.lanes))
                overPoints(builder, outerAxes[...], point, tile, from: start) { point, tile in
                    let sums = [Register](repeating: builder.constant(0), count: tile.pointCount * tile.laneBlocks)
                    let source = BroadcastSource(inPlace: shape, emitter)
                    let registers = microkernel(emitter, source, start, tile).reduce(point, initial: sums)
                    Epilogue(shape: shape, emitter: emitter).store(registers, tile, point)
                }
            }
        }
        if rest == 0 {
            task(tile)
        } else {
            builder.when([IndexRange(builder.task, 0, .constant(whole))]) {
                task(tile)
                return []
            }
            builder.when([IndexRange(builder.task, .constant(whole), .constant(whole + 1))]) {
                task(RegisterTile(points: tile.points, laneBlocks: rest))
                return []
            }
        }
        return KernelCall(builder.finish(), emitter.arguments)
    }

    /// Adds the staged images' products to every tile of the partial result.
    private func tiles(
        _ emitter: PointEmitter, _ source: BroadcastSource, _ start: [Position], into sums: BufferID, at base: Index, isFirst offset: Index
    ) {
        let builder = emitter.builder
        let blocks = shape.laneBlockCount(target.lanes)
        var point = ContractionPoint(axes: shape.extents.count)
        if isBlocked { point.set(channel, Position(outer: 0, split: target.lanes), from: start[channel]) }
        func group(_ block: Index, _ tile: RegisterTile) {
            var point = point
            point.set(shape.lane, Position(outer: block, split: target.lanes))
            overPoints(builder, outerAxes[...], point, tile, from: start) { point, tile in
                accumulate(emitter, source, start, tile, point, into: sums, at: base, isFirst: offset)
            }
        }
        builder.loop("block", to: .constant(blocks / tile.laneBlocks)) { group($0 * tile.laneBlocks, tile) }
        let last = blocks % tile.laneBlocks
        if last > 0 { group(.constant(blocks - last), RegisterTile(points: tile.points, laneBlocks: last)) }
    }

    /// Loops over the point axes that the tile does not cover.
    private func overPoints(
        _ builder: KernelBuilder, _ rest: ArraySlice<Int>, _ point: ContractionPoint, _ tile: RegisterTile, from start: [Position],
        _ body: (ContractionPoint, RegisterTile) -> Void
    ) {
        guard let axis = rest.first else { return body(point, tile) }
        let size = tile.points.first { $0.axis == axis }?.count ?? 1
        if axis == channel && isBlocked {
            // Within the block: as many tiles as it takes, with constant offsets, the last perhaps shorter.
            for first in stride(from: 0, to: channelsInBlock, by: size) {
                let side = RegisterTile.Side(axis: channel, count: min(size, channelsInBlock - first))
                let narrow = RegisterTile(points: [side], laneBlocks: tile.laneBlocks)
                overPoints(builder, rest.dropFirst(), point.advanced(axis, by: first), narrow, from: start, body)
            }
            return
        }
        builder.loop(shape.names[axis], to: .constant(shape.extents[axis]), step: size) { index in
            var inner = point
            inner.set(axis, Position(index), from: start[axis])
            overPoints(builder, rest.dropFirst(), inner, tile, from: start, body)
        }
    }

    /// The channels of a block that the result has room for: all lanes, padding included, if it is blocked along them too.
    private var channelsInBlock: Int {
        let dimension = shape.result.dimension(of: channel)!
        return group.graph.layout(shape.result.value).blockSize(of: dimension) > 1 ? target.lanes : shape.extents[channel]
    }

    /// The point axes to loop over: those with more positions than the tile covers, channels innermost.
    private var outerAxes: [Int] {
        let covered = Set(tile.points.filter { $0.count == shape.extents[$0.axis] && !($0.axis == channel && isBlocked) }.map(\.axis))
        return shape.pointAxes.filter { !covered.contains($0) && $0 != channel } + (covered.contains(channel) ? [] : [channel])
    }

    private func accumulate(
        _ emitter: PointEmitter, _ source: BroadcastSource, _ start: [Position], _ tile: RegisterTile, _ point: ContractionPoint,
        into sums: BufferID, at base: Index, isFirst offset: Index
    ) {
        let builder = emitter.builder
        let layout = group.graph.layout(shape.result.value)
        let extents = group.graph.extents(shape.result.value)
        let places = tile.points(from: point).flatMap { point in
            (0..<tile.laneBlocks).map { block -> Index in
                var coordinates = point.absolute
                coordinates[shape.lane].outer = coordinates[shape.lane].outer + .constant(block)
                let position = shape.result.position.map { $0.position(coordinates) }
                return base + layout.offset(of: position, extents: extents, lane: nil).offset
            }
        }
        let zero = builder.constant(0)
        let initial = [Register](repeating: zero, count: places.count)
        let before = builder.when([IndexRange(offset, 1, .constant(1 << 30))], carrying: initial) { places.map { builder.load(sums, $0) } }
        let registers = microkernel(emitter, source, start, tile).reduce(point, initial: before)
        for (place, register) in zip(places, registers) { builder.store(sums, place, register) }
    }

    private func microkernel(
        _ emitter: PointEmitter, _ source: BroadcastSource, _ start: [Position], _ tile: RegisterTile
    ) -> Microkernel {
        var loops = [Microkernel.ReductionLoop.axis(splitAxis, count: stagedCount, unroll: 1)]
        let others = shape.reducedAxes.dropFirst()
        loops += others.map { .axis($0, count: shape.extents[$0], unroll: $0 == others.last ? 2 : 1) }
        return Microkernel(
            shape: shape, source: source, weights: emitter.buffer(shape.vector.value), emitter: emitter, tile: tile, loops: loops,
            start: start)
    }
}
