import Interchange

/// Whether probabilities are what they say: predictions in bins of equal width by their probability, with the share of right ones in each
/// (Guo et al., On Calibration of Modern Neural Networks, arXiv 1706.04599).
public struct Reliability: Equatable, Sendable {
    public struct Bin: Equatable, Sendable {
        /// Predictions in the bin, and the right ones.
        public var count = 0
        public var correct = 0
        /// The sum of their probabilities.
        var sum = 0.0

        /// The mean probability, and the share of right predictions; nil for an empty bin.
        public var confidence: Double? { count > 0 ? sum / Double(count) : nil }
        public var accuracy: Double? { count > 0 ? Double(correct) / Double(count) : nil }
        /// How far the two are apart; 0 for an empty bin.
        public var gap: Double { abs((confidence ?? 0) - (accuracy ?? 0)) }
    }

    public private(set) var bins: [Bin]

    /// - Parameter count: the bins that 0 to 1 is divided into; an upper end belongs to its bin.
    public init(bins count: Int = 15) {
        precondition(count > 0, "no reliability of \(count) bins")
        bins = [Bin](repeating: Bin(), count: count)
    }

    /// Counts a prediction of a probability; one that is no number is left out.
    public mutating func add(probability: Double, isRight: Bool) {
        guard probability.isFinite else { return }
        let upper = (probability * Double(bins.count)).rounded(.up)
        let index = Int(min(max(upper - 1, 0), Double(bins.count - 1)))
        bins[index].count += 1
        bins[index].sum += probability
        if isRight { bins[index].correct += 1 }
    }

    /// Where a bin begins and ends.
    public func range(_ index: Int) -> ClosedRange<Double> {
        Double(index) / Double(bins.count)...Double(index + 1) / Double(bins.count)
    }

    public var count: Int { bins.reduce(0) { $0 + $1.count } }

    /// The mean gap of the predictions, between the probability and the share of right ones in their bin: the ECE. 0 where there are none.
    public var expectedError: Double {
        count > 0 ? bins.reduce(0) { $0 + Double($1.count) * $1.gap } / Double(count) : 0
    }

    /// The largest gap of a bin: the MCE.
    public var largestError: Double { bins.map(\.gap).max() ?? 0 }

    /// The bins as a reliability diagram, and how many predictions lie in each.
    public func plot(title: String) -> Plot {
        let width = 1 / Double(bins.count)
        let middles = bins.indices.map { (Double($0) + 0.5) * width }
        let places = bins.indices.filter { bins[$0].count > 0 }
        let accuracy = places.map { (x: middles[$0], y: bins[$0].accuracy ?? 0) }
        let confidence = places.map { (x: middles[$0], y: bins[$0].confidence ?? 0) }
        let axis = Plot.Axis("probability of the prediction", range: 0...1)
        return Plot(
            title,
            [
                Plot.Panel(
                    "share of right predictions", x: axis, y: Plot.Axis(range: 0...1),
                    [
                        Plot.Series("right", style: .bars(width: width), color: 0, accuracy),
                        Plot.Series("as probable as said", style: .dashes, color: 1, [(0, 0), (1, 1)]),
                        Plot.Series("mean probability", style: .dots, color: 1, confidence),
                    ]),
                Plot.Panel(
                    "predictions", x: axis,
                    [Plot.Series("", style: .bars(width: width), color: 0, zip(middles, bins).map { ($0, Double($1.count)) })]),
            ])
    }
}
