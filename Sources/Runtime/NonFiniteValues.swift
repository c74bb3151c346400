import Synchronization

/// Values of a tensor that are no finite numbers: infinities, and what is not a number.
public struct NonFiniteValues: Hashable, Sendable {
    /// Of the parameter, input or output.
    public let name: String
    public let count: Int
    /// How many values the tensor has.
    public let total: Int
    /// The position of the first one in row-major order, an index for each axis.
    public let position: [Int]

    /// - Parameter first: the row-major index of the first one.
    public init(_ name: String, extents: [Int], count: Int, first: Int) {
        self.name = name
        self.count = count
        total = extents.reduce(1, *)
        var rest = first
        position = extents.reversed().map { extent in
            defer { rest /= max(1, extent) }
            return rest % max(1, extent)
        }.reversed()
    }

    /// Finds them in row-major values; nil where all are finite.
    public init?(in values: UnsafeBufferPointer<Float>, name: String, extents: [Int]) {
        let tally = NonFiniteTally()
        tally.look(at: values, from: 0)
        guard let found = tally.values(name: name, extents: extents) else { return nil }
        self = found
    }

    /// `3 of 10 values of 'fc.weight' are no finite numbers, the first at [0, 2]`.
    public var description: String {
        "\(count) of \(total) values of '\(name)' \(count == 1 ? "is no finite number" : "are no finite numbers"), the first at \(position)"
    }
}

/// Counts the values of one tensor that are not finite, piece after piece, on any number of threads.
public final class NonFiniteTally: Sendable {
    private let state = Mutex((count: 0, first: Int.max))

    public init() {}

    /// Looks at the values from the row-major index `start` on.
    public func look(at values: UnsafeBufferPointer<Float>, from start: Int) {
        if let base = values.baseAddress { look(at: base, count: values.count, from: start) }
    }

    /// Looks at `count` values from the row-major index `start` on.
    func look(at values: UnsafePointer<Float>, count: Int, from start: Int) {
        // A value is not finite if all bits of its exponent are set: then adding the lowest of them carries into the sign. This loop has
        // no branch, so that it is as fast as memory.
        let isFinite = values.withMemoryRebound(to: UInt32.self, capacity: count) { bits in
            var carry: UInt32 = 0
            for index in 0..<count { carry |= (bits[index] & 0x7fff_ffff) &+ 0x0080_0000 }
            return carry >> 31 == 0
        }
        if isFinite { return }
        var found = 0
        var first = Int.max
        for index in 0..<count where !values[index].isFinite {
            found += 1
            first = min(first, start + index)
        }
        state.withLock { $0 = ($0.count + found, min($0.first, first)) }
    }

    /// What was found in a tensor of this name and these extents; nil where all is finite.
    public func values(name: String, extents: [Int]) -> NonFiniteValues? {
        let (count, first) = state.withLock { $0 }
        return count == 0 ? nil : NonFiniteValues(name, extents: extents, count: count, first: first)
    }
}
