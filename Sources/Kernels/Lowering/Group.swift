import Graph

/// Nodes that become one kernel (or a kernel and the one that combines its partial results), with what they read and leave in memory.
public struct Group: Sendable {
    /// What is known of the whole graph: its symbols are bound, layouts assigned and groups decided.
    public let facts: GraphFacts
    /// The nodes of the group, operands before users. Nodes without a group that they read are computed inside the kernel.
    public var members: [Value]
    /// The values that are read from memory, in order.
    public var reads: [Value]
    /// The members that are written to memory, in order: those that something outside the group needs.
    public var results: [Value]
    /// Results that are written over a value that the group reads for the last time, at the same element offsets.
    public var inPlace: [Value: Value] = [:]

    public var graph: Graph { facts.graph }

    /// Every group of a fused graph by rising number, which is an order in which each runs after those whose results it reads.
    public static func all(of facts: GraphFacts) -> [Group] {
        let graph = facts.graph
        var members: [Int: [Value]] = [:]
        for value in graph.values { if let group = graph[value].group { members[group, default: []].append(value) } }
        let numbers = members.keys.sorted()
        let reads = numbers.map { facts.storedOperands(of: members[$0]!) }
        let isRead = Set(reads.joined())
        return zip(numbers, reads).map { number, reads in
            precondition(
                reads.allSatisfy { graph[$0].group ?? .min < number }, "group \(number) of '\(graph.name)' reads what a later one computes")
            let results = members[number]!.filter { isRead.contains($0) || facts.leaves($0) }
            return Group(facts: facts, members: members[number]!, reads: reads, results: results)
        }
    }
}

extension GraphFacts {
    /// The values in memory that `members` of a kernel read, directly or through nodes that are computed in it.
    func storedOperands(of members: [Value]) -> [Value] {
        let own = Set(members)
        var seen: Set<Value> = []
        var stored: [Value] = []
        func visit(_ value: Value) {
            guard !own.contains(value), seen.insert(value).inserted else { return }
            let node = graph[value]
            if node.constant != nil { return }
            if node.operation != nil && node.group == nil {
                readOperands(of: value).forEach(visit)
            } else {
                stored.append(value)
            }
        }
        for member in members { readOperands(of: member).forEach(visit) }
        return stored.sorted()
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

    /// The layout of a value: as assigned, or row-major.
    public func layout(_ value: Value) -> Layout { self[value].layout ?? .plain }

    /// The number of elements that a value takes in memory, padding included.
    public func storedCount(_ value: Value) -> Int { layout(value).storedCount(extents(value)) }
}
