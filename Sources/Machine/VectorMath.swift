internal import CLLVM

/// Transcendental functions as straight vector code, since LLVM's own intrinsics become one scalar call a lane.
///
/// Each reduces its range and evaluates a minimax polynomial (Remez, the relative error of the function as weight). The bounds are
/// measured over all f32 values of a dense sweep and asserted by MachineTests; infinities, zeros and NaNs come out as IEEE 754 wants.
struct VectorMath {
    private let build: InstructionBuilder
    private let lanes: Int
    private let vector: LLVMType
    private let integers: LLVMType

    init(_ build: InstructionBuilder, lanes: Int) {
        self.build = build
        self.lanes = lanes
        vector = build.vector(of: build.float, lanes)
        integers = build.vector(of: build.int32, lanes)
    }

    private func constant(_ value: Float) -> LLVMValue { build.splat(build.float(value), lanes) }
    private func constant(_ value: UInt32) -> LLVMValue { build.splat(build.int32(value), lanes) }
    private func bits(_ value: LLVMValue) -> LLVMValue { build.convert(.bits, value, to: integers) }
    private func number(_ bits: LLVMValue) -> LLVMValue { build.convert(.bits, bits, to: vector) }
    private func fma(_ a: LLVMValue, _ b: LLVMValue, _ c: LLVMValue) -> LLVMValue { build.intrinsic("llvm.fma", [vector], [a, b, c]) }
    private func multiply(_ a: LLVMValue, _ b: LLVMValue) -> LLVMValue { build.float(.multiply, a, b) }

    /// `coefficients[0] + coefficients[1] * x + …` by Horner's rule.
    private func polynomial(_ x: LLVMValue, _ coefficients: [Float]) -> LLVMValue {
        coefficients.dropLast().reversed().reduce(constant(coefficients[coefficients.count - 1])) { fma($0, x, constant($1)) }
    }

    /// The lesser of `x` and `bound`; a NaN stays.
    private func atMost(_ bound: Float, _ x: LLVMValue) -> LLVMValue {
        build.select(build.compare(LLVMRealOLT, constant(bound), x), constant(bound), x)
    }

    /// The greater of `x` and `bound`; a NaN stays.
    private func atLeast(_ bound: Float, _ x: LLVMValue) -> LLVMValue {
        build.select(build.compare(LLVMRealOGT, constant(bound), x), constant(bound), x)
    }

    // MARK: Exponential

    /// e^(x + low) - 1 without its power of two, and that power, so that e^(x + low) = (1 + fraction) * 2^power with a fraction in
    /// [-0.3, 0.42]. For |x| below about 10^5; `low` is what x lacks to be exact.
    private func splitExponential(_ x: LLVMValue, low: LLVMValue? = nil) -> (fraction: LLVMValue, power: LLVMValue) {
        // Adding 1.5 * 2^23 rounds to an integer, which then stands in the low bits.
        let magic: Float = 0x1.8p23
        let shifted = fma(x, constant(1.442_695_04), constant(magic))
        let power = build.integer(.subtract, bits(shifted), constant(magic.bitPattern))
        let whole = build.float(.subtract, shifted, constant(magic))
        // ln 2 in two parts, so that the reduced argument is exact to beyond f32.
        var reduced = fma(whole, constant(-1.428_606_77e-6), fma(whole, constant(-0x1.62e4p-1), x))
        if let low { reduced = build.float(.add, reduced, low) }
        let tail = polynomial(reduced, [0.4999999404, 0.1666651517, 0.04166845605, 0.008369418792, 0.001381314243])
        return (fma(multiply(reduced, reduced), tail, reduced), power)
    }

    private func onePlus(_ x: LLVMValue) -> LLVMValue { build.float(.add, x, constant(1 as Float)) }

    /// 2^power for powers from -126 to 127.
    private func powerOfTwo(_ power: LLVMValue) -> LLVMValue {
        number(build.integer(.shiftLeft, build.integer(.add, power, constant(127 as UInt32)), constant(23 as UInt32)))
    }

    /// e^x for |x| <= 80.
    private func boundedExponential(_ x: LLVMValue) -> LLVMValue {
        let (fraction, power) = splitExponential(x)
        return multiply(onePlus(fraction), powerOfTwo(power))
    }

    /// `x` times 2^power for powers from -252 to 254, in two steps: 2^128 and 2^-150 are no f32 values.
    private func scaled(_ x: LLVMValue, _ power: LLVMValue) -> LLVMValue {
        let half = build.integer(.arithmeticShiftRight, power, constant(1 as UInt32))
        let rest = build.integer(.subtract, power, half)
        return multiply(multiply(x, powerOfTwo(half)), powerOfTwo(rest))
    }

    /// e^x; at most 1 ulp off, also where the result is denormal.
    func exponential(_ x: LLVMValue) -> LLVMValue {
        let (fraction, power) = splitExponential(atMost(89, atLeast(-104, x)))
        return scaled(onePlus(fraction), power)
    }

    /// e^x - 1; at most 2 ulp off.
    func exponentialMinusOne(_ x: LLVMValue) -> LLVMValue {
        let (fraction, power) = splitExponential(atMost(89, atLeast(-18, x)))
        // (1 + fraction) * 2^power - 1, halved until the end: 2^128 is no f32 value.
        let half = powerOfTwo(build.integer(.subtract, power, constant(1 as UInt32)))
        let result = multiply(fma(fraction, half, build.float(.subtract, half, constant(0.5 as Float))), constant(2 as Float))
        // So small a number is its own result; halved, a denormal one would lose a digit.
        return build.select(build.compare(LLVMRealOLT, magnitude(x), constant(0x1p-30 as Float)), x, result)
    }

    /// e^(scale * x^2) for a scale of -1 or -1/2 without its power of two, and that power. Squares are rounded; what is lost of them,
    /// which e^x would magnify, takes part by itself.
    private func splitGaussian(_ x: LLVMValue, scale: Float) -> (fraction: LLVMValue, power: LLVMValue) {
        let square = multiply(x, x)
        let lost = fma(x, x, build.negate(square))
        return splitExponential(multiply(square, constant(scale)), low: multiply(lost, constant(scale)))
    }

    /// e^(-x^2); at most 1 ulp off, also where the result is denormal.
    func gaussian(_ x: LLVMValue) -> LLVMValue {
        let (fraction, power) = splitGaussian(atMost(10.5, magnitude(x)), scale: -1)
        return scaled(onePlus(fraction), power)
    }

    // MARK: Logarithm

    /// The natural logarithm; at most 1 ulp off, also for denormal arguments. -inf for zeros, NaN below.
    func logarithm(_ x: LLVMValue) -> LLVMValue {
        let isTiny = build.compare(LLVMRealOLT, x, constant(Float.leastNormalMagnitude))
        let scaled = build.select(isTiny, multiply(x, constant(0x1p23)), x)
        let offset = build.select(isTiny, constant(-23 as Float), constant(0 as Float))
        let (f, power) = splitLogarithm(scaled)
        let exponent = build.float(.add, build.convert(.integerToFloat, power, to: vector), offset)
        return logarithm(logarithmOfOnePlus(f, low: nil, exponent), of: x)
    }

    /// log(1 + x); at most 2 ulp off. -inf for -1, NaN below.
    func logarithmOfOnePlus(_ x: LLVMValue) -> LLVMValue { logarithm(logarithmOfOnePlusFinite(x), of: onePlus(x)) }

    /// log(1 + x) for finite x above -1.
    private func logarithmOfOnePlusFinite(_ x: LLVMValue) -> LLVMValue {
        let sum = onePlus(x)
        // What is lost of the sum (Knuth's two-sum), scaled like its mantissa, joins what is left of the mantissa; near zero that is x.
        let part = build.float(.subtract, sum, constant(1 as Float))
        let lost = build.float(
            .add, build.float(.subtract, constant(1 as Float), build.float(.subtract, sum, part)), build.float(.subtract, x, part))
        let (rest, power) = splitLogarithm(sum)
        // Far out it does not count; 2^-128 is no f32 value.
        let bounded = build.intrinsic("llvm.smin", [integers], [power, constant(100 as UInt32)])
        let scaledLoss = multiply(lost, powerOfTwo(build.integer(.subtract, constant(0 as UInt32), bounded)))
        let f = build.float(.add, rest, scaledLoss)
        let low = build.float(.subtract, scaledLoss, build.float(.subtract, f, rest))
        return logarithmOfOnePlus(f, low: low, build.convert(.integerToFloat, power, to: vector))
    }

    /// `x`, positive and normal, as (1 + f) * 2^power with 1 + f in [sqrt(1/2), sqrt(2)).
    private func splitLogarithm(_ x: LLVMValue) -> (f: LLVMValue, power: LLVMValue) {
        let pattern = bits(x)
        let distance = build.integer(.subtract, pattern, constant(Float(0.5).squareRoot().bitPattern))
        let power = build.integer(.arithmeticShiftRight, distance, constant(23 as UInt32))
        let mantissa = number(build.integer(.subtract, pattern, build.integer(.shiftLeft, power, constant(23 as UInt32))))
        return (build.float(.subtract, mantissa, constant(1 as Float)), power)
    }

    /// log(1 + f + low) + exponent * log(2) for 1 + f in [sqrt(1/2), sqrt(2)) and a `low` below the last place of f.
    private func logarithmOfOnePlus(_ f: LLVMValue, low: LLVMValue?, _ exponent: LLVMValue) -> LLVMValue {
        let tail = polynomial(
            f,
            [
                0.3333333135, -0.2500081956, 0.2000122666, -0.1662335694, 0.1420175880, -0.1316018254, 0.1276157498, -0.07634495199,
            ])
        let square = multiply(f, f)
        var rest = fma(multiply(f, tail), square, multiply(exponent, constant(1.428_606_77e-6)))
        if let low { rest = build.float(.add, rest, low) }
        let fraction = build.float(.add, f, fma(square, constant(-0.5 as Float), rest))
        return fma(exponent, constant(0x1.62e4p-1), fraction)
    }

    /// The logarithm of `x` at its ends, `finite` where x is positive and finite.
    private func logarithm(_ finite: LLVMValue, of x: LLVMValue) -> LLVMValue {
        let positive = build.select(build.compare(LLVMRealOLT, x, constant(Float.infinity)), finite, x)
        let isZero = build.compare(LLVMRealOEQ, x, constant(0 as Float))
        let others = build.select(isZero, constant(-Float.infinity), constant(Float.nan))
        return build.select(build.compare(LLVMRealOGT, x, constant(0 as Float)), positive, others)
    }

    // MARK: Sigmoids

    private func withSign(of x: LLVMValue, _ magnitude: LLVMValue) -> LLVMValue {
        build.intrinsic("llvm.copysign", [vector], [magnitude, x])
    }
    private func magnitude(_ x: LLVMValue) -> LLVMValue { build.intrinsic("llvm.fabs", [vector], [x]) }

    /// The hyperbolic tangent; at most 2 ulp off. A polynomial near zero, 1 - 2 / (e^2x + 1) elsewhere.
    func hyperbolicTangent(_ x: LLVMValue) -> LLVMValue {
        let size = magnitude(x)
        let power = boundedExponential(multiply(atMost(9.1, size), constant(2 as Float)))
        let quotient = build.float(.divide, constant(2 as Float), build.float(.add, power, constant(1 as Float)))
        let far = withSign(of: x, build.float(.subtract, constant(1 as Float), quotient))
        let square = multiply(x, x)
        let tail = polynomial(square, [-0.3333326876, 0.1333107650, -0.05370834470, 0.02053454332, -0.005586273037])
        let near = fma(multiply(x, square), tail, x)
        return build.select(build.compare(LLVMRealOLT, size, constant(0.625)), near, far)
    }

    /// The error function; at most 2 ulp off. A polynomial near zero, 1 - e^(-x Q(x)) elsewhere.
    func errorFunction(_ x: LLVMValue) -> LLVMValue {
        let size = magnitude(x)
        let bounded = atMost(3.95, size)
        let rate = polynomial(bounded, [1.128514409, 0.6357183456, 0.1052618325, -0.02288995869, 0.003214953933, -0.0002139847347])
        let power = boundedExponential(build.negate(multiply(bounded, rate)))
        let far = withSign(of: x, build.float(.subtract, constant(1 as Float), power))
        let tail = polynomial(
            multiply(x, x), [0.1283791512, -0.3761246800, 0.1128155217, -0.02675703540, 0.004979130812, -0.0005919419345])
        let near = fma(x, tail, x)
        return build.select(build.compare(LLVMRealOLT, size, constant(0.93)), near, far)
    }

    /// 1 / (1 + e^-x); at most 2.5 ulp off, also where the result is denormal.
    func logistic(_ x: LLVMValue) -> LLVMValue {
        let power = exponential(build.negate(magnitude(x)))
        let isNegative = build.compare(LLVMRealOLT, x, constant(0 as Float))
        return build.float(.divide, build.select(isNegative, power, constant(1 as Float)), onePlus(power))
    }

    /// log(1 + e^x); at most 2 ulp off, also where the result is denormal.
    func softplus(_ x: LLVMValue) -> LLVMValue {
        build.float(.add, atLeast(0, x), logarithmOfOnePlusFinite(exponential(build.negate(magnitude(x)))))
    }

    /// The distribution function of the standard normal distribution; at most 3 ulp off, also where the result is denormal. That of -z is
    /// e^(-z^2 / 2) g(z) with a smooth g; (z + 4) g is a polynomial of (z - 4) / (z + 4).
    func normalDistribution(_ x: LLVMValue) -> LLVMValue {
        let size = atMost(14.6, magnitude(x))
        let (fraction, power) = splitGaussian(size, scale: -0.5)
        let sum = build.float(.add, size, constant(4 as Float))
        let lostOfSum = build.float(.subtract, size, build.float(.subtract, sum, constant(4 as Float)))
        let inverse = build.float(.divide, constant(1 as Float), sum)
        // Both quotients get one step of correction by what is left after multiplying back, or their errors would add up to 5 ulp.
        let roughRatio = multiply(build.float(.subtract, size, constant(4 as Float)), inverse)
        let leftOfRatio = fma(build.negate(size), roughRatio, fma(onePlus(roughRatio), constant(-4 as Float), size))
        let product = polynomial(
            fma(inverse, leftOfRatio, roughRatio),
            [
                0.7552851438522339, -0.607896625995636, 0.387136310338974, -0.18652229011058807, 0.060410235077142715,
                -0.007531128358095884, -0.0035370797850191593, 0.0015721743693575263, 0.00021204592485446483, -0.00011551102215889841,
            ])
        let roughQuotient = multiply(product, inverse)
        let back = build.negate(roughQuotient)
        let quotient = fma(fma(back, lostOfSum, fma(back, sum, product)), inverse, roughQuotient)
        let tail = scaled(fma(fraction, quotient, quotient), power)
        let isNegative = build.compare(LLVMRealOLT, x, constant(0 as Float))
        return build.select(isNegative, tail, build.float(.subtract, constant(1 as Float), tail))
    }

    // MARK: Random numbers

    /// `Graph.uniformHash` of the lanes, bit for bit. A seed that is no integer is truncated.
    func uniform(seed: LLVMValue, stream: UInt32, counter: LLVMValue) -> LLVMValue {
        let whole = build.intrinsic("llvm.fptosi.sat", [integers, vector], [seed])
        let key = build.integer(.xor, whole, constant(stream &* 0x9e37_79b9))
        let hash = mixed(build.integer(.xor, mixed(counter), mixed(key)))
        let kept = build.integer(.shiftRight, hash, constant(8 as UInt32))
        return multiply(build.convert(.integerToFloat, kept, to: vector), constant(0x1p-24))
    }

    /// The 32-bit finalizer "lowbias32".
    private func mixed(_ value: LLVMValue) -> LLVMValue {
        var x = value
        for (shift, factor) in [(16, 0x7feb_352d), (15, 0x846c_a68b)] as [(UInt32, UInt32)] {
            x = build.integer(.xor, x, build.integer(.shiftRight, x, constant(shift)))
            x = build.integer(.multiply, x, constant(factor))
        }
        return build.integer(.xor, x, build.integer(.shiftRight, x, constant(16 as UInt32)))
    }
}
