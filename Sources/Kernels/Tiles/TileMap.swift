import Graph
import LoopNest

/// A contraction as products of tiles: a tile's rows are neighbouring pixels of the operand with 32 channels each, its columns 16 outputs.
///
/// Pixels are counted through the rows of a staged copy of the operand, its padding included, so that a tap moves all pixels by the same number
/// and tiles run on over the ends of rows; what is computed for a pixel of the padding is thrown away. A strided operand is staged in its
/// *phases*, the positions that have the same remainder by the stride, each with neighbours side by side. Where no row is needed for another, those
/// of all images follow each other, so that tiles run on over the ends of images, too.
struct TileMap {
    /// A direction of the picture.
    struct Side {
        /// The point axis that runs along it, and its positions.
        var axis: Int
        var count: Int
        /// The axis of the operand, and its positions.
        var dimension: Int
        var extent: Int
        /// The operand's positions from one point to the next.
        var stride: Int
        /// The axis of the taps, if there is one.
        var tapAxis: Int?
        /// For each tap the number of its phase, and by how many of the phase's positions it reaches further than the first.
        var taps: [(phase: Int, shift: Int)]
        /// The operand's position for point 0 at the first position of each phase.
        var phases: [Int]

        /// How many more positions of a phase are read than there are points.
        var reach: Int { taps.map(\.shift).max() ?? 0 }
        /// The operand's last position that a point reads.
        var lastPosition: Int { (count - 1 + reach) * stride + phases[phases.count - 1] }
        /// The shift from one tap to the next, if that is the same for all of them, in one phase.
        var step: Int? {
            guard phases.count == 1 else { return nil }
            let steps = Set(zip(taps, taps.dropFirst()).map { $1.shift - $0.shift })
            return steps.count <= 1 ? steps.first ?? 0 : nil
        }
    }

    let shape: ContractionShape
    let columns: Side
    /// Nil where there is one row.
    let rows: Side?
    /// The point axes of which a task takes one position: none where rows run on.
    let outer: [Int]
    /// The point axes over whose positions rows run on.
    let joined: [Int]
    let channelAxis: Int
    /// The blocks of 16 channels of the operand, and of outputs.
    let channelBlocks: Int
    let outputBlocks: Int
    /// Whether a tile's row is neighbouring positions of few channels (`TileMap.packed`).
    var isPacked = false

    static let lanes = TileElement.columns
    /// The channels, neighbours or not, of a row of a tile.
    static let depth = 2 * lanes

    /// Tiles along the channels.
    var steps: Int { isPacked ? 1 : (channelBlocks + 1) / 2 }
    /// The elements of a staged position.
    var unit: Int { isPacked ? Self.packedChannels : Self.depth }
    /// The staged positions from one point to the next, and the staged rows from one row of points to the next.
    var pointStride: Int { isPacked ? columns.stride : 1 }
    var rowStride: Int { isPacked ? rows?.stride ?? 1 : 1 }
    /// Positions from one row of a phase to the next.
    var width: Int { isPacked ? packedWidth : columns.count + columns.reach }
    /// The staged rows that so many rows of points read.
    func lines(rows count: Int) -> Int { (count - 1) * rowStride + 1 + (rows?.reach ?? 0) }
    /// The rows of points that follow each other.
    var height: Int { joined.reduce(rows?.count ?? 1) { $0 * shape.extents[$1] } }
    /// Whether every row of points has its row of the operand: there is no padding above or below.
    var hasAllRows: Bool { rows.map { $0.lastPosition < $0.extent && $0.phases[0] >= 0 } ?? true }
    var phaseCount: Int { columns.phases.count * (rows?.phases.count ?? 1) }
    /// The taps, rows outermost.
    var tapCounts: (rows: Int, columns: Int) { (rows?.taps.count ?? 1, columns.taps.count) }

    /// Where a row of points lies: its position along the axis of rows, and those along the axes around it.
    func place(ofRow row: Index, outer: [Int: Index]) -> (row: Index, outer: [Int: Index]) {
        guard let rows, !joined.isEmpty else { return (row, outer) }
        var (outer, rest) = (outer, row / rows.count)
        for (number, axis) in joined.enumerated().reversed() {
            outer[axis] = number == 0 ? rest : rest % shape.extents[axis]
            rest = rest / shape.extents[axis]
        }
        return (row % rows.count, outer)
    }

    /// The positions that a strip of `rows` spans, which tiles of 16 have to cover.
    func pixels(rows: Int) -> Int { (rows - 1) * width + columns.count }
}

extension TileMap {
    /// Nil for contractions that are of no such form, or have so few channels that tiles would be empty.
    init?(_ shape: ContractionShape, _ group: Group, _ target: Target) {
        guard target.hasTiles(of: .bfloat16), shape.hasPairsOfChannels(in: group, lanes: Self.lanes),
            let channel = shape.channelAxis, shape.extents[channel] >= Self.lanes
        else { return nil }
        let extents = group.graph.extents(shape.broadcast.value)
        var sides: [Side] = []
        for dimension in shape.broadcast.position.indices where dimension != shape.channelDimension {
            guard let side = Side(shape, dimension, extent: extents[dimension], pointAxes: shape.pointAxes) else { return nil }
            sides.append(side)
        }
        let taps = sides.compactMap(\.tapAxis)
        guard let columns = sides.last, Set(sides.map(\.axis)).count == shape.pointAxes.count,
            Set(taps + [channel]) == Set(shape.reducedAxes), taps.count + 1 == shape.reducedAxes.count
        else { return nil }
        let others = sides.dropLast().dropLast()
        guard others.allSatisfy({ $0.stride == 1 && $0.phases == [0] && $0.reach == 0 }) else { return nil }
        self.shape = shape
        self.columns = columns
        rows = sides.count > 1 ? sides[sides.count - 2] : nil
        let runsOn = rows.map { $0.reach == 0 && $0.lastPosition < $0.extent && $0.phases[0] >= 0 } ?? false
        (outer, joined) = runsOn ? ([], others.map(\.axis)) : (others.map(\.axis), [])
        channelAxis = channel
        channelBlocks = (shape.extents[channel] + Self.lanes - 1) / Self.lanes
        outputBlocks = shape.laneBlockCount(Self.lanes)
    }
}

extension TileMap.Side {
    /// Nil if the positions along the axis of the operand do not follow from one point axis, and perhaps one of taps.
    ///
    /// - Parameter pointAxes: the contraction's axes that are positions of a picture; all others are taps.
    init?(_ shape: ContractionShape, _ dimension: Int, extent: Int, pointAxes: [Int]) {
        let position = shape.broadcast.position[dimension]
        let points = position.terms.filter { pointAxes.contains($0.axis) && $0.scale != 0 }
        let taps = position.terms.filter { !pointAxes.contains($0.axis) && $0.scale != 0 }
        guard position.divisor == 1, points.count == 1, points[0].scale > 0, taps.count <= 1 else { return nil }
        let stride = points[0].scale
        let first = (0..<(taps.first.map { shape.extents[$0.axis] } ?? 1)).map { position.offset + (taps.first?.scale ?? 0) * $0 }
        let places = first.map { (position: $0, remainder: ($0 % stride + stride) % stride) }
        let remainders = Set(places.map(\.remainder)).sorted()
        // The first position of all phases is that of the tap that lies furthest back.
        let start = places.map { ($0.position - $0.remainder) / stride }.min()!
        axis = points[0].axis
        count = shape.extents[points[0].axis]
        self.dimension = dimension
        self.extent = extent
        self.stride = stride
        tapAxis = taps.first?.axis
        self.taps = places.map {
            (remainders.firstIndex(of: $0.remainder)!, ($0.position - $0.remainder) / stride - start)
        }
        phases = remainders.map { start * stride + $0 }
    }
}
