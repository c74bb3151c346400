import Graph

/// A convolution as Winograd's algorithm needs it: two-dimensional, not dilated, over channels in whole blocks (or few channels that lie
/// row-major, which are packed into blocks first).
///
/// One of stride s is the sum of convolutions of stride 1, one a *phase*: the taps s * t + phase meet the operand's elements
/// s * i + phase. So its phases are more channels to sum over, each with a filter of ceil((r - phase) / s) taps.
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
    let strides: [Int]
    /// How far the first tap of the first output lies before the operand.
    let padding: [Int]
    /// Whether the filter is read from its last tap to its first along a side: so does the gradient of the data.
    let isReversed: [Bool]
    /// The axes of the weight that the result's channels run along, and those that are summed over.
    let outputAxis: Int
    let inputAxis: Int
    /// Whether the weights change from run to run, as they do in training, so that each run transforms them.
    let weightsChange: Bool
    /// How many operations compute an element of the operand, besides those of whole channels: none where it lies in memory.
    let operandOperations: Int
    /// Where the operand is packed first; the properties above are those of the convolution over what is packed.
    let packing: Packing?

    /// The rearrangement of a row-major operand of few channels: the channels of all phases side by side in one or a few blocks, so that
    /// a stem's three channels fill the lanes and its stride disappears.
    struct Packing: Hashable {
        static let mostChannels = 64
        var channels: Int
        var inputExtents: [Int]
        var taps: [Int]
        var strides: [Int]
        var padding: [Int]

        /// The packed channel of a channel in a phase.
        func channel(_ channel: Int, phase: [Int]) -> Int { (phase[0] * strides[1] + phase[1]) * channels + channel }
    }

    /// Nil for any other contraction.
    init?(_ shape: ContractionShape, _ group: Group, lanes: Int) {
        let graph = group.graph
        let extents = shape.extents
        let (operandBlocks, weightBlocks) = (
            graph.layout(shape.broadcast.value).blocks.map(\.axis), graph.layout(shape.vector.value).blocks.map(\.axis)
        )
        guard shape.resultRank == 4, extents.count == 7, shape.lane == 1, !shape.isEmpty, let channel = shape.channelAxis,
            graph[shape.broadcast.value].type.element == .f32, shape.broadcast.position[0].singleAxis == 0,
            let outputAxis = shape.vector.dimension(of: 1), let inputAxis = shape.vector.dimension(of: channel),
            outputAxis < 2, inputAxis < 2, outputAxis != inputAxis
        else { return nil }
        let isBlocked =
            operandBlocks == [1] && weightBlocks == [inputAxis, outputAxis] && shape.channelsArePadded(graph, lanes: lanes)
        let isInMemory = group.reads.contains(shape.broadcast.value)
        guard isBlocked || (operandBlocks.isEmpty && weightBlocks == [0] && outputAxis == 0 && isInMemory) else { return nil }
        var taps: [Int] = []
        var strides: [Int] = []
        var padding: [Int] = []
        var isReversed: [Bool] = []
        for side in [2, 3] {
            let position = shape.broadcast.position[side]
            let tapAxes = position.terms.filter { $0.axis >= shape.resultRank }
            let points = position.terms.filter { $0.axis < shape.resultRank }
            // A side of one tap may be addressed by the point alone.
            guard position.divisor == 1, points.count == 1, points[0].axis == side, points[0].scale > 0, tapAxes.count == 1,
                abs(tapAxes[0].scale) == 1, shape.vector.position[side].singleAxis == tapAxes[0].axis,
                extents[tapAxes[0].axis] >= points[0].scale
            else { return nil }
            let isBackwards = tapAxes[0].scale < 0
            guard isBlocked || !isBackwards else { return nil }
            strides.append(points[0].scale)
            taps.append(extents[tapAxes[0].axis])
            padding.append(-position.offset + (isBackwards ? extents[tapAxes[0].axis] - 1 : 0))
            isReversed.append(isBackwards)
        }
        let operand = graph.extents(shape.broadcast.value)
        self.shape = shape
        self.isReversed = isReversed
        self.outputAxis = outputAxis
        self.inputAxis = inputAxis
        weightsChange = !group.facts.isPrepared(shape.vector.value)
        operandOperations = group.operations(computing: shape.broadcast.value)
        images = extents[0]
        outputChannels = extents[1]
        outputExtents = [extents[2], extents[3]]
        if isBlocked {
            packing = nil
            inputChannels = extents[channel]
            inputExtents = [operand[2], operand[3]]
            self.taps = taps
            self.strides = strides
            self.padding = padding
            return
        }
        let packing = Packing(
            channels: extents[channel], inputExtents: [operand[2], operand[3]], taps: taps, strides: strides, padding: padding)
        inputChannels = packing.channels * strides.reduce(1, *)
        guard inputChannels <= Packing.mostChannels else { return nil }
        self.packing = packing
        self.taps = zip(taps, strides).map { ($0 + $1 - 1) / $1 }
        self.strides = [1, 1]
        self.padding = [0, 0]
        inputExtents = zip(outputExtents, self.taps).map { $0 + $1 - 1 }
    }

    /// The taps of the filter as it is written.
    var originalTaps: Int { (packing?.taps ?? taps).reduce(1, *) }

    /// The taps of the longest phase: those of the filter that forms are chosen for.
    var phaseTaps: [Int] { zip(taps, strides).map { ($0 + $1 - 1) / $1 } }

    /// A phase: where it starts along each side, and how many taps it has there.
    struct Phase: Hashable {
        var start: [Int]
        var taps: [Int]
    }

    /// All phases, in an order in which those with all taps along the height come first, and those with all taps along the width lie
    /// side by side: what lacks a tap along a side adds nothing to a form's last position there, which is the filter's last tap.
    var phases: [Phase] {
        func along(_ side: Int) -> (full: [Int], short: [Int]) {
            let count = (taps[side] - 1) % strides[side] + 1
            return (Array(0..<count), Array(count..<strides[side]))
        }
        let (rows, columns) = (along(0), along(1))
        let order = [(rows.full, columns.short), (rows.full, columns.full), (rows.short, columns.full), (rows.short, columns.short)]
        return order.flatMap { rows, columns in
            rows.flatMap { row in
                columns.map { column in
                    let start = [row, column]
                    return Phase(start: start, taps: (0..<2).map { (taps[$0] - start[$0] + strides[$0] - 1) / strides[$0] })
                }
            }
        }
    }

    /// Positions of a form's tiles that the same phases add to.
    struct PositionClass: Hashable {
        var rows: Range<Int>
        var columns: Range<Int>
        /// By index into `phases`.
        var phases: Range<Int>
        /// The panels (a position and a phase) of the classes before this one.
        var firstPanel: Int
        /// The positions of the classes before this one.
        var firstPosition: Int

        /// Row by row.
        var positions: [(row: Int, column: Int)] { rows.flatMap { row in columns.map { (row, $0) } } }
        var panelCount: Int { rows.count * columns.count * phases.count }
    }

    func classes(of form: WinogradForm) -> [PositionClass] {
        let phases = phases
        func parts(_ side: Int) -> [(Range<Int>, isLast: Bool)] {
            let size = form.sizes[side]
            let isUniform = phases.allSatisfy { $0.taps[side] == phaseTaps[side] }
            return isUniform ? [(0..<size, false)] : [(0..<size - 1, false), (size - 1..<size, true)]
        }
        var classes: [PositionClass] = []
        for (rows, isLastRow) in parts(0) {
            for (columns, isLastColumn) in parts(1) {
                let members = phases.indices.filter {
                    (!isLastRow || phases[$0].taps[0] == phaseTaps[0]) && (!isLastColumn || phases[$0].taps[1] == phaseTaps[1])
                }
                guard let first = members.first, let last = members.last else { continue }
                precondition(members.count == last - first + 1, "the phases of a position lie side by side")
                classes.append(
                    PositionClass(
                        rows: rows, columns: columns, phases: first..<last + 1,
                        firstPanel: classes.last.map { $0.firstPanel + $0.panelCount } ?? 0,
                        firstPosition: classes.reduce(0) { $0 + $1.rows.count * $1.columns.count }))
            }
        }
        return classes
    }
}
