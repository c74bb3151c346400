import Foundation
import Interchange

/// A learning-rate range test (Smith, arXiv 1506.01186): the rate rises exponentially from step to step, and the loss, smoothed, tells from
/// where on the network learns and where it diverges.
///
/// The defaults and the suggestions are those of fast.ai's `lr_find`.
public struct RateRangeTest: Equatable, Sendable {
    public struct Point: Equatable, Sendable {
        public var rate: Double
        public var loss: Double
        /// The exponential moving average of the losses so far, without the bias towards zero of its beginning.
        public var smoothed: Double
    }

    /// A way to read a rate off the losses.
    public enum Suggestion: String, CaseIterable, Sendable {
        /// A third and a half of a third into the longest valley, the longest falling subsequence.
        case valley
        /// From the right end, where the loss diverges, down to where the slopes at both ends of an interval of 15 steps are alike.
        case slide
        /// A tenth of the rate with the lowest loss.
        case minimum
        /// Where the loss falls fastest over the logarithm of the rate.
        case steepest
    }

    public let lowest: Double
    public let highest: Double
    public let steps: Int
    /// The part of the average that stays at each step.
    public let beta: Double
    /// How many times the lowest smoothed loss ends the test; of losses that go below 0, how many times their range, see `isDiverging`.
    public let divergence: Double
    public private(set) var points: [Point] = []
    private var average = 0.0
    /// The lowest smoothed loss so far, and the lowest and the highest loss of the steps over which the average settles.
    private var best = Double.infinity
    private var settlingLow = Double.infinity
    private var settlingHigh = -Double.infinity
    private var hasNegative = false
    /// Whether the loss diverged, or was no finite number, before the last step.
    public private(set) var hasDiverged = false

    public init(from lowest: Double = 1e-7, to highest: Double = 10, steps: Int = 100, beta: Double = 0.98, divergence: Double = 4) {
        precondition(
            lowest > 0 && highest > lowest && highest.isFinite && steps > 1, "no rates from \(lowest) to \(highest) in \(steps) steps")
        (self.lowest, self.highest, self.steps, self.beta, self.divergence) = (lowest, highest, steps, beta, divergence)
    }

    /// The rate of the next step; nil where the test is over.
    public var nextRate: Double? {
        if hasDiverged || points.count == steps { return nil }
        return lowest * pow(highest / lowest, Double(points.count) / Double(steps - 1))
    }

    /// Takes the loss of a step at `nextRate`.
    public mutating func add(loss: Double) {
        guard let rate = nextRate else { preconditionFailure("the test is over") }
        guard loss.isFinite else {
            hasDiverged = true
            return
        }
        average = beta * average + (1 - beta) * loss
        let smoothed = average / (1 - pow(beta, Double(points.count + 1)))
        points.append(Point(rate: rate, loss: loss, smoothed: smoothed))
        best = min(best, smoothed)
        if loss < 0 { hasNegative = true }
        if points.count <= settlingSteps { (settlingLow, settlingHigh) = (min(settlingLow, loss), max(settlingHigh, loss)) }
        hasDiverged = isDiverging(smoothed)
    }

    /// Whether a smoothed loss is so far above the lowest that the training diverges.
    ///
    /// Losses that are never negative are judged as fast.ai judges them, by multiples of the lowest. Those that are may lie anywhere, so that
    /// a multiple says nothing: they are judged by how far they fell, and were apart while the average settled.
    private func isDiverging(_ smoothed: Double) -> Bool {
        guard hasNegative else { return smoothed > divergence * best }
        guard points.count > settlingSteps else { return false }
        let range = max(settlingHigh - min(settlingLow, best), abs(best))
        return smoothed - best > (divergence - 1) * range
    }

    /// The first tenth of the steps, over which the average settles.
    private var settlingSteps: Int { steps / 10 }

    /// The points that suggestions go by: without the first tenth of the steps, over which the average settles, and the last five, which
    /// diverge.
    public var judged: ArraySlice<Point> { points.dropFirst(settlingSteps).dropLast(5) }

    /// The rate that a way suggests; nil where there are too few points for it, or the loss never falls.
    public func rate(_ suggestion: Suggestion) -> Double? {
        let points = Array(judged)
        // Averages of equal losses differ by what they are rounded by.
        guard let lowest = points.indices.min(by: { points[$0].smoothed < points[$1].smoothed }),
            points[lowest].smoothed < points[0].smoothed - 1e-6 * abs(points[0].smoothed)
        else { return nil }
        switch suggestion {
        case .minimum: return points[lowest].rate / 10
        case .steepest:
            func slope(_ index: Int) -> Double {
                (points[index + 1].smoothed - points[index].smoothed) / log(points[index + 1].rate / points[index].rate)
            }
            return points.indices.dropLast().min { slope($0) < slope($1) }.map { points[$0].rate }
        case .valley: return Self.valley(points.map(\.smoothed)).map { points[$0].rate }
        case .slide: return Self.slide(points.map(\.smoothed)).map { points[$0].rate }
        }
    }

    /// The first rate there is of valley, minimum and steepest.
    public var recommended: Double? { rate(.valley) ?? rate(.minimum) ?? rate(.steepest) }

    private static func valley(_ losses: [Double]) -> Int? {
        // The length of the longest falling subsequence that ends at each place: one more than that of the longest which ends above it. Of
        // each length the highest end so far is kept; these ends fall, so that halving finds the place.
        var (lengths, ends): ([Int], [Double]) = ([], [])
        for loss in losses {
            var (low, high) = (0, ends.count)
            while low < high {
                let middle = (low + high) / 2
                if ends[middle] > loss { low = middle + 1 } else { high = middle }
            }
            if low == ends.count { ends.append(loss) } else { ends[low] = loss }
            lengths.append(low + 1)
        }
        guard let longest = lengths.max(), longest > 1, let end = lengths.firstIndex(of: longest) else { return nil }
        let section = Double(longest) / 3
        return max(0, end - longest + Int(section) + Int(section / 2))
    }

    private static func slide(_ losses: [Double]) -> Int? {
        let (interval, threshold) = (15, 0.005)
        guard losses.count > interval else { return nil }
        let slopes = losses.indices.map { index in
            let (before, behind) = (max(0, index - 1), min(losses.count - 1, index + 1))
            return (losses[behind] - losses[before]) / Double(behind - before)
        }
        var left = losses.count - 1 - interval
        var found = left
        while left >= 0, abs(slopes[left + interval] - slopes[left]) > threshold {
            found = left
            left -= 1
        }
        return found
    }

    /// The losses over the rates, with the suggestions as marks.
    public func plot(title: String) -> Plot {
        // A single wild loss must not press all others flat.
        let (low, high) = (points.map { min($0.loss, $0.smoothed) }.min() ?? 0, points.map(\.smoothed).max() ?? 1)
        let range = high > low ? low - (high - low) * 0.05...high + (high - low) * 0.05 : nil
        return Plot(
            title,
            [
                Plot.Panel(
                    "loss", x: Plot.Axis("learning rate", .logarithmic), y: Plot.Axis(range: range),
                    [
                        Plot.Series("of the step", style: .dashes, color: 3, points.map { ($0.rate, $0.loss) }),
                        Plot.Series("smoothed", style: .line, color: 0, points.map { ($0.rate, $0.smoothed) }),
                    ],
                    marks: Suggestion.allCases.compactMap { way in
                        rate(way).map { Plot.Mark($0, "\(way.rawValue) \(String(format: "%.2g", $0))") }
                    })
            ])
    }
}
