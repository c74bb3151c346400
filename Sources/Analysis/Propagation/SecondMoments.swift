import Foundation

/// Mean products of two elements of one channel, by how the two stand to each other: the covariance function of a random field, in four classes.
///
/// Poole et al., arXiv 1606.05340, follow two of them (`own`, `other`) through layers; convolutions and normalizations need positions, too (Xiao et
/// al., arXiv 1806.05393).
public struct SecondMoments: Hashable, Sendable {
    /// An element and itself: the mean square.
    public var own: Double {
        get { values[0] }
        set { values[0] = newValue }
    }
    /// Elements of one image that are neighbours.
    public var near: Double {
        get { values[1] }
        set { values[1] = newValue }
    }
    /// Elements of one image, the mean over all other pairs of positions.
    public var far: Double {
        get { values[2] }
        set { values[2] = newValue }
    }
    /// Elements of two images, the mean over all pairs of positions.
    public var other: Double {
        get { values[3] }
        set { values[3] = newValue }
    }

    var values: SIMD4<Double>

    /// Beyond, a signal counts as exploded; squares of it still are numbers.
    static let largest = 1e120

    init(_ values: SIMD4<Double>) {
        self.values = SIMD4(values.indices.map { values[$0].isNaN ? 0 : min(max(values[$0], -Self.largest), Self.largest) })
    }

    public init(own: Double, near: Double, far: Double, other: Double) { self.init(SIMD4(own, near, far, other)) }

    /// Of a value that is the same everywhere.
    static func constant(_ square: Double) -> SecondMoments { SecondMoments(SIMD4(repeating: square)) }

    static let zero = constant(0)

    static func + (a: SecondMoments, b: SecondMoments) -> SecondMoments { SecondMoments(a.values + b.values) }
    static func - (a: SecondMoments, b: SecondMoments) -> SecondMoments { SecondMoments(a.values - b.values) }
    static func * (a: SecondMoments, b: SecondMoments) -> SecondMoments { SecondMoments(a.values * b.values) }
    static func * (a: Double, b: SecondMoments) -> SecondMoments { SecondMoments(a * b.values) }

    /// Of elements of one image that are `distance` positions apart: what neighbours have more in common than all others fades evenly.
    func at(distance: Int) -> Double {
        switch distance {
        case 0: own
        case 1: near
        default:
            if own > far, near > far {
                far + (near - far) * pow((near - far) / (own - far), Double(distance - 1))
            } else {
                far
            }
        }
    }
}

/// The mean and the second moments of the elements of channels that are alike.
public struct Moments: Hashable, Sendable {
    public var mean: Double
    public var second: SecondMoments

    init(mean: Double, _ second: SecondMoments) { (self.mean, self.second) = (mean, second) }

    static func constant(_ value: Double) -> Moments { Moments(mean: value, .constant(value * value)) }

    public var variance: Double { max(0, second.own - mean * mean) }

    /// Whether it is one number, as far as rounding tells.
    var isConstant: Bool { variance <= 1e-12 * second.own || second.own < 1e-200 }

    /// How alike two elements are, of each class: the correlation coefficient.
    var correlation: SIMD4<Double> {
        let variance = variance
        guard variance > 0 else { return SIMD4(repeating: 1) }
        let values = (second.values - mean * mean) / variance
        return SIMD4(1, min(1, max(-1, values[1])), min(1, max(-1, values[2])), min(1, max(-1, values[3])))
    }
}
