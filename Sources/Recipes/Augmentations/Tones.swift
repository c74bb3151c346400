import Graph

/// Changes of values, each by itself or by how often all of them occur.
extension Augmentation {
    public static let posterize = Augmentation(
        "posterize", [.integer("bits", 1...8), probability(0.5)], stream: 39, "only the `bits` highest bits of each 8-bit value are kept",
        source: "`RandomPosterize`",
        .picture { values in
            let bits = values.integer("bits")
            return { _, picture in picture.posterize(bits: bits) }
        })

    public static let solarize = Augmentation(
        "solarize", [.number("threshold", FormParameter.share, default: 0.5), probability(0.5)], stream: 40,
        "values from `threshold` on are inverted: `1 - x`, where 1 is white", source: "`RandomSolarize`",
        .picture { values in
            let threshold = Float(values.number("threshold"))
            return { _, picture in picture.solarize(threshold: threshold) }
        })

    public static let autocontrast = Augmentation(
        "autocontrast", [probability(0.5)], stream: 41, "each channel stretched from 0 to 1", source: "`RandomAutocontrast`",
        .picture { _ in { _, picture in picture.stretchContrast() } })

    public static let equalize = Augmentation(
        "equalize", [probability(0.5)], stream: 42, "each channel's 8-bit values spread so that all occur about as often",
        source: "`RandomEqualize`",
        .picture { _ in { _, picture in picture.equalize() } })

    public static let invert = Augmentation(
        "invert", [probability(0.5)], stream: 43, "`1 - x`, where 1 is white", source: "`RandomInvert`",
        .picture { _ in { _, picture in picture.solarize(threshold: 0) } })
}

extension AugmentedPicture {
    /// Keeps the highest bits of each value.
    mutating func posterize(bits: Int) {
        let mask = UInt8(truncatingIfNeeded: 0xff << (8 - bits))
        let values = planes()
        for index in values.indices { values[index] = Float(Self.byte(values[index]) & mask) / 255 }
    }

    /// Inverts the values from `threshold` on.
    mutating func solarize(threshold: Float) {
        let values = planes()
        for index in values.indices where values[index] >= threshold { values[index] = Self.bounded(1 - values[index]) }
    }

    /// Stretches each channel from 0 to 1; one of a single value stays.
    mutating func stretchContrast() {
        for channel in 0..<channels {
            let values = plane(channel)
            var (low, high) = (Float.infinity, -Float.infinity)
            for value in values { (low, high) = (min(low, value), max(high, value)) }
            guard high > low else { continue }
            let scale = 1 / (high - low)
            for index in values.indices { values[index] = Self.bounded((values[index] - low) * scale) }
        }
    }

    /// Spreads each channel's values by how many pixels are darker.
    mutating func equalize() {
        for channel in 0..<channels {
            let values = plane(channel)
            var counts = [Int](repeating: 0, count: 256)
            for value in values { counts[Int(Self.byte(value))] += 1 }
            let highest = counts.last { $0 > 0 } ?? 0
            let step = (values.count - highest) / 255
            guard step > 0 else { continue }
            var darker = 0
            let table = counts.map { count -> Float in
                defer { darker += count }
                return Float(min(255, (darker + step / 2) / step)) / 255
            }
            for index in values.indices { values[index] = table[Int(Self.byte(values[index]))] }
        }
    }

    /// The nearest of 256 values.
    @inline(__always) private static func byte(_ value: Float) -> UInt8 { UInt8(bounded(value) * 255 + 0.5) }
}
