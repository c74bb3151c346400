import Graph
import LoopNest

/// Rearrangements that must move data: every operand is copied to its place in the result.
struct ViewLowering {
    /// A loop nest that copies one operand: where its elements lie and where they go, over axes common to both.
    private struct Copy {
        var operand: Value
        var from: [AffineIndex]
        var to: [AffineIndex]
        var space: IterationSpace
    }

    let group: Group
    let result: Value
    private var copies: [Copy] = []
    /// The only copy, where it exchanges rows and columns.
    private var squares: SquareCopy?

    private var graph: Graph { group.graph }

    init(_ group: Group, result: Value, view: View, lanes: Int) {
        self.group = group
        self.result = result
        let graph = group.graph
        let operands = graph[result].operands
        var isRearranged = false
        func add(_ operand: Value, _ extents: [Int], from: [AffineIndex], to: [AffineIndex]) {
            let write = TensorAccess(
                value: result, extents: graph.extents(result), layout: graph.layout(result), position: to, isWrite: true)
            let accesses = group.accesses(of: operand, at: from) + [write]
            let space = IterationSpace(names: MapLowering.names(extents.count), extents: extents, accesses: accesses, widest: lanes)
            copies.append(Copy(operand: operand, from: from, to: to, space: space))
            if isRearranged { squares = SquareCopy(group, operand, to: result, extents, accesses, widest: lanes) }
        }
        if case .rearrange = view { isRearranged = true }
        switch view {
        case .reshape:
            if let (extents, from, to) = Self.commonAxes(graph.extents(operands[0]), graph.extents(result)) {
                add(operands[0], extents, from: from, to: to)
            }
        case .concatenate(let axis):
            var start = 0
            for (index, operand) in operands.enumerated() {
                let extents = graph.extents(operand)
                let identity = extents.indices.map { AffineIndex.axis($0) }
                if !group.facts.isInPlace(result, operand: index) {
                    add(operand, extents, from: identity, to: identity.shifted(axis, by: start))
                }
                start += extents[axis]
            }
        case .slice(let axis, let start, _):
            let identity = graph.extents(result).indices.map { AffineIndex.axis($0) }
            if !group.facts.isInPlace(result, operand: 0) {
                add(operands[0], graph.extents(result), from: identity.shifted(axis, by: start), to: identity)
            }
        case .rearrange(let rearrangement):
            add(operands[0], rearrangement.axes.map { $0.value! }, from: rearrangement.from, to: rearrangement.to)
        }
    }

    /// One kernel for all copies of as many lanes; none where everything lies in its place already.
    func lower(name: String) -> [KernelCall] {
        if graph[result].operands.indices.allSatisfy({ group.facts.isInPlace(result, operand: $0) }) { return [] }
        if let squares { return [squares.lower(name: name)] }
        if copies.isEmpty { return [recounted(name: name)] }
        let widths = Set(copies.map(\.space.lanes)).sorted(by: >)
        return widths.map { width in
            let own = copies.filter { $0.space.lanes == width }
            return lower(own, fills: width == widths.last, name: widths.count == 1 ? name : "\(name)_\(width)")
        }
    }

    private func lower(_ copies: [Copy], fills: Bool, name: String) -> KernelCall {
        let splits = copies.map { copy in
            // The result's order outside, so that it is written from end to end.
            TaskSplit(copy.space.levels(copy.space.extents.indices), of: copy.space, operations: copy.space.extents.reduce(2, *))
        }
        let tasks = min(TaskSplit.mostTasks, splits.map(\.tasks).reduce(0, +))
        let builder = KernelBuilder(name: name, lanes: copies[0].space.lanes, taskCount: tasks)
        let touched = Set(copies.flatMap { group.accesses(of: $0.operand, at: $0.from).map(\.value) })
        let emitter = PointEmitter(builder, group, reads: group.reads.filter { touched.contains($0) }, results: [result])
        var first = 0
        for (copy, split) in zip(copies, splits) {
            // Each copy has tasks of its own where there are enough; task numbers wrap around where there are not.
            let start = first
            first += split.tasks
            write(copy, split, task: start % tasks, of: tasks, emitter)
        }
        if fills { fillPadding(emitter) }
        return KernelCall(builder.finish(), emitter.arguments)
    }

    /// Deals a copy's tasks out to the kernel's, the first to number `start`.
    private func write(_ copy: Copy, _ split: TaskSplit, task start: Int, of tasks: Int, _ emitter: PointEmitter) {
        let builder = emitter.builder
        func part(_ number: Index) {
            builder.units(of: split, in: copy.space, task: number) { state in
                builder.nest(split.inner, of: copy.space, state, unroll: 4) { element(copy, $0, emitter) }
            }
        }
        let end = start + split.tasks
        builder.when([IndexRange(builder.task, .constant(start), .constant(min(end, tasks)))]) {
            part(builder.task - start)
            return []
        }
        if end > tasks {
            builder.when([IndexRange(builder.task, 0, .constant(end - tasks))]) {
                part(builder.task + .constant(tasks - start))
                return []
            }
        }
    }

    private func element(_ copy: Copy, _ state: NestState, _ emitter: PointEmitter) {
        let space = copy.space
        let lane = space.lane(in: copy.from)
        let active = space.lane == nil ? nil : state.active
        let point = emitter.point(
            graph.extents(copy.operand), at: space.place(copy.from, at: state.positions), lane: lane, active: lane == nil ? nil : active)
        let value = point.value(copy.operand)
        let position = space.place(copy.to, at: state.positions)
        guard let target = space.lane(in: copy.to), let axis = space.lane else {
            return emitter.store(value, to: result, at: position, lane: nil, active: nil)
        }
        let scale = copy.to[target].scale(of: axis)
        let isLast = copy.to[target].isLast(graph.extents(result)[target], over: space.extents)
        if scale == 1 && isLast && target == coveringLane {
            return emitter.store(value, to: result, at: position, lane: target, active: active)
        }
        // Neighbours in the operand lie apart in the result, or what follows them in the block belongs to the next operand.
        let (offset, stride) = graph.storage(of: result).offset(of: position, lane: target)
        if let stride, stride * scale != 1 {
            emitter.builder.scatter(emitter.buffer(result), offset, stride: stride * scale, value, active: active)
        } else {
            emitter.builder.store(emitter.buffer(result), offset, value, active: active)
        }
    }

    /// A reshape between shapes without common divisions: element by element, each position found from its number.
    private func recounted(name: String) -> KernelCall {
        let operand = graph[result].operands[0]
        let count = graph.extents(result).reduce(1, *)
        let space = IterationSpace(names: ["element"], extents: [count], accesses: [], widest: 1)
        let split = TaskSplit(space.levels([0]), of: space, operations: count * 8)
        let builder = KernelBuilder(name: name, lanes: space.lanes, taskCount: split.tasks)
        let emitter = PointEmitter(builder, group, results: [result])
        func position(_ number: Index, _ extents: [Int]) -> [Position] {
            var rest = number
            var positions = extents.map { _ in Position(0) }
            for axis in extents.indices.reversed() {
                positions[axis] = Position(rest % extents[axis])
                rest = rest / extents[axis]
            }
            return positions
        }
        builder.units(of: split, in: space, task: builder.task) { state in
            builder.nest(split.inner, of: space, state) { state in
                let number = state.positions[0].index
                let extents = graph.extents(operand)
                let value = emitter.point(extents, at: position(number, extents), lane: nil).value(operand)
                emitter.store(value, to: result, at: position(number, graph.extents(result)), lane: nil, active: nil)
            }
        }
        emitter.fillPadding(of: result, lane: nil, lanes: 1)
        return KernelCall(builder.finish(), emitter.arguments)
    }

    private func fillPadding(_ emitter: PointEmitter) {
        emitter.fillPadding(of: result, lane: coveringLane, lanes: copies[0].space.lanes)
    }

    /// The axis of the result whose padding the copies cover with whole vectors, because all have their lanes along it.
    private var coveringLane: Int? {
        let lanes = Set(copies.map { $0.space.lane(in: $0.to) })
        return lanes.count == 1 && Set(copies.map(\.space.lanes)).count == 1 ? lanes.first! : nil
    }

    /// The axes into which both shapes of a reshape can be divided, and the positions of both over them; nil where there are none.
    static func commonAxes(_ from: [Int], _ to: [Int]) -> (extents: [Int], from: [AffineIndex], to: [AffineIndex])? {
        var cuts: Set<Int> = [1]
        for shape in [from, to] {
            var size = 1
            for extent in shape.reversed() {
                size *= extent
                cuts.insert(size)
            }
        }
        let sizes = cuts.sorted()
        guard zip(sizes, sizes.dropFirst()).allSatisfy({ $1 % $0 == 0 }) else { return nil }
        let extents = zip(sizes, sizes.dropFirst()).map { $1 / $0 }.reversed() as [Int]
        // Axis k of the common space counts steps of `strides[k]` elements.
        let strides = Array(sizes.dropLast().reversed())
        func positions(_ shape: [Int]) -> [AffineIndex] {
            var size = shape.reduce(1, *)
            return shape.map { extent in
                let whole = size
                size /= extent
                let inside = strides.indices.filter { strides[$0] >= size && strides[$0] < whole }
                return AffineIndex(terms: inside.map { .init(axis: $0, scale: strides[$0] / size) })
            }
        }
        return (extents, positions(from), positions(to))
    }
}

extension [AffineIndex] {
    fileprivate func shifted(_ axis: Int, by start: Int) -> [AffineIndex] {
        var result = self
        result[axis].offset += start
        return result
    }
}

extension AffineIndex {
    /// Whether the position reaches the end of an axis of `extent` positions.
    fileprivate func isLast(_ extent: Int, over extents: [Int]) -> Bool { bounds(over: extents).upperBound == extent - 1 }
}
