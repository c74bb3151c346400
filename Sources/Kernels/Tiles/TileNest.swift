import Graph
import LoopNest

/// The loop nest of a contraction on tiles.
///
/// A task is some rows of one image and some panels of 32 outputs. It stages the rows of the operand; then, for a panel and a strip of rows after
/// the other, two tiles of pixels times two of outputs are summed in four tiles over all channels and taps, stored, and the strip goes through the
/// epilogue from there.
struct TileNest {
    let map: TileMap
    let group: Group
    let target: Target
    let products: SplitProducts
    let schedule: TileSchedule
    /// Which phase of a strided gradient it is, and the number of the buffer with its weights; nil where there is one.
    var phase: (number: Int, weights: Int)?

    private var shape: ContractionShape { map.shape }
    private var weights: TileWeights {
        TileWeights(map: map, products: products, group: group, phase: phase?.number, number: phase?.weights ?? 0)
    }
    /// The tiles that cover the pixels of a strip.
    private var stripTiles: Int { (map.pixels(rows: schedule.stripRows) + TileElement.rows - 1) / TileElement.rows }
    private var staging: TileStaging {
        TileStaging(map: map, products: products, rows: schedule.rows, stripRows: schedule.stripRows, stripTiles: stripTiles)
    }

    /// What the kernel works on.
    private struct Place {
        let emitter: PointEmitter
        let staged: BufferID
        let sums: BufferID
        let weights: BufferID
        /// The positions along the point axes of which a task takes one, and the first row.
        var outer: [Int: Index] = [:]
        var row: Index = 0

        var builder: KernelBuilder { emitter.builder }
    }

    func lower(_ choice: AlgorithmChoice) -> LoweredGroup {
        let chunks = (map.height + schedule.rows - 1) / schedule.rows
        let tasks = map.outer.reduce(chunks * schedule.outputParts) { $0 * shape.extents[$1] }
        let builder = KernelBuilder(
            name: group.kernelName(phase.map { "phase\($0.number)" }), lanes: TileMap.lanes, taskCount: tasks)
        let emitter = PointEmitter(builder, group, reads: group.reads.filter { $0 != shape.vector.value })
        let weights = self.weights.buffer(emitter, .read)
        var place = Place(
            emitter: emitter, staged: builder.scratch("staged", .bf16, count: staging.count),
            sums: builder.scratch("sums", count: min(2, map.outputBlocks) * sumsOfBlock), weights: weights)
        let part = builder.task % schedule.outputParts
        var rest = builder.task / schedule.outputParts
        place.row = chunks == 1 ? 0 : rest % chunks * schedule.rows
        rest = rest / chunks
        for axis in map.outer.reversed() {
            place.outer[axis] = shape.extents[axis] == 1 ? 0 : rest % shape.extents[axis]
            rest = rest / shape.extents[axis]
        }
        staging.stage(into: place.staged, row: place.row, outer: place.outer, emitter)
        let panels = panelsOfTask
        builder.loop("panel", to: .constant(panels)) { strips(place, panel: part * panels + $0, blocks: 2) }
        if map.outputBlocks % 2 == 1 { strips(place, panel: .constant(map.outputBlocks / 2), blocks: 1) }
        return self.weights.lowered(for: KernelCall(builder.finish(), emitter.arguments).computing(shape, choice))
    }

    private var panelsOfTask: Int { map.outputBlocks / 2 / schedule.outputParts }

    /// How many times a task goes through the weights of a panel.
    private var turnsOfPanel: Int { schedule.rows / schedule.stripRows * ((stripTiles + 1) / 2) }

    /// How many rows of the next panel's tiles a step asks for while a panel is multiplied, so that all of them were when it ends: they come from
    /// the last-level cache or memory, which no core reads as fast as it multiplies. At most as many as fit beside the products.
    private var prefetchedRows: Int {
        guard panelsOfTask > 1 else { return 0 }
        let rows = 2 * products.parts * TileElement.rows
        return min((rows + turnsOfPanel - 1) / turnsOfPanel, 8 * products.order.count)
    }

    /// The sums of a strip for a block of outputs: a row of 16 for each pixel of the tiles.
    private var sumsOfBlock: Int { stripTiles * TileElement.rows * TileMap.lanes }

    private func strips(_ place: Place, panel: Index, blocks: Int) {
        let builder = place.builder
        builder.loop("strip", to: .constant(schedule.rows / schedule.stripRows)) { strip in
            let pixel = strip * (schedule.stripRows * map.rowStride * map.width)
            let turns = (stripTiles + 1) / 2
            builder.loop("tiles", to: .constant(stripTiles / 2)) { index in
                multiply(place, tiles: 2, pixel: pixel, first: index * 2, panel: panel, blocks: blocks, turn: strip * turns + index)
            }
            if stripTiles % 2 == 1 {
                multiply(
                    place, tiles: 1, pixel: pixel, first: .constant(stripTiles - 1), panel: panel, blocks: blocks,
                    turn: strip * turns + .constant(turns - 1))
            }
            finish(place, row: place.row + strip * schedule.stripRows, panel: panel, blocks: blocks)
        }
    }

    /// Sums up `tiles` times `blocks` tiles over all channels and taps and stores them.
    ///
    /// - Parameters:
    ///   - pixel: the first of the strip.
    ///   - first: the number of the first tile of pixels in the strip.
    ///   - turn: how often the panel was gone through before.
    private func multiply(_ place: Place, tiles: Int, pixel: Index, first: Index, panel: Index, blocks: Int, turn: Index) {
        let builder = place.builder
        let zeros = (0..<tiles * blocks).map { _ in builder.define(.zeroTile) }
        let sums = loop(builder, "channels", map.steps, zeros) { step, sums in
            taps(builder, "row", map.rows, sums) { row, down, sums in
                taps(builder, "tap", map.columns, sums) { tap, across, sums in
                    let phase = down.phase * map.columns.phases.count + across.phase
                    let next = weights.offset(panel: panel + 1, blocks: 2, step: step, row: row, tap: tap, part: 0, block: 0)
                    for line in 0..<prefetchedRows {
                        builder.prefetch(place.weights, next + (turn * prefetchedRows + .constant(line)) * TileMap.depth)
                    }
                    let shifted = pixel + down.shift * map.width + across.shift + first * (TileElement.rows * map.pointStride)
                    return products.multiply(sums, builder, rows: tiles, columns: blocks) { part, tile in
                        let pixel = shifted + .constant(tile * TileElement.rows * map.pointStride)
                        let index = staging.offset(part: part, step: step, phase: phase, pixel: pixel)
                        return builder.define(.loadTile(.pairs, place.staged, index, stride: map.unit * map.pointStride))
                    } second: { part, block in
                        let index = weights.offset(
                            panel: panel, blocks: blocks, step: step, row: row, tap: tap, part: part, block: block)
                        return builder.define(.loadTile(.pairs, place.weights, index, stride: TileMap.depth))
                    }
                }
            }
        }
        for (index, sum) in sums.enumerated() {
            let (tile, block) = (index / blocks, index % blocks)
            let to = (first + .constant(tile)) * (TileElement.rows * TileMap.lanes) + .constant(block * sumsOfBlock)
            builder.perform(.storeTile(place.sums, to, stride: TileMap.lanes, sum))
        }
    }

    /// Loops over the taps of a side if each reaches as far from the one before it, and writes them out else.
    private func taps(
        _ builder: KernelBuilder, _ name: String, _ side: TileMap.Side?, _ sums: [Register],
        _ body: (Index, (phase: Int, shift: Index), [Register]) -> [Register]
    ) -> [Register] {
        guard let side else { return body(0, (0, 0), sums) }
        if let step = side.step {
            return loop(builder, name, side.taps.count, sums) { body($0, (0, $0 * step + .constant(side.taps[0].shift)), $1) }
        }
        return side.taps.enumerated().reduce(sums) { sums, tap in
            body(.constant(tap.offset), (tap.element.phase, .constant(tap.element.shift)), sums)
        }
    }

    /// A loop that carries tiles; a single turn is written in line.
    private func loop(
        _ builder: KernelBuilder, _ name: String, _ count: Int, _ sums: [Register], _ body: (Index, [Register]) -> [Register]
    ) -> [Register] {
        count == 1 ? body(0, sums) : builder.loop(name, to: .constant(count), carrying: sums, body)
    }

    /// Takes the sums of a strip through the epilogue, pixel by pixel.
    private func finish(_ place: Place, row: Index, panel: Index, blocks: Int) {
        let builder = place.builder
        let isWhole = map.height % schedule.rows == 0
        let rows: Index =
            isWhole
            ? .constant(schedule.stripRows) : .least(.constant(schedule.stripRows), .constant(map.height) + row * -1)
        builder.loop("line", to: rows) { line in
            let origin = map.place(ofRow: row + line, outer: place.outer)
            builder.loop("position", to: .constant(map.columns.count)) { position in
                let pixel = line * map.width + position
                for block in 0..<blocks {
                    let sum = builder.load(place.sums, pixel * TileMap.lanes + .constant(block * sumsOfBlock))
                    var point = [Position](repeating: Position(0), count: shape.extents.count)
                    for (axis, index) in origin.outer { point[axis] = Position(index) }
                    if let axis = map.rows?.axis { point[axis] = Position(origin.row) }
                    point[map.columns.axis] = Position(position)
                    point[shape.lane] = Position(outer: panel * 2 + .constant(block), split: TileMap.lanes)
                    Epilogue(shape: shape, emitter: place.emitter).store(sum, at: shape.result.position.map { $0.position(point) })
                }
            }
        }
    }
}
