import Graph

/// How much of a contraction's result one microkernel keeps in registers: some points times some blocks of lanes.
struct RegisterTile: Hashable {
    struct Side: Hashable {
        var axis: Int
        var count: Int
    }

    /// The point axes that are written out, outermost first.
    var points: [Side]
    /// The number of blocks along the lane axis.
    var laneBlocks: Int

    var pointCount: Int { points.map(\.count).reduce(1, *) }

    /// The accumulators, a register of the vector operand for each block, and one broadcast element must fit.
    static func fits(points: Int, laneBlocks: Int, registers: Int) -> Bool { points * laneBlocks + laneBlocks + 1 <= registers }

    /// How many steps of the reduction are written out.
    ///
    /// With one lane block each broadcast has one use. Where no instruction multiplies by a broadcast element (AVX2), LLVM then computes the
    /// next sum in the register of the element, and of several steps so many are in flight that 11 sums no longer fit 16 registers.
    static func unroll(laneBlocks: Int, registers: Int) -> Int { laneBlocks == 1 && registers <= 16 ? 1 : 4 }

    /// Every point of the tile, with the tile's first point at `base`.
    func points(from base: ContractionPoint) -> [ContractionPoint] {
        points.reduce([base]) { list, side in list.flatMap { point in (0..<side.count).map { point.advanced(side.axis, by: $0) } } }
    }

    /// The sizes of tiles that cover `extent` points with at most `largest` each: some of one size, then perhaps one smaller.
    static func cover(_ extent: Int, largest: Int) -> (size: Int, whole: Int, rest: Int) {
        let tiles = (extent + largest - 1) / largest
        let size = (extent + tiles - 1) / tiles
        return (size, extent / size, extent % size)
    }

    /// The cycles of one step of the reduction: as many as its multiplications, its loads (two of either a cycle) or the latency of the
    /// chain (4 cycles at two a cycle) ask for, whichever is most, and a little for the loop itself.
    static func cycles(_ points: Int, _ blocks: Int) -> Double { Double(max(points * blocks, points + blocks, 8)) + 0.75 }

    /// The tile for `extent` points in a row and `laneBlocks` blocks that takes the fewest cycles.
    ///
    /// - Parameter isEven: whether the tile's lane blocks must divide `laneBlocks`.
    static func best(axis: Int, extent: Int, laneBlocks: Int, registers: Int, isEven: Bool = false) -> RegisterTile {
        var best = RegisterTile(points: [Side(axis: axis, count: 1)], laneBlocks: 1)
        var least = Double.infinity
        for blocks in 1...max(1, min(laneBlocks, 6)) where !isEven || laneBlocks % blocks == 0 {
            for largest in 1...max(1, min(extent, 28)) where fits(points: largest, laneBlocks: blocks, registers: registers) {
                let (size, whole, rest) = cover(extent, largest: largest)
                let (groups, last) = laneBlocks.quotientAndRemainder(dividingBy: blocks)
                func row(_ blocks: Int) -> Double { Double(whole) * cycles(size, blocks) + (rest > 0 ? cycles(rest, blocks) : 0) }
                let total = Double(groups) * row(blocks) + (last > 0 ? row(last) : 0)
                if total < least * 0.999 {
                    least = total
                    best = RegisterTile(points: [Side(axis: axis, count: size)], laneBlocks: blocks)
                }
            }
        }
        return best
    }
}
