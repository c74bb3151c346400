import Graph
import LoopNest

/// A convolution by Winograd's minimal filtering: tiles of the input are transformed, multiplied with the transformed weights (one matrix
/// product a position of the tile), and transformed back, with the epilogue applied in registers.
///
/// A task takes some tiles and some of the output channels: `V[position][input block][tile][lane]` and
/// `M[position][output block][tile][lane]` are its scratch. The weights are made once, in the order in which they are read:
/// `U[chunk of output blocks][position][output block][input channel][lane]`. The phases of a strided convolution count as further input
/// blocks.
struct WinogradLowering {
    let problem: WinogradShape
    let form: WinogradForm
    let schedule: WinogradSchedule
    let group: Group
    let target: Target

    var shape: ContractionShape { problem.shape }
    var lanes: Int { target.lanes }
    var inputBlocks: Int { (problem.inputChannels + lanes - 1) / lanes }
    var outputBlocks: Int { (problem.outputChannels + lanes - 1) / lanes }
    /// Tiles along the height and the width.
    private var grid: [Int] { WinogradCost.grid(problem, form) }
    private var tileCount: Int { problem.images * grid.reduce(1, *) }
    /// The blocks of output channels that a task takes.
    private var taskBlocks: Int { outputBlocks / schedule.parts }
    var panel: Int { inputBlocks * lanes * lanes }
    var phases: [WinogradShape.Phase] { problem.phases }
    var classes: [WinogradShape.PositionClass] { problem.classes(of: form) }
    /// The panels of weights, a position and a phase each, and the elements of one of them for a block of output channels.
    var panels: Int { classes.reduce(0) { $0 + $1.panelCount } }
    var weightCount: Int { chunkCount * (outputBlocks / schedule.chunk) }
    /// The elements of a chunk of weights. Between positions lies one register that is not used: positions that a transform writes
    /// together must not fall into the same cache set.
    var chunkCount: Int { (panels * panel + form.positions * lanes) * schedule.chunk }
    /// The elements of the weights of a row of positions of a chunk.
    private var rowCount: Int {
        classes.map { $0.columns.count * ($0.phases.count * panel + lanes) * schedule.chunk }.max() ?? 0
    }
    /// The distance between positions in V and M: an odd number of registers, so that the positions of a tile, which are read and written
    /// together, do not fall into the same cache set.
    var inputStride: Int { Self.odd(phases.count * inputBlocks * schedule.tiles) * lanes }
    var outputStride: Int { Self.odd(schedule.chunk * schedule.tiles) * lanes }

    private static func odd(_ count: Int) -> Int { count | 1 }

    func lower() -> LoweredGroup {
        let isPacked = problem.packing != nil
        precondition(!isPacked || !schedule.transformsWeights, "the few weights of a stem are transformed once")
        let isPrepared = !schedule.transformsWeights
        return LoweredGroup(
            (isPacked ? [packing()] : []) + [convolution()], workspaces: isPacked ? [.init(count: packedCount)] : [],
            preparation: isPrepared ? [isPacked ? packedWeights() : transformedWeights()] : [],
            prepared: isPrepared ? [.init(count: weightCount)] : [])
    }

    private func convolution() -> KernelCall {
        let groups = (tileCount + schedule.tiles - 1) / schedule.tiles
        let builder = KernelBuilder(name: group.kernelName(), lanes: lanes, taskCount: groups * schedule.parts)
        let others = group.facts.storedOperands(of: group.members.filter { $0 != shape.result.value })
        let unread =
            (schedule.transformsWeights ? [] : [shape.vector.value]) + (problem.packing == nil ? [] : [shape.broadcast.value])
        let emitter = PointEmitter(builder, group, reads: group.reads.filter { !unread.contains($0) || others.contains($0) })
        let prepared = schedule.transformsWeights ? nil : emitter.prepared(0, count: weightCount, .read)
        let packed = problem.packing.map { _ in emitter.workspace(0, count: packedCount, .read) }
        let transformed = builder.scratch("transformed", count: inputStride * form.positions)
        let products = builder.scratch("products", count: outputStride * form.positions)
        let weights = prepared ?? builder.scratch("weights", count: rowCount)
        let first = builder.task / schedule.parts * schedule.tiles
        let count =
            tileCount % schedule.tiles == 0
            ? Index.constant(schedule.tiles) : .least(.constant(schedule.tiles), .constant(tileCount) + first * -1)

        for (number, phase) in phases.enumerated() {
            let isUsed = form.sizes.indices.map { side in { phase.taps[side] == form.taps[side] || $0 < form.sizes[side] - 1 } }
            builder.loop("input_block", to: .constant(inputBlocks)) { block in
                builder.loop("tile", to: count) { tile in
                    let target = (block + .constant(number * inputBlocks)) * (schedule.tiles * lanes) + tile * lanes
                    transformInput(emitter, packed, first + tile, block, phase) { row, column, register in
                        guard isUsed[0](row), isUsed[1](column) else { return }
                        builder.store(transformed, target + .constant((row * form.sizes[1] + column) * inputStride), register)
                    }
                }
            }
        }
        precondition(
            outputBlocks % schedule.parts == 0 && taskBlocks % schedule.chunk == 0, "parts and chunks divide the blocks of output channels")
        let chunks = taskBlocks / schedule.chunk
        let firstChunk = schedule.parts == 1 ? 0 : builder.task % schedule.parts * chunks
        builder.loop("chunk", to: .constant(chunks)) { number in
            let chunk = firstChunk + number
            WinogradProducts(
                lowering: self, emitter: emitter, weights: weights, transformed: transformed, products: products, chunk: chunk, count: count
            ).emit()
            builder.loop("output_block", to: .constant(schedule.chunk)) { block in
                builder.loop("tile", to: count) { tile in
                    let source = block * (schedule.tiles * lanes) + tile * lanes
                    transformOutput(emitter, first + tile, chunk * schedule.chunk + block) { position in
                        builder.load(products, source + .constant(position * outputStride))
                    }
                }
            }
        }
        return KernelCall(builder.finish(), emitter.arguments)
    }

    /// The coordinates of a tile: its image, and its first output along each side.
    private func origin(_ tile: Index) -> (image: Index, place: [Index]) {
        let (rows, columns) = (grid[0], grid[1])
        let row = tile % (rows * columns) / columns
        return (tile / (rows * columns), [row * form.outputs[0], tile % columns * form.outputs[1]])
    }

    /// `V = B^T d B` of one tile, block of channels and phase. Elements outside of the operand are zero.
    private func transformInput(
        _ emitter: PointEmitter, _ packed: BufferID?, _ tile: Index, _ block: Index, _ phase: WinogradShape.Phase,
        store: (Int, Int, Register) -> Void
    ) {
        let builder = emitter.builder
        let (image, place) = origin(tile)
        let strides = problem.strides
        let start = (0..<2).map { place[$0] * strides[$0] + .constant(phase.start[$0] - problem.padding[$0]) }
        let value = shape.broadcast.value
        func element(_ row: Int, _ column: Int, active: Index?) -> Register {
            let position = [
                Position(image), Position(outer: block, split: lanes), Position(start[0] + .constant(row * strides[0])),
                Position(start[1] + .constant(column * strides[1])),
            ]
            if let packed { return builder.load(packed, packedOffset(position), active: active) }
            let offset = group.graph.storage(of: value).offset(of: position, lane: nil).offset
            return builder.load(emitter.buffer(value), offset, active: active)
        }
        func transform(_ elements: [[Register]]) {
            let registers = WinogradForm.apply(form.sides.map(\.input), to: elements, builder)
            for row in registers.indices { for column in registers[row].indices { store(row, column, registers[row][column]) } }
        }
        /// The distance from the first to the last element of a tile along a side.
        func span(_ side: Int) -> Int { (form.sizes[side] - 1) * strides[side] }
        // How far the tile stays within the operand: not negative if it lies inside.
        let distances = (0..<2).flatMap { side in
            [start[side], .constant(problem.inputExtents[side] - 1 - span(side)) + start[side] * -1]
        }
        let inside = distances.reduce(Index.constant(1 << 20)) { .least($0, $1) }
        builder.when([IndexRange(inside, 0, .constant(1 << 30))]) {
            transform((0..<form.sizes[0]).map { row in (0..<form.sizes[1]).map { element(row, $0, active: nil) } })
            return []
        }
        builder.when([IndexRange(inside, .constant(-(1 << 30)), 0)]) {
            // 0 where the row or column lies outside, else 1.
            let isInside = (0..<2).map { side in
                (0..<form.sizes[side]).map { number in
                    let position = start[side] + .constant(number * strides[side])
                    let upper = Index.constant(problem.inputExtents[side]) + position * -1
                    return Index.greatest(0, .least(1, .least(position + .constant(1), upper)))
                }
            }
            transform(
                (0..<form.sizes[0]).map { row in
                    (0..<form.sizes[1]).map { column in
                        element(row, column, active: Index.least(isInside[0][row], isInside[1][column]) * lanes)
                    }
                })
            return []
        }
    }

    /// `Y = A^T M A` of one tile and block of channels, the epilogue, and the stores.
    private func transformOutput(_ emitter: PointEmitter, _ tile: Index, _ block: Index, load: (Int) -> Register) {
        let builder = emitter.builder
        let (image, place) = origin(tile)
        let elements = (0..<form.sizes[0]).map { row in (0..<form.sizes[1]).map { load(row * form.sizes[1] + $0) } }
        let results = WinogradForm.apply(form.sides.map(\.output), to: elements, builder)
        let epilogue = Epilogue(shape: shape, emitter: emitter)
        func store(_ row: Int, _ column: Int) {
            let position = [
                Position(image), Position(outer: block, split: lanes), Position(place[0] + .constant(row)),
                Position(place[1] + .constant(column)),
            ]
            epilogue.store(results[row][column], at: position)
        }
        for row in 0..<form.outputs[0] {
            for column in 0..<form.outputs[1] {
                let conditions = [0, 1].compactMap { side -> IndexRange? in
                    if problem.outputExtents[side] % form.outputs[side] == 0 { return nil }
                    let number = [row, column][side]
                    return number == 0 ? nil : IndexRange(place[side] + .constant(number), 0, .constant(problem.outputExtents[side]))
                }
                builder.when(conditions) {
                    store(row, column)
                    return []
                }
            }
        }
    }
}
