import Graph
import LoopNest

/// The softmax between the two products, row by row.
extension AttentionTask {
    /// The exponentials of a row's scores less the largest, with their sum; what was summed before is rescaled if there is a larger one now.
    func exponentiate(_ row: Index, _ tile: Index, _ seen: Seen) {
        // What a causal row does not see of its last vector is minus infinity as it is.
        let (count, base) = (seen.count, row * Self.stride(nest.stretch, lanes))
        let whole = seen.isAll ? .constant(count / lanes) : seen.groups(of: lanes, most: (count + lanes - 1) / lanes)
        let lowest = builder.constant(-.infinity)
        /// The scores behind the last whole register; those of keys that are not there cannot be the largest.
        func last() -> Register? {
            guard seen.isAll, count % lanes > 0 else { return nil }
            let (lane, end) = (builder.define(.position(0, stride: 1)), builder.define(.position(.constant(count % lanes), stride: 0)))
            let score = builder.load(scratch.scores, base + whole * lanes)
            return builder.define(.select(.less, lane, end, then: score, otherwise: lowest))
        }
        // One instruction. A NaN may be lost here, for its exponential is one, too.
        func larger(_ a: Register, _ b: Register) -> Register { builder.define(.select(.less, a, b, then: b, otherwise: a)) }
        var most = fold(whole, from: lowest, larger) { builder.load(scratch.scores, base + $0 * lanes) }
        let rest = last()
        if let rest { most = larger(most, rest) }
        most = builder.define(.acrossLanes(.maximum, most))
        guard let largest = scratch.largest, let results = scratch.results else {
            builder.store(scratch.sums, row * lanes, exponentials(base, whole, rest, less: most))
            return
        }
        let number = tile + row
        let before = builder.load(largest, number * lanes)
        most = builder.binary(.maximum, before, most)
        // As long as all scores are minus infinity, nothing counts.
        let shift = builder.define(.select(.equal, most, lowest, then: builder.constant(0), otherwise: most))
        let factor = builder.define(.unary(.exponential, builder.binary(.subtract, before, shift)))
        let sum = exponentials(base, whole, rest, less: shift)
        builder.store(largest, number * lanes, most)
        builder.store(scratch.sums, number * lanes, builder.multiplyAdd(builder.load(scratch.sums, number * lanes), factor, sum))
        for block in 0..<nest.columnBlocks {
            let place = (number * nest.columnBlocks + .constant(block)) * lanes
            builder.store(results, place, builder.binary(.multiply, builder.load(results, place), factor))
        }
    }

    /// Writes the exponentials over a row's scores and gives their sum in all lanes.
    private func exponentials(_ base: Index, _ whole: Index, _ rest: Register?, less shift: Register) -> Register {
        func exponential(_ vector: Index, of score: Register) -> Register {
            let result = builder.define(.unary(.exponential, builder.binary(.subtract, score, shift)))
            builder.store(scratch.scores, base + vector * lanes, result)
            return result
        }
        func add(_ a: Register, _ b: Register) -> Register { builder.binary(.add, a, b) }
        var sum = fold(whole, from: builder.constant(0), add) { exponential($0, of: builder.load(scratch.scores, base + $0 * lanes)) }
        if let rest { sum = add(sum, exponential(whole, of: rest)) }
        return builder.define(.acrossLanes(.add, sum))
    }

    /// The values of vectors `0 ..< end` combined, four side by side where their number is known.
    private func fold(
        _ end: Index, from identity: Register, _ combine: (Register, Register) -> Register, _ value: (Index) -> Register
    ) -> Register {
        guard let count = end.constantValue else {
            return builder.loop("vector", to: end, unroll: 4, carrying: [identity]) { [combine($1[0], value($0))] }[0]
        }
        let width = 4
        let main = count / width * width
        var total = identity
        if main > 0 {
            let parts = builder.loop("vector", to: .constant(main), step: width, carrying: .init(repeating: identity, count: width)) {
                vector, parts in parts.indices.map { combine(parts[$0], value(vector + .constant($0))) }
            }
            total = combine(combine(parts[0], parts[1]), combine(parts[2], parts[3]))
        }
        for vector in main..<count { total = combine(total, value(.constant(vector))) }
        return total
    }
}
