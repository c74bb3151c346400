import Graph
import LoopNest

/// The partial results of a contraction whose long reduction is split: `parts` after each other, each as the result lies in memory.
struct PartialSums {
    let shape: ContractionShape
    let group: Group
    let target: Target
    let parts: Int

    /// The elements of one.
    var count: Int { group.graph.storedCount(shape.result.value) }
    private var memory: LoweredGroup.Memory { .init(count: count * parts) }

    func buffer(_ emitter: PointEmitter, _ access: Buffer.Access) -> BufferID {
        emitter.workspace(0, memory.element, count: memory.count, access)
    }

    /// The values that the operands of the contraction are computed from: what the kernel that makes the partial results reads.
    var operandReads: [Value] { group.facts.storedOperands(of: [shape.result.value]) }

    /// The kernel that makes them, and behind it the one that adds them.
    func lowered(behind kernel: KernelCall) -> LoweredGroup { LoweredGroup([kernel, combine()], workspaces: [memory]) }

    /// The kernel that adds the partial results, in order, and applies the epilogue.
    private func combine() -> KernelCall {
        let graph = group.graph
        let lanes = target.lanes
        let extents = graph.extents(shape.result.value)
        let layout = graph.layout(shape.result.value)
        // The result's axes in the order of its layout, the lanes' last.
        let outer = extents.indices.map { axis in
            (axis, blocks: (extents[axis] + layout.blockSize(of: axis) - 1) / layout.blockSize(of: axis))
        }
        let taskAxes = outer.prefix(2)
        let builder = KernelBuilder(name: group.kernelName("sum"), lanes: lanes, taskCount: taskAxes.map(\.blocks).reduce(1, *))
        let contraction = Set(operandReads)
        let others = group.facts.storedOperands(of: group.members.filter { $0 != shape.result.value })
        let emitter = PointEmitter(
            builder, group, reads: group.reads.filter { !contraction.contains($0) || others.contains($0) }, results: group.results)
        let sums = buffer(emitter, .read)

        var position = extents.map { _ in Position(0) }
        var rest = builder.task
        for (axis, blocks) in taskAxes.reversed() {
            position[axis] = Position(outer: rest % blocks, split: layout.blockSize(of: axis))
            rest = rest / blocks
        }
        func loop(_ axes: ArraySlice<Int>, _ position: [Position]) {
            guard let axis = axes.first else {
                let offset = layout.offset(of: position, extents: extents, lane: nil).offset
                var sum = builder.load(sums, offset)
                if parts > 1 {
                    sum =
                        builder.loop("part", from: 1, to: .constant(parts), carrying: [sum]) { part, carried in
                            [builder.binary(.add, carried[0], builder.load(sums, part * count + offset))]
                        }[0]
                }
                return Epilogue(shape: shape, emitter: emitter).store(sum, at: position)
            }
            let isTask = taskAxes.contains { $0.0 == axis }
            let size = layout.blockSize(of: axis)
            if axis == shape.lane { return loop(axes.dropFirst(), position) }
            let to = isTask ? size : extents[axis]
            if to == 1 { return loop(axes.dropFirst(), position) }
            builder.loop("within", to: .constant(to)) { index in
                var inner = position
                inner[axis] = isTask ? Position(outer: position[axis].outer, inner: index, split: size) : Position(index)
                loop(axes.dropFirst(), inner)
            }
        }
        // A blocked lane axis beyond the first two would need a loop of its own; results have their lanes along axis 0 or 1.
        precondition(shape.lane < 2, "the lanes of a weight gradient run along its first or second axis")
        loop(
            (extents.indices.filter { layout.blockSize(of: $0) == 1 } + extents.indices.filter { layout.blockSize(of: $0) > 1 })[...],
            position)
        return KernelCall(builder.finish(), emitter.arguments)
    }
}
