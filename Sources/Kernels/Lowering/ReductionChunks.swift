import LoopNest

/// How a reduction to few results is dealt out.
struct ReductionChunks {
    var resultLevels: [LoopLevel]
    /// The number of result positions, in vectors.
    var units: Int
    /// The outer reduction loops, whose turns are dealt out, and the loops inside of them.
    var leading: [LoopLevel] = []
    var inner: ArraySlice<LoopLevel>
    var turns = 1
    /// The number of partial results.
    var count: Int

    /// Nil where the results alone make enough tasks, or there is too little to do.
    init?(resultLevels: [LoopLevel], _ reductionLevels: [LoopLevel], _ space: IterationSpace, _ operations: Int) {
        self.resultLevels = resultLevels
        units = resultLevels.map(\.count).reduce(1, *)
        let wanted = TaskSplit.tasks(operations)
        guard wanted > 1, units < min(wanted, FormulaLowering.enoughUnits), resultLevels.allSatisfy(space.isRegular) else { return nil }
        count = (wanted + units - 1) / units
        inner = reductionLevels[...]
        while turns < 2 * count, let level = inner.first, space.isRegular(level) {
            leading.append(level)
            turns *= level.count
            inner = inner.dropFirst()
        }
        count = min(count, turns)
        if count < 2 { return nil }
    }
}

extension IterationSpace {
    /// The number of the turn of `levels` that `state` is in, counted in row-major order.
    func unit(of state: NestState, _ levels: [LoopLevel]) -> Index {
        levels.reduce(Index.constant(0)) { unit, level in
            let position = state.positions[level.axis]
            return unit * level.count + (level.part == .within ? position.inner : position.outer)
        }
    }
}
