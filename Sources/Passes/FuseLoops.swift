import Graph

extension Fusion {
    /// The most nodes, and the most tensors read and written, of one loop.
    private static let memberLimit = 16
    private static let tensorLimit = 12
    /// How many loops over the same space are looked at for one more node.
    private static let searchLimit = 48

    /// What a kernel that is a plain loop over elements loops over.
    private struct Space: Hashable {
        var shape: Shape
        var layout: Layout?
        var isPrepared: Bool
    }

    /// Joins element-wise operations and reductions over one space: a consumer with its producer, reductions with what reads the same
    /// tensors, small vectors with one another.
    ///
    /// What depends on a reduction comes in a later kernel than the reduction, and no group may depend on itself through others.
    mutating func joinLoops() {
        var loops: [Space: [Value]] = [:]
        for value in graph.values where !isInlined[value.index] && !isEpilogue[value.index] {
            guard let space = space(of: value) else { continue }
            // The latest loops first: their tensors are the likeliest to be at hand.
            for other in (loops[space] ?? []).reversed().prefix(Self.searchLimit) {
                guard units.root(other.index) != units.root(value.index), let reason = reasonToShare(other, value, space),
                    canShare(other, value)
                else { continue }
                join(other, value)
                fire(reason, at: value)
            }
            loops[space, default: []].append(value)
        }
    }

    private func space(of value: Value) -> Space? {
        // What numbers that attributes give are made of depends on whether symbols are bound, so they stay alone.
        guard !graph[value].operands.isEmpty else { return nil }
        switch facts.lowering(of: value) {
        case .elementwise:
            return Space(shape: graph[value].type.shape, layout: graph[value].layout, isPrepared: facts.isPrepared(value))
        case .reduction(let formula):
            // Element by element over the operand: each of its axes is one of the loop's.
            guard formula.reads.count == 1, formula.reads[0].position.allSatisfy({ $0.singleAxis != nil }) else { return nil }
            let operand = graph[value].operands[formula.reads[0].operand]
            return Space(shape: graph[operand].type.shape, layout: graph[operand].layout, isPrepared: facts.isPrepared(value))
        default: return nil
        }
    }

    private func isReduction(_ value: Value) -> Bool { if case .reduction? = facts.lowering(of: value) { true } else { false } }

    private func reasonToShare(_ earlier: Value, _ later: Value, _ space: Space) -> String? {
        if storedOperands[later.index].contains(earlier) { return isReduction(earlier) ? nil : "consumer" }
        if space.shape.rank <= 1 { return isReduction(earlier) || isReduction(later) ? nil : "vectors" }
        guard isReduction(earlier) || isReduction(later) else { return nil }
        let shared = readTensors[earlier.index].intersection(readTensors[later.index])
        return shared.contains { graph[$0].type.shape == space.shape } ? "shared_reads" : nil
    }

    /// Whether the units of two loop nodes may be one: few enough tensors, nothing that depends on a reduction beside it, no circle.
    private mutating func canShare(_ a: Value, _ b: Value) -> Bool {
        let roots = [units.root(a.index), units.root(b.index)]
        guard roots.reduce(0, { $0 + members[$1]!.count }) <= Self.memberLimit else { return false }
        let nodes = roots.flatMap { members[$0]! }
        let own = Set(nodes)
        var read: Set<Value> = []
        for node in nodes {
            for tensor in readTensors[node.index] where !own.contains(tensor) { read.insert(tensor) }
            guard read.count <= Self.tensorLimit else { return false }
        }
        return !dependsOnOwnReduction(own) && !dependsOnItself(Set(roots), own)
    }

    /// Whether a node of `own` reads a reduction of `own`, perhaps through others of them.
    private func dependsOnOwnReduction(_ own: Set<Value>) -> Bool {
        own.contains { member in storedOperands[member.index].contains { own.contains($0) && isReduction($0) } }
    }

    /// Whether something outside the units `roots` lies on a way from them back to them.
    private mutating func dependsOnItself(_ roots: Set<Int>, _ own: Set<Value>) -> Bool {
        let first = own.min()!
        var seen: Set<Int> = []
        var pending: [Int] = []
        func sources(_ nodes: some Sequence<Value>) -> [Value] { nodes.flatMap { storedOperands[$0.index] } }
        for source in sources(own) where !roots.contains(units.root(source.index)) { pending.append(units.root(source.index)) }
        while let unit = pending.popLast() {
            // A unit that ends before the first of these begins cannot depend on them.
            guard seen.insert(unit).inserted, let nodes = members[unit], nodes.last! > first else { continue }
            for source in sources(nodes) {
                let root = units.root(source.index)
                if roots.contains(root) { return true }
                pending.append(root)
            }
        }
        return false
    }
}
