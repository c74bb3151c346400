import Graph

extension Fusion {
    /// When a group should run: after which node, and of several after the same, by its own last node.
    struct DueTime: Comparable {
        var after: Value
        var last: Value

        static func < (a: DueTime, b: DueTime) -> Bool { (a.after, a.last) < (b.after, b.last) }
    }

    /// When each group should run: where its last member comes. But in a training, one that leaves less than what it is the last to read runs
    /// as soon as nothing else reads that. So the gradient of a weight, with its update, comes as soon as the weight is not read any more, and what
    /// gradients need of a tensor, such as where a max pooling found its elements, is taken from it at once: no tensor is kept for them longer
    /// than it must be.
    ///
    /// - Parameter groups: the members of the groups, in order, by their representatives.
    mutating func dueTimes(of groups: [Int: [Value]]) -> [Int: DueTime] {
        guard !graph.updates.isEmpty else { return groups.mapValues { DueTime(after: $0.last!, last: $0.last!) } }
        var readers: [Value: Set<Int>] = [:]
        for (root, nodes) in groups {
            for tensor in nodes.flatMap({ readTensors[$0.index] }) where units.root(tensor.index) != root {
                readers[tensor, default: []].insert(root)
            }
        }
        // Which symbol stands for how much is not known yet; all that matters is that what has more of them is larger.
        let sizes = Dictionary(uniqueKeysWithValues: graph.symbols.map { ($0, 64) })
        func elements(_ values: some Sequence<Value>) -> Double {
            values.reduce(0) { $0 + (graph[$1].type.shape.bound(sizes).extents ?? [0]).reduce(1) { $0 * Double($1) } }
        }
        let updates = Dictionary(grouping: graph.updates, by: \.value)
        return Dictionary(
            uniqueKeysWithValues: groups.map { root, nodes in
                let last = nodes.last!
                /// The last nodes of the others that read a tensor.
                func others(_ tensor: Value) -> [Value] { (readers[tensor] ?? []).subtracting([root]).map { groups[$0]!.last! } }
                let freed = Set(nodes.flatMap { storedOperands[$0.index] }).filter { tensor in
                    units.root(tensor.index) != root && !facts.leaves(tensor) && others(tensor).allSatisfy { $0 < last }
                }
                // Updates are written over their parameters, if nobody reads these later.
                let left = nodes.filter { updates[$0] == nil && (readers[$0] != nil || facts.leaves($0)) }
                guard elements(freed) > elements(left) else { return (root, DueTime(after: last, last: last)) }
                let overwritten = nodes.flatMap { (updates[$0] ?? []).map(\.state) }
                return (root, DueTime(after: (freed.flatMap { others($0) + [$0] } + overwritten.flatMap(others)).max()!, last: last))
            })
    }
}
