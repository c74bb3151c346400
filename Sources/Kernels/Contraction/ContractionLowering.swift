import Graph

/// Register-blocked kernels for groups around a contraction (convolutions, linear layers and their gradients).
enum ContractionLowering {
    /// The kernels of `group`, or nil if its contraction's operands do not lie in memory as these kernels need them.
    ///
    /// - Parameter tuned: what measurements chose, which comes before what the cost model says.
    static func lower(
        _ group: Group, target: Target, numerics: Numerics = .standard, tuned: TunedChoices = .none
    ) -> LoweredGroup? {
        guard let phases = phases(of: group, target: target) else { return nil }
        let key = phases.count == 1 && phases[0].reducesChannels ? phases[0].tuningKey(group) : nil
        let tuned = key.flatMap { tuned[$0] }
        var weighed = phases.count == 1 ? weigh(phases[0], group, target: target, numerics: numerics, tuned: tuned) : nil
        weighed?.choice.key = key
        if let weighed, let winograd = weighed.winograd {
            var lowered = winograd.lower()
            // The convolution itself is the last call.
            lowered.calls[lowered.calls.count - 1].choice = weighed.choice
            lowered.calls[lowered.calls.count - 1].multiplyAccumulates = phases[0].multiplyAccumulates
            return lowered
        }
        if phases.allSatisfy(\.reducesChannels) {
            return LoweredGroup(
                phases.enumerated().map { number, shape in
                    var nest = ResultStationary(
                        shape, group, target, numerics, name: group.kernelName(phases.count > 1 ? "phase\(number)" : nil))
                    let name = phases.count > 1 ? "direct, \(phases.count) phases" : TunedChoice.direct
                    var choice = weighed?.choice ?? AlgorithmChoice(.init(name, predictedSeconds: CostModel.seconds(nest.cycles)))
                    choice.key = key
                    if let tuned, tuned.algorithm == TunedChoice.direct, case .direct(let schedule)? = tuned.schedule, nest.allows(schedule)
                    {
                        nest.apply(schedule)
                        choice.isTuned = true
                    }
                    var call = nest.lower()
                    call.multiplyAccumulates = shape.multiplyAccumulates
                    choice.secondsOfLongestThread = CostModel.seconds(nest.cyclesOfLongestThread)
                    call.choice = choice
                    return call
                })
        }
        guard phases.count == 1 else { return nil }
        var lowered = ReductionSplit(phases[0], group, target)?.lower()
        lowered?.calls[0].choice = AlgorithmChoice(.init("reduction split"))
        return lowered
    }

    /// The phases of a group's contraction; nil where these kernels cannot compute it.
    static func phases(of group: Group, target: Target) -> [ContractionShape]? {
        guard
            let contraction = group.members.first(where: { member in
                if case .contraction? = group.graph.lowering(of: member) { true } else { false }
            }), let phases = ContractionShape.phases(of: contraction, in: group, lanes: target.lanes),
            epilogueIsElementwise(group, contraction)
        else { return nil }
        return phases
    }

    /// The forms of minimal filtering that a convolution may be computed by; nil where it is of no kind that has such forms.
    static func winogradProblem(_ shape: ContractionShape, _ group: Group, target: Target) -> WinogradShape? {
        guard group.constants.contains(shape.vector.value), group.reads.contains(shape.broadcast.value) else { return nil }
        return WinogradShape(shape, group, lanes: target.lanes)
    }

    /// The form of minimal filtering that takes the least time, if one is allowed and takes less than the convolution as it is written,
    /// with the times of all; nil where the convolution is of no kind that has such forms.
    ///
    /// Which form that is depends on the shape, the target and what was measured for them alone, not on the number of threads, so that
    /// results do not either.
    ///
    /// - Parameter tuned: what was measured to be fastest: taken if it is still allowed.
    static func weigh(
        _ shape: ContractionShape, _ group: Group, target: Target, numerics: Numerics, tuned: TunedChoice? = nil
    ) -> (choice: AlgorithmChoice, winograd: WinogradLowering?)? {
        guard let problem = winogradProblem(shape, group, target: target) else { return nil }
        let direct = ResultStationary(shape, group, target, numerics, name: "").cycles
        var candidates = [AlgorithmChoice.Candidate(TunedChoice.direct, predictedSeconds: CostModel.seconds(direct))]
        var costs: [WinogradCost?] = [nil]
        var (chosen, least) = (0, direct * worthwhileShare)
        var measured = tuned?.algorithm == TunedChoice.direct ? 0 : nil
        for form in WinogradForm.forms(taps: problem.phaseTaps) {
            var candidate = AlgorithmChoice.Candidate(
                "Winograd \(form)" + (problem.phases.count > 1 ? ", \(problem.phases.count) phases" : ""))
            if let error = form.error, error <= numerics.largestError {
                candidate.error = error
                let cost = WinogradCost(problem, form, target)
                let cycles = cost.best(threads: 1).cycles
                candidate.predictedSeconds = CostModel.seconds(cycles)
                if cycles < least { (chosen, least) = (candidates.count, cycles) }
                if tuned?.algorithm == form.description { measured = candidates.count }
                costs.append(cost)
            } else {
                candidate.reason = form.error.map { "its error is \($0)" } ?? "its error is not known"
                costs.append(nil)
            }
            candidates.append(candidate)
        }
        var choice = AlgorithmChoice(candidates.remove(at: measured ?? chosen), rejected: candidates)
        choice.isTuned = measured != nil && measured != chosen
        guard let cost = costs[measured ?? chosen] else { return (choice, nil) }
        var (schedule, cycles) = cost.best(threads: target.cores)
        choice.secondsOfLongestThread = CostModel.seconds(cycles)
        if measured != nil, case .winograd(let found)? = tuned?.schedule, cost.allows(found) {
            schedule = found
            choice.isTuned = true
        }
        return (choice, WinogradLowering(problem: problem, form: cost.form, schedule: schedule, group: group, target: target))
    }

    /// A form of minimal filtering, which is less exact, must be predicted to take less than this share of the time of the convolution as it
    /// is written: predictions are off by some percent.
    static let worthwhileShare = 0.97

    /// Everything but the contraction can be computed element by element from its result.
    private static func epilogueIsElementwise(_ group: Group, _ contraction: Value) -> Bool {
        group.members.allSatisfy { member in
            if member == contraction { return true }
            guard group.graph.extents(member) == group.graph.extents(contraction) else { return false }
            if case .elementwise? = group.graph.lowering(of: member) { return true }
            return false
        }
    }
}

extension Group {
    /// A name for the group's kernel: the label and operation of its first member.
    func kernelName(_ suffix: String? = nil) -> String {
        let first = graph[members[0]]
        let parts = [first.label, first.operation?.name, suffix].compactMap { $0 } + ["\(members[0].index)"]
        return String(parts.joined(separator: "_").map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
    }
}

extension ContractionShape {
    /// Whether the broadcast operand's channels are summed over (a convolution) or are part of the result (a weight gradient).
    var reducesChannels: Bool { channelAxis.map { $0 >= resultRank } ?? true }

    /// The contraction's axis that runs along the broadcast operand's channels, its axis 1.
    var channelAxis: Int? { broadcast.position.count > 1 ? broadcast.position[1].singleAxis : nil }

    func laneBlockCount(_ lanes: Int) -> Int { (extents[lane] + lanes - 1) / lanes }

    /// Whether sums can run over whole blocks of the channel axis: then what lies beyond the extent is zero padding in both operands.
    func channelsArePadded(_ graph: Graph, lanes: Int) -> Bool {
        guard let axis = channelAxis else { return false }
        return extents[axis] % lanes == 0
            || [vector, broadcast].allSatisfy { access in
                graph.layout(access.value).blocks.contains { access.position[$0.axis].singleAxis == axis }
            }
    }
}

/// Keeps a tile of the result in registers over the whole reduction, then applies the epilogue and stores it once.
///
/// A task is some rows of one image (and, where those are few, some blocks of output channels): it stages the rows of the broadcast
/// operand that they need, padded with zeros, and runs register tiles over them.
struct ResultStationary {
    let shape: ContractionShape
    let group: Group
    let target: Target
    let numerics: Numerics
    private let name: String
    var tile: RegisterTile
    /// The point axis along which tiles run: the last.
    let tileAxis: Int
    /// The other point axes with the positions of each that a task takes.
    var rows: [RegisterTile.Side]
    /// Into how many parts the lane blocks are split over tasks.
    var laneParts = 1
    let isStaged: Bool
    /// What the thread with the most work takes, with a thread a core.
    private(set) var cyclesOfLongestThread = 0.0

    init(_ shape: ContractionShape, _ group: Group, _ target: Target, _ numerics: Numerics, name: String) {
        self.shape = shape
        self.group = group
        self.target = target
        self.numerics = numerics
        self.name = name
        tileAxis = shape.pointAxes.last!
        tile = .best(
            axis: tileAxis, extent: shape.extents[tileAxis], laneBlocks: shape.laneBlockCount(target.lanes),
            registers: numerics.accumulatorRegisters(of: target))
        isStaged = !shape.isEmpty && !BroadcastSource.canReadInPlace(shape, group)
        rows = shape.pointAxes.dropLast().enumerated().map { number, axis in
            .init(axis: axis, count: number == 0 ? 1 : shape.extents[axis])
        }
        splitOverTasks()
    }

    /// How the work is cut: some rows, and some of the lane blocks.
    struct Cut {
        var rows: Int
        var laneParts: Int
        var tile: RegisterTile
    }

    /// Cuts the work so that the thread with the most of it takes the least time, and what a task stages stays in a part of the
    /// second-level cache. The order of arithmetic does not depend on the cut, so neither do results.
    private mutating func splitOverTasks() {
        let blocks = shape.laneBlockCount(target.lanes)
        // Tasks take whole groups of lane blocks, so the groups must come out even where they are dealt out.
        let even =
            blocks % tile.laneBlocks == 0
            ? tile
            : RegisterTile.best(
                axis: tileAxis, extent: shape.extents[tileAxis], laneBlocks: blocks,
                registers: numerics.accumulatorRegisters(of: target), isEven: true)
        let height = rows.count > 1 ? shape.extents[rows[rows.count - 1].axis] : 1
        var best = Cut(rows: height, laneParts: 1, tile: tile)
        var least = Double.infinity
        for count in (1...height).reversed() {
            var cut = Cut(rows: count, laneParts: 1, tile: tile)
            let stagedBytes = isStaged ? region(rows: count).count * 4 : 0
            if stagedBytes > target.level2Bytes / 4 && count > 1 { continue }
            let groups = blocks / even.laneBlocks
            for parts in 1...min(groups, 4 * target.cores) where groups % parts == 0 {
                cut.laneParts = parts
                cut.tile = parts == 1 ? tile : even
                let cycles = cycles(cut, height: height, stagedBytes: stagedBytes)
                if cycles < least * 0.99 { (best, least) = (cut, cycles) }
            }
        }
        if rows.count > 1 { rows[rows.count - 1].count = best.rows }
        laneParts = best.laneParts
        tile = best.tile
        cyclesOfLongestThread = cycles(best, height: height, stagedBytes: isStaged ? region(rows: best.rows).count * 4 : 0)
    }

    /// What the thread with the most work takes.
    func cycles(_ cut: Cut, height: Int, stagedBytes: Int) -> Double {
        let model = CostModel(target)
        let others = rows.dropLast(rows.count > 1 ? 1 : 0).reduce(1) { $0 * shape.extents[$1.axis] }
        let tasks = others * ((height + cut.rows - 1) / cut.rows) * cut.laneParts
        let turns = Double((tasks + target.cores - 1) / target.cores)
        let rowCycles = arithmetic(cut.tile) / Double(others * height)
        let staging = Double(stagedBytes / (4 * target.lanes)) * (model.load + model.store)
        let weights = group.graph.storedCount(shape.vector.value) * 4 / cut.laneParts
        let operand = group.graph.storedCount(shape.broadcast.value) * 4 * cut.rows / (others * height)
        let streams = (turns - 1) * model.level3(bytes: weights) + model.memory(bytes: weights, threads: 1)
        // A group of lane blocks goes through all rows: its weights and the operand stay in the second-level cache, or come again a row.
        let group = weights * cut.laneParts * cut.tile.laneBlocks / shape.laneBlockCount(target.lanes)
        let again = group + operand > target.level2Bytes * 3 / 4 ? turns * Double(cut.rows - 1) * model.level3(bytes: weights) : 0
        return turns * (rowCycles * Double(cut.rows) / Double(cut.laneParts) + staging + CostModel.taskCycles)
            + 0.3 * (streams + again + turns * model.level3(bytes: operand))
    }

    /// The cycles of all register tiles and of storing what they make.
    func arithmetic(_ tile: RegisterTile) -> Double {
        let blocks = shape.laneBlockCount(target.lanes)
        let extent = shape.extents[tileAxis]
        let (whole, rest) = extent.quotientAndRemainder(dividingBy: tile.points[0].count)
        func row(_ laneBlocks: Int) -> Double {
            Double(whole) * RegisterTile.cycles(tile.points[0].count, laneBlocks)
                + (rest > 0 ? RegisterTile.cycles(rest, laneBlocks) : 0)
        }
        let (groups, last) = blocks.quotientAndRemainder(dividingBy: tile.laneBlocks)
        let rowCount = rows.reduce(1.0) { $0 * Double(shape.extents[$1.axis]) }
        let steps = shape.reducedAxes.reduce(1.0) { $0 * Double(shape.extents[$1]) }
        let strictFactor = numerics == .strict ? 10.0 : 1
        let sums = (Double(groups) * row(tile.laneBlocks) + (last > 0 ? row(last) : 0)) * rowCount * steps * strictFactor
        return sums + Double(blocks) * Double(extent) * rowCount * CostModel(target).store
    }

    /// The cycles that one thread takes: register tiles, copies of the operand, and weights from memory. They do not depend on how the work
    /// is cut, nor therefore on the number of cores.
    var cycles: Double {
        let tile = RegisterTile.best(
            axis: tileAxis, extent: shape.extents[tileAxis], laneBlocks: shape.laneBlockCount(target.lanes),
            registers: numerics.accumulatorRegisters(of: target))
        let model = CostModel(target)
        let staged = isStaged ? Double(group.graph.storedCount(shape.broadcast.value) / target.lanes) * (model.load + model.store) : 0
        return model.together(
            arithmetic(tile) + staged, model.memory(bytes: group.graph.storedCount(shape.vector.value) * 4, threads: 1))
    }

    func region(rows count: Int) -> StagedRegion {
        var changed = self
        if !rows.isEmpty { changed.rows[rows.count - 1].count = count }
        return changed.region
    }

    private var region: StagedRegion {
        var spans = [Int](repeating: 1, count: shape.extents.count)
        for axis in shape.reducedAxes { spans[axis] = shape.extents[axis] }
        for side in rows { spans[side.axis] = side.count }
        spans[tileAxis] = shape.extents[tileAxis]
        return StagedRegion(shape, spans: spans, graph: group.graph)
    }

    func lower() -> KernelCall {
        let counts = rows.map { (shape.extents[$0.axis] + $0.count - 1) / $0.count }
        let builder = KernelBuilder(name: name, lanes: target.lanes, taskCount: counts.reduce(laneParts, *))
        let emitter = PointEmitter(builder, group)
        var start = [Position](repeating: Position(0), count: shape.extents.count)
        var rest = builder.task / laneParts
        for (side, count) in zip(rows, counts).reversed() {
            start[side.axis] = Position(count == 1 ? 0 : rest % count * side.count)
            rest = rest / count
        }
        // An empty sum reads nothing, so its operand need not be in memory.
        var source: BroadcastSource?
        if isStaged {
            let region = self.region
            source = region.stage(into: builder.scratch("staged", count: region.count), from: start, emitter)
        } else if !shape.isEmpty {
            source = BroadcastSource(inPlace: shape, emitter)
        }
        lanes(emitter, source, start)
        return KernelCall(builder.finish(), emitter.arguments)
    }

    private func lanes(_ emitter: PointEmitter, _ source: BroadcastSource?, _ start: [Position]) {
        let builder = emitter.builder
        let blocks = shape.laneBlockCount(target.lanes)
        let groups = blocks / tile.laneBlocks / laneParts
        let first = laneParts == 1 ? 0 : builder.task % laneParts * (groups * tile.laneBlocks)
        builder.loop("block", to: .constant(groups)) { index in
            row(
                rows[...], emitter, source, start, tile, block: first + index * tile.laneBlocks, ContractionPoint(axes: shape.extents.count)
            )
        }
        let last = blocks % tile.laneBlocks
        if last > 0 {
            let narrow = RegisterTile(points: tile.points, laneBlocks: last)
            row(rows[...], emitter, source, start, narrow, block: .constant(blocks - last), ContractionPoint(axes: shape.extents.count))
        }
    }

    /// Loops over the rows of a task, then over the tiles of a row.
    private func row(
        _ rest: ArraySlice<RegisterTile.Side>, _ emitter: PointEmitter, _ source: BroadcastSource?, _ start: [Position],
        _ tile: RegisterTile, block: Index, _ point: ContractionPoint
    ) {
        let builder = emitter.builder
        guard let side = rest.first else {
            let size = tile.points[0].count
            let (whole, last) = shape.extents[tileAxis].quotientAndRemainder(dividingBy: size)
            builder.loop("tile", to: .constant(whole)) { index in
                compute(emitter, source, start, tile, block: block, point, first: index * size)
            }
            if last > 0 {
                let short = RegisterTile(points: [.init(axis: tileAxis, count: last)], laneBlocks: tile.laneBlocks)
                compute(emitter, source, start, short, block: block, point, first: .constant(whole * size))
            }
            return
        }
        let extent = shape.extents[side.axis]
        let count =
            extent % side.count == 0
            ? Index.constant(side.count) : Index.least(.constant(side.count), .constant(extent) + start[side.axis].index * -1)
        builder.loop(shape.names[side.axis], to: count) { index in
            var inner = point
            inner.set(side.axis, Position(index), from: start[side.axis])
            row(rest.dropFirst(), emitter, source, start, tile, block: block, inner)
        }
    }

    private func compute(
        _ emitter: PointEmitter, _ source: BroadcastSource?, _ start: [Position], _ tile: RegisterTile, block: Index,
        _ point: ContractionPoint, first: Index
    ) {
        var base = point
        base.set(tileAxis, Position(first))
        base.set(shape.lane, Position(outer: block, split: target.lanes))
        let zero = emitter.builder.constant(0)
        var sums = [Register](repeating: zero, count: tile.pointCount * tile.laneBlocks)
        if let source {
            let microkernel = Microkernel(
                shape: shape, source: source, emitter: emitter, tile: tile, loops: reductionLoops(emitter, tile), start: start,
                numerics: numerics, prefetches: prefetches)
            sums = microkernel.reduce(base, initial: sums)
        }
        Epilogue(shape: shape, emitter: emitter).store(sums, tile, base)
    }

    /// Whether a tile reads each element once (a 1x1 convolution or linear layer), from an operand that no second-level cache holds.
    private var prefetches: Bool {
        !isStaged && shape.reducedAxes.allSatisfy { $0 == shape.channelAxis || shape.extents[$0] == 1 }
            && group.graph.storedCount(shape.broadcast.value) * 4 > target.level2Bytes
    }

    /// Blocks of channels outermost, then the taps, then the channels of a block: the order in which the weights lie in memory.
    private func reductionLoops(_ emitter: PointEmitter, _ tile: RegisterTile) -> [Microkernel.ReductionLoop] {
        let lanes = target.lanes
        let unroll = RegisterTile.unroll(laneBlocks: tile.laneBlocks, registers: target.vectorRegisters)
        guard let channel = shape.channelAxis else {
            return shape.reducedAxes.map { .axis($0, count: shape.extents[$0], unroll: 1) }
        }
        let taps = shape.reducedAxes.filter { $0 != channel }.map {
            Microkernel.ReductionLoop.axis($0, count: shape.extents[$0], unroll: 1)
        }
        let extent = shape.extents[channel]
        let isPadded = shape.channelsArePadded(emitter.graph, lanes: lanes)
        if extent <= lanes && !isPadded { return taps + [.axis(channel, count: extent, unroll: unroll)] }
        return [.blocks(channel, count: (extent + lanes - 1) / lanes)] + taps
            + [.withinBlock(channel, lanes: lanes, extent: isPadded ? nil : extent, unroll: unroll)]
    }
}

/// What happens to finished sums: the element-wise nodes of the group, then the stores.
struct Epilogue {
    let shape: ContractionShape
    let emitter: PointEmitter

    /// Applies the epilogue to the sums of a tile whose first point and lane block are at `base`, and stores the group's results.
    func store(_ sums: [Register], _ tile: RegisterTile, _ base: ContractionPoint) {
        for (number, point) in tile.points(from: base).enumerated() {
            for block in 0..<tile.laneBlocks {
                var coordinates = point.absolute
                coordinates[shape.lane].outer = coordinates[shape.lane].outer + .constant(block)
                store(sums[number * tile.laneBlocks + block], at: shape.result.position.map { $0.position(coordinates) })
            }
        }
    }

    /// Applies the epilogue to one register of the contraction's result and stores the group's results.
    func store(_ sum: Register, at position: [Position]) {
        let graph = emitter.graph
        let extents = graph.extents(shape.result.value)
        let extent = extents[shape.lane]
        let active: Index? =
            extent % emitter.builder.lanes == 0 ? nil : .constant(extent) + position[shape.lane].index * -1
        let point = emitter.point(extents, at: position, lane: shape.lane, active: active)
        point.set(shape.result.value, sum)
        let registers = emitter.group.results.map { point.value($0) }
        for (value, register) in zip(emitter.group.results, registers) {
            emitter.store(register, to: value, at: position, lane: shape.lane, active: active)
        }
    }
}
