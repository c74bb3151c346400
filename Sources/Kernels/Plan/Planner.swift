import Graph
import LoopNest

/// Builds a plan group by group.
struct Planner {
    let facts: GraphFacts
    let target: Target
    let numerics: ResolvedNumerics
    let tuned: TunedChoices
    let streamsParameters: Bool
    var plan: Plan
    private var groups: [Group]
    /// The buffer of every value that lies in memory.
    private var bufferOf: [Value: Int] = [:]
    /// The lifetime in groups of every buffer in the arena.
    private var lifetimes: [Int: ClosedRange<Int>] = [:]
    /// How many steps there are before those of each group, and before the copies behind the last.
    private var firstSteps: [Int] = []
    private var kernelIndex: [Kernel: Int] = [:]

    private var graph: Graph { facts.graph }

    init(_ facts: GraphFacts, _ target: Target, _ numerics: Numerics, _ tuned: TunedChoices, _ streamsParameters: Bool) {
        self.facts = facts
        self.target = target
        self.numerics = ResolvedNumerics(numerics, for: facts)
        self.tuned = tuned
        self.streamsParameters = streamsParameters
        groups = Group.all(of: facts)
        plan = Plan(name: facts.graph.name)
    }

    mutating func run() {
        declareInterface()
        chooseInPlace()
        for (number, group) in groups.enumerated() {
            firstSteps.append(plan.steps.count)
            lower(group, at: number)
        }
        firstSteps.append(plan.steps.count)
        copyUpdates()
        firstSteps.append(plan.steps.count)
        for output in graph.outputs {
            plan.outputs.append((output.name, stored(output.value)))
        }
        placeArena()
        plan.bufferOf = bufferOf
    }

    /// The buffer of a value that must be in memory when the steps are done; a constant gets one that is filled beforehand.
    private mutating func stored(_ value: Value) -> Int {
        if let buffer = bufferOf[value] { return buffer }
        guard let constant = graph[value].constant else { preconditionFailure("\(value) of '\(graph.name)' is not in memory") }
        let buffer = declare(value, .prepared)
        append(.fill(with: constant, lanes: target.lanes), [buffer], summary: "constant", isPrepared: true)
        return buffer
    }

    private mutating func declareInterface() {
        for value in graph.values {
            switch graph[value].kind {
            case .input(let name): plan.inputs.append((name, declare(value, .input(name))))
            case .parameter(let parameter): plan.parameters.append((parameter, declare(value, .parameter(parameter.name))))
            case .tensor(let tensor): plan.tensors.append((tensor, declare(value, .parameter(graph.bufferName(value)))))
            case .constant, .operation: break
            }
        }
    }

    private mutating func declare(_ value: Value, _ storage: Plan.Storage) -> Int {
        let index = plan.buffers.count
        plan.buffers.append(
            .init(storage: storage, element: graph.storedElement(of: value), extents: graph.extents(value), layout: graph.layout(value)))
        bufferOf[value] = index
        return index
    }

    /// The number of the last group that reads a value (the number of groups for an output, which must survive).
    private func lastUses() -> [Value: Int] {
        var last: [Value: Int] = [:]
        for (number, group) in groups.enumerated() { for value in group.reads { last[value] = number } }
        for output in graph.outputs { last[output.value] = groups.count }
        return last
    }

    /// Lets updates be written straight over their parameters, and element-wise results over operands that die.
    private mutating func chooseInPlace() {
        let last = lastUses()
        let parameterOf = Dictionary(graph.updates.map { ($0.value, $0.state) }) { first, _ in first }
        let kept = Set(graph.updates.map(\.value))
        /// What follows from parameters alone is needed again whenever one of them is set, unless all are set together.
        func mayBeOverwritten(_ read: Value, by result: Value) -> Bool {
            if facts.isPrepared(read) { return streamsParameters && facts.isPrepared(result) && graph[read].constant == nil }
            return graph[read].operation != nil && !kept.contains(read)
        }
        let sharing = Set(graph.values.filter { graph[$0].place != nil } + graph.nodes.compactMap(\.place?.parent))
        for number in groups.indices {
            let group = groups[number]
            let elsewhere = group.readsElsewhere
            let overwritable = Set(group.reads.filter { last[$0] == number && !elsewhere.contains($0) })
            var taken: Set<Value> = []
            // What shares memory with others is neither written over nor written elsewhere.
            for result in group.results where facts.expression(of: result) != nil && !sharing.contains(result) {
                func fits(_ read: Value) -> Bool {
                    overwritable.contains(read) && !sharing.contains(read) && !taken.contains(read)
                        && graph.layout(read) == graph.layout(result)
                        && graph.extents(read) == graph.extents(result) && graph.storedElement(of: read) == graph.storedElement(of: result)
                }
                let choice: Value?
                if let parameter = parameterOf[result] {
                    choice = fits(parameter) ? parameter : nil
                } else {
                    choice = group.reads.first { fits($0) && mayBeOverwritten($0, by: result) }
                }
                if let choice {
                    groups[number].inPlace[result] = choice
                    taken.insert(choice)
                }
            }
        }
    }

    private mutating func lower(_ group: Group, at number: Int) {
        for value in group.reads {
            let buffer = bufferOf[graph.storage(of: value).owner]!
            if let lifetime = lifetimes[buffer] { lifetimes[buffer] = lifetime.lowerBound...max(number, lifetime.upperBound) }
        }
        for value in group.results {
            if let shared = group.inPlace[value] {
                bufferOf[value] = bufferOf[shared]!
                continue
            }
            let isPrepared = facts.isPrepared(value)
            let owner = graph.storage(of: value).owner
            if let buffer = bufferOf[owner] {
                if let lifetime = lifetimes[buffer] { lifetimes[buffer] = lifetime.lowerBound...max(number, lifetime.upperBound) }
                continue
            }
            let buffer = declare(owner, isPrepared ? .prepared : .arena(0))
            if !isPrepared { lifetimes[buffer] = number...number }
        }
        let lowered = group.lowered(for: target, numerics[group], tuned)
        let workspaces = lowered.workspaces.map { memory in
            plan.buffers.append(.init(storage: .arena(0), element: memory.element, extents: [memory.count], layout: .plain))
            lifetimes[plan.buffers.count - 1] = number...number
            return plan.buffers.count - 1
        }
        let prepared = lowered.prepared.map { memory in
            plan.buffers.append(.init(storage: .prepared, element: memory.element, extents: [memory.count], layout: .plain))
            return plan.buffers.count - 1
        }
        let isPrepared = group.results.allSatisfy { facts.isPrepared($0) }
        let sharesWork = lowered.calls.contains { $0.multiplyAccumulates != nil }
        let works = lowered.calls.enumerated().map { index, call in
            sharesWork || index > 0 ? call.multiplyAccumulates ?? 0 : group.multiplyAccumulates
        }
        let first = plan.steps.count
        let calls = lowered.preparation.map { ($0, 0, true) } + zip(lowered.calls, works).map { ($0, $1, isPrepared) }
        for (call, work, isPrepared) in calls {
            let buffers = call.arguments.map { argument in
                switch argument {
                case .value(let value): bufferOf[value]!
                case .workspace(let index): workspaces[index]
                case .prepared(let index): prepared[index]
                }
            }
            append(call.kernel, buffers, of: group, summary: group.summary, work: work, choice: call.choice, isPrepared: isPrepared)
        }
        if first < plan.steps.count { plan.groups.append(.init(group: group, steps: first..<plan.steps.count)) }
    }

    /// Appends a step with its traffic. A tensor that lies within another one counts with its own size.
    private mutating func append(
        _ kernel: Kernel, _ buffers: [Int], of group: Group? = nil, summary: String, work: Int = 0, choice: AlgorithmChoice? = nil,
        isPrepared: Bool
    ) {
        var used: [Int: Int] = [:]
        for value in Set((group.map { $0.reads + $0.results } ?? [])) {
            let buffer = bufferOf[graph.storage(of: value).owner]!
            used[buffer, default: 0] += graph.storedBytes(value)
        }
        let index: Int
        if let known = kernelIndex[kernel] {
            index = known
        } else {
            index = plan.kernels.count
            plan.kernels.append(kernel)
            kernelIndex[kernel] = index
        }
        var step = Plan.Step(kernel: index, buffers: buffers, summary: summary, multiplyAccumulates: work, choice: choice)
        for buffer in Set(buffers) {
            let bytes = min(used[buffer] ?? .max, plan.buffers[buffer].bytes)
            step.bytes += bytes
            switch plan.buffers[buffer].storage {
            case .parameter, .prepared: step.keptBytes += bytes
            case .input, .arena, .temporary: break
            }
        }
        if isPrepared { plan.preparation.append(step) } else { plan.steps.append(step) }
    }

    /// Copies updates that could not be written in place over their parameters, when everything else is done.
    private mutating func copyUpdates() {
        for update in graph.updates {
            let from = stored(update.value)
            let to = bufferOf[update.state]!
            if from == to { continue }
            precondition(
                plan.buffers[from].layout == plan.buffers[to].layout, "an update has the layout of its parameter")
            if lifetimes[from] != nil { lifetimes[from] = lifetimes[from]!.lowerBound...groups.count }
            append(
                .copy(count: plan.buffers[from].count, element: plan.buffers[from].element, lanes: target.lanes), [from, to],
                summary: "copy \(graph[update.state].parameter!.name)", isPrepared: false)
        }
    }

    private mutating func placeArena() {
        for output in plan.outputs {
            if let lifetime = lifetimes[output.buffer] { lifetimes[output.buffer] = lifetime.lowerBound...groups.count }
        }
        let order = lifetimes.keys.sorted()
        let memory = MemoryPlan(
            order.map { .init(bytes: plan.buffers[$0].bytes, first: lifetimes[$0]!.lowerBound, last: lifetimes[$0]!.upperBound) })
        for (buffer, offset) in zip(order, memory.offsets) {
            plan.buffers[buffer].storage = .arena(offset)
            let lifetime = lifetimes[buffer]!
            let steps = firstSteps[lifetime.lowerBound]..<firstSteps[lifetime.upperBound + 1]
            if !steps.isEmpty { plan.buffers[buffer].lifetime = steps }
        }
        plan.arenaBytes = memory.bytes
        plan.arenaLowerBound = memory.lowerBound
    }
}
