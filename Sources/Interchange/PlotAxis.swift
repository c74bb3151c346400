import Foundation

/// An axis of a panel with what it shows, and how its values become pixels.
struct PlotAxis {
    let scale: Plot.Scale
    /// In the scale's measure: values, or their decimal logarithms.
    private let low: Double
    private let high: Double

    /// - Parameters:
    ///   - values: what is to be shown where the axis does not say it; of a logarithmic one, those above zero.
    ///   - margin: the part of the range that is left free on both sides.
    init(_ axis: Plot.Axis, values: [Double], margin: Double) {
        scale = axis.scale
        let shown = axis.range.map { [$0.lowerBound, $0.upperBound] } ?? values
        let measured = shown.compactMap { Self.measure($0, axis.scale) }
        let (low, high) = (measured.min() ?? 0, measured.max() ?? 1)
        if low == high {
            let room = low == 0 ? 0.5 : abs(low) * 0.05
            (self.low, self.high) = (low - room, high + room)
        } else {
            let room = axis.range == nil ? (high - low) * margin : 0
            (self.low, self.high) = (low - room, high + room)
        }
    }

    /// Nil for what the scale does not have.
    private static func measure(_ value: Double, _ scale: Plot.Scale) -> Double? {
        let measure = scale == .linear ? value : value > 0 ? log10(value) : .nan
        // Differences of what is larger may not be finite.
        return measure.isFinite && abs(measure) < 1e300 ? measure : nil
    }

    /// Where a value lies, from 0 to 1; nil where it has no place.
    func part(_ value: Double) -> Double? {
        Self.measure(value, scale).map { min(max(($0 - low) / (high - low), 0), 1) }
    }

    /// Round values, with how they are written.
    func ticks(_ count: Int) -> [(value: Double, name: String)] {
        let values = scale == .linear ? Self.round(from: low, to: high, count: count) : powers(count)
        return values.map { ($0, String(format: "%.6g", $0)) }
    }

    /// Powers of ten; also twice and five times them, where there are few.
    private func powers(_ count: Int) -> [Double] {
        if high - low >= 2 {
            let exponents = Self.round(from: low, to: high, count: min(count, Int(high - low)))
            return exponents.filter { $0 == $0.rounded() }.map { pow(10, $0) }
        }
        var values: [Double] = []
        for exponent in Int(low.rounded(.down))...Int(high.rounded(.up)) {
            for factor in [1.0, 2, 5] {
                let value = factor * pow(10, Double(exponent))
                if log10(value) >= low - 1e-9, log10(value) <= high + 1e-9 { values.append(value) }
            }
        }
        return values
    }

    /// About `count` multiples of 1, 2 or 5 times a power of ten.
    private static func round(from low: Double, to high: Double, count: Int) -> [Double] {
        let rough = (high - low) / Double(max(1, count))
        let power = pow(10, log10(rough).rounded(.down))
        guard rough > 0, power > 0, power.isFinite else { return [low] }
        let step = ([1, 2, 5].first { $0 * power >= rough * 0.75 } ?? 10) * power
        let (first, last) = ((low / step - 1e-9).rounded(.up), (high / step + 1e-9).rounded(.down))
        guard last >= first, last - first < 100 else { return [low] }
        // Not minus zero.
        return (0...Int(last - first)).map { (first + Double($0)) * step + 0 }
    }
}
