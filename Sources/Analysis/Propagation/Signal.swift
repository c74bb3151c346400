import Graph

/// What an axis of a tensor runs over.
enum AxisRole: Hashable, Sendable {
    case image
    /// Elements that are alike, and independent but for their mean: what weights of their own made.
    case channel
    case position
}

/// Channels whose elements have the same moments.
struct Population: Hashable, Sendable {
    var channels: Int
    var moments: Moments
}

/// What is known of a tensor: the moments of its elements over images, weights and positions.
struct Signal: Sendable {
    var roles: [AxisRole]
    var extents: [Int]
    /// In the order of the channels.
    var populations: [Population]
    /// A tensor, or another tensor of the same shape whose elements it is a function of.
    var origin: Origin?
    var profiles: Profiles = [:]
    /// Whether it depends on no input.
    var isWeight = false

    struct Origin: Sendable {
        var value: Value
        /// What holds numbers at the beginning, and yet has a gradient: biases, say.
        var sides: [Value] = []
        /// Of the value, which is argument 0, and the sides.
        var function: Scalar
    }

    var channels: Int { zip(roles, extents).reduce(1) { $1.0 == .channel ? $0 * $1.1 : $0 } }
    var positionExtents: [Int] { zip(roles, extents).filter { $0.0 == .position }.map(\.1) }

    func positions(images: Int) -> Positions { Positions(extents: positionExtents, images: images) }

    init(roles: [AxisRole], extents: [Int], _ populations: [Population]) {
        (self.roles, self.extents) = (roles, extents)
        self.populations = populations
    }

    /// Channels that are all alike.
    init(roles: [AxisRole], extents: [Int], _ moments: Moments) {
        self.init(roles: roles, extents: extents, [])
        populations = [Population(channels: channels, moments: moments)]
    }

    /// The moments of all channels together.
    var average: Moments { populations.average }
}

extension [Population] {
    var average: Moments {
        guard count > 1 else { return first?.moments ?? .constant(0) }
        let total = reduce(0) { $0 + Double($1.channels) }
        var (mean, second) = (0.0, SIMD4<Double>.zero)
        for population in self {
            let share = Double(population.channels) / total
            mean += share * population.moments.mean
            second += share * population.moments.second.values
        }
        return Moments(mean: mean, SecondMoments(second))
    }

    /// Neighbours that are the same become one.
    var merged: [Population] {
        var result: [Population] = []
        for population in self where population.channels > 0 {
            if result.last?.moments == population.moments {
                result[result.count - 1].channels += population.channels
            } else {
                result.append(population)
            }
        }
        return result
    }
}

/// What is known of the gradient of the loss with respect to a tensor: the second moments of its elements, one a population of the tensor's.
struct SignalGradient: Sendable {
    /// Where a gradient arrives: everywhere, or only at elements that are the largest of a window.
    struct Selection: Hashable, Sendable {
        var taps: Int
        /// How many taps two neighbouring windows share.
        var shared: Int
    }

    /// What arrives, by where; nil is everywhere.
    var parts: [Selection?: [SecondMoments]] = [:]

    var profiles: Profiles = [:]

    init() {}
    init(_ second: [SecondMoments], at selection: Selection? = nil, _ profiles: Profiles = [:]) {
        parts[selection] = second
        self.profiles = profiles
    }

    /// Gradients of several readers, which do not depend on each other.
    mutating func add(_ other: SignalGradient) {
        profiles = Profiles.sum([self, other].map { part in (part.profiles, part.total.reduce(0) { $0 + $1.own }) })
        for (selection, second) in other.parts {
            guard let own = parts[selection] else {
                parts[selection] = second
                continue
            }
            parts[selection] = zip(own, second).map { $0 + $1 }
        }
    }

    /// All that arrives.
    var total: [SecondMoments] {
        var sums: [SecondMoments] = []
        for second in parts.values { sums = sums.isEmpty ? second : zip(sums, second).map { $0 + $1 } }
        return sums
    }

    /// Each second moment by a function of it and the number of its population.
    func map(_ transform: (SecondMoments, Int) -> SecondMoments) -> SignalGradient {
        var result = self
        result.parts = parts.mapValues { $0.enumerated().map { transform($0.element, $0.offset) } }
        return result
    }

    func average(_ populations: [Population]) -> SecondMoments {
        let total = total
        let channels = populations.reduce(0) { $0 + Double($1.channels) }
        return zip(total, populations).reduce(.zero) { $0 + (Double($1.1.channels) / channels) * $1.0 }
    }
}
