import Graph
import LoopNest

/// Reductions, windows and contractions over one space as a loop nest: the result's axes outside, the reduced ones inside.
///
/// Where the result has too few positions to keep all threads busy, the reduction is dealt out too: a first kernel leaves partial
/// results in a workspace, a second combines them in a fixed order.
struct FormulaLowering {
    /// Above this many result positions (in vectors), tasks need not share a reduction.
    static let enoughUnits = 16

    let group: Group
    /// The values that formulas over the same axes compute.
    let roots: [Value]
    /// Element-wise values over the positions that the formulas read, stored on the way.
    let maps: [Value]
    /// The values to store: roots, or what is computed from them element by element.
    let results: [Value]
    let formulas: [Formula]
    let guards: [Guard]
    let space: IterationSpace
    /// The number of vector registers that a schedule may count on.
    private let registers: Int

    init(_ group: Group, roots: [Value], maps: [Value], results: [Value], target: Target) {
        let graph = group.graph
        let formulas = roots.map { root in
            guard let formula = group.facts.lowering(of: root)?.formula else { preconditionFailure("\(root) has no formula") }
            return formula
        }
        registers = target.vectors.registers
        self.group = group
        self.roots = roots
        self.maps = maps
        self.results = results
        self.formulas = formulas
        let extents = formulas[0].axes.map { $0.extent.value! }
        let guards = zip(roots, formulas).flatMap { root, formula in
            formula.guards { graph.extents(graph[root].operands[$0]) }
        }
        precondition(guards.isEmpty || roots.count == 1, "formulas with padding are computed one by one")
        self.guards = guards
        let guarded = guards.reduce(into: Set<Int>()) { $0.formUnion($1.axes(over: extents)) }
        let accesses = Self.inner(group, roots, formulas, maps) + Self.outer(group, roots, formulas, results)
        space = IterationSpace(
            names: formulas[0].axes.map(\.name), extents: extents, accesses: accesses, widest: target.lanes,
            isAllowed: { axis in
                !guarded.contains(axis)
                    && formulas.allSatisfy { $0.combination != .positionOfMaximum || $0.parallelAxes.contains(axis) }
            })
    }

    private var graph: Graph { group.graph }
    var resultRank: Int { formulas[0].resultRank }
    var resultExtents: [Int] { Array(space.extents[..<resultRank]) }
    /// Whether lanes hold parts of one result, not neighbouring results.
    var combinesLanes: Bool { space.lane.map { $0 >= resultRank } ?? false }
    var hasPositions: Bool { formulas.contains { $0.combination == .positionOfMaximum } }

    /// What is touched at every point of the whole space.
    private static func inner(_ group: Group, _ roots: [Value], _ formulas: [Formula], _ maps: [Value]) -> [TensorAccess] {
        let graph = group.graph
        let reads = zip(roots, formulas).flatMap { root, formula in
            formula.reads.flatMap { group.accesses(of: graph[root].operands[$0.operand], at: $0.position) }
        }
        let position = formulas[0].reads.first?.position ?? []
        return reads
            + maps.flatMap { map in
                group.accesses(of: map, at: position) + [
                    TensorAccess(value: map, extents: graph.extents(map), layout: graph.layout(map), position: position, isWrite: true)
                ]
            }
    }

    /// What is touched once a result.
    private static func outer(_ group: Group, _ roots: [Value], _ formulas: [Formula], _ results: [Value]) -> [TensorAccess] {
        let graph = group.graph
        let position = (0..<formulas[0].resultRank).map { AffineIndex.axis($0) }
        return results.flatMap { result in
            group.accesses(of: result, at: position, known: Set(roots)) + [
                TensorAccess(value: result, extents: graph.extents(result), layout: graph.layout(result), position: position, isWrite: true)
            ]
        }
    }

    /// The tensors in memory that some accesses read, and those that `results` are written over.
    private func reads(_ accesses: [TensorAccess], _ results: [Value]) -> [Value] {
        let touched = Set(accesses.map(\.value) + results.compactMap { group.inPlace[$0] })
        return group.reads.filter { touched.contains($0) }
    }

    private var innerAccesses: [TensorAccess] { Self.inner(group, roots, formulas, maps) }
    private var outerAccesses: [TensorAccess] { Self.outer(group, roots, formulas, results) }

    private var operationsPerPoint: Int {
        let bodies = zip(roots, formulas).map { root, formula in
            formula.body.operationCount + 1
                + formula.reads.map { group.operationCount(of: graph[root].operands[$0.operand]) }.reduce(0, +)
        }
        return (bodies + maps.map { group.operationCount(of: $0) + 1 }).reduce(0, +)
    }

    /// The loops over the reduced axes. Those that decide about padding come first, so that it is asked for once; where the position of
    /// a maximum is wanted they run in row-major order, so that the first one wins.
    private var reductionLevels: [LoopLevel] {
        let axes = Array(resultRank..<space.extents.count)
        if hasPositions { return space.levels(axes) }
        let guarded = guards.reduce(into: Set<Int>()) { $0.formUnion($1.axes(over: space.extents)) }
        return space.levels(axes.filter { guarded.contains($0) } + axes.filter { !guarded.contains($0) })
    }

    // MARK: Kernels

    /// - Parameter workspace: the index of the group's next workspace.
    func lower(name: String, workspace: Int) -> LoweredGroup {
        let operations = operationsPerPoint * space.extents.reduce(1, *)
        if let chunks = ReductionChunks(resultLevels: space.levels(0..<resultRank), reductionLevels, space, operations), !hasPositions {
            return split(chunks, name: name, workspace: workspace)
        }
        if let window = WindowLowering(self, registers: registers) { return window.lower(name: name) }
        let split = TaskSplit(space.levels(0..<resultRank), of: space, operations: operations)
        let builder = KernelBuilder(name: name, lanes: space.lanes, taskCount: split.tasks)
        let emitter = emitter(builder)
        let nest = nest(emitter)
        builder.units(of: split, in: space, task: builder.task) { state in
            builder.nest(split.inner, of: space, state) { state in
                let sums = nest.reduce(reductionLevels[...], guards, state, nest.identities())
                store(nest.combinedAcrossLanes(sums), state, emitter)
            }
        }
        fillPadding(emitter)
        return LoweredGroup([KernelCall(builder.finish(), emitter.arguments)])
    }

    /// What declares the buffers of a single kernel.
    func emitter(_ builder: KernelBuilder) -> PointEmitter {
        PointEmitter(builder, group, reads: reads(innerAccesses + outerAccesses, maps + results), results: maps + results)
    }

    private func nest(_ emitter: PointEmitter) -> ReductionNest {
        ReductionNest(
            emitter: emitter, space: space, roots: roots, formulas: formulas, maps: maps, combinesLanes: combinesLanes,
            isSmall: operationsPerPoint <= 16)
    }

    private func split(_ chunks: ReductionChunks, name: String, workspace: Int) -> LoweredGroup {
        let lanes = space.lanes
        let units = chunks.units
        let count = roots.count * chunks.count * units * lanes
        func slot(_ number: Int, chunk: Index, unit: Index) -> Index {
            (chunk * units + unit) * lanes + .constant(number * chunks.count * units * lanes)
        }

        let first = KernelBuilder(name: name + "_partial", lanes: lanes, taskCount: units * chunks.count)
        let emitter = PointEmitter(first, group, reads: reads(innerAccesses, maps), results: maps)
        let partial = emitter.workspace(workspace, count: count, .write)
        let nest = nest(emitter)
        let (unit, chunk) = (first.task / chunks.count, first.task % chunks.count)
        let state = space.state(ofUnit: unit, chunks.resultLevels)
        let sums = nest.loop(
            "part", from: chunk * chunks.turns / chunks.count, to: (chunk + 1) * chunks.turns / chunks.count,
            turns: (chunks.turns + chunks.count - 1) / chunks.count, carrying: nest.identities()
        ) { turn, sums in
            let inner = space.state(ofUnit: turn, chunks.leading, inside: state)
            return nest.reduce(chunks.inner, guards, inner, sums)
        }
        for (number, register) in sums.enumerated() { first.store(partial, slot(number, chunk: chunk, unit: unit), register) }
        for map in maps { emitter.fillPadding(of: map, lane: space.lane(in: mapPosition), lanes: lanes) }

        let tasks = TaskSplit(chunks.resultLevels, of: space, operations: count * 2)
        let second = KernelBuilder(name: name + "_combine", lanes: lanes, taskCount: tasks.tasks)
        let combiner = PointEmitter(second, group, reads: reads(outerAccesses, results), results: results)
        let partials = combiner.workspace(workspace, count: count, .read)
        let combining = self.nest(combiner)
        second.units(of: tasks, in: space, task: second.task) { state in
            second.nest(tasks.inner, of: space, state) { state in
                let unit = space.unit(of: state, chunks.resultLevels)
                let start = roots.indices.map { second.load(partials, slot($0, chunk: 0, unit: unit)) }
                let sums = second.loop("part", from: 1, to: .constant(chunks.count), carrying: start) { chunk, sums in
                    combining.combined(sums, roots.indices.map { second.load(partials, slot($0, chunk: chunk, unit: unit)) })
                }
                store(combining.combinedAcrossLanes(sums), state, combiner)
            }
        }
        fillPadding(combiner, maps: false)
        return LoweredGroup(
            [KernelCall(first.finish(), emitter.arguments), KernelCall(second.finish(), combiner.arguments)],
            workspaces: [.init(count: count)])
    }

    /// Computes what follows the roots, and writes the results.
    func store(_ sums: [Register], _ state: NestState, _ emitter: PointEmitter) {
        let lane = combinesLanes ? nil : space.lane
        let point = emitter.point(
            resultExtents, at: Array(state.positions[..<resultRank]), lane: lane, active: lane == nil ? nil : state.active)
        for (root, register) in zip(roots, sums) { point.set(root, register) }
        let values = results.map { point.value($0) }
        for (result, register) in zip(results, values) {
            emitter.store(register, to: result, at: point.position, lane: point.lane, active: point.active)
        }
    }

    private var mapPosition: [AffineIndex] { formulas[0].reads[0].position }

    func fillPadding(_ emitter: PointEmitter, maps includesMaps: Bool = true) {
        for result in results { emitter.fillPadding(of: result, lane: combinesLanes ? nil : space.lane, lanes: space.lanes) }
        if includesMaps { for map in maps { emitter.fillPadding(of: map, lane: space.lane(in: mapPosition), lanes: space.lanes) } }
    }
}

extension Lowering {
    /// The formula of a reduction, contraction or window.
    var formula: Formula? {
        switch self {
        case .reduction(let formula), .contraction(let formula), .window(let formula): formula
        case .elementwise, .view, .foreign, .composite: nil
        }
    }
}
