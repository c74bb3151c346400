import Graph

extension Fusion {
    /// Lets each contraction and window take along the element-wise operations that follow it, while each alone uses the result before
    /// it. The other operands are stored tensors of the same shape (a residual), values a channel, scalars, or of matrices values a row or a
    /// column.
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
            while let user = facts.soleUser(of: last), canFollow(last, user, after: value) {
                join(value, user)
                isEpilogue[user.index] = true
                context.firings.fire("epilogue")
                last = user
            }
        }
    }

    private func canFollow(_ value: Value, _ user: Value, after root: Value) -> Bool {
        guard facts.expression(of: user) != nil, !isEpilogue[user.index], runsBeside(value, user),
            graph[user].type == graph[value].type, graph[user].layout == graph[value].layout
        else { return false }
        return facts.readOperands(of: user).allSatisfy { operand in
            let type = graph[operand].type
            return type.shape == graph[user].type.shape || type.rank <= 1 || isOfRows(operand, in: root)
        }
    }

    /// Whether an operand has one value a row, or one a column, of the matrices that `root` makes.
    private func isOfRows(_ operand: Value, in root: Value) -> Bool {
        let (shape, result) = (graph[operand].type.shape, graph[root].type.shape)
        guard facts.contraction(of: root)?.isMatrixProduct == true, result.rank >= 3, shape.rank == result.rank else { return false }
        return (0..<shape.rank).allSatisfy { shape[$0] == result[$0] || shape[$0] == 1 }
    }
}
