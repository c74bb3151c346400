import Graph
import LoopNest

/// The weights of a contraction as the second factors of products of tiles, split in parts.
///
/// They lie in the order in which they are read: `panel, step of 32 channels, row of taps, tap, part, output block`, and then a tile, whose row
/// r is 16 outputs of a pair of channels: those with number r of two neighbouring blocks of 16. A panel is two blocks of outputs, the last
/// perhaps one. Channels beyond their number are zeros.
struct TileWeights: RoundedWeights {
    let map: TileMap
    let products: SplitProducts
    let group: Group
    /// Of which phase of a strided gradient they are; nil where there is one.
    var phase: Int?
    var number = 0

    private static let tileCount = TileElement.rows * 2 * TileElement.columns

    /// All of a step.
    private func stepCount(_ blocks: Int) -> Int {
        map.tapCounts.rows * map.tapCounts.columns * products.parts * blocks * Self.tileCount
    }
    /// What all panels before one of two blocks take, for each of them.
    private var panelCount: Int { map.steps * stepCount(2) }

    var memory: LoweredGroup.Memory { .init(.bf16, count: map.steps * stepCount(map.outputBlocks)) }
    var source: Value { map.shape.vector.value }

    /// Where a tile lies.
    ///
    /// - Parameter blocks: how many blocks of outputs the panel has.
    func offset(panel: Index, blocks: Int, step: Index, row: Index, tap: Index, part: Int, block: Int) -> Index {
        let inTap = products.parts * blocks * Self.tileCount
        let inRow = map.tapCounts.columns * inTap
        let place = panel * panelCount + step * stepCount(blocks) + row * inRow + tap * inTap
        return place + .constant((part * blocks + block) * Self.tileCount)
    }

    /// A task a panel and step.
    func rounding() -> KernelCall {
        let whole = map.outputBlocks / 2
        let builder = KernelBuilder(
            name: group.kernelName(phase.map { "phase\($0)_weights" } ?? "weights"), lanes: TileMap.lanes,
            taskCount: (map.outputBlocks + 1) / 2 * map.steps)
        let emitter = PointEmitter(builder, group, reads: [source], results: [])
        let from = emitter.buffer(source)
        let to = buffer(emitter, .write)
        let (panel, step) = (builder.task / map.steps, builder.task % map.steps)
        func write(_ numbers: [Register], _ blocks: Int, _ block: Int, _ row: Index, _ tap: Index, _ pair: Index) {
            for (part, pairs) in products.split(low: numbers[0], high: numbers[1], builder).enumerated() {
                let tile = offset(panel: panel, blocks: blocks, step: step, row: row, tap: tap, part: part, block: block)
                builder.perform(.storePairs(to, tile + pair * (2 * TileMap.lanes), pairs))
            }
        }
        /// Of few channels: which stand where is known when the kernel is made.
        func writePacked(_ blocks: Int) {
            builder.loop("row", to: .constant(map.tapCounts.rows)) { row in
                for (tap, block, pair) in (0..<map.tapCounts.columns).flatMap({ tap in
                    (0..<blocks * TileElement.rows).map { (tap, $0 / TileElement.rows, $0 % TileElement.rows) }
                }) {
                    let numbers = [0, 1].map { half in
                        map.packedPlace(group: tap, pair: pair, half: half).map { place in
                            load(
                                from, emitter, output: panel * 2 + .constant(block), Position(.constant(place.channel)), row,
                                .constant(place.tap))
                        } ?? builder.constant(0)
                    }
                    write(numbers, blocks, block, row, .constant(tap), .constant(pair))
                }
            }
        }
        func write(_ blocks: Int, _ isSecond: Bool) {
            builder.loop("row", to: .constant(map.tapCounts.rows)) { row in
                builder.loop("tap", to: .constant(map.tapCounts.columns)) { tap in
                    for block in 0..<blocks {
                        builder.loop("pair", to: .constant(TileElement.rows)) { pair in
                            let numbers = [0, 1].map { half in
                                half == 1 && !isSecond
                                    ? builder.constant(0)
                                    : load(
                                        from, emitter, output: panel * 2 + .constant(block),
                                        Position(outer: step * 2 + .constant(half), inner: pair, split: TileMap.lanes), row, tap)
                            }
                            write(numbers, blocks, block, row, tap, pair)
                        }
                    }
                }
            }
        }
        /// The last step may have one block of channels, and the last panel one of outputs.
        func write(_ blocks: Int) {
            if map.isPacked { return writePacked(blocks) }
            if map.channelBlocks % 2 == 0 { return write(blocks, true) }
            conditionally(builder, IndexRange(step, 0, .constant(map.steps - 1))) { write(blocks, true) }
            conditionally(builder, IndexRange(step, .constant(map.steps - 1), .constant(map.steps))) { write(blocks, false) }
        }
        if map.outputBlocks % 2 == 0 {
            write(2)
        } else {
            conditionally(builder, IndexRange(panel, 0, .constant(whole))) { write(2) }
            conditionally(builder, IndexRange(panel, .constant(whole), .constant(whole + 1))) { write(1) }
        }
        return KernelCall(builder.finish(), emitter.arguments)
    }

    private func conditionally(_ builder: KernelBuilder, _ condition: IndexRange, _ body: () -> Void) {
        builder.when([condition]) {
            body()
            return []
        }
    }

    /// The weights of 16 outputs for one channel and tap.
    private func load(
        _ from: BufferID, _ emitter: PointEmitter, output: Index, _ channel: Position, _ row: Index, _ tap: Index
    ) -> Register {
        let shape = map.shape
        var point = [Position](repeating: Position(0), count: shape.extents.count)
        point[shape.lane] = Position(outer: output, split: TileMap.lanes)
        point[map.channelAxis] = channel
        if let axis = map.rows?.tapAxis { point[axis] = Position(row) }
        if let axis = map.columns.tapAxis { point[axis] = Position(tap) }
        let place = shape.vector.position.map { $0.position(point) }
        return emitter.builder.load(from, emitter.graph.storage(of: shape.vector.value).offset(of: place, lane: nil).offset)
    }
}
