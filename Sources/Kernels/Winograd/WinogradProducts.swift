import Graph
import LoopNest

/// The matrix products between the transforms: `M = U V` at every position of a tile, for a chunk of output channels.
///
/// The sums over the input channels are what a Winograd convolution's error comes from: the errors of sums in order grow with the square
/// root of their length, and the output transform multiplies them (those of the transforms themselves are a tenth). So at most
/// `channelsOfSum` products are added up in registers before they join the sum in memory, which takes 2 to 3 % of the time of the products;
/// F(4x4, 3x3) over 512 channels has 0.9e-6 so, and 2.3e-6 in order (simulated; all forms gain alike).
struct WinogradProducts {
    let lowering: WinogradLowering
    let emitter: PointEmitter
    /// U, V and M.
    let weights: BufferID
    let transformed: BufferID
    let products: BufferID
    /// The number of the chunk of output channels.
    let chunk: Index
    /// The tiles of the task.
    let count: Index

    private var builder: KernelBuilder { emitter.builder }
    private var schedule: WinogradSchedule { lowering.schedule }
    private var lanes: Int { lowering.lanes }
    private var inputBlocks: Int { lowering.inputBlocks }

    static let channelsOfSum = 64

    /// A position of a tile: its number within its class, and within the tile.
    private struct Place {
        var kind: WinogradShape.PositionClass
        var number: Index
        var position: Index
    }

    /// The sums that are kept in registers: some tiles times some blocks of output channels.
    private struct Sums {
        var tile: Index
        var tiles: Int
        var block: Index
        var laneBlocks: Int
    }

    func emit() {
        for kind in lowering.classes {
            builder.loop("row", to: .constant(kind.rows.count)) { row in
                if schedule.transformsWeights {
                    // Each row has its own factors.
                    for number in 0..<kind.rows.count {
                        builder.when([IndexRange(row, .constant(number), .constant(number + 1))]) {
                            lowering.transformRow(emitter, kind, row: kind.rows.lowerBound + number, chunk: chunk, into: weights)
                            return []
                        }
                    }
                }
                builder.loop("column", to: .constant(kind.columns.count)) { column in
                    let position =
                        (row + .constant(kind.rows.lowerBound)) * lowering.form.sizes[1] + column + .constant(kind.columns.lowerBound)
                    product(at: Place(kind: kind, number: row * kind.columns.count + column, position: position))
                }
            }
        }
    }

    /// The product of one position: by blocks of output channels, then by tiles.
    private func product(at place: Place) {
        let (groups, rest) = schedule.chunk.quotientAndRemainder(dividingBy: schedule.laneBlocks)
        builder.loop("block", to: .constant(groups)) { tiles(at: place, block: $0 * schedule.laneBlocks, laneBlocks: schedule.laneBlocks) }
        if rest > 0 { tiles(at: place, block: .constant(groups * schedule.laneBlocks), laneBlocks: rest) }
    }

    private func tiles(at place: Place, block: Index, laneBlocks: Int) {
        let size = schedule.registerTiles
        let (whole, rest) = schedule.tiles.quotientAndRemainder(dividingBy: size)
        // The last group has fewer tiles; what the last register tile computes beyond them is never read.
        let end = count.constantValue == nil ? Index.least(.constant(whole), (count + .constant(size - 1)) / size) : .constant(whole)
        builder.loop("register_tile", to: end) {
            addUp(Sums(tile: $0 * size, tiles: size, block: block, laneBlocks: laneBlocks), at: place)
        }
        if rest > 0 {
            builder.when([IndexRange(count, .constant(whole * size + 1), .constant(1 << 30))]) {
                addUp(Sums(tile: .constant(whole * size), tiles: rest, block: block, laneBlocks: laneBlocks), at: place)
                return []
            }
        }
    }

    /// A register tile's sums over all input channels, some channels at a time.
    private func addUp(_ sums: Sums, at place: Place) {
        // The cut depends on nothing but the channels, so that a schedule does not change the bits.
        let blocks = place.kind.phases.count * inputBlocks
        let most = max(1, Self.channelsOfSum / lanes)
        let parts = (blocks + most - 1) / most
        let size = (blocks + parts - 1) / parts
        builder.loop("part", to: .constant(parts)) { part in
            let first = part * size
            let end = blocks % size == 0 ? Index.constant(size) : .least(.constant(size), .constant(blocks) + first * -1)
            let registers = accumulate(sums, at: place, from: first, count: end)
            builder.when([IndexRange(part, 0, 1)]) {
                store(registers, sums, at: place) { register, _ in register }
                return []
            }
            builder.when([IndexRange(part, 1, .constant(parts))]) {
                store(registers, sums, at: place) { builder.binary(.add, builder.load(products, $1), $0) }
                return []
            }
        }
    }

    /// The sums over `count` blocks of input channels, tile by tile.
    private func accumulate(_ sums: Sums, at place: Place, from first: Index, count: Index) -> [Register] {
        let problem = lowering.problem
        let panel = place.kind.phases.count * lowering.panel + lanes
        let weight =
            schedule.transformsWeights
            ? place.number % place.kind.columns.count * (schedule.chunk * panel) + sums.block * panel
            : chunk * lowering.chunkCount + lowering.panelOffset(place.kind, place.number, block: sums.block)
        let source =
            place.position * lowering.inputStride + .constant(place.kind.phases.lowerBound * inputBlocks * schedule.tiles * lanes)
            + sums.tile * lanes
        let zero = builder.constant(0)
        let start = [Register](repeating: zero, count: sums.tiles * sums.laneBlocks)
        return builder.loop("input_block", to: count, carrying: start) { number, registers in
            let input = first + number
            // The padding of the last block of channels is zero.
            let rest = .constant(problem.inputChannels) + input % inputBlocks * -lanes
            let channels = problem.inputChannels % lanes == 0 ? Index.constant(lanes) : .least(.constant(lanes), rest)
            let fewest = min(lanes, problem.inputChannels)
            let unroll = RegisterTile.unroll(laneBlocks: sums.laneBlocks, registers: lowering.target.vectors.registers)
            // A few channels stay a loop of two turns or more: written out, their weights would be the same in every turn of the loop
            // over register tiles, and kept there in registers that the sums need.
            return builder.loop(
                "input", to: inputBlocks == 1 ? .constant(fewest) : channels, unroll: max(1, min(unroll, fewest / 2)), carrying: registers
            ) { within, registers in
                let row = weight + input * (lanes * lanes) + within * lanes
                let vectors = (0..<sums.laneBlocks).map { builder.load(weights, row + .constant($0 * panel)) }
                // The next panels come while these are used: the processor's own prefetching stops at every page.
                for block in 0..<sums.laneBlocks where !schedule.transformsWeights {
                    builder.prefetch(weights, row + .constant((sums.laneBlocks + block) * panel))
                }
                var registers = registers
                for tile in 0..<sums.tiles {
                    let element = builder.broadcast(
                        transformed, source + input * (schedule.tiles * lanes) + within + .constant(tile * lanes))
                    for (block, vector) in vectors.enumerated() {
                        let number = tile * sums.laneBlocks + block
                        registers[number] = builder.multiplyAdd(element, vector, registers[number])
                    }
                }
                return registers
            }
        }
    }

    /// Stores what `value` makes of each register and the place in `products` where it belongs.
    private func store(_ registers: [Register], _ sums: Sums, at place: Place, _ value: (Register, Index) -> Register) {
        for tile in 0..<sums.tiles {
            for block in 0..<sums.laneBlocks {
                let offset =
                    place.position * lowering.outputStride + (sums.block + .constant(block)) * (schedule.tiles * lanes)
                    + (sums.tile + .constant(tile)) * lanes
                builder.store(products, offset, value(registers[tile * sums.laneBlocks + block], offset))
            }
        }
    }
}
