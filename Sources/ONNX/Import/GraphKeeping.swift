import Graph

extension Graph {
    /// The graph with some of its nodes only; those that are kept, and outputs, read no others.
    func keeping(_ isKept: (Value) -> Bool) -> Graph {
        let kept = values.filter(isKept)
        guard kept.count < nodes.count else { return self }
        let renamed = Dictionary(uniqueKeysWithValues: kept.enumerated().map { ($1, Value($0)) })
        var graph = self
        graph.nodes = kept.map { value in
            var node = self[value]
            node.operands = node.operands.map { renamed[$0] ?? $0 }
            return node
        }
        graph.outputs = outputs.map { Output($0.name, renamed[$0.value] ?? $0.value) }
        return graph
    }
}
