import Graph

/// Nodes that become one kernel (or a kernel and the one that combines its partial results), with what they read and leave in memory.
public struct Group: Sendable {
    /// The whole graph, with symbols bound, layouts assigned and groups decided.
    public var graph: Graph
    /// The nodes of the group, operands before users. Nodes without a group that they read are computed inside the kernel.
    public var members: [Value]
    /// The values that are read from memory, in order.
    public var reads: [Value]
    /// The members that are written to memory, in order: those that something outside the group needs.
    public var results: [Value]
    /// Results that are written over a value that the group reads for the last time, at the same element offsets.
    public var inPlace: [Value: Value] = [:]
    /// Those of `reads` that follow from parameters alone, which never change: what is computed from them may be kept.
    public var constants: Set<Value> = []

    /// Every group of a fused graph, in an order in which each runs after those whose results it reads.
    public static func all(of graph: Graph) -> [Group] {
        var memberLists: [Int: [Value]] = [:]
        for value in graph.values { if let group = graph[value].group { memberLists[group, default: []].append(value) } }
        var outside = [Bool](repeating: false, count: graph.nodes.count)
        for output in graph.outputs { outside[output.value.index] = true }
        for update in graph.updates { outside[update.value.index] = true }
        var reads: [Int: [Value]] = [:]
        for (group, members) in memberLists {
            let needed = storedOperands(of: members, in: graph)
            reads[group] = needed
            for value in needed { outside[value.index] = true }
        }
        let groups = memberLists.map { group, members in
            (group, Group(graph: graph, members: members, reads: reads[group]!, results: members.filter { outside[$0.index] }))
        }
        return sorted(groups, graph: graph)
    }

    /// The values in memory that `members` read, directly or through nodes that are computed in the kernel.
    static func storedOperands(of members: [Value], in graph: Graph) -> [Value] {
        let own = Set(members)
        var seen: Set<Value> = []
        var stored: [Value] = []
        func visit(_ value: Value) {
            guard !own.contains(value), seen.insert(value).inserted else { return }
            let node = graph[value]
            if node.constant != nil { return }
            if node.operation != nil && node.group == nil {
                if case .elementwise(let expression)? = graph.lowering(of: value) {
                    for (index, operand) in node.operands.enumerated() where expression.reads(argument: index) { visit(operand) }
                } else {
                    node.operands.forEach(visit)
                }
            } else {
                stored.append(value)
            }
        }
        for member in members {
            let node = graph[member]
            if case .elementwise(let expression)? = graph.lowering(of: member) {
                for (index, operand) in node.operands.enumerated() where expression.reads(argument: index) { visit(operand) }
            } else {
                node.operands.forEach(visit)
            }
        }
        return stored.sorted()
    }

    /// The groups in dependency order; of those that are ready, the one whose last member comes first in the graph.
    private static func sorted(_ groups: [(Int, Group)], graph: Graph) -> [Group] {
        let groups = groups.sorted { $0.1.members.last! < $1.1.members.last! }
        let places = Dictionary(uniqueKeysWithValues: groups.indices.map { (groups[$0].0, $0) })
        var pending = [Int](repeating: 0, count: groups.count)
        var readers = [[Int]](repeating: [], count: groups.count)
        for (place, (number, group)) in groups.enumerated() {
            let sources = Set(group.reads.compactMap { graph[$0].group }).subtracting([number])
            pending[place] = sources.count
            for source in sources { readers[places[source]!].append(place) }
        }
        var ready = groups.indices.filter { pending[$0] == 0 }
        var result: [Group] = []
        while let first = ready.indices.min(by: { ready[$0] < ready[$1] }) {
            let place = ready.remove(at: first)
            result.append(groups[place].1)
            for reader in readers[place] {
                pending[reader] -= 1
                if pending[reader] == 0 { ready.append(reader) }
            }
        }
        precondition(result.count == groups.count, "the groups of '\(graph.name)' depend on each other in a circle")
        return result
    }
}

/// What a buffer parameter of a lowered kernel stands for.
public enum Argument: Hashable, Sendable {
    case value(Value)
    /// A buffer that lives only while the group runs, by its index in `LoweredGroup.workspaces`.
    case workspace(Int)
    /// A buffer that the group's preparation fills once, by its index in `LoweredGroup.prepared`.
    case prepared(Int)
}

/// A kernel with what its buffer parameters stand for, in order.
public struct KernelCall: Sendable {
    public var kernel: Kernel
    public var arguments: [Argument]
    /// The multiply-accumulates of the group's contraction that the call does, where several calls share them; nil in all calls of a
    /// group lets the first have them all.
    public var multiplyAccumulates: Int?
    /// The algorithm of the group's contraction, on the calls that do its multiply-accumulates.
    public var choice: AlgorithmChoice?

    public init(_ kernel: Kernel, _ arguments: [Argument]) {
        self.kernel = kernel
        self.arguments = arguments
    }
}

/// A group as kernels: usually one; a second where partial results are combined.
public struct LoweredGroup: Sendable {
    public var calls: [KernelCall]
    /// The element counts of buffers that carry partial results from one call to the next.
    public var workspaces: [Int]
    /// Calls that read constants of the group only and fill the `prepared` buffers: run once, whenever parameters were set.
    public var preparation: [KernelCall]
    /// The element counts of buffers that keep what `preparation` computes.
    public var prepared: [Int]

    public init(_ calls: [KernelCall], workspaces: [Int] = [], preparation: [KernelCall] = [], prepared: [Int] = []) {
        self.calls = calls
        self.workspaces = workspaces
        self.preparation = preparation
        self.prepared = prepared
    }
}

extension Graph {
    /// The extents of a value whose symbols are bound.
    public func extents(_ value: Value) -> [Int] {
        guard let extents = self[value].type.shape.extents else {
            preconditionFailure("\(value) of '\(name)' still has unbound symbols: \(self[value].type)")
        }
        return extents
    }

    /// Whether each value follows from parameters alone that never change, or from constants.
    var constantValues: [Bool] {
        let updated = Set(updates.map(\.state))
        var isConstant: [Bool] = []
        for value in values {
            let node = self[value]
            switch node.kind {
            case .input: isConstant.append(false)
            case .parameter: isConstant.append(!updated.contains(value))
            case .constant: isConstant.append(true)
            case .operation: isConstant.append(node.operands.allSatisfy { isConstant[$0.index] })
            }
        }
        return isConstant
    }

    /// The layout of a value: as assigned, or row-major.
    public func layout(_ value: Value) -> Layout { self[value].layout ?? .plain }

    /// The number of elements that a value takes in memory, padding included.
    public func storedCount(_ value: Value) -> Int { layout(value).storedCount(extents(value)) }
}
