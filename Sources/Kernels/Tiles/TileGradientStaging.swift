import Graph
import LoopNest

/// Copies the pixels of a chunk for products of tiles: those of `x` channel by channel, those of `dy` pair by pair.
///
/// A block of 16 channels of an image is first copied as it is, padding included, so that all pixels follow each other; squares of that copy
/// are then exchanged, or pixels paired. What is always padding is cleared once.
struct TileGradientStaging {
    let problem: TileGradientShape
    let products: SplitProducts
    let cost: TileGradientCost
    let emitter: PointEmitter
    let input: BufferID
    let output: BufferID
    private let plainInput: BufferID
    private let plainOutput: BufferID

    private static let lanes = TileGradientShape.lanes

    init(problem: TileGradientShape, products: SplitProducts, cost: TileGradientCost, emitter: PointEmitter) {
        (self.problem, self.products, self.cost, self.emitter) = (problem, products, cost, emitter)
        let builder = emitter.builder
        input = builder.scratch("channels", .bf16, count: cost.inputCount)
        output = builder.scratch("pairs", .bf16, count: cost.outputCount)
        plainInput = builder.scratch("plain_x", count: cost.plainInputCount)
        plainOutput = builder.scratch("plain_dy", count: cost.plainOutputCount)
    }

    private var builder: KernelBuilder { emitter.builder }
    private var shape: ContractionShape { problem.shape }
    private var cut: TileGradientCut { cost.cut }

    /// Clears the copies, whose padding is not written again.
    func clear() {
        for (buffer, count) in [(plainInput, cost.plainInputCount), (plainOutput, cost.plainOutputCount)] {
            builder.loop("clear", to: .constant(count), step: Self.lanes) { builder.store(buffer, $0, builder.constant(0)) }
        }
    }

    /// - Parameters:
    ///   - image: the chunk's first.
    ///   - row: its first row of `dy`.
    func stageInput(firstBlock: Index, image: Index, row: Index) {
        builder.loop("block", to: .constant(cut.taskInputs)) { block in
            builder.loop("image", to: .constant(cut.images)) { number in
                for (down, first) in (problem.rows?.phases ?? [0]).enumerated() {
                    for (across, left) in problem.columns.phases.enumerated() {
                        let phase = down * problem.columns.phases.count + across
                        copyInput(phase, block: firstBlock + block, image: image + number, row: row, first: first, left: left)
                        let squares = phase * cost.inputPixels * Self.lanes
                        builder.loop("pixels", to: .constant(cost.inputPixels), step: TileGradientShape.depth) { pixel in
                            exchange(pixel, from: pixel * Self.lanes + .constant(squares)) { part in
                                cost.inputOffset(block: block, image: number, part: part, phase: phase)
                            }
                        }
                    }
                }
            }
        }
    }

    /// The pixels of a phase, row by row.
    private func copyInput(_ phase: Int, block: Index, image: Index, row: Index, first: Int, left: Int) {
        let side = problem.columns
        // The positions whose place lies in `x`.
        let begin = min(problem.width, max(0, (-left + side.stride - 1) / side.stride))
        let end = max(begin, min(problem.width, (side.extent - left + side.stride - 1) / side.stride))
        builder.loop("line", to: .constant(problem.lines(rows: cut.rows))) { line in
            let to = line * (problem.width * Self.lanes) + .constant(phase * cost.inputPixels * Self.lanes)
            func copy(_ y: Index?) {
                guard end > begin else { return }
                builder.loop("position", from: .constant(begin), to: .constant(end)) { position in
                    let number = value(
                        shape.broadcast, block: block, image: image, y, position * side.stride + .constant(left),
                        rows: problem.rows?.dimension)
                    builder.store(plainInput, to + position * Self.lanes, number)
                }
            }
            func zero() {
                guard end > begin else { return }
                builder.loop("position", from: .constant(begin), to: .constant(end)) { position in
                    builder.store(plainInput, to + position * Self.lanes, builder.constant(0))
                }
            }
            guard let rows = problem.rows else { return copy(nil) }
            let y = (row + line) * rows.stride + .constant(first)
            let last = (problem.height - 1 + rows.reach) * rows.stride + first
            when(y, 0, rows.extent) { copy(y) }
            // Rows of the padding hold those of the chunk before.
            guard cut.rows < problem.height else { return }
            if first < 0 { when(y, first, 0, zero) }
            if last >= rows.extent { when(y, rows.extent, last + 1, zero) }
        }
    }

    func stageOutput(image: Index, row: Index) {
        builder.loop("block", to: .constant(problem.outputBlocks)) { block in
            builder.loop("image", to: .constant(cut.images)) { number in
                builder.loop("line", to: .constant(cut.rows)) { line in
                    builder.loop("position", to: .constant(problem.columns.count)) { position in
                        let y = problem.rows.map { _ in row + line }
                        let gradient = value(shape.vector, block: block, image: image + number, y, position, rows: problem.rows?.dimension)
                        builder.store(plainOutput, (line * problem.width + position) * Self.lanes, gradient)
                    }
                }
                builder.loop("pair", to: .constant(cost.outputPixels / 2)) { pair in
                    let numbers = (0..<2).map { builder.load(plainOutput, pair * (2 * Self.lanes) + .constant($0 * Self.lanes)) }
                    for (part, pairs) in products.split(low: numbers[0], high: numbers[1], builder).enumerated() {
                        let first = cost.outputOffset(block: block, image: number, part: part)
                        builder.perform(.storePairs(output, first + pair * (2 * Self.lanes), pairs))
                    }
                }
            }
        }
    }

    /// 32 pixels of 16 channels, channel by channel.
    private func exchange(_ pixel: Index, from: Index, to: (Int) -> Index) {
        let (even, odd) = (column(from, 0), column(from, 1))
        for channel in 0..<Self.lanes {
            for (part, pairs) in products.split(low: even[channel], high: odd[channel], builder).enumerated() {
                builder.perform(.storePairs(input, to(part) + pixel + .constant(channel * cost.channelStride), pairs))
            }
        }
    }

    /// For each channel every second of 32 pixels.
    private func column(_ from: Index, _ first: Int) -> [Register] {
        builder.transposed((0..<Self.lanes).map { builder.load(plainInput, from + .constant((2 * $0 + first) * Self.lanes)) })
    }

    /// 16 channels of a pixel of an operand.
    private func value(_ operand: ContractionShape.Access, block: Index, image: Index, _ y: Index?, _ x: Index, rows: Int?) -> Register {
        let dimension = shape.channelDimension
        let extents = emitter.graph.extents(operand.value)
        var place = [Position](repeating: Position(0), count: extents.count)
        place[0] = Position(image)
        place[dimension] = Position(outer: block, split: Self.lanes)
        if let rows, let y { place[rows] = Position(y) }
        place[problem.columns.dimension] = Position(x)
        let active: Index? = extents[dimension] % Self.lanes == 0 ? nil : .constant(extents[dimension]) + place[dimension].index * -1
        let register = emitter.point(extents, at: place, lane: dimension, active: active).value(operand.value)
        guard let active, !emitter.isStored(operand.value) else { return register }
        return builder.define(.keep(register, active: active))
    }

    private func when(_ index: Index, _ from: Int, _ to: Int, _ body: () -> Void) {
        builder.when([IndexRange(index, .constant(from), .constant(to))]) {
            body()
            return []
        }
    }
}
