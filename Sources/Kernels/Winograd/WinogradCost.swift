import Graph

/// What a Winograd convolution takes, and how its work is best cut.
struct WinogradCost {
    /// Tiles along the height and the width.
    static func grid(_ problem: WinogradShape, _ form: WinogradForm) -> [Int] {
        zip(problem.outputExtents, form.outputs).map { ($0 + $1 - 1) / $1 }
    }

    let problem: WinogradShape
    let form: WinogradForm
    let target: Target

    var tileCount: Int { problem.images * Self.grid(problem, form).reduce(1, *) }
    var inputBlocks: Int { (problem.inputChannels + target.lanes - 1) / target.lanes }
    var outputBlocks: Int { (problem.outputChannels + target.lanes - 1) / target.lanes }

    /// A schedule for this shape: the search is over the number of tiles a task takes.
    func schedule() -> WinogradSchedule {
        let wanted = target.vectorRegisters >= 32 ? 14 : 6
        let laneBlocks = min(2, outputBlocks)
        let bytes = form.positions * (inputBlocks + 4) * target.lanes * 4
        let fit = max(1, target.level2Bytes * 3 / 4 / bytes)
        var groups = max(1, (tileCount + fit - 1) / fit)
        if groups > 1 || tileCount >= 2 * wanted { groups = (groups + 1) / 2 * 2 }
        let tiles = (tileCount + groups - 1) / groups
        let (size, _, _) = RegisterTile.cover(tiles, largest: wanted)
        var parts = 1
        while groups * parts < 2, outputBlocks % (parts * 2) == 0 { parts *= 2 }
        return WinogradSchedule(tiles: tiles, registerTiles: size, laneBlocks: laneBlocks, chunk: min(4, outputBlocks / parts), parts: parts)
    }
}
