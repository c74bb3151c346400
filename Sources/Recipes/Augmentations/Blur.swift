import Foundation
import Graph

extension Augmentation {
    public static let blur = Augmentation(
        "blur", [.number("sigma_from", sigmas, default: 0.1), .number("sigma_to", sigmas, default: 2), probability(1)], stream: 37,
        "blurred by a Gaussian of deviation `sigma_from` to `sigma_to` pixels, cut off at three of them; outside lies the mirrored picture",
        source: "`GaussianBlur`", problem: { range($0, "sigma_from", "sigma_to") },
        .picture { values in
            let (least, greatest) = (values.number("sigma_from"), values.number("sigma_to"))
            return { random, picture in picture.blur(sigma: random.uniform(least, greatest)) }
        })

    private static let sigmas = 0.01...32.0

    public static let sharpness = Augmentation(
        "sharpness", [.number("amount", 0...10), probability(1)], stream: 38,
        "sharper or softer: how far values lie from those blurred over 3 x 3 pixels times `1 - amount` to `1 + amount`, at least 0",
        source: "`RandomAdjustSharpness`",
        .picture { values in
            let amount = values.number("amount")
            return { random, picture in picture.adjustSharpness(Float(random.uniform(max(0, 1 - amount), 1 + amount))) }
        })
}

extension AugmentedPicture {
    /// Blurs by a Gaussian of so many pixels.
    mutating func blur(sigma: Double) {
        let radius = max(1, Int((3 * sigma).rounded(.up)))
        let raw = (-radius...radius).map { exp(-0.5 * (Double($0) / sigma) * (Double($0) / sigma)) }
        let sum = raw.reduce(0, +)
        let weights = raw.map { Float($0 / sum) }
        let copy = duplicate()
        withUnsafeTemporaryAllocation(of: Float.self, capacity: width + 2 * radius) { line in
            line.initialize(repeating: 0)
            for channel in 0..<channels {
                let (values, copy) = (plane(channel), copy + channel * area)
                // Along the columns into the copy, then along the rows back.
                for row in 0..<height {
                    let target = copy + row * width
                    target.update(repeating: 0, count: width)
                    for (tap, weight) in weights.enumerated() {
                        let start = Self.reflected(row + tap - radius, height) * width
                        for column in 0..<width { target[column] += weight * values[start + column] }
                    }
                }
                for row in 0..<height {
                    let (source, start) = (copy + row * width, row * width)
                    for place in line.indices { line[place] = source[Self.reflected(place - radius, width)] }
                    for column in 0..<width { values[start + column] = 0 }
                    for (tap, weight) in weights.enumerated() {
                        for column in 0..<width { values[start + column] += weight * line[column + tap] }
                    }
                }
            }
        }
    }

    /// A position along an axis that goes on mirrored on both sides, its last pixel not repeated.
    private static func reflected(_ position: Int, _ extent: Int) -> Int {
        if extent == 1 { return 0 }
        let period = 2 * (extent - 1)
        let place = ((position % period) + period) % period
        return min(place, period - place)
    }

    /// How far values lie from those of the softened picture, times a factor; those at the border stay.
    mutating func adjustSharpness(_ factor: Float) {
        guard height > 2, width > 2 else { return }
        let copy = duplicate()
        for channel in 0..<channels {
            let (values, copy) = (plane(channel), copy + channel * area)
            for row in 1..<height - 1 {
                for column in 1..<width - 1 {
                    let place = row * width + column
                    func three(_ middle: Int) -> Float { copy[middle - 1] + copy[middle] + copy[middle + 1] }
                    let sum = three(place - width) + three(place) + three(place + width) + 4 * copy[place]
                    values[place] = Self.bounded(factor * copy[place] + (1 - factor) * sum / 13)
                }
            }
        }
    }
}
