import Graph
import LoopNest

/// The weights of a contraction, rounded to bf16 in the order in which its kernel reads them: made once, or in every run where they are trained.
protocol RoundedWeights {
    var group: Group { get }
    /// The weights in f32.
    var source: Value { get }
    /// Where the rounded ones lie.
    var memory: LoweredGroup.Memory { get }

    /// The number of the group's buffer, of those for weights.
    var number: Int { get }

    /// Makes them of the weights in f32.
    func rounding() -> KernelCall
}

extension RoundedWeights {
    var number: Int { 0 }
    var bytes: Int { memory.count * memory.element.size }
    private var isKept: Bool { group.facts.isPrepared(source) }

    func buffer(_ emitter: PointEmitter, _ access: Buffer.Access) -> BufferID {
        isKept
            ? emitter.prepared(number, memory.element, count: memory.count, access)
            : emitter.workspace(number, memory.element, count: memory.count, access)
    }

    /// The kernel that reads them, with what makes them.
    func lowered(for kernel: KernelCall) -> LoweredGroup {
        isKept
            ? LoweredGroup([kernel], preparation: [rounding()], prepared: [memory])
            : LoweredGroup([rounding(), kernel], workspaces: [memory])
    }

    /// What a thread takes for its share of making them in every run; nothing where they are kept.
    func cyclesOfRun(threads: Int, _ model: CostModel) -> Double {
        if isKept { return 0 }
        let moved = group.graph.storedBytes(source) + bytes
        return model.memory(bytes: moved, threads: threads) / Double(threads) + model.task
    }
}
