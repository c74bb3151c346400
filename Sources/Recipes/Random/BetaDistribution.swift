import Foundation

/// The beta distribution with two equal parameters: numbers from 0 to 1, on average 1/2, near both ends for a small `alpha`.
///
/// Its variance is `1 / (4 * (2 * alpha + 1))`. A number is `a / (a + b)` of two of the gamma distribution (Marsaglia and Tsang, "A simple
/// method for generating gamma variables", 2000), whose logarithms are kept: those of a small `alpha` are too small for a Double.
public struct BetaDistribution: Sendable {
    /// From 0.001 to 1000.
    public let alpha: Double

    public static let range = 0.001...1000.0

    public init(alpha: Double) {
        precondition(Self.range.contains(alpha), "no beta distribution of \(alpha)")
        self.alpha = alpha
    }

    public func draw(_ random: inout CounterGenerator) -> Double {
        let (first, second) = (logarithmOfGamma(&random), logarithmOfGamma(&random))
        return 1 / (1 + exp(second - first))
    }

    private func logarithmOfGamma(_ random: inout CounterGenerator) -> Double {
        // Below 1, a number of the distribution of alpha + 1 times a power of a uniform one.
        if alpha < 1 {
            let larger = Self.logarithmOfGamma(alpha + 1, &random)
            return larger + log(random.positiveUnit()) / alpha
        }
        return Self.logarithmOfGamma(alpha, &random)
    }

    /// For a shape from 1 on.
    private static func logarithmOfGamma(_ shape: Double, _ random: inout CounterGenerator) -> Double {
        let d = shape - 1.0 / 3
        let c = 1 / (9 * d).squareRoot()
        while true {
            let normal = random.normal()
            let root = 1 + c * normal
            if root <= 0 { continue }
            let cube = root * root * root
            if log(random.positiveUnit()) < 0.5 * normal * normal + d - d * cube + d * log(cube) { return log(d * cube) }
        }
    }
}
