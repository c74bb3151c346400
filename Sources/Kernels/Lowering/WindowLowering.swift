import Graph

/// Maxima and sums over sliding windows of images whose channels lie along the lanes (pooling), a row of results at a time.
///
/// A tile of neighbouring results reads the columns under all its windows. Each column is first combined over the window's rows, into
/// one register; then each result is combined from its columns, so that windows that overlap share the work. Which columns lie inside
/// the image is decided for each tile when the kernel is written, and rows at the upper and lower border have code of their own:
/// nothing is asked for in the interior.
struct WindowLowering {
    private let lowering: FormulaLowering
    private let space: IterationSpace
    private let operand: Value
    private let combination: BinaryFunction
    /// What the finished combination is multiplied by, over the result's coordinates.
    private let factor: Scalar?
    private let vertical: Direction
    private let horizontal: Direction
    /// The number of results of a tile.
    private let tileSize: Int

    /// How windows lie along rows or columns: result `i` at tap `t` reads position `scale * i + step * t + offset`.
    private struct Direction {
        var input: Int
        var output: Int
        var taps: Int
        var scale: Int
        var step: Int
        var offset: Int

        /// Nil where a position is not such a sum of result axis `axis` and the tap axis `tap`.
        init?(_ position: AffineIndex, input: Int, axis: Int, tap: Int, extents: [Int]) {
            guard position.divisor == 1, position.terms.allSatisfy({ $0.axis == axis || $0.axis == tap }) else { return nil }
            (self.input, output, taps) = (input, extents[axis], extents[tap])
            (scale, step, offset) = (position.scale(of: axis), position.scale(of: tap), position.offset)
            guard scale > 0, step > 0, taps > 0 else { return nil }
        }

        /// The results whose windows lie inside the image entirely.
        var interior: Range<Int> {
            let first = min(output, max(0, (-offset + scale - 1) / scale))
            let room = input - 1 - step * (taps - 1) - offset
            return first..<max(first, room < 0 ? 0 : min(output, room / scale + 1))
        }

        /// The positions under the windows of `count` neighbouring results, counted from the first one's first.
        func positions(of count: Int) -> [Int] {
            Set((0..<count).flatMap { result in (0..<taps).map { result * scale + $0 * step } }).sorted()
        }

        /// The most results whose windows are above `limit` positions together; nil if one window alone is above more.
        func results(above limit: Int) -> Int? { (1...max(1, limit)).last { positions(of: $0).count <= limit } }
    }

    /// Nil where the formula is no such window, or one of too many columns.
    init?(_ lowering: FormulaLowering, registers: Int) {
        guard lowering.roots.count == 1, lowering.maps.isEmpty, let formula = lowering.formulas.first, formula.reads.count == 1,
            formula.resultRank == 4, formula.axes.count == 6, lowering.space.lane == 1,
            lowering.space.splits.indices.allSatisfy({ $0 == 1 || lowering.space.splits[$0] == 1 })
        else { return nil }
        let graph = lowering.group.graph
        let position = formula.reads[0].position
        operand = graph[lowering.roots[0]].operands[formula.reads[0].operand]
        let image = graph.extents(operand)
        let extents = lowering.space.extents
        guard position.count == 4, position[0].singleAxis == 0, position[1].singleAxis == 1,
            let vertical = Direction(position[2], input: image[2], axis: 2, tap: 4, extents: extents),
            let horizontal = Direction(position[3], input: image[3], axis: 3, tap: 5, extents: extents),
            let largest = horizontal.results(above: registers * 5 / 8)
        else { return nil }
        switch (formula.combination, formula.body) {
        case (.maximum, .argument(0)): (combination, factor) = (.maximum, nil)
        case (.sum, .argument(0)): (combination, factor) = (.add, nil)
        case (.sum, .binary(.multiply, .argument(0), let other)), (.sum, .binary(.multiply, let other, .argument(0))):
            guard other.isOverCoordinates(below: 4) else { return nil }
            (combination, factor) = (.add, other)
        default: return nil
        }
        self.lowering = lowering
        self.vertical = vertical
        self.horizontal = horizontal
        space = lowering.space
        let tiles = (horizontal.output + largest - 1) / largest
        tileSize = (horizontal.output + max(tiles, 1) - 1) / max(tiles, 1)
        guard tileSize > 0 else { return nil }
    }

    func lower(name: String) -> LoweredGroup {
        let operations = (vertical.taps * horizontal.taps + 1) * space.extents[..<4].reduce(1, *)
        let split = TaskSplit(space.levels(0..<3), of: space, operations: operations)
        let builder = KernelBuilder(name: name, lanes: space.lanes, taskCount: split.tasks)
        let emitter = lowering.emitter(builder)
        builder.units(of: split, in: space, task: builder.task) { state in
            builder.nest(split.inner, of: space, state) { row($0, emitter) }
        }
        lowering.fillPadding(emitter)
        return LoweredGroup([KernelCall(builder.finish(), emitter.arguments)])
    }

    /// One row of results: in the interior with all rows of the window written out.
    private func row(_ state: NestState, _ emitter: PointEmitter) {
        let builder = emitter.builder
        let y = state.positions[2].index
        let interior = vertical.interior
        builder.when([IndexRange(y, .constant(interior.lowerBound), .constant(interior.upperBound))]) {
            if !interior.isEmpty { tiles(state, isInterior: true, emitter) }
            return []
        }
        guard interior != 0..<vertical.output else { return }
        // Above zero where the row lies before the interior or after it.
        let distance = Index.greatest(y * -1 + .constant(interior.lowerBound), y + .constant(1 - interior.upperBound))
        builder.when([IndexRange(distance, 1, .constant(vertical.output + 1))]) {
            tiles(state, isInterior: false, emitter)
            return []
        }
    }

    /// The tiles of a row: those that lie inside the image in a loop, those at its sides each by itself.
    private func tiles(_ state: NestState, isInterior: Bool, _ emitter: PointEmitter) {
        func isInside(_ column: Int) -> Bool { column >= 0 && column < horizontal.input }
        func isUniform(_ first: Int) -> Bool {
            let start = first * horizontal.scale + horizontal.offset
            return first + tileSize <= horizontal.output && isInside(start) && isInside(start + horizontal.positions(of: tileSize).last!)
        }
        var first = 0
        while first < horizontal.output {
            var end = first
            while isUniform(end) { end += tileSize }
            if end > first {
                emitter.builder.loop("x", from: .constant(first), to: .constant(end), step: tileSize) { x in
                    tile(at: x, count: tileSize, isInside: { _ in true }, state, isInterior: isInterior, emitter)
                }
                first = end
            } else {
                let start = first * horizontal.scale + horizontal.offset
                let count = min(tileSize, horizontal.output - first)
                tile(at: .constant(first), count: count, isInside: { isInside(start + $0) }, state, isInterior: isInterior, emitter)
                first += count
            }
        }
    }

    /// `count` results from column `first` on.
    ///
    /// - Parameter isInside: whether a column, counted from the first window's first, lies inside the image.
    private func tile(
        at first: Index, count: Int, isInside: (Int) -> Bool, _ state: NestState, isInterior: Bool, _ emitter: PointEmitter
    ) {
        let builder = emitter.builder
        let start = first * horizontal.scale + .constant(horizontal.offset)
        let top = state.positions[2].index * vertical.scale + .constant(vertical.offset)
        func element(_ row: Index, _ column: Int) -> Register {
            let position = [state.positions[0], state.positions[1], Position(row), Position(start + .constant(column))]
            let extents = emitter.graph.extents(operand)
            return emitter.point(extents, at: position, lane: 1, active: state.active).value(operand)
        }
        var columns: [Int: Register] = [:]
        if !isInterior {
            let inside = horizontal.positions(of: count).filter(isInside)
            let combined = overRows(from: top, builder, [Register](repeating: identity(builder), count: inside.count)) { row, sums in
                zip(inside, sums).map { builder.binary(combination, $1, element(row, $0)) }
            }
            columns = Dictionary(uniqueKeysWithValues: zip(inside, combined))
        }
        func column(_ number: Int) -> Register {
            if let known = columns[number] { return known }
            let rows = (0..<vertical.taps).map { element(top + .constant($0 * vertical.step), number) }
            let combined = rows.dropFirst().reduce(rows[0]) { builder.binary(combination, $0, $1) }
            columns[number] = combined
            return combined
        }
        for result in 0..<count {
            let taps = (0..<horizontal.taps).map { result * horizontal.scale + $0 * horizontal.step }.filter(isInside).map(column)
            var value = taps.dropFirst().reduce(taps.first ?? identity(builder)) { builder.binary(combination, $0, $1) }
            var place = state
            place.positions[3] = Position(first + .constant(result))
            if let factor {
                let share = builder.emit(
                    factor, arguments: { _ in preconditionFailure("a factor over coordinates reads no tensor") },
                    coordinate: { axis in builder.define(.position(place.positions[axis].index, stride: axis == space.lane ? 1 : 0)) })
                value = builder.binary(.multiply, value, share)
            }
            lowering.store([value], place, emitter)
        }
    }

    /// Combines over the rows of a window at the border that lie inside the image; the window begins at row `top`.
    private func overRows(
        from top: Index, _ builder: KernelBuilder, _ initial: [Register], _ body: (Index, [Register]) -> [Register]
    ) -> [Register] {
        if vertical.step == 1 {
            let to = Index.least(.constant(vertical.taps), top * -1 + .constant(vertical.input))
            return builder.loop("r", from: .greatest(top * -1, 0), to: to, carrying: initial) { body(top + $0, $1) }
        }
        return builder.loop("r", to: .constant(vertical.taps), carrying: initial) { tap, sums in
            let row = top + tap * vertical.step
            return builder.when([IndexRange(row, 0, .constant(vertical.input))], carrying: sums) { body(row, sums) }
        }
    }

    private func identity(_ builder: KernelBuilder) -> Register { builder.constant(combination == .maximum ? -.infinity : 0) }
}

extension Scalar {
    /// Whether the value follows from the coordinates of axes below `axis` alone.
    fileprivate func isOverCoordinates(below axis: Int) -> Bool {
        switch self {
        case .argument, .uniform: false
        case .coordinate(let own): own < axis
        default: children.allSatisfy { $0.isOverCoordinates(below: axis) }
        }
    }
}
