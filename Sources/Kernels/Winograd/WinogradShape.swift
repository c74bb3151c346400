import Graph

/// A convolution as Winograd's algorithm needs it: two-dimensional, of stride 1, not dilated, over channels in whole blocks.
struct WinogradShape {
    let shape: ContractionShape
    /// The number of images, the channels that are summed over, and those of the result.
    let images: Int
    let inputChannels: Int
    let outputChannels: Int
    /// The result's height and width, and the operand's.
    let outputExtents: [Int]
    let inputExtents: [Int]
    let taps: [Int]
    /// How far the first tap of the first output lies before the operand.
    let padding: [Int]

    /// Nil for any other contraction.
    init?(_ shape: ContractionShape, _ group: Group, lanes: Int) {
        let graph = group.graph
        let extents = shape.extents
        guard shape.resultRank == 4, extents.count == 7, shape.lane == 1, !shape.isEmpty, shape.channelsArePadded(graph, lanes: lanes),
            let channel = shape.channelAxis, graph.layout(shape.broadcast.value).blocks.map(\.axis) == [1],
            graph.layout(shape.vector.value).blocks.map(\.axis) == [1, 0], graph[shape.broadcast.value].type.element == .f32,
            shape.broadcast.position[0].singleAxis == 0, shape.vector.dimension(of: 1) == 0, shape.vector.dimension(of: channel) == 1
        else { return nil }
        var taps: [Int] = []
        var padding: [Int] = []
        for side in [2, 3] {
            let position = shape.broadcast.position[side]
            let tapAxes = position.terms.filter { $0.axis >= shape.resultRank }
            let points = position.terms.filter { $0.axis < shape.resultRank }
            // A side of one tap may be addressed by the point alone.
            guard position.divisor == 1, points.count == 1, points[0].axis == side, points[0].scale == 1, tapAxes.count == 1,
                tapAxes[0].scale == 1, shape.vector.position[side].singleAxis == tapAxes[0].axis
            else { return nil }
            taps.append(extents[tapAxes[0].axis])
            padding.append(-position.offset)
        }
        let operand = graph.extents(shape.broadcast.value)
        self.shape = shape
        images = extents[0]
        inputChannels = extents[channel]
        outputChannels = extents[1]
        outputExtents = [extents[2], extents[3]]
        inputExtents = [operand[2], operand[3]]
        self.taps = taps
        self.padding = padding
    }

    /// Multiply-accumulates as the convolution is written.
    var multiplications: Int { images * inputChannels * outputChannels * (outputExtents + taps).reduce(1, *) }
}
