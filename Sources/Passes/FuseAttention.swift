import Graph

extension Fusion {
    /// The fewest rows for which it pays to bring the keys into order (as `MatrixProductNest` has it).
    private static let fewestRows = 4
    /// The widest queries, keys and values: beyond, copies of a few of them do not stay in the second-level cache.
    private static let mostColumns = 512

    /// Lets a product of matrices take along the softmax that its left factor is, and the product of matrices that this is taken of: then
    /// the scores of a few rows are computed, used up and forgotten, and never lie in memory (Dao et al., arXiv 2205.14135).
    mutating func joinAttention() {
        for value in graph.values where facts.contraction(of: value) != nil {
            let attention = AttentionNodes(endingWith: value, in: facts) { node in
                var units = units
                return members[units.root(node.index)] ?? []
            }
            guard let attention, isWorthwhile(attention) else { continue }
            for node in attention.between + [attention.scoreProduct] { join(value, node) }
            for node in attention.between { isEpilogue[node.index] = true }
            fire("attention", at: value)
        }
    }

    private func isWorthwhile(_ attention: AttentionNodes) -> Bool {
        let products = [attention.scoreProduct, attention.product]
        let areInRows = products.allSatisfy { product in
            let last = graph[product].type.rank - 1
            return graph[product].layout == Layout([Layout.Block(axis: last, size: context.lanes)])
        }
        let shape = graph[attention.product].type.shape
        guard areInRows, let rows = shape[shape.rank - 2].value, let columns = shape[shape.rank - 1].value,
            let terms = facts.contraction(of: attention.scoreProduct)?.axes.last?.extent.value
        else { return false }
        return rows >= Self.fewestRows && max(columns, terms) <= Self.mostColumns
    }
}
