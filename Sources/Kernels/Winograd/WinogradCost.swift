import Graph
import LoopNest
import Synchronization

/// What a Winograd convolution takes, and how its work is best cut.
struct WinogradCost {
    /// Tiles along the height and the width.
    static func grid(_ problem: WinogradShape, _ form: WinogradForm) -> [Int] {
        zip(problem.outputExtents, form.outputs).map { ($0 + $1 - 1) / $1 }
    }

    let problem: WinogradShape
    let form: WinogradForm
    let target: Target
    private let tileCount: Int
    private let inputBlocks: Int
    private let outputBlocks: Int
    private let phaseCount: Int
    /// The matrix products of a tile: a position and a phase each.
    private let panels: Int

    init(_ problem: WinogradShape, _ form: WinogradForm, _ target: Target) {
        self.problem = problem
        self.form = form
        self.target = target
        tileCount = problem.images * Self.grid(problem, form).reduce(1, *)
        inputBlocks = (problem.inputChannels + target.lanes - 1) / target.lanes
        outputBlocks = (problem.outputChannels + target.lanes - 1) / target.lanes
        phaseCount = problem.phases.count
        panels = problem.classes(of: form).reduce(0) { $0 + $1.panelCount }
    }

    private var model: CostModel { CostModel(target) }
    private var weightBytes: Int { panels * inputBlocks * outputBlocks * target.lanes * target.lanes * StoredElement.f32.size }

    /// What a schedule follows from.
    private struct Key: Hashable {
        var tileCount: Int
        var inputChannels: Int
        var packing: WinogradShape.Packing?
        var weightsChange: Bool
        var operandOperations: Int
        var inputBlocks: Int
        var outputBlocks: Int
        var panels: Int
        var weightsAreLarge: Bool
        var form: WinogradForm
        var target: Target
        var threads: Int
    }

    private static let known = Mutex<[Key: (schedule: WinogradSchedule, cycles: Double)]>([:])

    /// The best schedule for a number of threads, and the cycles that the thread with the most work then takes.
    ///
    /// Networks repeat their shapes: what was found once is kept.
    func best(threads: Int) -> (schedule: WinogradSchedule, cycles: Double) {
        let key = Key(
            tileCount: tileCount, inputChannels: problem.inputChannels, packing: problem.packing, weightsChange: problem.weightsChange,
            operandOperations: problem.operandOperations, inputBlocks: inputBlocks, outputBlocks: outputBlocks, panels: panels,
            weightsAreLarge: weightsAreLarge, form: form, target: target, threads: threads)
        if let known = Self.known.withLock({ $0[key] }) { return known }
        let found = search(threads: threads)
        Self.known.withLock { $0[key] = found }
        return found
    }

    private func search(threads: Int) -> (schedule: WinogradSchedule, cycles: Double) {
        let candidates = candidates(threads: threads)
        func least(_ isLean: Bool) -> (schedule: WinogradSchedule, cycles: Double)? {
            var best: (schedule: WinogradSchedule, cycles: Double)?
            for candidate in candidates
            where candidate.schedule.transformsWeights == isLean && candidate.cycles < (best?.cycles ?? .infinity) * 0.999 {
                best = candidate
            }
            return best
        }
        guard let best = least(false) else { preconditionFailure("one group of tiles is always possible") }
        if let leanest = least(true), leanest.cycles < best.cycles * Self.leanFactor { return leanest }
        return best
    }

    /// All schedules that are tried, with the cycles that the thread with the most work takes.
    func candidates(threads: Int) -> [(schedule: WinogradSchedule, cycles: Double)] {
        var candidates: [(WinogradSchedule, Double)] = []
        for parts in [1, 2, 4, 8, 16] where outputBlocks % parts == 0 && (parts == 1 || parts <= 2 * threads) {
            for groups in groupCounts(threads: threads) {
                let tiles = (tileCount + groups - 1) / groups
                for (registerTiles, laneBlocks) in registerTiles(tiles) {
                    for chunk in chunks(of: outputBlocks / parts, laneBlocks) {
                        var schedule = WinogradSchedule(
                            tiles: tiles, registerTiles: registerTiles, laneBlocks: laneBlocks, chunk: chunk, parts: parts)
                        candidates.append((schedule, cycles(schedule, threads: threads)))
                        guard weightsAreLarge && chunk <= 4 else { continue }
                        schedule.transformsWeights = true
                        candidates.append((schedule, cycles(schedule, threads: threads)))
                    }
                }
            }
        }
        return candidates
    }

    /// The tiles that a group has at most.
    private static let mostTiles = 256

    /// Whether a schedule, which may come from a file, can be lowered.
    func allows(_ schedule: WinogradSchedule) -> Bool {
        (1...min(tileCount, Self.mostTiles)).contains(schedule.tiles) && (1...schedule.tiles).contains(schedule.registerTiles)
            && (1...outputBlocks).contains(schedule.laneBlocks)
            && RegisterTile.fits(points: schedule.registerTiles, laneBlocks: schedule.laneBlocks, registers: target.vectors.registers)
            && (1...outputBlocks).contains(schedule.parts) && outputBlocks % schedule.parts == 0
            && (1...outputBlocks / schedule.parts).contains(schedule.chunk) && outputBlocks / schedule.parts % schedule.chunk == 0
            && (problem.packing == nil || !schedule.transformsWeights)
    }

    /// How much slower a convolution may be for not keeping large transformed weights.
    private static let leanFactor = 1.15

    /// Whether the transformed weights would take a noticeable part of a network's memory, and more than the activations beside them.
    private var weightsAreLarge: Bool {
        let activations =
            problem.inputChannels * problem.inputExtents.reduce(1, *) + problem.outputChannels * problem.outputExtents.reduce(1, *)
        return problem.packing == nil && weightBytes >= 8 << 20 && weightBytes >= 4 * 4 * problem.images * activations
    }

    /// Into how many groups the tiles may be cut: few sizes, of every magnitude.
    private func groupCounts(threads: Int) -> [Int] {
        let sizes = [4, 6, 7, 8, 10, 12, 14, 21, 24, 28, 36, 42, 49, 56, 64, 70, 84, 98, 112, 140, 168, 196]
        var counts = Set(sizes.filter { $0 <= tileCount }.map { (tileCount + $0 - 1) / $0 } + [max(1, tileCount / 196), 1])
        // The threads should end together.
        counts.formUnion(counts.map { ($0 + threads - 1) / threads * threads }.filter { $0 <= tileCount })
        return counts.filter { (tileCount + $0 - 1) / $0 <= Self.mostTiles }.sorted()
    }

    /// How many blocks of output channels may be kept at a time: divisors of those of a task, near few sizes, the largest first, since fewer
    /// turns are better where the model sees no difference.
    private func chunks(of blocks: Int, _ laneBlocks: Int) -> [Int] {
        let divisors = (1...blocks).filter { blocks % $0 == 0 && ($0 >= laneBlocks || $0 == blocks) }
        return Set([2, 4, 8].compactMap { size in divisors.min { abs($0 - size) < abs($1 - size) } } + [divisors[divisors.count - 1]])
            .sorted(by: >)
    }

    /// Register tiles worth a try for a group of `tiles`.
    private func registerTiles(_ tiles: Int) -> [(Int, Int)] {
        (min(2, outputBlocks)...min(4, outputBlocks)).compactMap { blocks in
            (1...28).last { RegisterTile.fits(points: $0, laneBlocks: blocks, registers: target.vectors.registers) }
                .map { (RegisterTile.cover(tiles, largest: $0).size, blocks) }
        }
    }

    /// What the thread with the most work takes.
    ///
    /// A turn is a task: it transforms its tiles, multiplies them with its part of the weights, and transforms the products back. Beside
    /// the arithmetic and what moves between the caches, the weights stream past every group of tiles.
    private func cycles(_ schedule: WinogradSchedule, threads: Int) -> Double {
        let groups = (tileCount + schedule.tiles - 1) / schedule.tiles
        let turns = (groups * schedule.parts + threads - 1) / threads
        let turn =
            products(schedule) + transforms(schedule) + traffic(schedule, threads: threads)
            + (schedule.transformsWeights ? weightTransforms(schedule) : 0)
        let streams = weightStreams(schedule, turns: turns, threads: threads)
        let compute = turn * Double(turns) * target.speed.filtering
        // Weights as they are written lie in short pieces: a transform waits for most of them.
        let together = schedule.transformsWeights ? compute + streams : model.together(compute, streams)
        let transforming = problem.weightsChange && !schedule.transformsWeights ? transformingOnce(threads: threads) : 0
        return together + model.task * Double(turns) + packingCycles / Double(threads) + transforming
    }

    /// What a thread takes for its share of transforming the weights once a run. Writing them in as many streams as there are positions
    /// takes longer than the arithmetic: 12 GB/s were measured, wherever they go.
    private func transformingOnce(threads: Int) -> Double {
        Self.writesOfTransform * model.memory(bytes: weightBytes, threads: threads) / Double(threads)
    }

    /// How much longer such writes take than reads from memory.
    private static let writesOfTransform = 3.0

    /// The matrix products of a task, with storing the sums and starting the loops.
    private func products(_ schedule: WinogradSchedule) -> Double {
        let blocks = outputBlocks / schedule.parts
        let (whole, rest) = schedule.tiles.quotientAndRemainder(dividingBy: schedule.registerTiles)
        func steps(_ laneBlocks: Int) -> Double {
            Double(whole) * RegisterTile.cycles(schedule.registerTiles, laneBlocks)
                + (rest > 0 ? RegisterTile.cycles(rest, laneBlocks) : 0)
        }
        let (groups, last) = schedule.chunk.quotientAndRemainder(dividingBy: schedule.laneBlocks)
        let perChunk = Double(groups) * steps(schedule.laneBlocks) + (last > 0 ? steps(last) : 0)
        let perPanel = Double(blocks / schedule.chunk) * perChunk * Double(problem.inputChannels)
        let stores = Double(schedule.tiles * blocks) * model.store
        let starts = Double(blocks / schedule.laneBlocks * (whole + 1)) * Self.startCycles
        // Long sums are made of short ones, each of which joins what lies in memory.
        let sums = (inputBlocks * phaseCount * target.lanes + WinogradProducts.channelsOfSum - 1) / WinogradProducts.channelsOfSum
        let joins = Double(sums - 1) * (Double(schedule.tiles * blocks) * model.load + stores + starts)
        return Double(panels) * perPanel + Double(form.positions) * (stores + starts + joins)
    }

    /// The transforms of a task's tiles and of their products: arithmetic beside loads and stores.
    private func transforms(_ schedule: WinogradSchedule) -> Double {
        func transform(_ operations: Int, writes: Int) -> Double {
            max(Double(operations), Double(form.positions) * model.load) + Double(writes) * model.store
        }
        let loading = form.positions * problem.operandOperations
        let input = transform(form.inputOperations + loading, writes: form.positions) * Double(inputBlocks * phaseCount)
        let output = transform(form.outputOperations, writes: form.outputs.reduce(1, *)) * Double(outputBlocks / schedule.parts)
        return Double(schedule.tiles) * (input + output)
    }

    /// What a task reads and writes beyond the first-level cache: its transformed input once a chunk, the products twice. What the
    /// threads keep together may exceed even the last level, which weights and activations pass through as well.
    private func traffic(_ schedule: WinogradSchedule, threads: Int) -> Double {
        let chunks = outputBlocks / schedule.parts / schedule.chunk
        let transformed = panels * inputBlocks * schedule.tiles * target.lanes * StoredElement.f32.size
        let products = form.positions * schedule.chunk * schedule.tiles * target.lanes * StoredElement.f32.size
        let kept = transformed + products
        if kept > target.caches.level2 * 3 / 4 {
            let bytes = transformed * (1 + chunks) + products * 2 * chunks
            let exceeds = kept * model.sharing(threads) > target.caches.level3 / 3
            return 0.5 * (exceeds ? model.memory(bytes: bytes, threads: threads) : model.level3(bytes: bytes))
        }
        return kept > target.caches.level1 ? 0.25 * model.level2(bytes: transformed * 2 + products * 2 * chunks) : 0
    }

    /// What a task takes to transform the weights of its part, a row of positions at a time.
    private func weightTransforms(_ schedule: WinogradSchedule) -> Double {
        let pairs = Double(outputBlocks / schedule.parts * inputBlocks * target.lanes)
        let loads = Double(problem.originalTaps * form.sizes[0]) * model.load
        let rows = Double(form.sizes[0] * phaseCount) * Self.rowCycles
        return pairs * (Double(form.filterOperations * phaseCount) + loads + Double(panels) * model.store + rows)
    }

    /// What the weights of the thread's tasks take on their way. Neighbouring tasks have different parts of the weights: each part comes
    /// from memory the first time, then from the last level where all fit.
    private func weightStreams(_ schedule: WinogradSchedule, turns: Int, threads: Int) -> Double {
        let firsts = Double(min(turns, schedule.parts))
        let laters = Double(turns) - firsts
        if schedule.transformsWeights {
            let bytes = weightBytes / (schedule.parts * panels) * problem.originalTaps / phaseCount
            return firsts * model.weights(bytes: bytes, threads: threads) + laters * model.level3(bytes: bytes)
        }
        let bytes = weightBytes / schedule.parts
        let first = model.weights(bytes: bytes, threads: threads)
        return firsts * first + laters * (weightBytes > target.caches.level3 / 2 ? first : model.level3(bytes: bytes))
    }

    /// What packing the operand takes: an element at a time.
    private var packingCycles: Double {
        problem.packing == nil
            ? 0 : Double(problem.images * problem.inputChannels * problem.inputExtents.reduce(1, *)) * (model.load + model.store)
    }

    /// Starting the loop of a register tile, and transforming a row of a filter beside its operations. Measured.
    private static let startCycles = 20.0
    private static let rowCycles = 12.0
}
