import Graph

/// All that is needed to run a graph: its kernels in order, and where every buffer lies.
public struct Plan: Sendable {
    /// Where a buffer's memory comes from.
    public enum Storage: Hashable, Sendable {
        /// Filled by the caller before every run; by name.
        case input(String)
        /// Kept from run to run; by name.
        case parameter(String)
        /// Computed from parameters alone by the `preparation` steps, and kept.
        case prepared
        /// In the arena, at a byte offset.
        case arena(Int)
        /// In the arena's memory, at a byte offset, while the preparation runs: see `streamParameters`.
        case temporary(Int)
    }

    public struct PlannedBuffer: Sendable {
        public var storage: Storage
        public var element: ElementType
        /// The logical extents and how they are stored; a workspace is one plain axis.
        public var extents: [Int]
        public var layout: Layout

        public var count: Int { layout.storedCount(extents) }
        public var bytes: Int { count * element.byteCount }
    }

    public struct Step: Sendable {
        /// An index into `kernels`.
        public var kernel: Int
        /// The buffer of every parameter of the kernel, by index into `buffers`.
        public var buffers: [Int]
        /// What the step computes, for people: labels of the nodes in it.
        public var summary: String
        /// The multiply-accumulates of its contraction, as the formula has them, whatever the algorithm does instead; 0 without one.
        public var multiplyAccumulates = 0
        /// The bytes that the step reads or writes, each once: of tensors, their parts where they lie in others, and workspaces.
        public var bytes = 0
        /// How many of `bytes` are kept from run to run: parameters, and what is prepared from them.
        public var keptBytes = 0
        /// How its contraction is computed; nil without one, or where nothing was chosen.
        public var choice: AlgorithmChoice?
    }

    /// A group of the graph with the steps that compute it.
    public struct PlannedGroup: Sendable {
        public var group: Group
        /// By index into `steps`.
        public var steps: Range<Int>
    }

    public var name: String
    public var kernels: [Kernel] = []
    public var buffers: [PlannedBuffer] = []
    /// Run once, whenever parameters were set.
    public var preparation: [Step] = []
    public var steps: [Step] = []
    /// The groups that the steps compute, in their order.
    public var groups: [PlannedGroup] = []
    /// The buffer of every value that has memory of its own, or is written over another.
    public var bufferOf: [Value: Int] = [:]
    /// The graph's outputs, by name.
    public var outputs: [(name: String, buffer: Int)] = []
    /// Parameters with their declarations, in the graph's order.
    public var parameters: [(parameter: Parameter, buffer: Int)] = []
    public var inputs: [(name: String, buffer: Int)] = []
    public var arenaBytes = 0
    /// The largest number of bytes alive at one time in the arena: what no plan can go below.
    public var arenaLowerBound = 0
    /// The size of what is alive while the preparation runs, and no longer.
    public var temporaryBytes = 0
    /// Whether parameters that only the preparation reads are not kept.
    public var streamsParameters = false
}

extension Plan {
    /// Lowers every group of a fused graph whose symbols are bound, and places its buffers.
    ///
    /// - Parameters:
    ///   - tuned: what measurements chose; the cost model decides the rest.
    ///   - streamsParameters: whether parameters that only the preparation reads are not kept, see `streamParameters`.
    public init(
        _ graph: Graph, target: Target, numerics: Numerics = .standard, tuned: TunedChoices = .none, streamsParameters: Bool = false
    ) {
        name = graph.name
        var planner = Planner(GraphFacts(graph), target, numerics, tuned, streamsParameters)
        planner.run()
        self = planner.plan
        if streamsParameters { streamParameters() }
    }
}

/// Builds a plan group by group.
private struct Planner {
    let facts: GraphFacts
    let target: Target
    let numerics: Numerics
    let tuned: TunedChoices
    let streamsParameters: Bool
    var plan: Plan
    private var groups: [Group]
    /// The buffer of every value that lies in memory.
    private var bufferOf: [Value: Int] = [:]
    /// The lifetime in steps of every buffer in the arena.
    private var lifetimes: [Int: ClosedRange<Int>] = [:]
    private var kernelIndex: [Kernel: Int] = [:]

    private var graph: Graph { facts.graph }

    init(_ facts: GraphFacts, _ target: Target, _ numerics: Numerics, _ tuned: TunedChoices, _ streamsParameters: Bool) {
        self.facts = facts
        self.target = target
        self.numerics = numerics.resolved(for: facts)
        self.tuned = tuned
        self.streamsParameters = streamsParameters
        groups = Group.all(of: facts)
        plan = Plan(empty: facts.graph.name)
    }

    mutating func run() {
        declareInterface()
        chooseInPlace()
        for (number, group) in groups.enumerated() { lower(group, at: number) }
        copyUpdates()
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
            case .constant, .operation: break
            }
        }
    }

    private mutating func declare(_ value: Value, _ storage: Plan.Storage) -> Int {
        let index = plan.buffers.count
        plan.buffers.append(
            .init(storage: storage, element: graph[value].type.element, extents: graph.extents(value), layout: graph.layout(value)))
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
            let overwritable = Set(group.reads.filter { last[$0] == number && group.readsOnlyInPlace($0) })
            var taken: Set<Value> = []
            // What shares memory with others is neither written over nor written elsewhere.
            for result in group.results where facts.expression(of: result) != nil && !sharing.contains(result) {
                func fits(_ read: Value) -> Bool {
                    overwritable.contains(read) && !sharing.contains(read) && !taken.contains(read)
                        && graph.layout(read) == graph.layout(result)
                        && graph.extents(read) == graph.extents(result) && graph[read].type.element == graph[result].type.element
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
        let lowered = group.lowered(for: target, numerics, tuned)
        let workspaces = lowered.workspaces.map { count in
            plan.buffers.append(.init(storage: .arena(0), element: .f32, extents: [count], layout: .plain))
            lifetimes[plan.buffers.count - 1] = number...number
            return plan.buffers.count - 1
        }
        let prepared = lowered.prepared.map { count in
            plan.buffers.append(.init(storage: .prepared, element: .f32, extents: [count], layout: .plain))
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
            used[buffer, default: 0] += graph.storedCount(value) * graph[value].type.element.byteCount
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
        for (buffer, offset) in zip(order, memory.offsets) { plan.buffers[buffer].storage = .arena(offset) }
        plan.arenaBytes = memory.bytes
        plan.arenaLowerBound = memory.lowerBound
    }
}

extension Plan {
    fileprivate init(empty name: String) { self.name = name }
}

extension Kernel {
    /// Writes a number to a scalar.
    static func fill(with constant: Double, lanes: Int) -> Kernel {
        let builder = KernelBuilder(name: "constant", lanes: lanes, taskCount: 1)
        let scalar = builder.parameter("scalar", count: 1, .write)
        builder.store(scalar, 0, builder.constant(constant), active: 1)
        return builder.finish()
    }

    /// Copies one buffer over another.
    static func copy(count: Int, element: ElementType, lanes: Int) -> Kernel {
        let builder = KernelBuilder(name: "copy_\(count)", lanes: lanes, taskCount: 1)
        let from = builder.parameter("from", element, count: count, .read)
        let to = builder.parameter("to", element, count: count, .write)
        let whole = count / lanes * lanes
        if whole > 0 { builder.loop("index", to: .constant(whole), step: lanes) { builder.store(to, $0, builder.load(from, $0)) } }
        if whole < count {
            let active = Index.constant(count - whole)
            builder.store(to, .constant(whole), builder.load(from, .constant(whole), active: active), active: active)
        }
        return builder.finish()
    }
}

extension Group {
    /// Labels of the nodes in the group, for people.
    var summary: String {
        let names = members.compactMap { member -> String? in
            guard let operation = graph[member].operation else { return nil }
            return graph[member].attributes["function"].map {
                if case .function(let function) = $0 { function.name } else { operation.name }
            }
                ?? operation.name
        }
        return ([members.compactMap { graph[$0].label }.first].compactMap { $0 } + names).joined(separator: " ")
    }

    /// The multiply-accumulates of the contractions in the group.
    var multiplyAccumulates: Int {
        members.reduce(0) { sum, member in
            guard let formula = facts.contraction(of: member) else { return sum }
            let (total, overflow) = sum.addingReportingOverflow(formula.termCount)
            return overflow ? .max : total
        }
    }

    /// Whether every read of `value` in the group is at the point that is being written: never by a window, a sum or a view.
    func readsOnlyInPlace(_ value: Value) -> Bool {
        !facts.storedOperands(of: members.filter { facts.expression(of: $0) == nil }).contains(value)
    }

    /// The group's kernels for a target.
    public func lowered(for target: Target, _ numerics: Numerics = .standard, _ tuned: TunedChoices = .none) -> LoweredGroup {
        ContractionLowering.lower(self, target: target, numerics: numerics, tuned: tuned) ?? GeneralLowering.lower(self, target: target)
    }
}
