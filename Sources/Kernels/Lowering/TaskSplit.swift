import Graph
import LoopNest

/// How a nest's outer loops are dealt out to tasks: by the shape only, never by the number of threads.
struct TaskSplit {
    /// A task does about this many element operations, so that starting it costs little beside them.
    static let taskOperations = 16_384
    static let mostTasks = 64

    /// The loops whose turns, counted together, are dealt out.
    var leading: [LoopLevel]
    /// The loops inside of them.
    var inner: ArraySlice<LoopLevel>
    /// The number of turns of the leading loops.
    var units: Int
    var tasks: Int

    /// - Parameter operations: what the whole nest takes, in element operations.
    init(_ levels: [LoopLevel], of space: IterationSpace, operations: Int) {
        let wanted = Self.tasks(operations)
        leading = []
        inner = levels[...]
        units = 1
        while units < 2 * wanted, wanted > 1, let level = inner.first, space.isRegular(level) {
            leading.append(level)
            units *= level.count
            inner = inner.dropFirst()
        }
        tasks = min(wanted, units)
    }

    /// The number of tasks that so many operations are worth.
    static func tasks(_ operations: Int) -> Int { max(1, min(mostTasks, operations / taskOperations)) }
}

extension KernelBuilder {
    /// Writes `body` for every unit of `split` that is the task's: all loops of the leading levels.
    ///
    /// - Parameters:
    ///   - task: the number of the task among `split.tasks`.
    func units(of split: TaskSplit, in space: IterationSpace, task: Index, _ body: (NestState) -> Void) {
        if split.tasks == 1 { return nest(split.leading[...], of: space, space.origin, body) }
        if split.tasks == split.units { return body(space.state(ofUnit: task, split.leading)) }
        let from = task * split.units / split.tasks
        let to = (task + 1) * split.units / split.tasks
        loop("unit", from: from, to: to) { body(space.state(ofUnit: $0, split.leading)) }
    }
}

extension IterationSpace {
    /// The state in turn `unit` of `levels`, counted together in row-major order; `inside` is the state around them.
    func state(ofUnit unit: Index, _ levels: [LoopLevel], inside outer: NestState? = nil) -> NestState {
        var digits = [Index](repeating: 0, count: levels.count)
        var rest = unit
        for number in levels.indices.reversed() {
            digits[number] = number == 0 ? rest : rest % levels[number].count
            rest = rest / levels[number].count
        }
        return zip(levels, digits).reduce(outer ?? origin) { binding($1.0, $1.1, $0) }
    }
}
