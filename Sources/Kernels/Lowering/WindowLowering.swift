import Graph
import LoopNest

/// Maxima and sums over sliding windows of images whose channels lie along the lanes (pooling, depthwise convolutions), a row of
/// results at a time.
///
/// A tile of neighbouring results reads each column under its windows once for all of them. Where all taps count alike, each column is
/// first combined over the window's rows, into one register, and then each result from its columns, so that windows that overlap share
/// the work too. With weights, each result has an accumulator. Which columns lie inside the image is decided for each tile when the
/// kernel is written, and rows at the upper and lower border have code of their own: nothing is asked for in the interior.
struct WindowLowering {
    private let lowering: FormulaLowering
    private let space: IterationSpace
    private let operand: Value
    /// What the taps are multiplied by: a value a channel and tap.
    private let weight: (value: Value, position: [AffineIndex])?
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
        func results(above limit: Int) -> Int? {
            taps > limit ? nil : (1...max(1, limit)).last { positions(of: $0).count <= limit }
        }
    }

    /// Nil where the formula is no such window, or one of too many columns.
    init?(_ lowering: FormulaLowering, registers: Int) {
        guard lowering.roots.count == 1, lowering.maps.isEmpty, let formula = lowering.formulas.first,
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
        case (.maximum, .argument(0)): (combination, factor, weight) = (.maximum, nil, nil)
        case (.sum, .argument(0)): (combination, factor, weight) = (.add, nil, nil)
        case (.sum, .binary(.multiply, .argument(0), .argument(1))):
            let read = formula.reads[1]
            let value = graph[lowering.roots[0]].operands[read.operand]
            guard Self.isWeight(read.position, of: graph.extents(value), over: extents) else { return nil }
            (combination, factor, weight) = (.add, nil, (value, read.position))
        case (.sum, .binary(.multiply, .argument(0), let other)), (.sum, .binary(.multiply, let other, .argument(0))):
            guard other.isOverCoordinates(below: 4) else { return nil }
            (combination, factor, weight) = (.add, other, nil)
        default: return nil
        }
        self.lowering = lowering
        self.vertical = vertical
        self.horizontal = horizontal
        space = lowering.space
        let tiles = (horizontal.output + largest - 1) / largest
        tileSize = (horizontal.output + max(tiles, 1) - 1) / max(tiles, 1)
        guard tileSize > 0, vertical.taps <= Self.mostRows, stretches.count <= Self.mostStretches else { return nil }
    }

    /// A window's rows are written out, and so are the tiles at the sides: what has more of them would be a long kernel.
    private static let mostRows = 32
    private static let mostStretches = 32

    /// Whether what lies at `position` is inside always and the same for all results of a channel.
    private static func isWeight(_ position: [AffineIndex], of weight: [Int], over extents: [Int]) -> Bool {
        zip(position, weight).allSatisfy { index, extent in
            index.isInside(extent, over: extents) && [0, 2, 3].allSatisfy { index.scale(of: $0) == 0 }
        }
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

    /// The columns of a row of results in order: those whose tiles lie inside the image entirely, and the tiles at its sides one by one.
    private var stretches: [(columns: Range<Int>, isInside: Bool)] {
        let last = horizontal.positions(of: tileSize).last!
        func isUniform(_ first: Int) -> Bool {
            let start = first * horizontal.scale + horizontal.offset
            return first + tileSize <= horizontal.output && start >= 0 && start + last < horizontal.input
        }
        var stretches: [(columns: Range<Int>, isInside: Bool)] = []
        var first = 0
        while first < horizontal.output {
            var end = first
            while isUniform(end) { end += tileSize }
            let isInside = end > first
            if !isInside { end = min(first + tileSize, horizontal.output) }
            stretches.append((first..<end, isInside))
            first = end
        }
        return stretches
    }

    /// The tiles of a row: those that lie inside the image in a loop, those at its sides each by itself.
    private func tiles(_ state: NestState, isInterior: Bool, _ emitter: PointEmitter) {
        for (columns, isInside) in stretches {
            if isInside {
                emitter.builder.loop("x", from: .constant(columns.lowerBound), to: .constant(columns.upperBound), step: tileSize) { x in
                    tile(at: x, count: tileSize, isInside: { _ in true }, state, isInterior: isInterior, emitter)
                }
            } else {
                let start = columns.lowerBound * horizontal.scale + horizontal.offset
                func isInside(_ column: Int) -> Bool { (0..<horizontal.input).contains(start + column) }
                tile(at: .constant(columns.lowerBound), count: columns.count, isInside: isInside, state, isInterior: isInterior, emitter)
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
        let extents = emitter.graph.extents(operand)
        func element(_ tap: Index, _ column: Int) -> Register {
            let (row, column) = (top + tap * vertical.step, start + .constant(column))
            let position = [state.positions[0], state.positions[1], Position(row), Position(column)]
            return emitter.point(extents, at: position, lane: 1, active: state.active).value(operand)
        }
        let values =
            weight == nil
            ? combined(count, isInside, from: top, isInterior: isInterior, builder, element)
            : weighted(count, isInside, from: top, isInterior: isInterior, state, emitter, element)
        for (result, value) in values.enumerated() {
            var value = value
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

    /// The results of a tile where all taps count alike.
    private func combined(
        _ count: Int, _ isInside: (Int) -> Bool, from top: Index, isInterior: Bool, _ builder: KernelBuilder,
        _ element: (Index, Int) -> Register
    ) -> [Register] {
        func joined(_ registers: [Register]) -> Register {
            registers.dropFirst().reduce(registers.first ?? identity(builder)) { builder.binary(combination, $0, $1) }
        }
        var columns: [Int: Register] = [:]
        if !isInterior {
            let inside = horizontal.positions(of: count).filter(isInside)
            let sums = overRows(from: top, builder, [Register](repeating: identity(builder), count: inside.count)) { tap, sums in
                zip(inside, sums).map { builder.binary(combination, $1, element(tap, $0)) }
            }
            columns = Dictionary(uniqueKeysWithValues: zip(inside, sums))
        }
        func column(_ number: Int) -> Register {
            if let known = columns[number] { return known }
            let sum = joined((0..<vertical.taps).map { element(.constant($0), number) })
            columns[number] = sum
            return sum
        }
        return (0..<count).map { result in joined(taps(of: result).filter(isInside).map(column)) }
    }

    /// The results of a tile where each tap has a weight: a row of the window after the other, each column as it comes.
    private func weighted(
        _ count: Int, _ isInside: (Int) -> Bool, from top: Index, isInterior: Bool, _ state: NestState, _ emitter: PointEmitter,
        _ element: (Index, Int) -> Register
    ) -> [Register] {
        let builder = emitter.builder
        guard let weight else { preconditionFailure("a tile without weights") }
        func row(_ tap: Index, _ sums: [Register]) -> [Register] {
            let weights = (0..<horizontal.taps).map { column in
                var positions = state.positions
                positions[4] = Position(tap)
                positions[5] = Position(.constant(column))
                return emitter.point(
                    emitter.graph.extents(weight.value), at: space.place(weight.position, at: positions),
                    lane: space.lane(in: weight.position), active: state.active
                ).value(weight.value)
            }
            var sums = sums
            for column in horizontal.positions(of: count).filter(isInside) {
                let value = element(tap, column)
                for result in 0..<count {
                    guard let number = taps(of: result).firstIndex(of: column) else { continue }
                    sums[result] = builder.multiplyAdd(value, weights[number], sums[result])
                }
            }
            return sums
        }
        let zeros = [Register](repeating: identity(builder), count: count)
        return isInterior
            ? (0..<vertical.taps).reduce(zeros) { row(.constant($1), $0) } : overRows(from: top, builder, zeros, row)
    }

    /// The columns under the window of a tile's result.
    private func taps(of result: Int) -> [Int] {
        (0..<horizontal.taps).map { result * horizontal.scale + $0 * horizontal.step }
    }

    /// Goes through the rows of a window at the border that lie inside the image, given by their taps; the window begins at row `top`.
    private func overRows(
        from top: Index, _ builder: KernelBuilder, _ initial: [Register], _ body: (Index, [Register]) -> [Register]
    ) -> [Register] {
        if vertical.step == 1 {
            let to = Index.least(.constant(vertical.taps), top * -1 + .constant(vertical.input))
            return builder.loop("r", from: .greatest(top * -1, 0), to: to, carrying: initial, body)
        }
        return builder.loop("r", to: .constant(vertical.taps), carrying: initial) { tap, sums in
            let row = top + tap * vertical.step
            return builder.when([IndexRange(row, 0, .constant(vertical.input))], carrying: sums) { body(tap, sums) }
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
