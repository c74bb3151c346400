/// How the work of a direct contraction is cut. The order of arithmetic does not depend on it, so neither do results.
struct DirectSchedule: ContractionSchedule {
    /// The positions of the innermost axis of rows that a task takes.
    var rows: Int
    /// Into how many parts the lane blocks are split over tasks.
    var laneParts: Int
    /// The points and the lane blocks that stay in registers.
    var points: Int
    var laneBlocks: Int

    private enum CodingKeys: String, CodingKey {
        case rows, points
        case laneParts = "lane_parts"
        case laneBlocks = "lane_blocks"
    }

    var text: String { "\(rows) rows, \(points) x \(laneBlocks) registers, \(laneParts) parts" }
    var kind: [Int] { [points, laneBlocks, laneParts, rows.magnitudeClass] }
}

extension ResultStationary {
    /// The register tiles that are tried, and into how many groups of rows the work is cut at most.
    private static let mostTiles = 6
    private static let mostRowGroups = 16

    /// Whether a schedule, which may come from a file, can be lowered.
    func allows(_ schedule: DirectSchedule) -> Bool {
        let blocks = shape.laneBlockCount(target.lanes)
        guard (1...height).contains(schedule.rows), (1...shape.extents[tileAxis]).contains(schedule.points),
            (1...blocks).contains(schedule.laneBlocks), (1...blocks).contains(schedule.laneParts),
            RegisterTile.fits(
                points: schedule.points, laneBlocks: schedule.laneBlocks, registers: numerics.accumulatorRegisters(of: target)),
            schedule.laneParts == 1
                || blocks % schedule.laneBlocks == 0 && blocks / schedule.laneBlocks % schedule.laneParts == 0
        else { return false }
        return schedule.rows == 1 || stagedBytes(rows: schedule.rows) <= target.caches.level2
    }

    /// Schedules that are worth a try, with the cycles that the thread with the most work takes, in no order.
    func candidates() -> [(schedule: DirectSchedule, cycles: Double)] {
        let blocks = shape.laneBlockCount(target.lanes)
        let extent = shape.extents[tileAxis]
        guard extent > 0, height > 0, !shape.isEmpty else { return [] }
        let registers = numerics.accumulatorRegisters(of: target)
        var tiles: Set<RegisterTile> = []
        for laneBlocks in 1...min(blocks, 6) {
            for largest in 1...min(extent, 28) where RegisterTile.fits(points: largest, laneBlocks: laneBlocks, registers: registers) {
                let size = RegisterTile.cover(extent, largest: largest).size
                tiles.insert(RegisterTile(points: [.init(axis: tileAxis, count: size)], laneBlocks: laneBlocks))
            }
        }
        let best = tiles.map { ($0, arithmetic($0)) }
            .sorted { ($0.1, $0.0.pointCount, $0.0.laneBlocks) < ($1.1, $1.0.pointCount, $1.0.laneBlocks) }.prefix(Self.mostTiles).map(\.0)
        let rowCounts = Set((1...min(height, Self.mostRowGroups)).map { (height + $0 - 1) / $0 } + [1, 2, 4].filter { $0 <= height })
        var found: [(DirectSchedule, Double)] = []
        for rows in rowCounts.sorted() {
            let stagedBytes = stagedBytes(rows: rows)
            for tile in best {
                for parts in 1...min(blocks, 4 * target.cores) {
                    let schedule = DirectSchedule(rows: rows, laneParts: parts, points: tile.pointCount, laneBlocks: tile.laneBlocks)
                    guard allows(schedule) else { continue }
                    let cut = Cut(rows: rows, laneParts: parts, tile: tile)
                    found.append((schedule, cycles(cut, height: height, stagedBytes: stagedBytes)))
                }
            }
        }
        return found
    }

    /// The schedule as it was chosen.
    var schedule: DirectSchedule {
        DirectSchedule(
            rows: rows.count > 1 ? rows[rows.count - 1].count : 1, laneParts: laneParts, points: tile.pointCount,
            laneBlocks: tile.laneBlocks)
    }

    /// The positions of the axis of rows that tasks share out.
    private var height: Int { rows.count > 1 ? shape.extents[rows[rows.count - 1].axis] : 1 }

    private func stagedBytes(rows count: Int) -> Int { isStaged ? region(rows: rows.count > 1 ? count : 1).bytes : 0 }

    /// Cuts the work as measured.
    mutating func apply(_ schedule: DirectSchedule) {
        if rows.count > 1 { rows[rows.count - 1].count = schedule.rows }
        laneParts = schedule.laneParts
        tile = RegisterTile(points: [.init(axis: tileAxis, count: schedule.points)], laneBlocks: schedule.laneBlocks)
    }
}
