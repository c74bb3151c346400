#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension UnaryFunction {
    /// The value in fp64, the reference for every backend.
    public func evaluate(_ x: Double) -> Double {
        switch self {
        case .negate: -x
        case .absolute: abs(x)
        case .reciprocal: 1 / x
        case .squareRoot: x.squareRoot()
        case .exponential: exp(x)
        case .logarithm: log(x)
        case .hyperbolicTangent: tanh(x)
        case .errorFunction: erf(x)
        case .floor: x.rounded(.down)
        case .exponentialMinusOne: expm1(x)
        case .logarithmOfOnePlus: log1p(x)
        case .logistic: x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x))
        case .softplus: BinaryFunction.maximum.evaluate(x, 0) + log1p(exp(-abs(x)))
        case .gaussian: exp(-x * x)
        case .normalDistribution: 0.5 * erfc(-x / 2.0.squareRoot())
        }
    }
}

extension BinaryFunction {
    /// The value in fp64. `maximum` and `minimum` give a NaN where either operand is one, as `maximum` of IEEE 754-2019, NumPy and PyTorch
    /// do; of two zeros they give the first, which is what one `vmaxps` does where the second operand is a constant.
    public func evaluate(_ a: Double, _ b: Double) -> Double {
        switch self {
        case .add: a + b
        case .subtract: a - b
        case .multiply: a * b
        case .divide: a / b
        case .maximum: b > a || b.isNaN ? b : a
        case .minimum: b < a || b.isNaN ? b : a
        }
    }
}

extension Comparison {
    /// Whether the comparison holds; false when either side is NaN.
    public func evaluate(_ a: Double, _ b: Double) -> Bool {
        switch self {
        case .less: a < b
        case .lessOrEqual: a <= b
        case .equal: a == b
        }
    }
}

/// Hashes a counter to a uniform number in [0, 1) with 24 bits, a pure function of its arguments.
///
/// Two rounds of the 32-bit finalizer "lowbias32" (C. Wellons, "Prospecting for Hash Functions", 2018), the seed and stream mixed in
/// between; all arithmetic is modulo 2^32, so that every backend can do it on vectors of 32-bit integers.
public func uniformHash(seed: UInt32, stream: UInt32, counter: UInt32) -> Double {
    func mix(_ value: UInt32) -> UInt32 {
        var x = value
        x ^= x >> 16
        x &*= 0x7feb_352d
        x ^= x >> 15
        x &*= 0x846c_a68b
        x ^= x >> 16
        return x
    }
    let key = seed ^ (stream &* 0x9e37_79b9)
    return Double(mix(mix(counter) ^ mix(key)) >> 8) * 0x1p-24
}

extension Scalar {
    /// The value in fp64.
    ///
    /// - Parameters:
    ///   - arguments: one value an argument.
    ///   - coordinates: the position in the iteration space, one an axis.
    ///   - position: the element's row-major position in the result, the counter of `uniform`.
    public func evaluate(_ arguments: [Double], coordinates: [Int] = [], position: Int = 0) -> Double {
        switch self {
        case .constant(let value): value
        case .argument(let index): arguments[index]
        case .coordinate(let axis): Double(coordinates[axis])
        case .unary(let function, let a): function.evaluate(a.evaluate(arguments, coordinates: coordinates, position: position))
        case .binary(let function, let a, let b):
            function.evaluate(
                a.evaluate(arguments, coordinates: coordinates, position: position),
                b.evaluate(arguments, coordinates: coordinates, position: position))
        case .select(let comparison, let a, let b, let then, let otherwise):
            comparison.evaluate(
                a.evaluate(arguments, coordinates: coordinates, position: position),
                b.evaluate(arguments, coordinates: coordinates, position: position))
                ? then.evaluate(arguments, coordinates: coordinates, position: position)
                : otherwise.evaluate(arguments, coordinates: coordinates, position: position)
        case .uniform(let seed, let stream):
            uniformHash(
                seed: UInt32(truncatingIfNeeded: Int(seed.evaluate(arguments, coordinates: coordinates, position: position))),
                stream: UInt32(truncatingIfNeeded: stream), counter: UInt32(truncatingIfNeeded: position))
        }
    }
}
