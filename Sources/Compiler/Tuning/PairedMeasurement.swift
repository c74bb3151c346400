import Foundation
import Runtime

/// Two executables of one network, timed in turns of a few runs each, so that what slows the machine down for a while slows both.
struct PairedMeasurement {
    private static let runsOfTurn = 3
    private let both: [Executable]
    private var steps: [StepTimes]
    private var totals: [[Double]] = [[], []]
    /// Of the whole network, turn by turn.
    private var comparison = PairedComparison()

    init(_ before: Executable, _ after: Executable) {
        both = [before, after]
        steps = both.map { StepTimes($0) }
    }

    /// Takes turns: at least so many, and for at least so long. The first run of each turn settles the caches.
    mutating func run(turns leastTurns: Int, seconds: Double) {
        let clock = ContinuousClock()
        both.forEach { $0.measuresSteps = true }
        defer { both.forEach { $0.measuresSteps = false } }
        let start = clock.now
        var turns = 0
        while turns < leastTurns || (clock.now - start) / .seconds(1) < seconds {
            var medians = [0.0, 0.0]
            // Another one begins each time, so that none always follows the other.
            for index in turns % 2 == 0 ? [0, 1] : [1, 0] {
                both[index].run()
                steps[index].skip(both[index])
                var times: [Double] = []
                for _ in 0..<Self.runsOfTurn {
                    times.append(clock.measure { both[index].run() } / .seconds(1))
                    steps[index].note(both[index])
                }
                totals[index] += times
                medians[index] = times.sorted().medianOfSorted
            }
            comparison.add(before: medians[0], after: medians[1])
            turns += 1
        }
    }

    /// The medians of the whole network's times.
    var total: (before: Double, after: Double) { (totals[0].sorted().medianOfSorted, totals[1].sorted().medianOfSorted) }

    /// Whether the second one is faster, beyond doubt.
    var isFaster: Bool { comparison.isFaster && total.after < total.before }

    /// Whether more turns may yet show that it is.
    var isClose: Bool { !isFaster && comparison.isClose }

    /// Of all layers of a shape together, by the shape's key, the sums of the steps' medians.
    var shapes: [String: (before: Double, after: Double)] {
        let (before, after) = (sums(0), sums(1))
        return before.reduce(into: [:]) { times, shape in times[shape.key] = after[shape.key].map { (shape.value, $0) } }
    }

    private func sums(_ index: Int) -> [String: Double] {
        zip(both[index].plan.steps, steps[index].sorted).reduce(into: [:]) { sums, step in
            if let key = step.0.choice?.key { sums[key, default: 0] += step.1.medianOfSorted }
        }
    }
}

/// Whether the second of two is faster, from times that were measured in pairs: a sign test, which asks nothing of how times scatter.
struct PairedComparison {
    /// What must be gained: two that are the same differ by less, for where their code and data happen to lie.
    private static let margin = 0.003
    /// How likely the answer may be wrong where nothing is gained.
    private static let level = 0.004
    /// The same in standard deviations of the normal distribution, which many signs have.
    private static let deviations = 2.652

    private var ratios: [Double] = []

    mutating func add(before: Double, after: Double) { ratios.append(after / before) }

    /// Whether so many pairs would hardly say so by chance: each does with one half at most, if the second is not faster by the margin.
    var isFaster: Bool {
        let (count, faster) = (ratios.count, ratios.count { $0 < 1 - Self.margin })
        if count > 200 { return 2 * Double(faster) - Double(count) >= Self.deviations * Double(count).squareRoot() }
        // The probability of each number of heads among so many coins, from the highest on.
        var (probability, sum) = (pow(0.5, Double(count)), 0.0)
        for heads in stride(from: count, through: faster, by: -1) {
            sum += probability
            probability *= Double(heads) / Double(count - heads + 1)
        }
        return count > 0 && sum <= Self.level
    }

    /// Whether most pairs say so.
    var isClose: Bool { ratios.sorted().medianOfSorted < 1 }
}
