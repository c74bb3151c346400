import Graph
import LoopNest

/// The loop nest of the gradient of a convolution's weights on tiles.
///
/// A task stages a chunk of its channels of `x`, channel by channel, and of all those of `dy`, pair by pair of pixels; then, for two blocks of
/// each and a tap after the other, it sums four tiles over the chunk's pixels and adds them to its partial result. A second kernel adds the
/// partial results and applies the epilogue.
struct TileGradient {
    let problem: TileGradientShape
    let products: SplitProducts
    let cost: TileGradientCost
    let group: Group
    let target: Target

    private var shape: ContractionShape { problem.shape }
    private var cut: TileGradientCut { cost.cut }
    private var sums: PartialSums { PartialSums(shape: shape, group: group, target: target, parts: cut.parts) }
    private static let lanes = TileGradientShape.lanes

    /// What the kernel works on.
    private struct Place {
        let emitter: PointEmitter
        let sums: BufferID
        let input: BufferID
        let output: BufferID
        /// The first of the task's blocks, and where its part of the sums begins.
        let firstInput: Index
        let base: Index

        var builder: KernelBuilder { emitter.builder }
    }

    func lower() -> LoweredGroup { sums.lowered(behind: accumulate()) }

    private func accumulate() -> KernelCall {
        let builder = KernelBuilder(name: group.kernelName("partial"), lanes: Self.lanes, taskCount: cost.tasks)
        let emitter = PointEmitter(builder, group, reads: sums.operandReads, results: [])
        let partial = sums.buffer(emitter, .readWrite)
        let staging = TileGradientStaging(problem: problem, products: products, cost: cost, emitter: emitter)
        let tasksOfPart = problem.inputBlocks / cut.taskInputs
        let part = builder.task / tasksOfPart
        let place = Place(
            emitter: emitter, sums: partial, input: staging.input, output: staging.output,
            firstInput: builder.task % tasksOfPart * cut.taskInputs, base: part * sums.count)
        staging.clear()
        let imagesOfPart = problem.images / cut.parts
        if cost.chunks > 1 { zeroSums(place) }
        builder.loop("image_start", to: .constant(imagesOfPart), step: cut.images) { image in
            builder.loop("row_start", to: .constant(problem.height), step: cut.rows) { row in
                let first = part * imagesOfPart + image
                staging.stageInput(firstBlock: place.firstInput, image: first, row: row)
                staging.stageOutput(image: first, row: row)
                multiply(place)
            }
        }
        return KernelCall(builder.finish(), emitter.arguments)
    }

    /// Loops over the blocks of a side two at a time; the last may be one alone.
    private func pairs(_ builder: KernelBuilder, _ name: String, _ count: Int, _ body: (Index, Int) -> Void) {
        if count >= 2 { builder.loop(name, to: .constant(count / 2)) { body($0 * 2, 2) } }
        if count % 2 == 1 { body(.constant(count - 1), 1) }
    }

    /// Where the sums of a pair of blocks and a tap lie: a row for each channel of `x`.
    private func offset(_ place: Place, input: Index, output: Index, row: Index, tap: Index) -> Index {
        var point = [Position](repeating: Position(0), count: shape.extents.count)
        point[shape.lane] = Position(outer: output, split: Self.lanes)
        point[problem.channelAxis] = Position(outer: place.firstInput + input, split: Self.lanes)
        if let axis = problem.rows?.tapAxis { point[axis] = Position(row) }
        if let axis = problem.columns.tapAxis { point[axis] = Position(tap) }
        let value = shape.result.value
        let position = shape.result.position.map { $0.position(point) }
        return place.base + group.graph.layout(value).offset(of: position, extents: group.graph.extents(value), lane: nil).offset
    }

    private func zeroSums(_ place: Place) {
        let builder = place.builder
        let (rows, taps) = (problem.rows?.taps.count ?? 1, problem.columns.taps.count)
        builder.loop("output", to: .constant(problem.outputBlocks)) { output in
            builder.loop("input", to: .constant(cut.taskInputs)) { input in
                builder.loop("row", to: .constant(rows)) { row in
                    builder.loop("tap", to: .constant(taps)) { tap in
                        let first = offset(place, input: input, output: output, row: row, tap: tap)
                        builder.loop("channel", to: .constant(Self.lanes)) {
                            builder.store(place.sums, first + $0 * Self.lanes, builder.constant(0))
                        }
                    }
                }
            }
        }
    }

    /// Adds a chunk's products to the sums.
    private func multiply(_ place: Place) {
        let builder = place.builder
        pairs(builder, "outputs", problem.outputBlocks) { output, outputs in
            pairs(builder, "inputs", cut.taskInputs) { input, inputs in
                taps(builder, "row", problem.rows) { row, down in
                    taps(builder, "tap", problem.columns) { tap, across in
                        let phase = down.phase * problem.columns.phases.count + across.phase
                        let shift = down.shift * problem.width + across.shift
                        multiply(place, input: input, inputs, output: output, outputs, row: row, tap: tap, phase: phase, shift: shift)
                    }
                }
            }
        }
    }

    /// The sums of `inputs` times `outputs` blocks for a tap, which moves the pixels of `x` by `shift` in their phase.
    private func multiply(
        _ place: Place, input: Index, _ inputs: Int, output: Index, _ outputs: Int, row: Index, tap: Index, phase: Int, shift: Index
    ) {
        let builder = place.builder
        func sums(_ block: Int) -> Index {
            offset(
                place, input: input + .constant(block / outputs), output: output + .constant(block % outputs), row: row, tap: tap)
        }
        let initial = (0..<inputs * outputs).map { block in
            builder.define(cost.chunks == 1 ? .zeroTile : .loadTile(.sums, place.sums, sums(block), stride: Self.lanes))
        }
        let results = loop(builder, "image", cut.images, initial) { image, carried in
            loop(builder, "pixels", cost.steps, carried) { step, carried in
                products.multiply(carried, builder, rows: inputs, columns: outputs) { part, block in
                    let first = cost.inputOffset(block: input + .constant(block), image: image, part: part, phase: phase)
                    let index = first + step * TileGradientShape.depth + shift
                    return builder.define(.loadTile(.pairs, place.input, index, stride: cost.channelStride))
                } second: { part, block in
                    let first = cost.outputOffset(block: output + .constant(block), image: image, part: part)
                    let index = first + step * (TileGradientShape.depth * Self.lanes)
                    return builder.define(.loadTile(.pairs, place.output, index, stride: TileGradientShape.depth))
                }
            }
        }
        for (block, sum) in results.enumerated() {
            builder.perform(.storeTile(place.sums, sums(block), stride: Self.lanes, sum))
        }
    }

    /// Loops over the taps of a side if each reaches as far from the one before it, and writes them out else.
    private func taps(_ builder: KernelBuilder, _ name: String, _ side: TileMap.Side?, _ body: (Index, (phase: Int, shift: Index)) -> Void)
    {
        guard let side else { return body(0, (0, 0)) }
        if let step = side.step {
            return builder.loop(name, to: .constant(side.taps.count)) { body($0, (0, $0 * step + .constant(side.taps[0].shift))) }
        }
        for (number, tap) in side.taps.enumerated() { body(.constant(number), (tap.phase, .constant(tap.shift))) }
    }

    /// A loop that carries tiles; a single turn is written in line.
    private func loop(
        _ builder: KernelBuilder, _ name: String, _ count: Int, _ sums: [Register], _ body: (Index, [Register]) -> [Register]
    ) -> [Register] {
        count == 1 ? body(0, sums) : builder.loop(name, to: .constant(count), carrying: sums, body)
    }
}

extension TileGradientCost {
    /// Where the copies of an image's pixels begin.
    func inputOffset(block: Index, image: Index, part: Int, phase: Int) -> Index {
        let phaseCount = TileGradientShape.lanes * channelStride
        let imageCount = products.parts * problem.phaseCount * phaseCount
        return block * (cut.images * imageCount) + image * imageCount + .constant((part * problem.phaseCount + phase) * phaseCount)
    }
    func outputOffset(block: Index, image: Index, part: Int) -> Index {
        let partCount = outputPixels * TileGradientShape.lanes
        return block * (cut.images * products.parts * partCount) + image * (products.parts * partCount) + .constant(part * partCount)
    }
}
