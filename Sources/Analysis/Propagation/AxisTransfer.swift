import Graph

/// Along one axis: which positions of an operand each position of a result reads, and with which factor.
///
/// What second moments need of a convolution or pooling follows from counting: how many terms are added of elements that are how far apart.
struct AxisTransfer: Sendable {
    struct Term: Sendable {
        /// The position of the operand.
        var position: Int
        var tap: Int
        var factor: Double
    }

    /// The extent of the operand.
    var extent: Int
    /// The terms of each position of the result.
    var terms: [[Term]]

    /// - Parameters:
    ///   - index: the position that is read, over the axes `result` and `tap`.
    ///   - factor: of a term, by the result's position and the tap.
    init(
        _ index: AffineIndex, axes: Int, result: Int?, tap: Int?, extents: (operand: Int, result: Int, taps: Int),
        factor: (Int, Int) -> Double
    ) {
        extent = extents.operand
        var coordinates = [Int](repeating: 0, count: axes)
        terms = (0..<extents.result).map { place in
            (0..<extents.taps).compactMap { number in
                if let result { coordinates[result] = place }
                if let tap { coordinates[tap] = number }
                guard let position = index.evaluate(coordinates), (0..<extents.operand).contains(position) else { return nil }
                return Term(position: position, tap: number, factor: factor(place, number))
            }
        }
    }

    private init(extent: Int, terms: [[Term]]) { (self.extent, self.terms) = (extent, terms) }

    /// The other way: which results each position of the operand is read by.
    var transposed: AxisTransfer {
        var back = [[Term]](repeating: [], count: extent)
        for (place, row) in terms.enumerated() {
            for term in row { back[term.position].append(Term(position: place, tap: term.tap, factor: term.factor)) }
        }
        return AxisTransfer(extent: terms.count, terms: back)
    }

    /// Sums of products of factors of two results, by how far apart their operands are.
    struct Spread {
        var same: [Int: Double] = [:]
        var adjacent: [Int: Double] = [:]
        /// Over all pairs of results.
        var all = 0.0
    }

    /// - Parameters:
    ///   - isCoherent: whether all terms of two results are multiplied, or, as of independent weights, only those of the same tap.
    ///   - profile: of the operand.
    func spread(isCoherent: Bool, _ profile: Profile?) -> Spread {
        var spread = Spread()
        let count = Double(terms.count)
        let sizes = profile?.amplitudes ?? [Double](repeating: 1, count: extent)
        func add(_ a: [Term], _ b: [Term], _ share: Double, to distances: inout [Int: Double]) {
            for first in a {
                for second in b where isCoherent || first.tap == second.tap {
                    distances[abs(first.position - second.position), default: 0] +=
                        first.factor * second.factor * sizes[first.position] * sizes[second.position] * share
                }
            }
        }
        var sums: [Int: Double] = [:]
        for (place, row) in terms.enumerated() {
            add(row, row, 1 / count, to: &spread.same)
            if place + 1 < terms.count { add(row, terms[place + 1], 1 / (count - 1), to: &spread.adjacent) }
            for term in row { sums[isCoherent ? 0 : term.tap, default: 0] += term.factor * sizes[term.position] / count }
        }
        if terms.count == 1 { spread.adjacent = spread.same }
        let mean = profile?.meanAmplitude ?? 1
        spread.all = sums.inOrder.reduce(0) { $0 + $1.value * $1.value } / (mean * mean)
        return spread
    }

    /// For each tap, at how many positions of the result it reads something: their mean, and the mean of their squares, positions weighted by how
    /// large what is read there is, and the gradient of the result.
    func readings(_ profile: Profile?, _ gradient: Profile?) -> (mean: Double, square: Double) {
        var (counts, sums): ([Int: Double], [Int: Double]) = ([:], [:])
        var taps = 0
        let common = (profile?.meanAmplitude ?? 1) * (gradient?.meanAmplitude ?? 1)
        for (place, row) in terms.enumerated() {
            for term in row {
                taps = max(taps, term.tap + 1)
                let size = (profile?.values[term.position] ?? 1) * (gradient?.values[place] ?? 1)
                counts[term.tap, default: 0] += size
                sums[term.tap, default: 0] += size.squareRoot() / common
            }
        }
        guard taps > 0 else { return (0, 0) }
        return (
            counts.inOrder.reduce(0) { $0 + $1.value } / Double(taps), sums.inOrder.reduce(0) { $0 + $1.value * $1.value } / Double(taps)
        )
    }

    /// How large results are along the axis, relative to their mean.
    func transferred(_ profile: Profile?, isCoherent: Bool) -> Profile? {
        Profile(
            terms.map { row in
                guard isCoherent else { return row.reduce(0) { $0 + $1.factor * $1.factor * (profile?.values[$1.position] ?? 1) } }
                let sum = row.reduce(0) { $0 + $1.factor * (profile?.values[$1.position] ?? 1).squareRoot() }
                return sum * sum
            })
    }
}

extension SecondMoments {
    /// The second moments of sums of elements along axes.
    ///
    /// - Parameter profiles: of the operand, one an axis.
    func transferred(_ axes: [AxisTransfer], _ profiles: [Profile?], isCoherent: Bool) -> SecondMoments {
        guard !axes.isEmpty else { return self }
        let spreads = zip(axes, profiles).map { axis, profile in
            let spread = axis.spread(isCoherent: isCoherent, profile)
            return (same: spread.same.inOrder, adjacent: spread.adjacent.inOrder, all: spread.all)
        }
        func sum(_ adjacent: Int?) -> Double {
            var reached: [Int: Double] = [0: 1]
            for (axis, spread) in spreads.enumerated() {
                var next: [Int: Double] = [:]
                for (distance, factor) in reached.inOrder {
                    for (further, share) in axis == adjacent ? spread.adjacent : spread.same {
                        next[Swift.max(distance, further), default: 0] += factor * share
                    }
                }
                reached = next
            }
            return reached.inOrder.reduce(0) { $0 + $1.value * at(distance: $1.key) }
        }
        let all = spreads.reduce(1) { $0 * $1.all }
        let wide = axes.indices.filter { axes[$0].terms.count > 1 }
        let own = sum(nil)
        let near = wide.isEmpty ? own : wide.reduce(0) { $0 + sum($1) } / Double(wide.count)
        return SecondMoments(own: own, near: near, far: wide.isEmpty ? own : all * far, other: all * other)
    }
}

extension [Int: Double] {
    /// By rising keys: sums have the same bits every time.
    fileprivate var inOrder: [(key: Int, value: Double)] { sorted { $0.key < $1.key } }
}
