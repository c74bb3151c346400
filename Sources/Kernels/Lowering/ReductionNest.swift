import Graph
import LoopNest

/// Writes the loops over the reduced axes of formulas, with their accumulators in registers.
///
/// Sums are kept accurate by short chains: a loop of many turns adds up on its own and its total is added once, and an innermost loop
/// keeps four sums that are combined pairwise.
struct ReductionNest {
    /// A loop with at least so many turns gets sums of its own.
    static let shortLoop = 8
    /// The longest chain of additions.
    static let longestChain = 64
    static let sumsInParallel = 4

    let emitter: PointEmitter
    let space: IterationSpace
    let roots: [Value]
    let formulas: [Formula]
    let maps: [Value]
    let combinesLanes: Bool
    /// Whether a point is cheap enough to be written several times.
    let isSmall: Bool

    private var builder: KernelBuilder { emitter.builder }
    private var hasPositions: Bool { formulas.contains { $0.combination == .positionOfMaximum } }

    /// The accumulators before the first term: one a formula, two for the position of a maximum (the maximum comes last). That maximum
    /// begins as no number, of which every term is the better: the first counts even if it is minus infinity.
    func identities() -> [Register] {
        formulas.map { formula in
            builder.constant(formula.combination == .maximum ? -.infinity : 0)
        }
            + formulas.filter { $0.combination == .positionOfMaximum }.map { _ in
                let infinity = builder.constant(.infinity)
                return builder.binary(.subtract, infinity, infinity)
            }
    }

    /// Two partial results as one.
    func combined(_ a: [Register], _ b: [Register]) -> [Register] {
        precondition(!hasPositions, "positions of maxima are found in one go")
        return formulas.indices.map { builder.binary(formulas[$0].combination == .sum ? .add : .maximum, a[$0], b[$0]) }
    }

    /// One value a formula, in all lanes where the lanes are parts of one result.
    func combinedAcrossLanes(_ sums: [Register]) -> [Register] {
        if !combinesLanes { return Array(sums[..<formulas.count]) }
        return formulas.indices.map { number in
            switch formulas[number].combination {
            case .sum: return builder.define(.acrossLanes(.add, sums[number]))
            case .maximum: return builder.define(.acrossLanes(.maximum, sums[number]))
            case .positionOfMaximum: preconditionFailure("no lanes run along axes whose positions are wanted")
            }
        }
    }

    /// A loop over turns that carries accumulators; long ones in stretches, each with accumulators of its own.
    func loop(
        _ name: String, from: Index = 0, to: Index, turns: Int, unroll: Int = 1, carrying sums: [Register],
        _ body: (Index, [Register]) -> [Register]
    ) -> [Register] {
        if hasPositions || turns < Self.shortLoop { return builder.loop(name, from: from, to: to, unroll: unroll, carrying: sums, body) }
        let own: [Register]
        if turns <= Self.longestChain {
            own = builder.loop(name, from: from, to: to, unroll: unroll, carrying: identities(), body)
        } else {
            let stretch = Self.longestChain / 2
            own = builder.loop(name + "_stretch", from: from, to: to, step: stretch, carrying: identities()) { start, sums in
                let part = builder.loop(
                    name, from: start, to: .least(start + .constant(stretch), to), unroll: unroll, carrying: identities(), body)
                return combined(sums, part)
            }
        }
        return combined(sums, own)
    }

    /// Adds all terms along `levels` to `sums`; `guards` are the conditions not yet asked for.
    func reduce(_ levels: ArraySlice<LoopLevel>, _ guards: [Guard], _ state: NestState, _ sums: [Register]) -> [Register] {
        let closed = Set(levels.map(\.axis))
        let decided = guards.filter { $0.axes(over: space.extents).isDisjoint(with: closed) }
        if !decided.isEmpty {
            let open = guards.filter { !decided.contains($0) }
            return builder.when(decided.flatMap { $0.conditions(space, state.positions) }, carrying: sums) {
                reduce(levels, open, state, sums)
            }
        }
        guard let level = levels.first else { return accumulate(state, sums) }
        let rest = levels.dropFirst()
        if rest.isEmpty && guards.isEmpty { return reduceInnermost(level, state, sums) }
        var (from, to) = (Index.constant(0), space.end(of: level, state))
        var open = guards
        if level.part == .whole {
            for one in guards where one.axes(over: space.extents).isDisjoint(with: rest.map(\.axis)) && one.index.scale(of: level.axis) != 0
            {
                guard let bounds = one.clipping(level.axis, space, state.positions) else { continue }
                from = .greatest(bounds.from, from)
                to = .least(bounds.to, to)
                open.removeAll { $0 == one }
            }
        }
        if level.count == 1 && from.constantValue == 0 && to.constantValue == 1 {
            return reduce(rest, open, space.binding(level, 0, state), sums)
        }
        return loop(space.name(level), from: from, to: to, turns: level.count, carrying: sums) { index, sums in
            reduce(rest, open, space.binding(level, index, state), sums)
        }
    }

    /// The last loop: full vectors first, several sums side by side where that is cheap, then a partial vector.
    private func reduceInnermost(_ level: LoopLevel, _ state: NestState, _ sums: [Register]) -> [Register] {
        var sums = sums
        var count = level.count
        let hasTail = level.part == .vectors && space.extents[level.axis] % space.lanes != 0
        if hasTail { count -= 1 }
        func turn(_ index: Index, _ sums: [Register]) -> [Register] {
            var inner = space.binding(level, index, state)
            if hasTail { inner.active = nil }
            return accumulate(inner, sums)
        }
        let width = Self.sumsInParallel
        if isSmall, !hasPositions, count >= 2 * width, space.isRegular(level) {
            let main = count / width * width
            let start = (0..<width).flatMap { _ in identities() }
            let perSum = formulas.count
            let wide = builder.loop(space.name(level), to: .constant(main), step: width, carrying: start) { index, sums in
                (0..<width).flatMap { turn(index + .constant($0), Array(sums[($0 * perSum)..<(($0 + 1) * perSum)])) }
            }
            let parts = (0..<width).map { Array(wide[($0 * perSum)..<(($0 + 1) * perSum)]) }
            var total = combined(combined(parts[0], parts[1]), combined(parts[2], parts[3]))
            for index in main..<count { total = turn(.constant(index), total) }
            sums = combined(sums, total)
        } else if count == 1 {
            sums = turn(0, sums)
        } else if count > 1 {
            let end = hasTail ? Index.constant(count) : space.end(of: level, state)
            sums = loop(space.name(level), to: end, turns: count, unroll: isSmall ? min(4, count) : 1, carrying: sums, turn)
        }
        return hasTail ? accumulate(space.binding(level, .constant(count), state), sums) : sums
    }

    /// One term of every formula, added to its accumulator; and the maps, stored.
    private func accumulate(_ state: NestState, _ sums: [Register]) -> [Register] {
        var points: [[AffineIndex]: Point] = [:]
        func point(_ value: Value, _ position: [AffineIndex]) -> Point {
            if let point = points[position], point.extents == emitter.graph.extents(value) { return point }
            let lane = space.lane(in: position)
            let point = emitter.point(
                emitter.graph.extents(value), at: space.place(position, at: state.positions), lane: lane,
                active: lane == nil ? nil : state.active)
            points[position] = point
            return point
        }
        var result = sums
        var nextMaximum = formulas.count
        let mask = combinesLanes ? state.active : nil
        for (number, formula) in formulas.enumerated() {
            let operands = emitter.graph[roots[number]].operands
            func argument(_ index: Int) -> Register {
                if index == formula.reads.count { return sums[number] }
                let read = formula.reads[index]
                return point(operands[read.operand], read.position).value(operands[read.operand])
            }
            func emit(_ expression: Scalar) -> Register {
                builder.emit(
                    expression, arguments: argument,
                    coordinate: { axis in
                        builder.define(.position(state.positions[axis].index, stride: axis == space.lane ? 1 : 0))
                    })
            }
            switch formula.combination {
            case .sum:
                if let mask {
                    result[number] = builder.binary(.add, sums[number], builder.define(.keep(emit(formula.body), active: mask)))
                } else {
                    result[number] = emit(.binary(.add, formula.body, .argument(formula.reads.count)))
                }
            case .maximum:
                result[number] = builder.binary(.maximum, sums[number], masked(emit(formula.body), mask))
            case .positionOfMaximum:
                let value = emit(formula.body)
                let here = builder.define(.position(reducedPosition(formula, state), stride: 0))
                let best = sums[nextMaximum]
                // A NaN is better than anything; as an infinity it stays so, but for another NaN.
                let kept = builder.define(.select(.equal, value, value, then: value, otherwise: builder.constant(.infinity)))
                result[number] = builder.define(.select(.lessOrEqual, value, best, then: sums[number], otherwise: here))
                result[nextMaximum] = builder.define(.select(.lessOrEqual, value, best, then: best, otherwise: kept))
                nextMaximum += 1
            }
        }
        store(maps, point)
        return result
    }

    private func store(_ maps: [Value], _ point: (Value, [AffineIndex]) -> Point) {
        guard let position = formulas[0].reads.first?.position else { return }
        let values = maps.map { point($0, position).value($0) }
        for (map, register) in zip(maps, values) {
            let point = point(map, position)
            emitter.store(register, to: map, at: point.position, lane: point.lane, active: point.active)
        }
    }

    /// `value` with lanes outside the tensor at minus infinity.
    private func masked(_ value: Register, _ active: Index?) -> Register {
        guard let active else { return value }
        let lane = builder.define(.position(0, stride: 1))
        let end = builder.define(.position(active, stride: 0))
        return builder.define(.select(.less, lane, end, then: value, otherwise: builder.constant(-.infinity)))
    }

    /// The row-major position along the reduced axes, along none of which lanes run.
    private func reducedPosition(_ formula: Formula, _ state: NestState) -> Index {
        var index: Index = 0
        var stride = 1
        for axis in formula.reductionAxes.reversed() {
            index = index + state.positions[axis].index * stride
            stride *= space.extents[axis]
        }
        return index
    }
}
