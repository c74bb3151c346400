import Graph
import LoopNest

/// Where a contraction reads its broadcast operand: in place, or from a copy in scratch that is padded with zeros, so that the inner
/// loops need no bounds, and in which an operand that is not in memory (a normalization and its activation, say) is computed once.
struct BroadcastSource {
    var buffer: BufferID
    var memory: StoredTensor
    /// Positions in `buffer` over the contraction's axes.
    var position: [AffineIndex]
    /// Whether coordinates count from the start of the staged region.
    var isStaged: Bool

    /// The operand as it lies in memory.
    init(inPlace shape: ContractionShape, _ emitter: PointEmitter) {
        let value = shape.broadcast.value
        buffer = emitter.buffer(value)
        memory = emitter.graph.storage(of: value)
        position = shape.broadcast.position
        isStaged = false
    }

    /// The operand as it was copied to `buffer`, where it lies as `memory` says and is read at `position`.
    init(staged buffer: BufferID, _ memory: StoredTensor, _ position: [AffineIndex]) {
        self.buffer = buffer
        self.memory = memory
        self.position = position
        isStaged = true
    }

    /// Whether the operand can be read in place: it is in memory and no read falls outside.
    static func canReadInPlace(_ shape: ContractionShape, _ group: Group) -> Bool {
        let value = shape.broadcast.value
        guard group.reads.contains(value), !shape.reducedAxes.contains(where: { shape.extents[$0] == 0 }) else { return false }
        let extents = group.graph.extents(value)
        return zip(shape.broadcast.position, extents).allSatisfy { position, extent in
            let range = position.range(shape.extents.map { 0..<$0 })
            return range.lowerBound >= 0 && range.upperBound <= extent
        }
    }

    /// The element's offset at a point.
    func offset(_ point: ContractionPoint) -> Index {
        let coordinates = isStaged ? point.local : point.absolute
        return memory.offset(of: position.map { $0.position(coordinates) }, lane: nil).offset
    }
}
