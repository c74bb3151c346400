import Graph

/// What takes the place of some nodes in the graph behind a pass.
struct PassChange {
    /// The names of the rules that were applied, in their order; none where a pass has only one.
    var rules: [String]
    /// The nodes in the graph before the pass; none where nodes are decided about, and stay.
    var before: [Value]
    /// The nodes in the graph behind it; none where they vanish.
    var after: [Value]
    /// What was decided about the nodes, such as `layout blocked(1:16)`; empty where nodes are made.
    var decisions: [String]

    /// What a pass changed of some nodes, and the nodes that come of them.
    static func all(of tracked: [Value], from graph: Graph, to next: Graph) -> (changes: [PassChange], following: [Value]) {
        let before = Set(tracked)
        var made: [[Value]: [Value]] = [:]
        var order: [[Value]] = []
        var decided: [[String]: [Value]] = [:]
        var decisions: [[String]] = []
        var reached: Set<Value> = []
        var following: [Value] = []
        for value in next.values {
            let origins = next[value].provenance.origins.filter(before.contains)
            guard !origins.isEmpty else { continue }
            following.append(value)
            reached.formUnion(origins)
            let node = next[value]
            if node.provenance.origins.count == 1, graph[origins[0]].isAlike(node) {
                let notes = node.decisions(since: graph[origins[0]])
                if notes.isEmpty { continue }
                if decided[notes] == nil { decisions.append(notes) }
                decided[notes, default: []].append(value)
            } else {
                if made[origins] == nil { order.append(origins) }
                made[origins, default: []].append(value)
            }
        }
        func change(_ before: [Value], _ after: [Value], _ decisions: [String]) -> PassChange {
            var rules: [String] = []
            for rule in after.flatMap({ next[$0].provenance.rules }) where !rules.contains(rule) { rules.append(rule) }
            return PassChange(rules: rules, before: before, after: after, decisions: decisions)
        }
        var changes = order.map { change($0, made[$0]!, []) } + decisions.map { change([], decided[$0]!, $0) }
        let gone = tracked.filter { !reached.contains($0) }
        if !gone.isEmpty { changes.append(change(gone, [], [])) }
        return (changes, following)
    }
}

extension Node {
    /// Whether it computes what `other` does.
    fileprivate func isAlike(_ other: Node) -> Bool { kind == other.kind && type == other.type }

    /// What a pass decided about the node, which was `other` before.
    fileprivate func decisions(since other: Node) -> [String] {
        var notes: [String] = []
        if layout != other.layout, let layout { notes.append("layout \(layout)") }
        if group != other.group, let group { notes.append("group \(group)") }
        if stored != other.stored, let stored { notes.append("stored as \(stored.rawValue)") }
        if factors != other.factors, let factors { notes.append("factors may be rounded to \(factors.rawValue)") }
        if isDirect, !other.isDirect { notes.append("summed as it is written") }
        if place != other.place, let place { notes.append("lies in \(place.parent)") }
        return notes
    }
}
