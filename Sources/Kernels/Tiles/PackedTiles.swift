import Graph
import LoopNest

/// Operands of few channels, such as pictures: a row of a tile is 8 neighbouring positions of 4 channels each, those beyond their number zeros. The
/// rows of a tile overlap, each a stride further in the same staged row, so that nothing is copied twice; the taps of a row are taken 8 at a time.
extension TileMap {
    static let packedChannels = 4
    static let packedPositions = depth / packedChannels

    /// Nil for contractions that are of no such form.
    static func packed(_ shape: ContractionShape, _ group: Group, _ target: Target) -> TileMap? {
        guard target.hasTiles(of: .bfloat16), !shape.isEmpty, shape.reducesChannels, let channel = shape.channelAxis,
            shape.extents[channel] <= packedChannels, group.facts.isWeight(shape.vector.value), group.reads.contains(shape.vector.value),
            group.graph.layout(shape.broadcast.value).blocks.isEmpty, shape.broadcast.position.count == 4,
            shape.broadcast.position[0].singleAxis.map({ $0 < shape.resultRank }) ?? false
        else { return nil }
        let extents = group.graph.extents(shape.broadcast.value)
        guard let rows = Side(packed: shape, 2, extent: extents[2], tapsAtOnce: 1),
            let columns = Side(packed: shape, 3, extent: extents[3], tapsAtOnce: packedPositions),
            Set([rows.tapAxis, columns.tapAxis].compactMap { $0 } + [channel]) == Set(shape.reducedAxes)
        else { return nil }
        return TileMap(
            shape: shape, columns: columns, rows: rows, outer: [shape.broadcast.position[0].singleAxis!], joined: [],
            channelAxis: channel, channelBlocks: 1, outputBlocks: shape.laneBlockCount(lanes), isPacked: true)
    }

    /// The staged positions that the tiles of a row of points read.
    var packedWidth: Int {
        let points = (columns.count + TileElement.rows - 1) / TileElement.rows * TileElement.rows
        return (points - 1) * columns.stride + columns.taps.count * Self.packedPositions
    }

    /// The channel and the tap of a row that stand in number `half` of pair `pair` of a group of taps; nil where there is none such.
    func packedPlace(group: Int, pair: Int, half: Int) -> (channel: Int, tap: Int)? {
        let channel = pair % (Self.packedChannels / 2) * 2 + half
        let tap = group * Self.packedPositions + pair / (Self.packedChannels / 2)
        let taps = columns.tapAxis.map { shape.extents[$0] } ?? 1
        return channel < shape.extents[channelAxis] && tap < taps ? (channel, tap) : nil
    }
}

extension TileMap.Side {
    /// A direction whose positions are staged one by one, whatever the stride.
    ///
    /// - Parameter tapsAtOnce: how many neighbouring taps a row of a tile has; more than one only of taps side by side.
    fileprivate init?(packed shape: ContractionShape, _ dimension: Int, extent: Int, tapsAtOnce: Int) {
        let position = shape.broadcast.position[dimension]
        let points = position.terms.filter { $0.axis < shape.resultRank && $0.scale != 0 }
        let taps = position.terms.filter { $0.axis >= shape.resultRank && $0.scale != 0 }
        guard position.divisor == 1, points.count == 1, points[0].scale > 0, taps.count <= 1 else { return nil }
        let step = taps.first?.scale ?? 1
        guard tapsAtOnce == 1 ? step > 0 : step == 1 else { return nil }
        let count = taps.first.map { shape.extents[$0.axis] } ?? 1
        self.init(
            axis: points[0].axis, count: shape.extents[points[0].axis], dimension: dimension, extent: extent, stride: points[0].scale,
            tapAxis: taps.first?.axis, taps: (0..<(count + tapsAtOnce - 1) / tapsAtOnce).map { (0, $0 * step * tapsAtOnce) },
            phases: [position.offset])
    }
}

extension TileStaging {
    /// Copies the rows that a task needs, element by element between zeros.
    func stagePacked(into scratch: BufferID, row: Index, outer: [Int: Index], _ emitter: PointEmitter) {
        let builder = emitter.builder
        builder.loop("zero", to: .constant(count), step: TileMap.depth) { index in
            let zero = builder.constant(0)
            builder.perform(.storePairs(scratch, index, builder.define(.pack(low: zero, high: zero))))
        }
        guard let side = map.rows else { preconditionFailure("a picture has rows") }
        let (first, left) = (side.phases[0], map.columns.phases[0])
        let range = max(0, left)..<max(max(0, left), min(map.columns.extent, map.width + left))
        builder.loop("row", to: .constant(height)) { line in
            let y = row * side.stride + line + .constant(first)
            builder.when([IndexRange(y, 0, .constant(side.extent))]) {
                for channel in 0..<map.shape.extents[map.channelAxis] {
                    func copy(_ x: Index, _ active: Int?) {
                        let place = line * (map.width * map.unit) + (x + .constant(-left)) * map.unit + .constant(channel)
                        let number = packedValue(channel, y, x, active, outer, emitter)
                        for (part, pairs) in products.split(low: number, high: builder.constant(0), builder).enumerated() {
                            builder.scatter(
                                scratch, place + .constant(part * partCount), stride: map.unit, builder.define(.lower(pairs)),
                                active: active.map { .constant($0) })
                        }
                    }
                    let whole = range.count / TileMap.lanes * TileMap.lanes
                    if whole > 0 {
                        builder.loop(
                            "position", from: .constant(range.lowerBound), to: .constant(range.lowerBound + whole), step: TileMap.lanes
                        ) { copy($0, nil) }
                    }
                    if whole < range.count { copy(.constant(range.lowerBound + whole), range.count - whole) }
                }
                return []
            }
        }
    }

    /// 16 neighbouring positions of a channel of the operand.
    private func packedValue(
        _ channel: Int, _ y: Index, _ x: Index, _ active: Int?, _ outer: [Int: Index], _ emitter: PointEmitter
    ) -> Register {
        let value = map.shape.broadcast.value
        var place = map.shape.broadcast.position.map { position in
            position.singleAxis.flatMap { outer[$0] }.map { Position($0) } ?? Position(0)
        }
        place[1] = Position(.constant(channel))
        (place[2], place[3]) = (Position(y), Position(x))
        return emitter.point(emitter.graph.extents(value), at: place, lane: 3, active: active.map { .constant($0) }).value(value)
    }
}
