import LoopNest

/// The position of every axis of a space while loops are being opened.
struct NestState {
    var positions: [Position]
    /// The lanes inside the extents, if not all are.
    var active: Index?
}

/// One loop of a nest: all positions of an axis, its blocks, the positions of a block, or its vectors.
struct LoopLevel: Hashable {
    enum Part { case whole, blocks, within, vectors }

    var axis: Int
    var part: Part
    /// The number of turns, at most.
    var count: Int
}

extension IterationSpace {
    /// The loops over some axes: in their order, then the positions within blocks.
    func levels(_ axes: some Sequence<Int>) -> [LoopLevel] {
        let moving = axes.filter { extents[$0] > 1 }
        return moving.map { axis in
            let part: LoopLevel.Part = axis == lane ? .vectors : splits[axis] > 1 ? .blocks : .whole
            return LoopLevel(axis: axis, part: part, count: blockCount(of: axis))
        }
            + moving.filter { $0 != lane && splits[$0] > 1 }.map {
                LoopLevel(axis: $0, part: .within, count: min(splits[$0], extents[$0]))
            }
    }

    func name(_ level: LoopLevel) -> String {
        switch level.part {
        case .whole, .within: names[level.axis]
        case .blocks: names[level.axis] + "_block"
        case .vectors: names[level.axis] + "_vector"
        }
    }

    /// Whether every turn of a level exists wherever the levels around it stand.
    func isRegular(_ level: LoopLevel) -> Bool {
        level.part != .within || extents[level.axis] % splits[level.axis] == 0 || extents[level.axis] < splits[level.axis]
    }

    /// The end of a level's loop.
    func end(of level: LoopLevel, _ state: NestState) -> Index {
        if isRegular(level) { return .constant(level.count) }
        let rest = state.positions[level.axis].outer * -splits[level.axis] + .constant(extents[level.axis])
        return .least(rest, .constant(level.count))
    }

    /// The state inside a level's loop.
    func binding(_ level: LoopLevel, _ index: Index, _ state: NestState) -> NestState {
        var state = state
        switch level.part {
        case .whole: state.positions[level.axis] = Position(index)
        case .blocks: state.positions[level.axis] = Position(outer: index, split: splits[level.axis])
        case .within: state.positions[level.axis].inner = index
        case .vectors:
            state.positions[level.axis] = Position(outer: index, split: lanes)
            let extent = extents[level.axis]
            state.active = extent % lanes == 0 ? nil : index * -lanes + .constant(extent)
        }
        return state
    }
}

extension KernelBuilder {
    /// Opens loops, outermost first, and writes `body` inside of them.
    ///
    /// Vectors of an innermost loop that ends in a partial one are written twice, whole and partial.
    func nest(
        _ levels: ArraySlice<LoopLevel>, of space: IterationSpace, _ state: NestState, unroll: Int = 1, _ body: (NestState) -> Void
    ) {
        guard let level = levels.first else { return body(state) }
        let rest = levels.dropFirst()
        let name = space.name(level)
        let turns = rest.isEmpty ? min(unroll, level.count) : 1
        if rest.isEmpty, level.part == .vectors, space.extents[level.axis] % space.lanes != 0 {
            let whole = space.extents[level.axis] / space.lanes
            if whole > 0 {
                loop(name, to: .constant(whole), unroll: min(turns, whole)) { index in
                    var inner = space.binding(level, index, state)
                    inner.active = nil
                    body(inner)
                }
            }
            return body(space.binding(level, .constant(whole), state))
        }
        loop(name, to: space.end(of: level, state), unroll: turns) { index in
            nest(rest, of: space, space.binding(level, index, state), unroll: unroll, body)
        }
    }
}
