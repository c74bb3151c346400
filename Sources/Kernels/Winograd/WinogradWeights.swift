import Graph
import LoopNest

/// The transformed weights: made once (a run, where they change), or by each task a row of positions at a time.
extension WinogradLowering {
    /// `U = G g G^T` for every pair of channels; a task takes a block of output and one of input channels.
    func transformedWeights() -> KernelCall {
        let builder = KernelBuilder(name: group.kernelName("weights"), lanes: lanes, taskCount: outputBlocks * inputBlocks)
        let emitter = PointEmitter(builder, group, reads: [shape.vector.value], results: [])
        let weights = weightMemory(emitter, .write)
        let (output, input) = (builder.task / inputBlocks, builder.task % inputBlocks)
        let chunk = output / schedule.chunk
        transformWeights(
            emitter, output: output, input: input, into: weights, at: chunk * chunkCount,
            block: output % schedule.chunk)
        return KernelCall(builder.finish(), emitter.arguments)
    }

    /// Transforms the weights of a block of output and one of input channels; those of the chunk begin at `start` in `weights`.
    private func transformWeights(
        _ emitter: PointEmitter, output: Index, input: Index, into weights: BufferID, at start: Index, block: Index
    ) {
        let builder = emitter.builder
        builder.loop("input", to: .constant(lanes)) { within in
            for (number, phase) in phases.enumerated() {
                let filter = filter(emitter, phase, output: output, input: input, within: within)
                let transformed = WinogradForm.apply(form.sides.map(\.filter), to: filter, builder)
                for kind in classes where kind.phases.contains(number) {
                    for (place, position) in kind.positions.enumerated() {
                        let offset =
                            start + panelOffset(kind, .constant(place), block: block)
                            + .constant((number - kind.phases.lowerBound) * panel) + (input * lanes + within) * lanes
                        builder.store(weights, offset, transformed[position.row][position.column])
                    }
                }
            }
        }
    }

    /// Transforms the weights of one row of a class's positions, for a chunk of output channels and all input channels.
    func transformRow(
        _ emitter: PointEmitter, _ kind: WinogradShape.PositionClass, row: Int, chunk: Index, into weights: BufferID
    ) {
        let builder = emitter.builder
        let along = LinearMap([form.sides[0].filter.matrix[row]])
        let blockSize = kind.phases.count * panel + lanes
        builder.loop("output_block", to: .constant(schedule.chunk)) { block in
            builder.loop("input_block", to: .constant(inputBlocks)) { input in
                builder.loop("input", to: .constant(lanes)) { within in
                    for (number, phase) in kind.phases.enumerated() {
                        let filter = filter(emitter, phases[phase], output: chunk * schedule.chunk + block, input: input, within: within)
                        let columns = filter[0].indices.map { column in along.apply(filter.map { $0[column] }, builder)[0] }
                        let transformed = form.sides[1].filter.apply(columns, builder)
                        for (place, column) in kind.columns.enumerated() {
                            let offset =
                                block * blockSize + (input * lanes + within) * lanes
                                + .constant(place * schedule.chunk * blockSize + number * panel)
                            builder.store(weights, offset, transformed[column])
                        }
                    }
                }
            }
        }
    }

    /// The taps of a phase for one input channel, zero where it has fewer than the longest.
    private func filter(
        _ emitter: PointEmitter, _ phase: WinogradShape.Phase, output: Index, input: Index, within: Index
    ) -> [[Register]] {
        let builder = emitter.builder
        let memory = group.graph.storage(of: shape.vector.value)
        return (0..<form.taps[0]).map { row in
            (0..<form.taps[1]).map { column -> Register in
                guard row < phase.taps[0], column < phase.taps[1] else { return builder.constant(0) }
                let taps = zip([row, column], zip(problem.strides, phase.start)).enumerated().map { side, tap in
                    let number = tap.0 * tap.1.0 + tap.1.1
                    return problem.isReversed[side] ? problem.taps[side] - 1 - number : number
                }
                var position = [Position(0), Position(0), Position(.constant(taps[0])), Position(.constant(taps[1]))]
                position[problem.outputAxis] = Position(outer: output, split: lanes)
                position[problem.inputAxis] = Position(outer: input, inner: within, split: lanes)
                return builder.load(emitter.buffer(shape.vector.value), memory.offset(of: position, lane: nil).offset)
            }
        }
    }

    /// Where within a chunk the weights of a class's position begin for one of its blocks; the class's phases follow each other.
    func panelOffset(_ kind: WinogradShape.PositionClass, _ place: Index, block: Index) -> Index {
        let blockSize = kind.phases.count * panel + lanes
        return .constant((kind.firstPanel * panel + kind.firstPosition * lanes) * schedule.chunk)
            + place * (schedule.chunk * blockSize) + block * blockSize
    }
}
