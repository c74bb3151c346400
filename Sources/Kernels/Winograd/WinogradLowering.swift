import Graph
import LoopNest

/// A convolution by Winograd's minimal filtering: tiles of the input are transformed, multiplied with the transformed weights (one matrix
/// product a position of the tile), and transformed back, with the epilogue applied in registers.
///
/// A task takes some tiles and some of the output channels: `V[position][input block][tile][lane]` and
/// `M[position][output block][tile][lane]` are its scratch. The weights are made once, or once a run where they change, in the order in
/// which they are read: `U[chunk of output blocks][position][output block][input channel][lane]`. The phases of a strided convolution count
/// as further input blocks.
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
        let weights = schedule.transformsWeights ? [] : [isPacked ? packedWeights() : transformedWeights()]
        let isKept = !problem.weightsChange
        let packed: [LoweredGroup.Memory] = isPacked ? [.init(count: packedCount)] : []
        let transformed = weights.map { _ in LoweredGroup.Memory(count: weightCount) }
        return LoweredGroup(
            (isKept ? [] : weights) + (isPacked ? [packing()] : []) + [convolution()],
            workspaces: packed + (isKept ? [] : transformed), preparation: isKept ? weights : [], prepared: isKept ? transformed : [])
    }

    /// The memory of the transformed weights: kept, or filled in every run.
    func weightMemory(_ emitter: PointEmitter, _ access: Buffer.Access) -> BufferID {
        problem.weightsChange
            ? emitter.workspace(problem.packing == nil ? 0 : 1, count: weightCount, access)
            : emitter.prepared(0, count: weightCount, access)
    }

    private func convolution() -> KernelCall {
        let groups = (tileCount + schedule.tiles - 1) / schedule.tiles
        let builder = KernelBuilder(name: group.kernelName(), lanes: lanes, taskCount: groups * schedule.parts)
        let others = group.facts.storedOperands(of: group.members.filter { $0 != shape.result.value })
        let unread =
            (schedule.transformsWeights ? [] : [shape.vector.value]) + (problem.packing == nil ? [] : [shape.broadcast.value])
        let emitter = PointEmitter(builder, group, reads: group.reads.filter { !unread.contains($0) || others.contains($0) })
        let prepared = schedule.transformsWeights ? nil : weightMemory(emitter, .read)
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
        let (image, place) = origin(tile)
        var transform = TileTransform(
            emitter: emitter, value: shape.broadcast.value, extents: problem.inputExtents, channels: problem.inputChannels,
            size: form.sizes,
            strides: problem.strides, maps: form.sides.map(\.input))
        if let packed { transform.packed = { emitter.builder.load(packed, packedOffset($0), active: $1) } }
        let start = (0..<2).map { place[$0] * problem.strides[$0] + .constant(phase.start[$0] - problem.padding[$0]) }
        transform.emit(image: image, block: block, start: start, store: store)
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
