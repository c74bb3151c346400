import Graph

/// What a training step, fused into groups, can compute a second time where gradients need it instead of keeping it since the loss was computed
/// (Chen et al., arXiv 1604.06174), and the step in which some results are.
///
/// A result is computed again by a second group of the same nodes, which becomes the same kernel: so it has the same bits. What updates
/// running statistics is in groups of its own and stays alone; random numbers follow from the seed and the position.
public struct Recomputation {
    /// A place in the order in which a step's groups run.
    public enum Entry: Hashable, Sendable {
        /// A group of the graph, by number.
        case first(Int)
        /// The second computation of a result.
        case again(Value)
    }

    public let facts: GraphFacts
    /// The results that may be computed again, in order.
    public private(set) var candidates: [Value] = []
    /// The groups up to this one compute the outputs, the loss among them; those behind it, the gradients and updates.
    public let lastForwardGroup: Int
    private let order: [Int]
    private var members: [Int: [Value]] = [:]
    private var reads: [Int: [Value]] = [:]
    private var results: [Int: [Value]] = [:]

    private var graph: Graph { facts.graph }

    /// - Parameter graph: a training step after all passes.
    public init(_ graph: Graph) {
        facts = GraphFacts(graph)
        for value in graph.values { if let group = graph[value].group { members[group, default: []].append(value) } }
        order = members.keys.sorted()
        lastForwardGroup = graph.outputs.compactMap { graph[$0.value].group }.max() ?? -1
        var readers: [Value: [Int]] = [:]
        for group in order {
            let stored = Self.stored(members[group]!, facts)
            for value in stored { readers[value, default: []].append(group) }
            var owners: [Value] = []
            for owner in stored.map({ Self.owner($0, graph) }) where !owners.contains(owner) { owners.append(owner) }
            reads[group] = owners
        }
        var sharing: Set<Value> = []
        for value in graph.values { if let place = graph[value].place { sharing.formUnion([value, place.parent]) } }
        for group in order {
            let own = members[group]!
            let left = own.filter { readers[$0] != nil || facts.leaves($0) }
            results[group] = left
            guard group <= lastForwardGroup, left.count == 1, !facts.leaves(left[0]), graph[left[0]].type.rank > 1,
                own.allSatisfy({ !sharing.contains($0) && !facts.isForeign($0) && !facts.isPrepared($0) }),
                let readers = readers[left[0]], readers.contains(where: { $0 <= lastForwardGroup }),
                readers.contains(where: { $0 > lastForwardGroup })
            else { continue }
            candidates.append(left[0])
        }
    }

    /// The value in whose memory `value` lies.
    private static func owner(_ value: Value, _ graph: Graph) -> Value {
        var value = value
        while let place = graph[value].place { value = place.parent }
        return value
    }

    /// The results of operations in memory that `members` of a group read, directly or through nodes without a group.
    private static func stored(_ members: [Value], _ facts: GraphFacts) -> [Value] {
        let own = Set(members)
        var seen: Set<Value> = []
        var stored: [Value] = []
        var pending = members.flatMap { facts.readOperands(of: $0) }
        while let value = pending.popLast() {
            guard !own.contains(value), facts.graph[value].operation != nil, seen.insert(value).inserted else { continue }
            if facts.graph[value].group == nil { pending += facts.readOperands(of: value) } else { stored.append(value) }
        }
        return stored.sorted()
    }

    /// The results that a place in the order reads, and those that it leaves, each as the value whose memory it is.
    public func reads(_ entry: Entry) -> [Value] {
        switch entry {
        case .first(let group): reads[group]!
        case .again(let value): reads[graph[value].group!]!
        }
    }

    public func results(_ entry: Entry) -> [Value] {
        switch entry {
        case .first(let group): results[group]!.map { Self.owner($0, graph) }
        case .again(let value): [value]
        }
    }

    /// The nodes that a second computation of a result repeats.
    public func members(of value: Value) -> [Value] { members[graph[value].group!]! }

    /// The order in which a step runs that computes `again` a second time: each just before the first that needs it.
    public func entries(_ again: Set<Value>) -> [Entry] {
        var entries: [Entry] = []
        var done: Set<Value> = []
        for group in order {
            if group > lastForwardGroup {
                var path = reads[group]!.filter { again.contains($0) }.reversed().map { (value: $0, isReady: false) }
                while let (value, isReady) = path.popLast() {
                    guard !done.contains(value) else { continue }
                    if isReady {
                        done.insert(value)
                        entries.append(.again(value))
                    } else {
                        path.append((value, true))
                        path += reads[graph[value].group!]!.filter { again.contains($0) }.map { ($0, false) }
                    }
                }
            }
            entries.append(.first(group))
        }
        return entries
    }

    /// The step that computes `again`, some of the candidates, a second time: what comes after the loss reads the second results.
    public func step(_ again: Set<Value>) -> Graph {
        var (firstGroup, secondGroup): ([Int: Int], [Int: Int]) = ([:], [:])
        for (number, entry) in entries(again).enumerated() {
            switch entry {
            case .first(let group): firstGroup[group] = number
            case .again(let value): secondGroup[graph[value].group!] = number
            }
        }
        var result = graph
        result.nodes = []
        var first: [Value] = []
        var second: [Value: Value] = [:]
        func append(_ value: Value, _ operands: [Value], group: Int?) -> Value {
            var node = graph[value]
            (node.operands, node.group) = (operands, group)
            result.nodes.append(node)
            return Value(result.nodes.count - 1)
        }
        for value in graph.values {
            let node = graph[value]
            let isLate = node.group.map { $0 > lastForwardGroup } ?? false
            first.append(
                append(
                    value, node.operands.map { isLate ? second[$0] ?? first[$0.index] : first[$0.index] },
                    group: node.group.map { firstGroup[$0]! }))
            // What has no group is computed inside of its readers, so those behind the loss have their own.
            let isRepeated =
                node.group.map { secondGroup[$0] != nil } ?? (node.operation != nil && node.operands.contains { second[$0] != nil })
            guard isRepeated else { continue }
            second[value] = append(
                value, node.operands.map { second[$0] ?? first[$0.index] }, group: node.group.map { secondGroup[$0]! })
        }
        for value in graph.values {
            guard let place = graph[value].place else { continue }
            result.nodes[first[value.index].index].place = Placement(
                parent: first[place.parent.index], axis: place.axis, start: place.start)
        }
        result.outputs = graph.outputs.map { .init($0.name, first[$0.value.index]) }
        result.updates = graph.updates.map { .init(state: first[$0.state.index], value: first[$0.value.index]) }
        return result.withoutUnread
    }
}

extension Graph {
    /// The graph without operations that nothing needs. Duplicates stay.
    fileprivate var withoutUnread: Graph {
        var needed = nodes.map { $0.operation == nil }
        for output in outputs { needed[output.value.index] = true }
        for update in updates { needed[update.value.index] = true }
        for index in nodes.indices.reversed() where needed[index] { for operand in nodes[index].operands { needed[operand.index] = true } }
        var renamed = [Value](repeating: Value(-1), count: nodes.count)
        var result = self
        result.nodes = []
        for index in nodes.indices where needed[index] {
            renamed[index] = Value(result.nodes.count)
            var node = nodes[index]
            node.operands = node.operands.map { renamed[$0.index] }
            result.nodes.append(node)
        }
        for index in result.nodes.indices {
            guard let place = result.nodes[index].place else { continue }
            result.nodes[index].place = Placement(parent: renamed[place.parent.index], axis: place.axis, start: place.start)
        }
        result.outputs = outputs.map { .init($0.name, renamed[$0.value.index]) }
        result.updates = updates.map { .init(state: renamed[$0.state.index], value: renamed[$0.value.index]) }
        return result
    }
}
