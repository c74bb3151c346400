import Graph
import LoopNest

/// Correct kernels for every group that has no register-blocked contraction: element-wise nodes, reductions, windows, views, and any
/// contraction whose operands do not lie in memory as register-blocked kernels need them.
///
/// A group becomes one kernel where its parts run over the same positions, otherwise a kernel a part.
enum GeneralLowering {
    static func lower(_ group: Group, target: Target) -> LoweredGroup {
        if let call = ForeignLowering(group) { return LoweredGroup([call.lower(lanes: target.lanes)]) }
        var parts = Self.parts(of: group)
        var lowered = LoweredGroup([])
        let isOne = parts.count == 1
        while !parts.isEmpty {
            // What another part still reads is not written over yet.
            let next = parts.indices.first { index in
                parts.indices.allSatisfy { $0 == index || group.reads(of: parts[$0]).isDisjoint(with: group.overwrites(of: parts[index])) }
            }
            guard let next else { preconditionFailure("the parts of \(group.kernelName()) write over each other's operands") }
            let part = parts.remove(at: next)
            let name = group.kernelName(isOne ? nil : "part\(lowered.calls.count)")
            let kernels = lower(part, of: group, target, name: name, workspace: lowered.workspaces.count)
            lowered.calls += kernels.calls
            lowered.workspaces += kernels.workspaces
        }
        return lowered
    }

    /// Members of a group that are computed by one loop nest.
    enum Part {
        case map([Value])
        /// Formulas over the same axes, element-wise values over what they read, and results computed from the formulas' values.
        case formulas(roots: [Value], maps: [Value], results: [Value])
        case view(Value, View)

        /// The values that the part writes.
        var written: [Value] {
            switch self {
            case .map(let results): results
            case .formulas(_, let maps, let results): maps + results
            case .view(let result, _): [result]
            }
        }
    }

    private static func lower(_ part: Part, of group: Group, _ target: Target, name: String, workspace: Int) -> LoweredGroup {
        switch part {
        case .map(let results): LoweredGroup([MapLowering(group: group, results: results, lanes: target.lanes).lower(name: name)])
        case .formulas(let roots, let maps, let results):
            FormulaLowering(group, roots: roots, maps: maps, results: results, target: target).lower(name: name, workspace: workspace)
        case .view(let result, let view):
            LoweredGroup(ViewLowering(group, result: result, view: view, lanes: target.lanes).lower(name: name))
        }
    }

    /// The parts of a group, every result in one of them.
    private static func parts(of group: Group) -> [Part] {
        let graph = group.graph
        var rootsOf: [Value: Set<Value>] = [:]
        var roots: [(value: Value, formula: Formula)] = []
        var parts: [Part] = []
        for member in group.members {
            guard let lowering = group.facts.lowering(of: member) else { preconditionFailure("\(member) of a group computes nothing") }
            let below = graph[member].operands.reduce(into: Set<Value>()) { $0.formUnion(rootsOf[$1] ?? []) }
            if let formula = lowering.formula {
                precondition(below.isEmpty, "\(member) depends on \(below) of its own group")
                roots.append((member, formula))
                rootsOf[member] = [member]
            } else if case .view(let view) = lowering, group.results.contains(member) {
                precondition(graph[member].operands.allSatisfy { !group.members.contains($0) }, "a view stands alone in its group")
                parts.append(.view(member, view))
                rootsOf[member] = []
            } else {
                rootsOf[member] = below
            }
        }
        let views = Set(parts.flatMap(\.written))
        var maps = group.results.filter { rootsOf[$0]!.isEmpty && !views.contains($0) }
        for family in families(of: roots, in: graph) {
            let own = Set(family.map(\.value))
            let results = group.results.filter { !rootsOf[$0]!.isDisjoint(with: own) }
            precondition(results.allSatisfy { rootsOf[$0]!.isSubset(of: own) }, "a result joins reductions over different axes")
            let stored = maps.filter { family[0].formula.visits(graph.extents($0), in: graph, family[0].value) }
            maps.removeAll { stored.contains($0) }
            if !results.isEmpty { parts.append(.formulas(roots: family.map(\.value), maps: stored, results: results)) }
        }
        while let first = maps.first {
            let alike = maps.filter { graph.extents($0) == graph.extents(first) }
            parts.append(.map(alike))
            maps.removeAll { alike.contains($0) }
        }
        return parts
    }

    /// Roots in families that one nest computes: over the same axes, reading at the same positions, with no padding to ask for.
    private static func families(of roots: [(value: Value, formula: Formula)], in graph: Graph) -> [[(value: Value, formula: Formula)]] {
        var families: [[(value: Value, formula: Formula)]] = []
        for root in roots {
            func isAlike(_ other: Formula) -> Bool {
                other.axes.map(\.extent) == root.formula.axes.map(\.extent) && other.resultRank == root.formula.resultRank
                    && other.reads.first?.position == root.formula.reads.first?.position
            }
            func isGuarded(_ one: (value: Value, formula: Formula)) -> Bool {
                !one.formula.guards { graph.extents(graph[one.value].operands[$0]) }.isEmpty
            }
            if !isGuarded(root), let known = families.firstIndex(where: { isAlike($0[0].formula) && !isGuarded($0[0]) }) {
                families[known].append(root)
            } else {
                families.append([root])
            }
        }
        return families
    }
}

extension Formula {
    /// Whether the formula reads every position of a tensor of the operand's extents exactly once, so that element-wise values of these
    /// extents can be computed on the way.
    fileprivate func visits(_ extents: [Int], in graph: Graph, _ root: Value) -> Bool {
        guard let read = reads.first, graph.extents(graph[root].operands[read.operand]) == extents else { return false }
        let axes = read.position.compactMap(\.singleAxis)
        let own = self.axes.map { $0.extent.value! }
        return axes.count == read.position.count && zip(axes, extents).allSatisfy { own[$0] == $1 }
            && own.indices.allSatisfy { axis in own[axis] == 1 || axes.filter { $0 == axis }.count == 1 }
    }
}

extension Group {
    /// The values in memory that a part's kernels read.
    fileprivate func reads(of part: GeneralLowering.Part) -> Set<Value> {
        var needed: [Value]
        switch part {
        case .map(let results): needed = results
        case .formulas(let roots, let maps, let results): needed = roots + maps + results
        case .view(let result, _): needed = [result]
        }
        var seen: Set<Value> = []
        var found: Set<Value> = []
        while let value = needed.popLast() {
            guard seen.insert(value).inserted else { continue }
            if reads.contains(value) {
                found.insert(value)
            } else {
                needed += graph[value].operands
            }
        }
        return found
    }

    /// The values that a part's results are written over.
    fileprivate func overwrites(of part: GeneralLowering.Part) -> Set<Value> { Set(part.written.compactMap { inPlace[$0] }) }
}
