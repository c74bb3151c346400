import Foundation
import Graph
import Interchange
import Recipes

extension Initializer {
    /// Returns the first values of a parameter, row-major: a pure function of (seed, name, extents), whatever else is initialized.
    ///
    /// Formulas are those of `InitializerForm`.
    public func values(name: String, extents: [Int], seed: UInt64) -> [Float] {
        values(name: name, extents: extents, seed: seed, in: 0..<extents.reduce(1, *))
    }

    /// Returns a part of those values, for parameters that should not be in memory as a whole.
    func values(name: String, extents: [Int], seed: UInt64, in range: Range<Int>) -> [Float] {
        let draw = Draw(name, seed, range, of: extents.reduce(1, *))
        switch self {
        case .values(let tensor): return Array(tensor.values[range])
        case .form(let chosen):
            switch chosen.form.distribution(chosen.values, Fans(extents)) {
            case .constant(let value): return [Float](repeating: Float(value), count: range.count)
            case .normal(let deviation): return draw.normal(deviation: deviation)
            case .truncatedNormal(let deviation): return draw.truncatedNormal(deviation: deviation)
            case .uniform(let bound): return draw.uniform(bound: bound)
            case .orthogonal(let gain):
                // Every value depends on all others.
                let rows = extents.first ?? 1
                let columns = extents.dropFirst().reduce(1, *)
                let whole = Draw(name, seed, 0..<rows * columns, of: rows * columns).normal(deviation: 1)
                return Array(Orthonormal(whole, rows: rows, columns: columns).values(gain: gain)[range])
            }
        }
    }
}

/// A range of the random values of one parameter. Every piece has a generator of its own, so that all cores can draw at once.
private struct Draw {
    private static let piece = 1 << 14
    private let seed: UInt64
    private let stream: Int
    private let range: Range<Int>
    /// The number of values that the parameter has.
    private let total: Int

    init(_ name: String, _ seed: UInt64, _ range: Range<Int>, of total: Int) {
        self.seed = seed
        self.range = range
        self.total = total
        // A name is a stream.
        stream = Int(truncatingIfNeeded: stableHash(name))
    }

    func uniform(bound: Double) -> [Float] {
        fill { random, values in
            for index in values.indices {
                let unit = Double(random.next() >> 11) * 0x1p-53
                values[index] = Float((2 * unit - 1) * bound)
            }
        }
    }

    /// Normal values within two deviations; those beyond are drawn anew.
    func truncatedNormal(deviation: Double) -> [Float] {
        fill { random, values in
            for index in values.indices {
                var value = Double.infinity
                while abs(value) > 2 * deviation { value = Self.pair(deviation, &random).0 }
                values[index] = Float(value)
            }
        }
    }

    /// Normal values after Box and Muller (1958).
    func normal(deviation: Double) -> [Float] {
        fill { random, values in
            for index in stride(from: 0, to: values.count, by: 2) {
                let (first, second) = Self.pair(deviation, &random)
                values[index] = Float(first)
                if index + 1 < values.count { values[index + 1] = Float(second) }
            }
        }
    }

    /// Two independent normal values.
    private static func pair(_ deviation: Double, _ random: inout CounterGenerator) -> (Double, Double) {
        // In (0, 1], so that the logarithm is finite.
        let first = Double((random.next() >> 11) + 1) * 0x1p-53
        let second = Double(random.next() >> 11) * 0x1p-53
        let radius = deviation * (-2 * log(first)).squareRoot()
        return (radius * cos(2 * .pi * second), radius * sin(2 * .pi * second))
    }

    private func fill(_ body: @Sendable (inout CounterGenerator, UnsafeMutableBufferPointer<Float>) -> Void) -> [Float] {
        [Float](unsafeUninitializedCapacity: range.count) { buffer, initialized in
            initialized = range.count
            if range.isEmpty { return }
            nonisolated(unsafe) let buffer = buffer
            let first = range.lowerBound / Self.piece
            DispatchQueue.concurrentPerform(iterations: (range.upperBound - 1) / Self.piece - first + 1) { number in
                let index = first + number
                let piece = index * Self.piece..<min(total, (index + 1) * Self.piece)
                let wanted = piece.clamped(to: range)
                // A piece at an end of the range is drawn as a whole: what it holds does not depend on what is wanted of it.
                let values = UnsafeMutableBufferPointer<Float>.allocate(capacity: piece.count)
                defer { values.deallocate() }
                values.initialize(repeating: 0)
                var random = CounterGenerator(seed: seed, .initialization, stream, index)
                body(&random, values)
                let part = values[wanted.lowerBound - piece.lowerBound..<wanted.upperBound - piece.lowerBound]
                let target = buffer[wanted.lowerBound - range.lowerBound..<wanted.upperBound - range.lowerBound]
                _ = UnsafeMutableBufferPointer(rebasing: target).initialize(fromContentsOf: UnsafeMutableBufferPointer(rebasing: part))
            }
        }
    }
}
