import Graph
import LoopNest

/// Copies the rows of the operand that a task needs into scratch, split in parts: `part, step of 32 channels, phase, row, position`, and then the
/// pairs of two blocks of 16 channels, number r of both side by side, which are a row of a tile. Padding is zeros; an operand that is not in
/// memory is computed on the way.
struct TileStaging {
    let map: TileMap
    let products: SplitProducts
    /// The rows of points that a task takes.
    let rows: Int
    /// The pixels of a strip's tiles, and its rows: the last tile may read further than the last row.
    let stripRows: Int
    let stripTiles: Int

    /// The rows of a phase.
    var height: Int { map.lines(rows: rows) }
    private var planeCount: Int { height * map.width * map.unit }
    private var stepCount: Int { map.phaseCount * planeCount }
    /// What a part takes, whole rows of tiles.
    var partCount: Int { (map.steps * stepCount + TileMap.depth - 1) / TileMap.depth * TileMap.depth }
    /// What the last tile of the last strip reads behind the last plane.
    private var tail: Int {
        if map.isPacked { return 0 }
        let down = map.rows?.reach ?? 0
        let last = (rows - stripRows + down) * map.width + map.columns.reach + stripTiles * TileElement.rows
        return max(0, last * TileMap.depth - planeCount)
    }

    var count: Int { products.parts * partCount + tail }
    var bytes: Int { count * StoredElement.bf16.size }

    /// Where a pixel lies, counted from the first of a plane.
    func offset(part: Int, step: Index, phase: Int, pixel: Index) -> Index {
        step * stepCount + pixel * map.unit + .constant(part * partCount + phase * planeCount)
    }

    /// - Parameters:
    ///   - row: the first row of points.
    ///   - outer: the positions along the other point axes.
    func stage(into scratch: BufferID, row: Index, outer: [Int: Index], _ emitter: PointEmitter) {
        if map.isPacked { return stagePacked(into: scratch, row: row, outer: outer, emitter) }
        let builder = emitter.builder
        let (whole, isOdd) = (map.channelBlocks / 2, map.channelBlocks % 2 == 1)
        func stage(step: Index, _ blocks: Int) {
            for (down, first) in (map.rows?.phases ?? [0]).enumerated() {
                builder.loop("row", to: .constant(height)) { line in
                    for (across, left) in map.columns.phases.enumerated() {
                        let phase = down * map.columns.phases.count + across
                        guard let side = map.rows else {
                            copyRow(step, blocks, phase, line, nil, left, outer)
                            continue
                        }
                        within(row + line, side, first, builder) {
                            let place = map.place(ofRow: row + line, outer: outer)
                            copyRow(step, blocks, phase, line, place.row * side.stride + .constant(first), left, place.outer)
                        } outside: {
                            builder.loop("position", to: .constant(map.width)) { zeros(step, phase, line, $0) }
                        }
                    }
                }
            }
        }
        func zeros(_ step: Index, _ phase: Int, _ line: Index, _ position: Index) {
            write(step, phase, line, position, products.split(low: builder.constant(0), high: builder.constant(0), builder))
        }
        func write(_ step: Index, _ phase: Int, _ line: Index, _ position: Index, _ parts: [Register]) {
            for (part, pairs) in parts.enumerated() {
                let place = offset(part: part, step: step, phase: phase, pixel: line * map.width + position)
                builder.perform(.storePairs(scratch, place, pairs))
            }
        }
        func copyRow(_ step: Index, _ blocks: Int, _ phase: Int, _ line: Index, _ y: Index?, _ left: Int, _ outer: [Int: Index]) {
            let side = map.columns
            // The positions of the phase whose place lies in the operand.
            let begin = min(map.width, max(0, (-left + side.stride - 1) / side.stride))
            let end = max(begin, min(map.width, (side.extent - left + side.stride - 1) / side.stride))
            if begin > 0 { builder.loop("before", to: .constant(begin)) { zeros(step, phase, line, $0) } }
            if end > begin {
                builder.loop("position", from: .constant(begin), to: .constant(end)) { position in
                    let numbers = (0..<2).map { half in
                        half < blocks
                            ? value(step * 2 + .constant(half), y, position * side.stride + .constant(left), outer, emitter)
                            : builder.constant(0)
                    }
                    write(step, phase, line, position, products.split(low: numbers[0], high: numbers[1], builder))
                }
            }
            if map.width > end {
                builder.loop("after", from: .constant(end), to: .constant(map.width)) { zeros(step, phase, line, $0) }
            }
        }
        builder.loop("step", to: .constant(whole)) { stage(step: $0, 2) }
        if isOdd { stage(step: .constant(whole), 1) }
        if tail > 0 {
            let first = products.parts * partCount
            builder.loop("tail", to: .constant(tail), step: TileMap.depth) { index in
                let zero = builder.constant(0)
                builder.perform(.storePairs(scratch, index + .constant(first), builder.define(.pack(low: zero, high: zero))))
            }
        }
    }

    /// 16 channels of a pixel of the operand.
    private func value(_ block: Index, _ y: Index?, _ x: Index, _ outer: [Int: Index], _ emitter: PointEmitter) -> Register {
        let shape = map.shape
        let value = shape.broadcast.value
        let extents = emitter.graph.extents(value)
        var place = shape.broadcast.position.map { position in
            position.singleAxis.flatMap { outer[$0] }.map { Position($0) } ?? Position(0)
        }
        let dimension = shape.channelDimension
        place[dimension] = Position(outer: block, split: TileMap.lanes)
        if let side = map.rows, let y { place[side.dimension] = Position(y) }
        place[map.columns.dimension] = Position(x)
        let channels = extents[dimension]
        let active: Index? = channels % TileMap.lanes == 0 ? nil : .constant(channels) + place[dimension].index * -1
        let register = emitter.point(extents, at: place, lane: dimension, active: active).value(value)
        guard let active, !emitter.isStored(value) else { return register }
        return emitter.builder.define(.keep(register, active: active))
    }

    /// Writes `inside` for a row of the operand that there is, and `outside` for one of the padding, each under its condition where rows of
    /// both kinds can be meant.
    ///
    /// - Parameters:
    ///   - row: counted as rows of points are.
    ///   - first: the operand's position for row 0.
    private func within(
        _ row: Index, _ side: TileMap.Side, _ first: Int, _ builder: KernelBuilder, inside: () -> Void, outside: () -> Void
    ) {
        func when(_ index: Index, _ from: Int, _ to: Int, _ body: () -> Void) {
            builder.when([IndexRange(index, .constant(from), .constant(to))]) {
                body()
                return []
            }
        }
        // The last task may have rows that there are not.
        let rest = (map.height + rows - 1) / rows * rows - map.height
        if map.hasAllRows {
            if rest == 0 { return inside() }
            let end = map.height + side.reach
            when(row, 0, end, inside)
            when(row, end, end + rest, outside)
            return
        }
        let y = row * side.stride + .constant(first)
        let last = (side.count + rest - 1 + side.reach) * side.stride + first
        when(y, 0, side.extent, inside)
        if first < 0 { when(y, first, 0, outside) }
        if last >= side.extent { when(y, side.extent, last + 1, outside) }
    }
}
