import Graph

extension Fusion {
    /// Lets each contraction and window take along the element-wise operations that follow it, while each alone uses the result before
    /// it. The other operands are stored tensors of the same shape (a residual), values a channel, or scalars.
    ///
    /// Where two chains meet in an addition, the later one takes it, so that the earlier one is stored when it is read. No circle can
    /// arise: only the last of a chain is seen outside.
    mutating func joinEpilogues() {
        for value in graph.values.reversed() {
            switch facts.lowering(of: value) {
            case .contraction, .window: break
            default: continue
            }
            var last = value
            while let user = facts.soleUser(of: last), canFollow(last, user) {
                join(value, user)
                isEpilogue[user.index] = true
                context.firings.fire("epilogue")
                last = user
            }
        }
    }

    private func canFollow(_ value: Value, _ user: Value) -> Bool {
        guard facts.expression(of: user) != nil, !isEpilogue[user.index], runsBeside(value, user),
            graph[user].type == graph[value].type, graph[user].layout == graph[value].layout
        else { return false }
        return facts.readOperands(of: user).allSatisfy { operand in
            let type = graph[operand].type
            return type.shape == graph[user].type.shape || type.rank <= 1
        }
    }
}
