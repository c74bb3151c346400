import Foundation
import Graph

/// Moments of functions of normal variables, by numerical integration.
///
/// A function of one variable is expanded in Hermite polynomials, whose products' means are powers of the correlation: E[f(u) f(v)] is the sum of
/// a_k^2 rho^k (Daniely et al., arXiv 1602.05897). What depends on several variables is taken apart into sums and products of independent ones, and
/// sampled where that does not go.
final class GaussianExpectation {
    private struct Key: Hashable {
        var function: Scalar
        var mean: Double
        var deviation: Double
    }
    private struct JointKey: Hashable {
        var function: Scalar
        var arguments: [Moments]
    }
    private var expansions: [Key: [Double]] = [:]
    private var joint: [JointKey: Moments] = [:]

    private static let order = 40
    private static let step = 0.0125
    private static let places: [Double] = stride(from: -7.5, through: 7.5, by: step).map { $0 }
    private static let densities = places.map { exp(-$0 * $0 / 2) / (2 * Double.pi).squareRoot() * step }

    /// The moments of a function of independent normal variables.
    func moments(_ function: Scalar, _ arguments: [Moments]) -> Moments {
        let key = JointKey(function: function, arguments: arguments)
        if let known = joint[key] { return known }
        let result = evaluate(function, arguments)
        joint[key] = result
        return result
    }

    private func evaluate(_ function: Scalar, _ arguments: [Moments]) -> Moments {
        let plain = function.substituting(
            arguments.enumerated().map { $1.isConstant ? .constant($1.mean.isFinite ? $1.mean : 0) : .argument($0) })
        let read = arguments.indices.filter { plain.reads(argument: $0) }
        guard read.count != 1 else { return single(plain, read[0], arguments[read[0]]) }
        guard !read.isEmpty else { return .constant(Self.finite(plain.evaluate(arguments.map(\.mean)))) }
        func isApart(_ a: Scalar, _ b: Scalar) -> Bool { !read.contains { a.reads(argument: $0) && b.reads(argument: $0) } }
        switch plain {
        case .unary(.negate, let inner):
            let inner = moments(inner, arguments)
            return Moments(mean: -inner.mean, inner.second)
        case .unary(let unary, let inner):
            // Of a sum of several, which is nearly normal.
            return single(.unary(unary, .argument(0)), 0, moments(inner, arguments))
        case .binary(.add, let a, let b) where isApart(a, b): return sum(moments(a, arguments), moments(b, arguments), 1)
        case .binary(.subtract, let a, let b) where isApart(a, b): return sum(moments(a, arguments), moments(b, arguments), -1)
        case .binary(.multiply, let a, let b) where isApart(a, b): return product(moments(a, arguments), moments(b, arguments))
        case .binary(.divide, let a, let b) where isApart(a, b):
            return product(moments(a, arguments), moments(.reciprocal(b), arguments))
        default: return sampled(plain, arguments)
        }
    }

    private func sum(_ a: Moments, _ b: Moments, _ sign: Double) -> Moments {
        Moments(mean: a.mean + sign * b.mean, a.second + b.second + .constant(2 * sign * a.mean * b.mean))
    }

    private func product(_ a: Moments, _ b: Moments) -> Moments { Moments(mean: a.mean * b.mean, a.second * b.second) }

    /// The moments of a function of one normal variable.
    private func single(_ function: Scalar, _ argument: Int, _ moments: Moments) -> Moments {
        if function == .argument(argument) { return moments }
        let coefficients = expansion(function, argument, moments)
        let correlation = moments.correlation
        var second = SIMD4<Double>.zero
        var power = SIMD4<Double>(repeating: 1)
        for coefficient in coefficients.dropLast() {
            second += coefficient * coefficient * power
            power *= correlation
        }
        // What higher orders have.
        second += coefficients.last! * power
        return Moments(mean: coefficients[0], SecondMoments(second))
    }

    /// The coefficients of normalized Hermite polynomials, and last the square of what is left.
    private func expansion(_ function: Scalar, _ argument: Int, _ moments: Moments) -> [Double] {
        let key = Key(function: function, mean: moments.mean, deviation: moments.variance.squareRoot())
        if let known = expansions[key] { return known }
        var coefficients = [Double](repeating: 0, count: Self.order + 2)
        var arguments = [Double](repeating: 0, count: argument + 1)
        var square = 0.0
        for (place, density) in zip(Self.places, Self.densities) {
            arguments[argument] = key.mean + key.deviation * place
            let value = Self.finite(function.evaluate(arguments))
            let weighted = value * density
            square += weighted * value
            // h_k+1 = (u h_k - sqrt(k) h_k-1) / sqrt(k + 1).
            var (previous, current) = (0.0, 1.0)
            for order in 0...Self.order {
                coefficients[order] += weighted * current
                let next = (place * current - Self.roots[order] * previous) / Self.roots[order + 1]
                (previous, current) = (current, next)
            }
        }
        coefficients[Self.order + 1] = max(0, square - coefficients.dropLast().reduce(0) { $0 + $1 * $1 })
        expansions[key] = coefficients
        return coefficients
    }

    private static let roots = (0...order + 1).map { Double($0).squareRoot() }

    private static func finite(_ value: Double) -> Double {
        value.isNaN ? 0 : min(max(value, -1e60), 1e60)
    }

    /// The moments of a function that nothing simpler is known of, from samples that are always the same.
    private func sampled(_ function: Scalar, _ arguments: [Moments]) -> Moments {
        var normal = NormalSequence()
        let count = 4000
        var (mean, second) = (0.0, SIMD4<Double>.zero)
        for _ in 0..<count {
            let common = arguments.map { _ in normal.next() }
            let apart = arguments.map { _ in normal.next() }
            func value(_ correlation: (SIMD4<Double>) -> Double) -> Double {
                Self.finite(
                    function.evaluate(
                        arguments.indices.map { index in
                            let alike = max(0, correlation(arguments[index].correlation))
                            let normal = alike * common[index] + max(0, 1 - alike * alike).squareRoot() * apart[index]
                            return arguments[index].mean + arguments[index].variance.squareRoot() * normal
                        }))
            }
            let first = value { _ in 1 }
            mean += first / Double(count)
            second += SIMD4(first * first, first * value { $0[1] }, first * value { $0[2] }, first * value { $0[3] }) / Double(count)
        }
        return Moments(mean: mean, SecondMoments(second))
    }
}

/// Standard normal numbers, always the same ones.
struct NormalSequence {
    private var state: UInt64 = 0x9e37_79b9_7f4a_7c15
    private var spare: Double?

    private mutating func uniform() -> Double {
        // The generator SplitMix64 (Steele et al. 2014).
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return (Double((z ^ (z >> 31)) >> 11) + 0.5) * 0x1p-53
    }

    mutating func next() -> Double {
        if let spare {
            self.spare = nil
            return spare
        }
        let (radius, angle) = ((-2 * log(uniform())).squareRoot(), 2 * Double.pi * uniform())
        spare = radius * sin(angle)
        return radius * cos(angle)
    }
}
