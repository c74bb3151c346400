import Graph
import LoopNest

/// A contraction with its axes in roles, ready to be scheduled:
/// `result[lane, points...] = sum over reduced axes of vector[lane, reduced...] * broadcast[points..., reduced...]`.
///
/// The lane axis is the one whose elements lie side by side in the result: it occurs in the *vector* operand, which is loaded a register
/// at a time, and not in the *broadcast* operand, of which one element meets all lanes.
struct ContractionShape {
    /// One operand, or the result, as positions over the contraction's axes.
    struct Access {
        var value: Value
        var position: [AffineIndex]

        /// The axis of the tensor that `axis` alone addresses.
        func dimension(of axis: Int) -> Int? { position.firstIndex { $0.singleAxis == axis } }
        func reads(_ axis: Int) -> Bool { position.contains { $0.scale(of: axis) != 0 } }
    }

    var names: [String]
    var extents: [Int]
    var resultRank: Int
    /// The axis along the lanes of a register.
    var lane: Int
    var vector: Access
    var broadcast: Access
    var result: Access
    /// The axis of the broadcast operand along which its channels lie.
    var channelDimension = 1
    /// Whether it multiplies matrices that no preparation can bring into order, or a pair of them for each position of further axes: then the
    /// vector operand need not lie with its lanes side by side, and both operands may share axes with the result.
    var isOfActivations = false

    /// The result's axes that the broadcast operand shares.
    var pointAxes: [Int] { (0..<resultRank).filter { $0 != lane } }
    var reducedAxes: [Int] { Array(resultRank..<extents.count) }
    /// Whether nothing is summed, so that the result is zero: in phases of a strided gradient that no tap reaches.
    var isEmpty: Bool { extents.contains(0) }

    /// Whether a copy of the broadcast operand with the zeros around it would hold little but zeros: where taps lie much further apart than the
    /// operand is long. Then each product asks by itself whether it reads beyond the operand.
    func isMostlyPadding(in graph: Graph) -> Bool {
        guard !isEmpty else { return false }
        let ranges = extents.map { 0..<$0 }
        let copied = broadcast.position.reduce(1.0) { $0 * Double($1.range(ranges).count) }
        let inMemory = [broadcast.value, vector.value, result.value].reduce(0.0) { $0 + Double(graph.storedCount($1)) }
        return copied > Self.fewElements && copied > 64 * inMemory
    }

    /// What a second-level cache holds of f32: copies below it cost nothing worth another kernel.
    private static let fewElements = 262_144.0

    /// The products that are summed in all.
    var multiplyAccumulates: Int { extents.reduce(1, *) }

    /// The shapes (one, or one a phase of a strided gradient) of a group's contraction; nil if its operands do not lie in memory as the
    /// register-blocked kernels need them, and where there would be too many phases.
    static func phases(of contraction: Value, in group: Group, lanes: Int) -> [ContractionShape]? {
        let graph = group.graph
        guard let formula = group.facts.contraction(of: contraction),
            var shape = ContractionShape(contraction, in: group, lanes: lanes)
        else { return nil }
        let isInOrder =
            shape.vectorIsLoadable(in: group, lanes: lanes) && shape.axesHaveOneRole && shape.blocksAreWhole(in: graph, lanes: lanes)
        let facts = group.facts
        // A weight lies as the first product that reads it wants it; one that is trained is not brought into another order for a second.
        let isInNoOrder = !facts.isWeight(shape.vector.value) || facts.isTrained(shape.vector.value) && !isInOrder
        if formula.isMatrixProduct, isInNoOrder, !(isInOrder && !shape.reducesChannels) {
            shape.isOfActivations = true
            return [shape]
        }
        guard isInOrder, shape.phaseCount <= mostPhases, let phases = shape.splitIntoPhases() else { return nil }
        return phases.count <= manyPhases || 2 * phases.count(where: \.isEmpty) < phases.count ? phases : nil
    }

    /// A kernel is compiled for each phase. Those of a stride of 32 along both sides of a picture are the most that are worth it, which takes
    /// seconds; and no more than those of a stride of 8 if most phases are sums of nothing, which other kernels find out as fast.
    private static let mostPhases = 1024
    private static let manyPhases = 64

    /// The axes in their roles, however the operands lie; nil if the result does not have lanes along one axis, which one operand has.
    init?(_ contraction: Value, in group: Group, lanes: Int) {
        let graph = group.graph
        guard let formula = group.facts.contraction(of: contraction), formula.reads.count == 2,
            formula.body == .argument(0) * .argument(1), let lane = graph.layout(contraction).blocks.last?.axis,
            graph.layout(contraction).blockSize(of: lane) == lanes
        else { return nil }
        let operands = graph[contraction].operands
        let accesses = formula.reads.map { Access(value: operands[$0.operand], position: $0.position) }
        let vectors = accesses.indices.filter { accesses[$0].reads(lane) }
        guard vectors.count == 1 else { return nil }
        vector = accesses[vectors[0]]
        broadcast = accesses[1 - vectors[0]]
        result = Access(value: contraction, position: (0..<formula.resultRank).map { .axis($0) })
        names = formula.axes.map(\.name)
        extents = formula.axes.map { $0.extent.value! }
        resultRank = formula.resultRank
        self.lane = lane
        if formula.isMatrixProduct, graph[broadcast.value].type.rank > 2 { channelDimension = graph[broadcast.value].type.rank - 1 }
    }

    /// The vector operand lies in memory with its lanes side by side.
    func vectorIsLoadable(in group: Group, lanes: Int) -> Bool {
        guard group.reads.contains(vector.value), let dimension = vector.dimension(of: lane) else { return false }
        let layout = group.graph.layout(vector.value)
        return layout.blocks.last?.axis == dimension && layout.blocks.last?.size == lanes && layout.blockSize(of: dimension) == lanes
    }

    /// The vector operand lies in memory row by row, with its lanes side by side; the last vector of a row may be a partial one.
    func vectorLiesInRows(in group: Group) -> Bool {
        guard group.reads.contains(vector.value), let dimension = vector.dimension(of: lane) else { return false }
        return dimension == vector.position.count - 1 && group.graph.layout(vector.value) == .plain
    }

    /// Every axis is the lane, a point axis of the broadcast operand alone, or reduced and in both operands.
    private var axesHaveOneRole: Bool {
        pointAxes.allSatisfy { broadcast.reads($0) && !vector.reads($0) }
            && reducedAxes.allSatisfy { vector.reads($0) && broadcast.reads($0) }
            && vector.position.allSatisfy { $0.divisor == 1 }
    }

    /// Blocked axes of the operands are addressed by one axis alone and have blocks of `lanes`.
    private func blocksAreWhole(in graph: Graph, lanes: Int) -> Bool {
        [vector, broadcast, result].allSatisfy { access in
            graph.layout(access.value).blocks.allSatisfy { $0.size == lanes && access.position[$0.axis].singleAxis != nil }
        }
    }

    /// Replaces axes under a divisor by one contraction a phase: the gradient of a stride-s convolution is s * s dense contractions
    /// over the taps that reach a phase, instead of one over a tensor with zeros inserted.
    private func splitIntoPhases() -> [ContractionShape]? {
        guard let dimension = broadcast.position.firstIndex(where: { $0.divisor > 1 }) else { return [self] }
        let position = broadcast.position[dimension]
        let points = position.terms.filter { $0.axis < resultRank }
        let taps = position.terms.filter { $0.axis >= resultRank }
        guard points.count == 1, taps.count == 1 else { return nil }
        var phases: [ContractionShape] = []
        for phase in 0..<position.divisor {
            guard let part = selecting(phase, of: points[0], tap: taps[0], at: dimension) else { continue }
            guard let parts = part.splitIntoPhases() else { return nil }
            phases += parts
        }
        return phases
    }

    /// How many contractions the divisors make: those of points that lie within the result.
    private var phaseCount: Int {
        broadcast.position.reduce(1) { count, position in
            let points = position.terms.filter { $0.axis < resultRank }.reduce(1) { $0 * extents[$1.axis] }
            return position.divisor > 1 ? count * min(position.divisor, points) : count
        }
    }

    /// The contraction for points `divisor * p + phase` of one axis, with only the taps that reach them; nil if there are no such points.
    private func selecting(_ phase: Int, of point: AffineIndex.Term, tap: AffineIndex.Term, at dimension: Int) -> ContractionShape? {
        let position = broadcast.position[dimension]
        let divisor = position.divisor
        guard phase < extents[point.axis] else { return nil }
        var step = divisor
        for candidate in 1...divisor where (tap.scale * candidate) % divisor == 0 {
            step = candidate
            break
        }
        let offset = position.offset + point.scale * phase
        let first = (0..<step).first { (offset + tap.scale * $0) % divisor == 0 }
        var part = self
        part.extents[point.axis] = (extents[point.axis] - phase + divisor - 1) / divisor
        part.result.position = result.position.map { $0.stretching(point.axis, by: divisor, from: phase) }
        guard let first, first < extents[tap.axis] else {
            // No tap reaches these points: their sum is empty.
            part.extents[tap.axis] = 0
            part.broadcast.position[dimension] = .constant(0)
            return part
        }
        part.extents[tap.axis] = (extents[tap.axis] - first + step - 1) / step
        part.vector.position = vector.position.map { $0.stretching(tap.axis, by: step, from: first) }
        part.broadcast.position[dimension] = AffineIndex(
            terms: [.init(axis: point.axis, scale: point.scale), .init(axis: tap.axis, scale: tap.scale * step / divisor)],
            offset: (offset + tap.scale * first) / divisor)
        return part
    }
}

extension AffineIndex {
    /// The position with `axis` replaced by `factor * axis + start`.
    fileprivate func stretching(_ axis: Int, by factor: Int, from start: Int) -> AffineIndex {
        AffineIndex(
            terms: terms.map { $0.axis == axis ? Term(axis: axis, scale: $0.scale * factor) : $0 },
            offset: offset + scale(of: axis) * start, divisor: divisor)
    }

    /// The position at `coordinates`: the coordinate itself where the position is one axis alone.
    func position(_ coordinates: [Position]) -> Position {
        precondition(divisor == 1, "divided positions are split into phases first")
        if let axis = singleAxis { return coordinates[axis] }
        return Position(terms.reduce(Index.constant(offset)) { $0 + coordinates[$1.axis].index * $1.scale })
    }
}

extension ContractionShape {
    /// Whether the broadcast operand's channels are summed over (a convolution) or are part of the result (a weight gradient).
    var reducesChannels: Bool { channelAxis.map { $0 >= resultRank } ?? true }

    /// The contraction's axis that runs along the broadcast operand's channels.
    var channelAxis: Int? { broadcast.position.count > 1 ? broadcast.position[channelDimension].singleAxis : nil }

    func laneBlockCount(_ lanes: Int) -> Int { (extents[lane] + lanes - 1) / lanes }

    /// Whether sums can run over whole blocks of the channel axis: then what lies beyond the extent is zero padding in both operands.
    func channelsArePadded(_ graph: Graph, lanes: Int) -> Bool {
        guard let axis = channelAxis else { return false }
        return extents[axis] % lanes == 0
            || [vector, broadcast].allSatisfy { access in
                graph.layout(access.value).blocks.contains { access.position[$0.axis].singleAxis == axis }
            }
    }

    /// Whether channels can be multiplied in pairs: the vector operand are weights and has whole blocks of both axes, and the broadcast
    /// operand has its channels side by side, so that what lies beyond their number is zero in both.
    func hasPairsOfChannels(in group: Group, lanes: Int) -> Bool {
        guard !isEmpty, reducesChannels, let channel = channelAxis, group.facts.isWeight(vector.value),
            group.reads.contains(vector.value), let input = vector.dimension(of: channel), let output = vector.dimension(of: lane)
        else { return false }
        let blocks = [Layout.Block(axis: input, size: lanes), Layout.Block(axis: output, size: lanes)]
        return group.graph.layout(vector.value).blocks == blocks
            && group.graph.layout(broadcast.value).blocks == [Layout.Block(axis: channelDimension, size: lanes)]
    }
}
