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

    /// What the group reads at other points than the one that is being written, too: by a window, a sum or a view, or by what it computes for
    /// a contraction of its own.
    var readsElsewhere: Set<Value> {
        var elsewhere = members.filter { facts.expression(of: $0) == nil }
        var pending = elsewhere.filter { facts.contraction(of: $0) != nil }
        var (found, own) = (Set(elsewhere), Set(members))
        own.subtract(elsewhere)
        while let next = pending.popLast() {
            for operand in facts.readOperands(of: next) where own.contains(operand) && found.insert(operand).inserted {
                elsewhere.append(operand)
                pending.append(operand)
            }
        }
        return Set(facts.storedOperands(of: elsewhere))
    }

    /// The operations that compute an element of an operand, besides those of whole channels: none where it lies in memory.
    func operations(computing value: Value) -> Int {
        var counts: [Value: Int] = [:]
        return operations(computing: value, &counts)
    }

    private func operations(computing value: Value, _ counts: inout [Value: Int]) -> Int {
        guard !reads.contains(value), let expression = facts.expression(of: value) else { return 0 }
        if let count = counts[value] { return count }
        var count = expression.operationCount
        // What is read many times over counts as often, which may double with every step.
        for operand in facts.fullSizeOperands(of: value) { count = min(count + operations(computing: operand, &counts), 1 << 20) }
        counts[value] = count
        return count
    }

    /// A name for the group's kernel: the label and operation of its first member.
    func kernelName(_ suffix: String? = nil) -> String {
        let first = graph[members[0]]
        let parts = [first.label, first.operation?.name, suffix].compactMap { $0 } + ["\(members[0].index)"]
        return String(parts.joined(separator: "_").map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
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
