import Graph
import LoopNest

/// Stems: few channels that lie row-major are packed, all phases of a strided convolution side by side, into blocks of lanes.
extension WinogradLowering {
    /// The packed operand: `[image, channel of a phase, height, width]`, channels in blocks, of the extents that the outputs reach.
    private var packedExtents: [Int] { [problem.images, problem.inputChannels] + problem.inputExtents }
    var packedCount: Int { Layout.channels(rank: 4, lanes: lanes).storedCount(packedExtents) }

    func packedOffset(_ position: [Position]) -> Index {
        Layout.channels(rank: 4, lanes: lanes).offset(of: position, extents: packedExtents, lane: nil).offset
    }

    /// Copies element by element; a task is a row of an image. What lies outside of the operand is zero.
    func packing() -> KernelCall {
        guard let packing = problem.packing else { preconditionFailure("nothing is packed here") }
        let (height, width) = (problem.inputExtents[0], problem.inputExtents[1])
        let builder = KernelBuilder(name: group.kernelName("pack"), lanes: lanes, taskCount: problem.images * height)
        let emitter = PointEmitter(builder, group, reads: [shape.broadcast.value], results: [])
        let packed = emitter.workspace(0, count: packedCount, .write)
        let (image, row) = (builder.task / height, builder.task % height)
        let source = group.graph.storage(of: shape.broadcast.value)
        for rowPhase in 0..<packing.strides[0] {
            let y = row * packing.strides[0] + .constant(rowPhase - packing.padding[0])
            for columnPhase in 0..<packing.strides[1] {
                let (stride, first) = (packing.strides[1], columnPhase - packing.padding[1])
                // The columns whose source lies inside.
                let begin = min(width, max(0, (-first + stride - 1) / stride))
                let end = max(begin, min(width, (packing.inputExtents[1] - first + stride - 1) / stride))
                for channel in 0..<packing.channels {
                    let lane = packing.channel(channel, phase: [rowPhase, columnPhase])
                    func put(_ columns: Range<Int>, _ value: (Index) -> Register) {
                        if columns.isEmpty { return }
                        builder.loop("column", from: .constant(columns.lowerBound), to: .constant(columns.upperBound), unroll: 4) {
                            column in
                            let position = [
                                Position(image), Position(outer: .constant(lane / lanes), inner: .constant(lane % lanes), split: lanes),
                                Position(row), Position(column),
                            ]
                            builder.scatter(packed, packedOffset(position), stride: lanes, value(column), active: 1)
                        }
                    }
                    func zero(_ columns: Range<Int>) { put(columns) { _ in builder.constant(0) } }
                    zero(0..<begin)
                    zero(end..<width)
                    builder.when([IndexRange(y, 0, .constant(packing.inputExtents[0]))]) {
                        put(begin..<end) { column in
                            let position = [
                                Position(image), Position(.constant(channel)), Position(y), Position(column * stride + .constant(first)),
                            ]
                            return builder.broadcast(emitter.buffer(shape.broadcast.value), source.offset(of: position, lane: nil).offset)
                        }
                        return []
                    }
                    for outside in [
                        IndexRange(y, .constant(-(1 << 30)), 0), IndexRange(y, .constant(packing.inputExtents[0]), .constant(1 << 30)),
                    ] {
                        builder.when([outside]) {
                            zero(begin..<end)
                            return []
                        }
                    }
                }
            }
        }
        return KernelCall(builder.finish(), emitter.arguments)
    }

    /// `U = G g G^T` for every packed channel: the taps of its phase, the missing ones zero. A task takes a block of output channels.
    func packedWeights() -> KernelCall {
        guard let packing = problem.packing else { preconditionFailure("nothing is packed here") }
        let builder = KernelBuilder(name: group.kernelName("weights"), lanes: lanes, taskCount: outputBlocks)
        let emitter = PointEmitter(builder, group, reads: [shape.vector.value], results: [])
        let weights = weightMemory(emitter, .write)
        let memory = group.graph.storage(of: shape.vector.value)
        let (chunk, block) = (builder.task / schedule.chunk, builder.task % schedule.chunk)
        for rowPhase in 0..<packing.strides[0] {
            for columnPhase in 0..<packing.strides[1] {
                builder.loop("channel", to: .constant(packing.channels)) { channel in
                    let filter = (0..<form.taps[0]).map { row in
                        (0..<form.taps[1]).map { column -> Register in
                            let taps = [row * packing.strides[0] + rowPhase, column * packing.strides[1] + columnPhase]
                            guard taps[0] < packing.taps[0], taps[1] < packing.taps[1] else { return builder.constant(0) }
                            let position = [
                                Position(outer: builder.task, split: lanes), Position(channel), Position(.constant(taps[0])),
                                Position(.constant(taps[1])),
                            ]
                            return builder.load(emitter.buffer(shape.vector.value), memory.offset(of: position, lane: nil).offset)
                        }
                    }
                    let transformed = WinogradForm.apply(form.sides.map(\.filter), to: filter, builder)
                    let packed = channel + .constant(packing.channel(0, phase: [rowPhase, columnPhase]))
                    for kind in classes {
                        for (place, position) in kind.positions.enumerated() {
                            let offset = chunk * chunkCount + panelOffset(kind, .constant(place), block: block) + packed * lanes
                            builder.store(weights, offset, transformed[position.row][position.column])
                        }
                    }
                }
            }
        }
        return KernelCall(builder.finish(), emitter.arguments)
    }
}
