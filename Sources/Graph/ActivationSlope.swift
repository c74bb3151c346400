/// Where an activation function lets gradients through: what its slope, found from its expression, is like.
///
/// A place is *flat* where the slope is at most a twentieth of the steepest. The slope is sampled in fp64, from 0 to 1024 on both sides; what
/// a function does further out, or between samples, is not seen.
public struct ActivationSlope: Hashable, Sendable {
    /// The derivative with respect to the only argument.
    public let derivative: Scalar
    /// The steepest slope that was found, as an absolute value.
    public let steepest: Double
    /// Whether it is flat far out on at least one side: there a unit may end up through which no gradient passes.
    public let hasFlatSide: Bool
    /// Whether it is flat far out on both sides, and stays where it is there: `sigmoid`, `tanh`, `relu6`.
    public let isBounded: Bool
    /// Whether it is flat exactly below 0: `relu`, `relu6`. It is meant to be so, and no saturation.
    public let isRectifier: Bool

    /// The largest slope, as an absolute value, that counts as flat.
    public var flatLimit: Double { steepest * Self.flatShare }

    private static let flatShare = 0.05
    /// Where a function has become what it will be, and further out.
    private static let (far, further) = (1024.0, 4096.0)

    /// Nil for what is no activation function: an expression that is affine in its argument, or a step, or reads more than the argument.
    public init?(_ function: Scalar) {
        let derivative = function.derivative(0)
        guard function.arity == 1, derivative.reads(argument: 0), !function.dependsOnPosition else { return nil }
        let slope = { (x: Double) in abs(derivative.evaluate([x])) }
        // Eighths of octaves from 2^-10 on: far enough from each other for a quick search, near enough for the top of a bell.
        let distances = [0] + (-80...80).map { Self.power(of: $0) }
        let slopes = (distances + distances.map { -$0 }).map(slope).filter(\.isFinite)
        guard let steepest = slopes.max(), steepest > 0 else { return nil }
        let limit = steepest * Self.flatShare
        func isFlat(_ side: Double) -> (isFlat: Bool, stays: Bool) {
            let (near, end) = (function.evaluate([side * Self.far]), function.evaluate([side * Self.further]))
            return (slope(side * Self.far) <= limit, abs(end - near) <= 0.01 * (1 + abs(near)))
        }
        let (left, right) = (isFlat(-1), isFlat(1))
        self.derivative = derivative
        self.steepest = steepest
        hasFlatSide = left.isFlat && left.stays || right.isFlat && right.stays
        isBounded = left.isFlat && left.stays && right.isFlat && right.stays
        isRectifier = distances.dropFirst().allSatisfy { slope(-$0) == 0 } && slope(distances[1]) > limit
    }

    /// 2 to the power of so many eighths.
    private static func power(of eighths: Int) -> Double {
        let (octaves, rest) = (eighths >> 3, eighths & 7)
        let roots = (0..<rest).reduce(1.0) { product, _ in product * 1.090_507_732_665_257_7 }
        return roots * Double(sign: .plus, exponent: octaves, significand: 1)
    }

    /// 1 where an argument is saturated: flat, and not merely below a rectifier's 0.
    public var saturation: Scalar {
        let isFlat = Scalar.select(.lessOrEqual, .unary(.absolute, derivative), .constant(flatLimit), then: 1, otherwise: 0)
        return isRectifier ? .select(.less, 0, .argument(0), then: isFlat, otherwise: 0) : isFlat
    }
}
