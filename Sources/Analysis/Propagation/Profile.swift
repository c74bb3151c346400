import Foundation

/// How large the elements of a signal are along an axis of positions, relative to their mean square: at a border, where windows reach into
/// nothing, less and less from layer to layer.
struct Profile: Hashable, Sendable {
    /// Mean squares, 1 on average.
    let values: [Double]

    /// Nil where all are the same.
    init?(_ values: [Double]) {
        let mean = values.reduce(0, +) / Double(max(1, values.count))
        guard mean > 0, values.contains(where: { abs($0 / mean - 1) > 1e-9 }) else { return nil }
        self.values = values.map { max(0, $0) / mean }
    }

    var amplitudes: [Double] { values.map { $0.squareRoot() } }
    var meanAmplitude: Double { amplitudes.reduce(0, +) / Double(values.count) }

    /// Where all values are raised to a power.
    func raised(to power: Double) -> Profile? { Profile(values.map { pow($0, power) }) }
}

/// The profiles of a tensor by axis; an axis without one is even.
typealias Profiles = [Int: Profile]

extension Profiles {
    /// Those of a sum of independent signals, each with its mean square.
    static func sum(_ parts: [(profiles: Profiles, square: Double)]) -> Profiles {
        let total = parts.reduce(0) { $0 + $1.square }
        guard total > 0 else { return [:] }
        var result: Profiles = [:]
        for axis in Set(parts.flatMap(\.profiles.keys)) {
            let extents = parts.compactMap { $0.profiles[axis]?.values.count }
            guard let extent = extents.first, extents.allSatisfy({ $0 == extent }) else { continue }
            var values = [Double](repeating: 0, count: extent)
            for part in parts {
                for place in values.indices { values[place] += part.square / total * (part.profiles[axis]?.values[place] ?? 1) }
            }
            result[axis] = Profile(values)
        }
        return result
    }
}
