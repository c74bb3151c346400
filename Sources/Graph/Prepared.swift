extension Graph {
    /// Whether each value depends on nothing that changes from run to run: constants, parameters that no update writes, and what is
    /// computed from these alone. Such operations are computed once, when the parameters are loaded.
    public func preparedValues() -> [Bool] {
        var updated = [Bool](repeating: false, count: nodes.count)
        for update in updates { updated[update.state.index] = true }
        var prepared = [Bool](repeating: false, count: nodes.count)
        for (index, node) in nodes.enumerated() {
            switch node.kind {
            case .input: prepared[index] = false
            case .parameter: prepared[index] = !updated[index]
            case .constant: prepared[index] = true
            case .operation: prepared[index] = node.operands.allSatisfy { prepared[$0.index] }
            }
        }
        return prepared
    }
}
