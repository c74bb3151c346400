import Foundation
import Graph

extension Initializer {
    /// Returns the first values of a parameter, row-major: a pure function of (seed, name, extents), whatever else is initialized.
    ///
    /// Formulas and fans are PyTorch's (`torch.nn.init`): fan-in is the number of values that one output reads, fan-out the number of
    /// outputs that one value reaches. A vector's fans are both its length.
    public func values(name: String, extents: [Int], seed: UInt64) -> [Float] {
        let fans = Fans(extents)
        switch self {
        case .zeros: return Self.constant(0, extents)
        case .ones: return Self.constant(1, extents)
        case .constant(let value): return Self.constant(Float(value), extents)
        case .heNormal: return Draw(name, seed).normal(deviation: (2 / fans.input).squareRoot(), extents)
        case .heUniform: return Draw(name, seed).uniform(bound: (6 / fans.input).squareRoot(), extents)
        case .heNormalFanOut: return Draw(name, seed).normal(deviation: (2 / fans.output).squareRoot(), extents)
        case .heUniformFanOut: return Draw(name, seed).uniform(bound: (6 / fans.output).squareRoot(), extents)
        case .xavierUniform: return Draw(name, seed).uniform(bound: (6 / (fans.input + fans.output)).squareRoot(), extents)
        case .xavierNormal: return Draw(name, seed).normal(deviation: (2 / (fans.input + fans.output)).squareRoot(), extents)
        case .fanInUniform(let fanIn):
            let input = fanIn.map { Double(max(1, $0)) } ?? fans.input
            return Draw(name, seed).uniform(bound: 1 / input.squareRoot(), extents)
        case .normal(let deviation): return Draw(name, seed).normal(deviation: deviation, extents)
        case .truncatedNormal(let deviation): return Draw(name, seed).truncatedNormal(deviation: deviation, extents)
        case .uniform(let bound): return Draw(name, seed).uniform(bound: bound, extents)
        case .orthogonal(let gain):
            let rows = extents.first ?? 1
            let columns = extents.dropFirst().reduce(1, *)
            return Orthonormal(Draw(name, seed).normal(deviation: 1, extents), rows: rows, columns: columns).values(gain: gain)
        }
    }

    private static func constant(_ value: Float, _ extents: [Int]) -> [Float] {
        [Float](repeating: value, count: extents.reduce(1, *))
    }
}

/// How many values meet in an output, and how many outputs a value reaches, by a weight's shape `[out, in, kernel...]`.
private struct Fans {
    let input: Double
    let output: Double

    init(_ extents: [Int]) {
        let receptive = extents.dropFirst(2).reduce(1, *)
        let first = extents.first ?? 1
        input = Double(max(1, (extents.count > 1 ? extents[1] : first) * receptive))
        output = Double(max(1, first * receptive))
    }
}

/// Random values of one parameter. Every piece has a generator of its own, so that all cores can draw at once.
private struct Draw {
    private static let piece = 1 << 14
    private let seed: UInt64
    private let stream: Int

    init(_ name: String, _ seed: UInt64) {
        self.seed = seed
        // FNV-1a: a name is a stream.
        let hash = name.utf8.reduce(UInt64(0xcbf2_9ce4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        stream = Int(truncatingIfNeeded: hash)
    }

    func uniform(bound: Double, _ extents: [Int]) -> [Float] {
        fill(extents) { random, values in
            for index in values.indices {
                let unit = Double(random.next() >> 11) * 0x1p-53
                values[index] = Float((2 * unit - 1) * bound)
            }
        }
    }

    /// Normal values within two deviations; those beyond are drawn anew.
    func truncatedNormal(deviation: Double, _ extents: [Int]) -> [Float] {
        fill(extents) { random, values in
            for index in values.indices {
                var value = Double.infinity
                while abs(value) > 2 * deviation { value = Self.pair(deviation, &random).0 }
                values[index] = Float(value)
            }
        }
    }

    /// Normal values after Box and Muller (1958).
    func normal(deviation: Double, _ extents: [Int]) -> [Float] {
        fill(extents) { random, values in
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

    private func fill(
        _ extents: [Int], _ body: @Sendable (inout CounterGenerator, UnsafeMutableBufferPointer<Float>) -> Void
    ) -> [Float] {
        let count = extents.reduce(1, *)
        return [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
            nonisolated(unsafe) let buffer = buffer
            DispatchQueue.concurrentPerform(iterations: (count + Self.piece - 1) / Self.piece) { index in
                let range = index * Self.piece..<min(count, (index + 1) * Self.piece)
                let values = UnsafeMutableBufferPointer(rebasing: buffer[range])
                values.initialize(repeating: 0)
                var random = CounterGenerator(seed: seed, .initialization, stream, index)
                body(&random, values)
            }
            initialized = count
        }
    }
}
