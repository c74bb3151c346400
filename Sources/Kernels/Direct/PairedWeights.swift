import Graph
import LoopNest

/// Weights rounded to bf16, in pairs of neighbours along the channels that are summed over: where f32 has blocks of
/// `16 channels x 16 lanes`, these have `8 pairs x 16 lanes x 2 channels`, as dot products want them.
struct PairedWeights: RoundedWeights {
    private let shape: ContractionShape
    let group: Group
    private let target: Target
    /// The registers of pairs that a task makes.
    private static let pairsOfTask = 256

    init(_ shape: ContractionShape, _ group: Group, _ target: Target) {
        self.shape = shape
        self.group = group
        self.target = target
    }

    var source: Value { shape.vector.value }
    var memory: LoweredGroup.Memory { .init(.bf16, count: group.graph.storedCount(source)) }

    /// Two registers of neighbouring channels become one of pairs, in the same place.
    func rounding() -> KernelCall {
        let lanes = target.lanes
        let pairs = memory.count / (2 * lanes)
        let builder = KernelBuilder(
            name: group.kernelName("weights"), lanes: lanes, taskCount: max(1, (pairs + Self.pairsOfTask - 1) / Self.pairsOfTask))
        let emitter = PointEmitter(builder, group, reads: [source], results: [])
        let from = emitter.buffer(source)
        let to = buffer(emitter, .write)
        let first = builder.task * Self.pairsOfTask
        builder.loop("pair", to: .least(.constant(Self.pairsOfTask), .constant(pairs) + first * -1)) { index in
            let place = (first + index) * (2 * lanes)
            let (low, high) = (builder.load(from, place), builder.load(from, place + .constant(lanes)))
            builder.perform(.storePairs(to, place, builder.define(.pack(low: low, high: high))))
        }
        return KernelCall(builder.finish(), emitter.arguments)
    }
}
