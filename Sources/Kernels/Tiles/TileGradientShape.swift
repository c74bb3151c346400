import Graph
import LoopNest

/// The gradient of a convolution's weights as products of tiles: `dw[o, i, r, s] = sum over n, y, x of x[n, i, …] * dy[n, o, y, x]`.
///
/// What is summed are pixels. A row of the first factor is a channel of `x` with 32 neighbouring pixels, a row of the second two neighbouring
/// pixels of `dy` with 16 channels each. Pixels are counted through the rows of staged copies of both, which are as wide as the rows of `x` with
/// their padding, so that a tap moves all pixels of `x` by the same number; where `dy` has no pixel, zeros stand. A strided `x` lies in its
/// phases, as in `TileMap`.
struct TileGradientShape {
    let shape: ContractionShape
    /// The sides of the picture: their points are pixels of `dy`, their taps those of the weight. Nil where there is one row.
    let columns: TileMap.Side
    let rows: TileMap.Side?
    let imageAxis: Int
    let channelAxis: Int
    /// The blocks of 16 channels of `x`, and of `dy`.
    let inputBlocks: Int
    let outputBlocks: Int
    /// How many operations compute an element of `x`: none where it lies in memory.
    let operandOperations: Int

    static let lanes = TileElement.columns
    /// The pixels of a tile.
    static let depth = 2 * lanes

    /// Nil for any other contraction.
    init?(_ shape: ContractionShape, _ group: Group, _ target: Target) {
        let graph = group.graph
        let dimension = shape.channelDimension
        guard target.hasTiles(of: .bfloat16), !shape.isEmpty, !shape.reducesChannels, let channel = shape.channelAxis,
            dimension > 0, shape.extents[channel] >= Self.lanes, shape.extents[shape.lane] >= Self.lanes,
            let image = shape.broadcast.position[0].singleAxis, image >= shape.resultRank,
            let row = shape.result.dimension(of: channel), let column = shape.result.dimension(of: shape.lane),
            graph.layout(shape.result.value).blocks == [row, column].map({ .init(axis: $0, size: Self.lanes) }),
            [shape.broadcast, shape.vector].allSatisfy({
                graph.layout($0.value).blocks == [.init(axis: dimension, size: Self.lanes)] && graph[$0.value].type.element == .f32
                    && $0.position.count == shape.broadcast.position.count
            }),
            shape.vector.position[0].singleAxis == image, shape.vector.position[dimension].singleAxis == shape.lane
        else { return nil }
        let pixels = shape.reducedAxes.filter { $0 != image }
        let extents = graph.extents(shape.broadcast.value)
        var sides: [TileMap.Side] = []
        for number in shape.broadcast.position.indices.dropFirst() where number != dimension {
            guard let side = TileMap.Side(shape, number, extent: extents[number], pointAxes: pixels),
                shape.vector.position[number].singleAxis == side.axis
            else { return nil }
            sides.append(side)
        }
        let taps = shape.pointAxes.filter { $0 != channel && shape.extents[$0] > 1 }
        guard (1...2).contains(sides.count), Set(sides.map(\.axis)) == Set(pixels), sides.count == pixels.count,
            Set(sides.compactMap(\.tapAxis)).isSuperset(of: taps), shape.result.position.allSatisfy({ $0.singleAxis != nil })
        else { return nil }
        self.shape = shape
        columns = sides[sides.count - 1]
        rows = sides.count > 1 ? sides[0] : nil
        (imageAxis, channelAxis) = (image, channel)
        inputBlocks = (shape.extents[channel] + Self.lanes - 1) / Self.lanes
        outputBlocks = shape.laneBlockCount(Self.lanes)
        operandOperations = group.operations(computing: shape.broadcast.value)
    }

    var images: Int { shape.extents[imageAxis] }
    /// The rows of `dy`.
    var height: Int { rows?.count ?? 1 }
    /// The staged positions of a row, of `dy` and of a phase of `x`.
    var width: Int { columns.count + columns.reach }
    var phaseCount: Int { columns.phases.count * (rows?.phases.count ?? 1) }
    var taps: Int { columns.taps.count * (rows?.taps.count ?? 1) }
    /// By how many positions the last tap reaches further than the first.
    var reach: Int { (rows?.reach ?? 0) * width + columns.reach }
    /// The staged rows of a phase of `x` for so many rows of `dy`.
    func lines(rows count: Int) -> Int { count + (rows?.reach ?? 0) }
}
