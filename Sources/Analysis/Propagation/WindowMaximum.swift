import Graph

/// The largest of a function of the elements of a window, by samples that are always the same.
struct WindowMaximum {
    /// Of a normal field, the elements at which the function is largest in two windows of each class, one pair a sample.
    private var pairs: [(first: Double, others: SIMD4<Double>)] = []

    /// - Parameters:
    ///   - field: the moments of the elements, which are taken for normal ones.
    ///   - function: of argument 0, an element.
    init(of field: Moments, _ function: Scalar, _ window: SignalGradient.Selection) {
        var normal = NormalSequence()
        // The largest of more elements is much the same.
        let (taps, deviation) = (min(400, window.taps), field.variance.squareRoot())
        let correlation = field.correlation.clamped(lowerBound: SIMD4(repeating: 0), upperBound: SIMD4(repeating: 1))
        let within = min(0.9999, correlation[1])
        let samples = max(300, 12000 / taps)
        for _ in 0..<samples {
            let common = normal.next()
            let own = (0..<taps).map { _ in normal.next() }
            func largest(sharing correlation: Double, _ apart: Double, _ own: [Double]) -> Double {
                let alike = within > 0 ? min(1, correlation / within) : 0
                let middle = within.squareRoot() * (alike.squareRoot() * common + (1 - alike).squareRoot() * apart)
                var (best, place) = (-Double.infinity, 0.0)
                for tap in own {
                    let element = field.mean + deviation * (middle + (1 - within).squareRoot() * tap)
                    let value = function.evaluate([element])
                    if value > best { (best, place) = (value, element) }
                }
                return place
            }
            // The windows of a pair differ in what is theirs; those of neighbours share some taps. The first one's own part is that of no other.
            let apart = normal.next()
            let first = largest(sharing: correlation[2], apart, own)
            var others = SIMD4<Double>(repeating: first)
            let neighbour = own.prefix(window.shared) + (min(taps, window.shared)..<taps).map { _ in normal.next() }
            others[1] = largest(sharing: correlation[2], apart, Array(neighbour))
            others[2] = largest(sharing: correlation[2], normal.next(), own.map { _ in normal.next() })
            // What two images share is shared with the first one's share of an image's positions.
            let shared = correlation[2] > 0 ? min(within, correlation[3] * correlation[3] / correlation[2]) : 0
            others[3] = largest(sharing: shared, normal.next(), own.map { _ in normal.next() })
            pairs.append((first, others))
        }
    }

    /// The moments of another function of the elements at which the first was largest.
    func moments(_ function: Scalar) -> Moments {
        var (mean, second) = (0.0, SIMD4<Double>.zero)
        for (first, others) in pairs {
            let value = function.evaluate([first])
            mean += value
            second += SIMD4(
                value * value, value * function.evaluate([others[1]]), value * function.evaluate([others[2]]),
                value * function.evaluate([others[3]]))
        }
        let count = Double(pairs.count)
        return Moments(mean: mean / count, SecondMoments(second / count))
    }
}
