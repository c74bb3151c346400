import Graph

extension Fusion {
    /// Lets each contraction and window take along the element-wise operations that follow it, while each alone uses the result before
    /// it. The other operands are stored tensors of the same shape (a residual), values a channel, scalars, or of matrices values a row or a
    /// column.
    ///
    /// What an update leaves, such as momentum, is stored on the way to the one operation that reads it, so that a gradient whose only use
    /// is the update of a weight is never stored.
    ///
    /// Where two chains meet in an addition, the later one takes it, so that the earlier one is stored when it is read. No circle can
    /// arise: only the last of a chain is seen outside.
    mutating func joinEpilogues() {
        let updates = Set(graph.updates.map(\.value))
        let outputs = Set(graph.outputs.map(\.value))
        func onlyUser(of value: Value) -> Value? {
            let isUpdate = updates.contains(value) && !outputs.contains(value)
            return isUpdate && facts.users(of: value).count == 1 ? facts.users(of: value)[0] : facts.soleUser(of: value)
        }
        for value in graph.values.reversed() {
            switch facts.lowering(of: value) {
            case .contraction, .window: break
            default: continue
            }
            var last = value
            while let user = onlyUser(of: last), canFollow(last, user, after: value) {
                join(value, user)
                isEpilogue[user.index] = true
                fire("epilogue", at: user)
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
