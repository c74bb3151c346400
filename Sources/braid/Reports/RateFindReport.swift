import Foundation
import Training

/// A learning-rate range test as text and as `--json` prints it.
struct RateFindReport {
    private let test: RateRangeTest
    private let network: String
    private let data: String
    private let batch: Int
    /// Those of the recipe.
    private let epochs: Int?

    /// So many rows of the table, about.
    private static let rowCount = 20

    init(_ test: RateRangeTest, network: String, data: String, batch: Int, epochs: Int?) {
        self.test = test
        self.network = network
        self.data = data
        self.batch = batch
        self.epochs = epochs
    }

    /// The line of the recipe, with two digits of the rate.
    private var line: String? {
        test.recommended.map { rate in
            let rounded = Double(String(format: "%.1e", rate)) ?? rate
            return "schedule one_cycle(peak: \(rounded)\(epochs.map { ", epochs: \($0)" } ?? ""))"
        }
    }

    func show(_ files: [String]) {
        print("\(network) on \(data): \(test.steps) steps of \(batch) pictures, rates from \(test.lowest) to \(test.highest)\n")
        var table = Table(("step", .right), ("rate", .right), ("loss", .right), ("smoothed", .right))
        let stride = max(1, (test.points.count + Self.rowCount - 1) / Self.rowCount)
        for (index, point) in test.points.enumerated() where index % stride == 0 || index == test.points.count - 1 {
            table.add(
                "\(index + 1)", String(format: "%.2e", point.rate), Format.fixed(point.loss, 4), Format.fixed(point.smoothed, 4))
        }
        print(table.text)
        if test.hasDiverged { print("the loss diverged at step \(test.points.count) of \(test.steps)\n") }
        for row in Chart.curve(test.points.map(\.smoothed), width: 60, height: 5, label: { Format.fixed($0, 3) }) { print("  " + row) }
        guard let line else {
            print(
                "\nthe loss falls at none of these rates: check the network and its data, for example with `braid overfit`, or try other rates"
            )
            for path in files { print("wrote \(path)") }
            return
        }
        print("\nsuggested rates")
        for way in RateRangeTest.Suggestion.allCases {
            if let rate = test.rate(way) {
                print("  \(way.rawValue.padding(toLength: 9, withPad: " ", startingAt: 0)) \(String(format: "%.2g", rate))")
            }
        }
        print("\nrecommended: \(Console.green(line))")
        for path in files { print("wrote \(path)") }
    }

    func record(_ files: [String]) -> Record {
        let rates = RateRangeTest.Suggestion.allCases.compactMap { way in test.rate(way).map { (way.rawValue, $0) } }
        return Record(
            network: network, data: data, batch: batch, steps: test.points.count, hasDiverged: test.hasDiverged,
            points: test.points.map { .init(rate: $0.rate, loss: $0.loss, smoothed: $0.smoothed) },
            suggestions: Dictionary(rates) { first, _ in first }, recommended: test.recommended, schedule: line, files: files)
    }

    struct Record: Encodable {
        struct Point: Encodable {
            var rate: Double
            var loss: Double
            var smoothed: Double
        }

        var network: String
        var data: String
        var batch: Int
        /// Those that were done.
        var steps: Int
        var hasDiverged: Bool
        var points: [Point]
        /// The rates by the way that suggests them.
        var suggestions: [String: Double]
        var recommended: Double?
        /// The line for the recipe.
        var schedule: String?
        var files: [String]
    }
}
