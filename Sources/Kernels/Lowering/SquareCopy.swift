import Graph
import LoopNest

/// A rearrangement whose neighbours in the operand are not neighbours in the result: squares of elements are loaded along one axis, exchanged
/// in registers, and stored along another, so that nothing is gathered.
struct SquareCopy {
    let group: Group
    let operand: Value
    let result: Value
    let read: TensorAccess
    let write: TensorAccess
    /// The axis along which elements lie side by side in the operand, split into blocks of a vector; lanes run along that of the result.
    let row: Int
    let space: IterationSpace

    private var column: Int { space.lane! }
    private var lanes: Int { space.lanes }

    /// Nil where some axis is one of neighbours in both, and where squares would be mostly empty.
    ///
    /// - Parameter accesses: of the operand, and then the result's, over the axes of the copy.
    init?(_ group: Group, _ operand: Value, to result: Value, _ extents: [Int], _ accesses: [TensorAccess], widest: Int) {
        guard accesses.count == 2, group.stored(operand) != nil else { return nil }
        let (read, write) = (accesses[0], accesses[1])
        func neighbours(_ access: TensorAccess, _ lanes: Int) -> [Int] {
            extents.indices.filter { extents[$0] > 1 && access.stride(along: $0, extents: extents, lanes: lanes) == .elements(1) }
        }
        for lanes in [16, 8, 4] where lanes <= widest {
            let (rows, columns) = (neighbours(read, lanes), neighbours(write, lanes))
            guard rows.count == 1, columns.count == 1, rows != columns, extents[rows[0]] >= lanes, extents[columns[0]] >= lanes else {
                continue
            }
            (self.group, self.operand, self.result, self.read, self.write) = (group, operand, result, read, write)
            row = rows[0]
            var space = IterationSpace(names: MapLowering.names(extents.count), extents: extents, accesses: [], widest: 1)
            (space.lane, space.lanes) = (columns[0], lanes)
            (space.splits[columns[0]], space.splits[rows[0]]) = (lanes, lanes)
            self.space = space
            return
        }
        return nil
    }

    func lower(name: String) -> KernelCall {
        let extents = space.extents
        let others = extents.indices.filter { $0 != row && $0 != column && extents[$0] > 1 }
        let levels =
            others.map { LoopLevel(axis: $0, part: .whole, count: extents[$0]) } + [
                LoopLevel(axis: row, part: .blocks, count: space.blockCount(of: row)),
                LoopLevel(axis: column, part: .vectors, count: space.blockCount(of: column)),
            ]
        let split = TaskSplit(levels, of: space, operations: extents.reduce(2, *))
        let builder = KernelBuilder(name: name, lanes: lanes, taskCount: split.tasks)
        let emitter = PointEmitter(builder, group, reads: group.reads.filter { $0 == read.value }, results: [result])
        builder.units(of: split, in: space, task: builder.task) { state in
            builder.nest(split.inner, of: space, state) { square($0, emitter) }
        }
        let covered = space.lane(in: write.position)
        emitter.fillPadding(of: result, lane: covered, lanes: lanes)
        return KernelCall(builder.finish(), emitter.arguments)
    }

    /// Copies the square at `state`; at the ends of the axes, what there is of it.
    private func square(_ state: NestState, _ emitter: PointEmitter) {
        sizes(row, state, emitter) { rows in
            sizes(column, state, emitter) { columns in
                copy(state, rows: rows, columns: columns, emitter)
            }
        }
    }

    /// Writes `body` for a block of an axis that is whole, and for the last one where that is not.
    private func sizes(_ axis: Int, _ state: NestState, _ emitter: PointEmitter, _ body: (Int) -> Void) {
        let (whole, rest) = space.extents[axis].quotientAndRemainder(dividingBy: lanes)
        // A nest writes whole vectors of its innermost loop apart from the last one.
        if rest == 0 || axis == column && state.active == nil { return body(lanes) }
        for (range, size) in [(0..<whole, lanes), (whole..<whole + 1, rest)] {
            emitter.builder.when(
                [IndexRange(state.positions[axis].outer, .constant(range.lowerBound), .constant(range.upperBound))]
            ) {
                body(size)
                return []
            }
        }
    }

    private func copy(_ state: NestState, rows: Int, columns: Int, _ emitter: PointEmitter) {
        let builder = emitter.builder
        func positions(_ axis: Int, _ number: Int) -> [Position] {
            var positions = state.positions
            positions[axis].inner = .constant(number)
            return positions
        }
        func active(_ count: Int) -> Index? { count == lanes ? nil : .constant(count) }
        let registers = (0..<lanes).map { number in
            guard number < columns else { return builder.constant(0) }
            return emitter.load(
                operand, at: space.place(read.position, at: positions(column, number)),
                lane: read.position.firstIndex { $0.scale(of: row) != 0 }, active: active(rows))
        }
        for (number, register) in builder.transposed(registers).prefix(rows).enumerated() {
            emitter.store(
                register, to: result, at: space.place(write.position, at: positions(row, number)),
                lane: space.lane(in: write.position), active: active(columns))
        }
    }
}

extension KernelBuilder {
    /// Exchanges rows and columns of a square of as many registers as these have lanes: by interleaving registers `i` and `i + lanes / 2` for
    /// each `i`, as often as the lanes can be halved. Each turn moves the topmost bit of an element's row behind the last of its column.
    func transposed(_ square: [Register]) -> [Register] {
        precondition(square.count == lanes, "a square has as many registers as lanes")
        let half = lanes / 2
        var (registers, turns) = (square, lanes)
        while turns > 1 {
            registers = (0..<half).flatMap { number in
                [
                    define(.interleaveFirst(registers[number], registers[number + half])),
                    define(.interleaveSecond(registers[number], registers[number + half])),
                ]
            }
            turns /= 2
        }
        return registers
    }
}
