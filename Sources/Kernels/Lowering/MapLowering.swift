import Graph
import LoopNest

/// Element-wise values of one shape as one loop nest over their positions, in the order of the first one's layout.
struct MapLowering {
    let group: Group
    /// The values to store, of the same extents.
    let results: [Value]
    let lanes: Int

    private var graph: Graph { group.graph }
    private var extents: [Int] { graph.extents(results[0]) }

    private var accesses: [TensorAccess] {
        let position = extents.indices.map { AffineIndex.axis($0) }
        return results.flatMap { group.accesses(of: $0, at: position) }
            + results.map { TensorAccess(value: $0, extents: extents, layout: graph.layout($0), position: position, isWrite: true) }
    }

    private var operations: Int { results.map { group.operationCount(of: $0) + 1 }.reduce(0, +) * extents.reduce(1, *) }

    func lower(name: String) -> KernelCall { flat(name: name) ?? nested(name: name) }

    /// The tensors in memory that the kernel reads.
    private var reads: [Value] {
        let touched = Set(accesses.map(\.value))
        return group.reads.filter { touched.contains($0) || results.compactMap { group.inPlace[$0] }.contains($0) }
    }

    private func nested(name: String) -> KernelCall {
        let space = IterationSpace(names: Self.names(extents.count), extents: extents, accesses: accesses, widest: lanes)
        let split = TaskSplit(space.levels(extents.indices), of: space, operations: operations)
        let builder = KernelBuilder(name: name, lanes: space.lanes, taskCount: split.tasks)
        let emitter = PointEmitter(builder, group, reads: reads, results: results)
        builder.units(of: split, in: space, task: builder.task) { state in
            builder.nest(split.inner, of: space, state, unroll: 4) { state in
                store(emitter.point(extents, at: state.positions, lane: space.lane, active: state.active), emitter)
            }
        }
        for result in results { emitter.fillPadding(of: result, lane: space.lane, lanes: space.lanes) }
        return KernelCall(builder.finish(), emitter.arguments)
    }

    /// All values before the first store: a result may lie over an operand of another.
    private func store(_ point: Point, _ emitter: PointEmitter) {
        let values = results.map { point.value($0) }
        for (result, register) in zip(results, values) {
            emitter.store(register, to: result, at: point.position, lane: point.lane, active: point.active)
        }
    }

    /// One loop over memory from end to end, if all tensors lie alike in it without padding, or are single numbers.
    private func flat(name: String) -> KernelCall? {
        let layout = graph.layout(results[0])
        let count = extents.reduce(1, *)
        guard count > 1, layout.storedCount(extents) == count,
            accesses.allSatisfy({ ($0.extents == extents && $0.layout == layout) || ($0.extents.isEmpty && !$0.isWrite) }),
            accesses.allSatisfy({ graph[$0.value].place == nil }), !results.contains(where: { group.dependsOnPosition($0) })
        else { return nil }
        let width = [16, 8, 4].first { $0 <= lanes } ?? 1
        let vectors = (count + width - 1) / width
        let tasks = min(TaskSplit.tasks(operations), vectors)
        let builder = KernelBuilder(name: name, lanes: width, taskCount: tasks)
        let emitter = PointEmitter(builder, group, reads: reads, results: results)
        func element(_ vector: Index, active: Index?) {
            let offset = vector * width
            let point = emitter.point(extents, flat: offset, active: active)
            let values = results.map { point.value($0) }
            for (result, register) in zip(results, values) { builder.store(emitter.buffer(result), offset, register, active: active) }
        }
        let whole = count / width
        if tasks == 1 {
            if whole > 0 { builder.loop("vector", to: .constant(whole), unroll: min(4, whole)) { element($0, active: nil) } }
        } else {
            builder.loop("vector", from: builder.task * whole / tasks, to: (builder.task + 1) * whole / tasks, unroll: 4) {
                element($0, active: nil)
            }
        }
        if whole < vectors {
            builder.when([IndexRange(builder.task, .constant(tasks - 1), .constant(tasks))]) {
                element(.constant(whole), active: .constant(count % width))
                return []
            }
        }
        return KernelCall(builder.finish(), emitter.arguments)
    }

    /// The names of the axes of a tensor: images are `[n, c, y, x]`.
    static func names(_ rank: Int) -> [String] {
        switch rank {
        case 4: ["n", "c", "y", "x"]
        case 2: ["n", "c"]
        default: (0..<rank).map { "d\($0)" }
        }
    }
}

extension Group {
    /// Whether computing `value` needs to know where in the tensor it is.
    fileprivate func dependsOnPosition(_ value: Value) -> Bool {
        if stored(value) != nil || graph[value].constant != nil { return false }
        guard let expression = facts.expression(of: value) else { return true }
        return expression.dependsOnPosition || facts.readOperands(of: value).contains { dependsOnPosition($0) }
    }
}
