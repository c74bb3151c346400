import Graph
import Runtime

/// What initializers give.
struct SeededParameters: ParameterSource {
    let seed: UInt64
    /// The number of values that are in memory at a time, about.
    private static let pieceCount = 1 << 20

    init(seed: UInt64) { self.seed = seed }

    func read(
        _ parameter: Parameter, extents: [Int], granule: Int, _ store: (UnsafeBufferPointer<Float>) -> Void
    ) throws(Never) -> Bool {
        let count = extents.reduce(1, *)
        let piece = max(1, Self.pieceCount / max(1, granule)) * max(1, granule)
        for first in stride(from: 0, to: count, by: piece) {
            let range = first..<min(count, first + piece)
            parameter.initializer.values(name: parameter.name, extents: extents, seed: seed, in: range).withUnsafeBufferPointer(store)
        }
        return true
    }
}
