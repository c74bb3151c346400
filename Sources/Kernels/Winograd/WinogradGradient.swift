import Graph
import LoopNest

/// The gradient of a convolution's weights by minimal filtering.
///
/// A task takes some blocks of input and of output channels and a part of the tiles, a group of tiles at a time: it transforms the tiles of
/// `x` to `V[position][input block][tile][lane]` and those of `dy` to `U[position][output block][tile][lane]`, its scratch, multiplies them
/// (`M[position] = sum over the tiles of U V`) and adds that to its partial result, which lies as
/// `[part][output block][input block][position][input channel][lane]`. A second kernel adds the parts in order, transforms the sums to the
/// taps, and applies the epilogue.
struct WinogradGradient {
    let problem: WinogradGradientShape
    let form: WinogradForm
    let group: Group
    let target: Target
    private let cut: WinogradGradientCut

    init(_ problem: WinogradGradientShape, _ form: WinogradForm, _ group: Group, _ target: Target) {
        self.problem = problem
        self.form = form
        self.group = group
        self.target = target
        cut = WinogradGradientCut(problem, form, target)
    }

    private var shape: ContractionShape { problem.shape }
    private var lanes: Int { target.lanes }
    private var grid: [Int] { problem.grid(form) }
    private var tileCount: Int { problem.images * grid.reduce(1, *) }
    /// The elements of a position of a pair of blocks, of a pair, and of a part.
    private var cell: Int { lanes * lanes }
    private var pair: Int { form.positions * cell }
    private var partCount: Int { cut.outputBlocks * cut.inputBlocks * pair }
    /// The distance between positions in V and U: an odd number of registers, so that the positions of a tile, which are written together,
    /// do not fall into the same cache set.
    private var inputStride: Int { (cut.taskInputs * cut.tiles | 1) * lanes }
    private var outputStride: Int { (cut.taskOutputs * cut.tiles | 1) * lanes }

    func lower() -> LoweredGroup {
        LoweredGroup([accumulate(), combine()], workspaces: [.init(count: cut.parts * partCount)])
    }

    // MARK: Adding up the products

    private func accumulate() -> KernelCall {
        let builder = KernelBuilder(name: group.kernelName("partial"), lanes: lanes, taskCount: cut.tasks)
        let emitter = PointEmitter(builder, group, reads: operandReads, results: [])
        let sums = emitter.workspace(0, count: cut.parts * partCount, .readWrite)
        let transformed = builder.scratch("transformed", count: inputStride * form.positions)
        let filters = builder.scratch("filters", count: outputStride * form.positions)
        let part = builder.task / (cut.inputParts * cut.outputParts)
        let firstOutput = builder.task / cut.inputParts % cut.outputParts * cut.taskOutputs
        let firstInput = builder.task % cut.inputParts * cut.taskInputs
        let groups =
            cut.groupsOfPart * cut.parts == cut.groups
            ? Index.constant(cut.groupsOfPart)
            : .least(.constant(cut.groupsOfPart), .constant(cut.groups) + part * -cut.groupsOfPart)
        let inputs = TileTransform(
            emitter: emitter, value: shape.broadcast.value, extents: problem.inputExtents, channels: problem.inputChannels,
            size: form.sizes,
            strides: [1, 1], maps: form.sides.map(\.input))
        let outputs = TileTransform(
            emitter: emitter, value: shape.vector.value, extents: problem.outputExtents, channels: problem.outputChannels, size: form.taps,
            strides: [1, 1], maps: form.sides.map(\.filter))
        builder.loop("group", to: groups) { number in
            let first = (part * cut.groupsOfPart + number) * cut.tiles
            let count =
                tileCount % cut.tiles == 0
                ? Index.constant(cut.tiles) : .least(.constant(cut.tiles), .constant(tileCount) + first * -1)
            transform(inputs, builder, first, count, from: firstInput, blocks: cut.taskInputs, before: problem.padding) {
                builder.store(transformed, $0 + .constant($1 * inputStride), $2)
            }
            transform(outputs, builder, first, count, from: firstOutput, blocks: cut.taskOutputs, before: [0, 0]) {
                builder.store(filters, $0 + .constant($1 * outputStride), $2)
            }
            let base = part * partCount + (firstOutput * cut.inputBlocks + firstInput) * pair
            builder.loop("position", to: .constant(form.positions)) { position in
                let (whole, rest) = cut.taskOutputs.quotientAndRemainder(dividingBy: cut.laneBlocks)
                func multiply(_ block: Index, _ laneBlocks: Int) {
                    builder.loop("input_block", to: .constant(cut.taskInputs)) { input in
                        builder.loop("input", to: .constant(lanes), step: cut.points) { channel in
                            let place =
                                base + (block * cut.inputBlocks + input) * pair + position * cell + channel * lanes
                            let tile = Tile(
                                place: place, input: position * inputStride + input * (cut.tiles * lanes) + channel,
                                output: position * outputStride + block * (cut.tiles * lanes), laneBlocks: laneBlocks)
                            addUp(tile, builder, sums, transformed, filters, count: count, isFirst: number)
                        }
                    }
                }
                builder.loop("block", to: .constant(whole)) { multiply($0 * cut.laneBlocks, cut.laneBlocks) }
                if rest > 0 { multiply(.constant(whole * cut.laneBlocks), rest) }
            }
        }
        return KernelCall(builder.finish(), emitter.arguments)
    }

    /// Transforms the tiles of a group; `store` takes the offset of a tile within a position, the position, and a register.
    private func transform(
        _ tiles: TileTransform, _ builder: KernelBuilder, _ first: Index, _ count: Index, from firstBlock: Index, blocks: Int,
        before: [Int], store: (Index, Int, Register) -> Void
    ) {
        builder.loop("block", to: .constant(blocks)) { block in
            builder.loop("tile", to: count) { tile in
                let number = first + tile
                let row = number % (grid[0] * grid[1]) / grid[1]
                let start = [
                    row * form.taps[0] + .constant(-before[0]), number % grid[1] * form.taps[1] + .constant(-before[1]),
                ]
                let offset = block * (cut.tiles * lanes) + tile * lanes
                tiles.emit(image: number / (grid[0] * grid[1]), block: firstBlock + block, start: start) {
                    store(offset, $0 * form.sizes[1] + $1, $2)
                }
            }
        }
    }

    /// Sums that are kept in registers: where they are added to, and where their operands of the first tile lie.
    private struct Tile {
        var place: Index
        var input: Index
        var output: Index
        var laneBlocks: Int
    }

    private func addUp(
        _ tile: Tile, _ builder: KernelBuilder, _ sums: BufferID, _ transformed: BufferID, _ filters: BufferID, count: Index,
        isFirst number: Index
    ) {
        let places = (0..<cut.points).flatMap { point in
            (0..<tile.laneBlocks).map { tile.place + .constant($0 * cut.inputBlocks * pair + point * lanes) }
        }
        let start = [Register](repeating: builder.constant(0), count: places.count)
        let unroll = RegisterTile.unroll(laneBlocks: tile.laneBlocks, registers: target.vectors.registers)
        let registers = builder.loop("tile", to: count, unroll: unroll, carrying: start) { index, registers in
            var registers = registers
            let vectors = (0..<tile.laneBlocks).map {
                builder.load(filters, tile.output + index * lanes + .constant($0 * cut.tiles * lanes))
            }
            for point in 0..<cut.points {
                let element = builder.broadcast(transformed, tile.input + index * lanes + .constant(point))
                for (block, vector) in vectors.enumerated() {
                    let place = point * tile.laneBlocks + block
                    registers[place] = builder.multiplyAdd(element, vector, registers[place])
                }
            }
            return registers
        }
        builder.when([IndexRange(number, 0, 1)]) {
            for (place, register) in zip(places, registers) { builder.store(sums, place, register) }
            return []
        }
        builder.when([IndexRange(number, 1, .constant(1 << 30))]) {
            for (place, register) in zip(places, registers) {
                builder.store(sums, place, builder.binary(.add, builder.load(sums, place), register))
            }
            return []
        }
    }

    /// The values that the operands of the contraction are computed from: what the first kernel reads.
    private var operandReads: [Value] { group.facts.storedOperands(of: [shape.result.value]) }

    // MARK: The taps

    /// Adds the parts, in order, transforms the sums, and applies the epilogue; a task takes a pair of blocks.
    private func combine() -> KernelCall {
        let builder = KernelBuilder(name: group.kernelName("sum"), lanes: lanes, taskCount: cut.outputBlocks * cut.inputBlocks)
        let contraction = Set(operandReads)
        let others = group.facts.storedOperands(of: group.members.filter { $0 != shape.result.value })
        let emitter = PointEmitter(
            builder, group, reads: group.reads.filter { !contraction.contains($0) || others.contains($0) }, results: group.results)
        let sums = emitter.workspace(0, count: cut.parts * partCount, .read)
        let (output, input) = (builder.task / cut.inputBlocks, builder.task % cut.inputBlocks)
        let epilogue = Epilogue(shape: shape, emitter: emitter)
        builder.loop("input", to: .constant(lanes)) { channel in
            let elements = (0..<form.sizes[0]).map { row in
                (0..<form.sizes[1]).map { column -> Register in
                    let offset = builder.task * pair + channel * lanes + .constant((row * form.sizes[1] + column) * cell)
                    // The next pair of blocks is asked for: the processor does not follow so many streams.
                    for part in 0..<cut.parts { builder.prefetch(sums, offset + .constant(part * partCount + pair)) }
                    return (1..<cut.parts).reduce(builder.load(sums, offset)) { sum, part in
                        builder.binary(.add, sum, builder.load(sums, offset + .constant(part * partCount)))
                    }
                }
            }
            let taps = WinogradForm.apply(form.sides.map(\.output), to: elements, builder)
            for row in taps.indices {
                for column in taps[row].indices {
                    let position = [
                        Position(outer: output, split: lanes), Position(outer: input, inner: channel, split: lanes),
                        Position(.constant(row)), Position(.constant(column)),
                    ]
                    epilogue.store(taps[row][column], at: position)
                }
            }
        }
        return KernelCall(builder.finish(), emitter.arguments)
    }
}

extension WinogradGradient {
    /// What one thread takes: transforms, products, sums that join those in memory, and the second kernel.
    var cycles: Double {
        let model = CostModel(target)
        let pairs = Double(cut.inputBlocks * cut.outputBlocks)
        let positions = Double(form.positions)
        func transform(_ operations: Int, loads: Int) -> Double {
            max(Double(operations), Double(loads) * model.load) + positions * model.store
        }
        let input =
            transform(form.inputOperations + form.positions * problem.operandOperations, loads: form.positions)
            * Double(cut.inputBlocks * cut.outputParts)
        let output = transform(form.filterOperations, loads: form.taps.reduce(1, *)) * Double(cut.outputBlocks * cut.inputParts)
        let step = RegisterTile.cycles(cut.points, cut.laneBlocks) / Double(cut.points * cut.laneBlocks)
        let products = positions * pairs * Double(lanes) * step
        let bytes = form.positions * cut.inputBlocks * cut.outputBlocks * lanes * lanes * StoredElement.f32.size
        let joins = Double(cut.groups) * 2 * model.level3(bytes: bytes)
        // Scratch that the second-level cache does not hold is read once a group.
        let scratch =
            Double(cut.groups) * model.level3(bytes: form.positions * (cut.inputBlocks + cut.outputBlocks) * cut.tiles * lanes * 4)
        let operations = positions * (Double(cut.parts) * model.load) + Double(form.outputOperations)
        let combine = max(pairs * Double(lanes) * operations, model.memory(bytes: bytes * cut.parts * 2, threads: 1))
        return (Double(tileCount) * (input + output + products) + joins + scratch) * target.speed.filtering + combine
    }
}

extension ContractionAlgorithm {
    /// Minimal filtering of the gradients of convolutions' weights: a variant a form.
    static let winogradGradient = ContractionAlgorithm(
        "Winograd gradient", worthwhileShare: 0.9, isVariant: { $0.hasPrefix("gradient F(") },
        variants: WinogradGradientVariant.all(of:))
}

/// The gradient of a convolution's weights by one form of minimal filtering, whose filters are tiles of the result's gradient.
struct WinogradGradientVariant: ContractionVariant {
    let problem: ContractionProblem
    let gradient: WinogradGradient

    static func all(of problem: ContractionProblem) -> [WinogradGradientVariant] {
        guard let shape = problem.shape, let gradient = WinogradGradientShape(shape, problem.group) else { return [] }
        return errors.keys.filter { $0[0] == gradient.taps }.sorted { $0[1].reduce(1, *) < $1[1].reduce(1, *) }.map { key in
            WinogradGradientVariant(
                problem: problem,
                gradient: WinogradGradient(gradient, WinogradForm(outputs: key[0], taps: key[1]), problem.group, problem.target))
        }
    }

    /// By the weight's taps and the tile, the error of the form as `WinogradForm.error` has it: that of real layers, whose gradients, of a
    /// sum of zero where a normalization follows, cancel more than random numbers do.
    private static let errors: [[[Int]]: Double] = [
        [[3, 3], [2, 2]]: 6.0e-7, [[3, 3], [4, 4]]: 1.6e-6, [[5, 5], [2, 2]]: 2.5e-6,
    ]

    var name: String { "gradient \(gradient.form)" }
    var title: String { "Winograd gradient \(gradient.form)" }
    var exactness: Exactness { .stated(Self.errors[[gradient.form.outputs, gradient.form.taps]]) }
    var cycles: Double? { gradient.cycles }

    func lower(_ schedule: Never?, _ choice: AlgorithmChoice) -> LoweredGroup {
        var lowered = gradient.lower()
        // The second call adds the partial results.
        lowered.calls[0] = lowered.calls[0].computing(gradient.problem.shape, choice)
        return lowered
    }
}
