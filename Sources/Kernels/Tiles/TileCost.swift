import Graph
import LoopNest

/// How long a contraction takes on tiles, and how its work is cut.
struct TileCost {
    let map: TileMap
    let group: Group
    let target: Target
    let products: SplitProducts
    private let model: CostModel
    private let speed: TileSpeed

    /// The most sums of a strip, so that they lie in the first-level cache beside what is multiplied.
    private static let mostTilesOfStrip = 12
    /// The most tiles of any strip, whose sums take 2 KiB each.
    private static let mostTiles = 1 << 10

    init(_ map: TileMap, _ group: Group, _ target: Target, _ products: SplitProducts) {
        (self.map, self.group, self.target, self.products) = (map, group, target, products)
        (model, speed) = (CostModel(target), target.speed.tiles)
    }

    /// What one thread takes, which does not depend on how many others there are.
    var cycles: Double {
        let cut = TileSchedule(rows: roomiest, stripRows: bestStrip, outputParts: 1)
        return model.together(sums(cut) + staging(cut), model.memory(bytes: weights.bytes, threads: 1))
            + weights.cyclesOfRun(threads: 1, model)
    }

    /// Whether a single row of points is short enough for a strip: no schedule is allowed else.
    var isPossible: Bool { tiles(1) <= Self.mostTiles }

    /// The cut with which the thread with the most work takes the least time, and what that is.
    var best: (schedule: TileSchedule, cycles: Double) {
        candidates.min {
            ($0.cycles, -$0.schedule.rows, $0.schedule.outputParts) < ($1.cycles, -$1.schedule.rows, $1.schedule.outputParts)
        }!
    }

    /// Cuts that are allowed, with what the thread with the most work takes.
    var candidates: [(schedule: TileSchedule, cycles: Double)] {
        let strips = map.isPacked ? [1] : Set([bestStrip, 1, 2, 4].filter { $0 <= map.height })
        return strips.sorted().flatMap { strip in
            let most = (map.height + strip - 1) / strip
            // Tasks of as many strips as come out even.
            return Set((1...most).map { (most + $0 - 1) / $0 }).sorted().flatMap { count in
                partCounts.compactMap { parts in
                    let schedule = TileSchedule(rows: count * strip, stripRows: strip, outputParts: parts)
                    return allows(schedule) ? (schedule, longest(schedule)) : nil
                }
            }
        }
    }

    /// Whether a schedule, which may come from a file, can be lowered.
    func allows(_ schedule: TileSchedule) -> Bool {
        guard (1...(map.isPacked ? 1 : map.height)).contains(schedule.stripRows), schedule.rows >= schedule.stripRows,
            schedule.rows < map.height + schedule.stripRows, schedule.rows % schedule.stripRows == 0,
            tiles(schedule.stripRows) <= Self.mostTiles,
            partCounts.contains(schedule.outputParts)
        else { return false }
        return schedule.rows == schedule.stripRows || staging(schedule).bytes <= target.caches.level2 / 2
    }

    /// Into how many parts the panels of outputs can be split: all alike.
    private var partCounts: [Int] {
        guard map.outputBlocks % 2 == 0 else { return [1] }
        return (1...4 * target.cores).filter { map.outputBlocks / 2 % $0 == 0 }
    }

    private func tiles(_ stripRows: Int) -> Int { (map.pixels(rows: stripRows) + TileElement.rows - 1) / TileElement.rows }

    private func staging(_ cut: TileSchedule) -> TileStaging {
        TileStaging(map: map, products: products, rows: cut.rows, stripRows: cut.stripRows, stripTiles: tiles(cut.stripRows))
    }

    /// The strip whose tiles have the least that is thrown away.
    private var bestStrip: Int {
        let most = (1...(map.isPacked ? 1 : map.height)).last { tiles($0) <= Self.mostTilesOfStrip } ?? 1
        func cycles(_ rows: Int) -> Double { Double((map.height + rows - 1) / rows) * strip(rows, blocks: 2) }
        return (1...most).min { (cycles($0), -$0) < (cycles($1), -$1) }!
    }

    /// The rows of a task where there are as few tasks as copies can have that take no more than their part of the second-level cache.
    private var roomiest: Int {
        let strip = bestStrip
        let strips = (map.height + strip - 1) / strip
        let counts = (1...strips).lazy.map { (strips + $0 - 1) / $0 * strip }
        return counts.first { allows(TileSchedule(rows: $0, stripRows: strip, outputParts: 1)) } ?? strip
    }

    private var weights: TileWeights { TileWeights(map: map, products: products, group: group) }
    private var outerCount: Int { map.outer.reduce(1) { $0 * map.shape.extents[$1] } }

    /// The products of a strip for a panel.
    private func strip(_ rows: Int, blocks: Int) -> Double {
        let tiles = tiles(rows)
        let steps = map.steps * map.tapCounts.rows * map.tapCounts.columns
        return Double(steps) * (Double(tiles / 2) * step(2, blocks) + Double(tiles % 2) * step(1, blocks))
    }

    /// One step of `tiles` tiles of pixels and `blocks` of outputs: the operand comes from the first-level cache, weights from the second.
    private func step(_ tiles: Int, _ blocks: Int) -> Double {
        let loads = Double(products.loads.operand * tiles) * speed.load + Double(products.loads.weights * blocks) * speed.level2Load
        return Double(products.order.count * tiles * blocks) * speed.product + speed.unhidden * loads
    }

    /// Products and epilogues of all strips.
    private func sums(_ cut: TileSchedule) -> Double {
        let strips = Double(outerCount * ((map.height + cut.rows - 1) / cut.rows) * (cut.rows / cut.stripRows))
        let panels = Double(map.outputBlocks / 2) * strip(cut.stripRows, blocks: 2)
        let last = map.outputBlocks % 2 == 1 ? strip(cut.stripRows, blocks: 1) : 0
        let stored = Double(outerCount * map.height * map.columns.count * map.outputBlocks) * (2 * model.store + model.load)
        return strips * (panels + last) + stored
    }

    /// The copies that all tasks make of the operand, for one part of the outputs.
    private func staging(_ cut: TileSchedule) -> Double {
        let tasks = outerCount * ((map.height + cut.rows - 1) / cut.rows)
        if map.isPacked {
            // An element of each part at a time.
            let elements = tasks * map.lines(rows: cut.rows) * map.width * map.shape.extents[map.channelAxis]
            return Double(elements * products.parts) * (1 + model.store)
        }
        let rows = tasks * map.lines(rows: cut.rows) * map.phaseCount * map.width * map.steps
        return Double(rows) * (2 * model.load + Double(products.parts) * (2 + model.store))
    }

    /// What the thread with the most work takes.
    private func longest(_ cut: TileSchedule) -> Double {
        let shares = outerCount * ((map.height + cut.rows - 1) / cut.rows)
        let tasks = shares * cut.outputParts
        let turns = Double((tasks + target.cores - 1) / target.cores)
        let task = sums(cut) / Double(tasks) + staging(cut) / Double(shares) + model.task
        let bytes = weights.bytes / cut.outputParts
        let operand = group.graph.storedBytes(map.shape.broadcast.value) / shares
        let streams = (turns - 1) * model.level3(bytes: bytes) + model.memory(bytes: bytes, threads: 1)
        // A panel's weights stay in the second-level cache beside the copy for all strips, or come again for each.
        let panel = weights.bytes * 2 / max(2, map.outputBlocks)
        let isKept = panel + staging(cut).bytes <= target.caches.level2 * 3 / 4
        let again = isKept ? 0 : turns * Double(cut.rows / cut.stripRows - 1) * model.level3(bytes: bytes)
        return turns * task + 0.3 * (streams + again + turns * model.level3(bytes: operand))
            + weights.cyclesOfRun(threads: target.cores, model)
    }
}
