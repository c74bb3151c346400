import Graph

extension Shape {
    /// The shape as an operand of an element-wise result of rank `rank`: a scalar becomes all ones, a vector lies along the channels.
    /// Nil if it does not broadcast to that rank.
    func aligned(to rank: Int) -> Shape? {
        if self.rank == rank { return self }
        var result = Shape([Dimension](repeating: 1, count: rank))
        if self.rank == 0 { return result }
        guard self.rank == 1, rank >= 2 else { return nil }
        result[1] = self[0]
        return result
    }

    /// The axes of `result` along which an operand of this shape repeats.
    func broadcastAxes(in result: Shape) -> [Int] {
        guard let aligned = aligned(to: result.rank) else { preconditionFailure("\(self) does not broadcast to \(result)") }
        return (0..<result.rank).filter { aligned[$0] != result[$0] }
    }

    /// One name an axis for formulas: images are `n`, `c`, `y`, `x`.
    var axisNames: [String] { rank == 4 ? ["n", "c", "y", "x"] : (0..<rank).map { "d\($0)" } }

    /// The name of an axis, for messages: images are `[N, C, H, W]`.
    func axisName(_ axis: Int) -> String {
        switch (rank, axis) {
        case (_, 0) where rank >= 2: "batch sizes"
        case (2..., 1): "channels"
        case (5, 2): "depths"
        case (4, 2), (5, 3): "heights"
        case (4, 3), (5, 4): "widths"
        case (1, _), (3, 2): "lengths"
        default: "extents along axis \(axis)"
        }
    }
}

extension Checker {
    /// The shape of an element-wise result over all operands, by the rule of `Lowering.elementwise`: equal shapes, scalars, vectors
    /// along the channels, and extents of 1.
    func broadcastShape() throws(TypeError) -> Shape {
        let types = signature.operands
        let rank = types.map(\.rank).max() ?? 0
        var result = Shape([Dimension](repeating: 1, count: rank))
        /// The operand that decided each extent.
        var source = [Int](repeating: 0, count: rank)
        for (index, type) in types.enumerated() {
            guard let aligned = type.shape.aligned(to: rank) else {
                let other = types.first { $0.rank == rank }!
                throw error(
                    "cannot combine \(other) and \(type): their ranks differ",
                    repair: "only a scalar or a vector of one value a channel is repeated to another rank", operand: index)
            }
            for axis in 0..<rank where aligned[axis] != 1 && aligned[axis] != result[axis] {
                guard result[axis] == 1 else {
                    throw error(
                        "cannot combine \(types[source[axis]]) and \(type): "
                            + "their \(aligned.axisName(axis)) differ (\(result[axis]) and \(aligned[axis]))",
                        repair: result.repair(toAgreeWith: aligned, along: (0..<rank).filter { result[$0] != 1 && aligned[$0] != 1 })
                            ?? self.repair(result, aligned, axis), operand: index)
                }
                result[axis] = aligned[axis]
                source[axis] = index
            }
        }
        return result
    }

    private func repair(_ a: Shape, _ b: Shape, _ axis: Int) -> String? {
        switch (a.rank, axis) {
        case (4, 1): "a 1x1 convolution changes the number of channels"
        case (4, 2), (4, 3): "check stride and pad on both branches"
        default: nil
        }
    }
}
