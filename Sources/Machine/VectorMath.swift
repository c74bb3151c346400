internal import CLLVM

/// Transcendental functions as straight vector code, since LLVM's own intrinsics become one scalar call a lane.
///
/// Each reduces its range and evaluates a minimax polynomial (Remez, the relative error of the function as weight). The bounds are
/// measured over all f32 values of a dense sweep and asserted by MachineTests; infinities, zeros and NaNs come out as IEEE 754 wants.
struct VectorMath {
    private let build: InstructionBuilder
    private let lanes: Int
    private let vector: Type
    private let integers: Type

    init(_ build: InstructionBuilder, lanes: Int) {
        self.build = build
        self.lanes = lanes
        vector = build.vector(of: build.float, lanes)
        integers = build.vector(of: build.int32, lanes)
    }

    private func constant(_ value: Float) -> Value { build.splat(build.float(value), lanes) }
    private func constant(_ value: UInt32) -> Value { build.splat(build.int32(value), lanes) }
    private func bits(_ value: Value) -> Value { build.convert(.bits, value, to: integers) }
    private func number(_ bits: Value) -> Value { build.convert(.bits, bits, to: vector) }
    private func fma(_ a: Value, _ b: Value, _ c: Value) -> Value { build.intrinsic("llvm.fma", [vector], [a, b, c]) }
    private func multiply(_ a: Value, _ b: Value) -> Value { build.float(.multiply, a, b) }

    /// `coefficients[0] + coefficients[1] * x + …` by Horner's rule.
    private func polynomial(_ x: Value, _ coefficients: [Float]) -> Value {
        coefficients.dropLast().reversed().reduce(constant(coefficients[coefficients.count - 1])) { fma($0, x, constant($1)) }
    }

    /// The lesser of `x` and `bound`; a NaN stays.
    private func atMost(_ bound: Float, _ x: Value) -> Value {
        build.select(build.compare(LLVMRealOLT, constant(bound), x), constant(bound), x)
    }

    /// The greater of `x` and `bound`; a NaN stays.
    private func atLeast(_ bound: Float, _ x: Value) -> Value {
        build.select(build.compare(LLVMRealOGT, constant(bound), x), constant(bound), x)
    }

    // MARK: Exponential

    /// e^x as (mantissa in [0.7, 1.42], whole power of two), for |x| below about 10^5.
    private func splitExponential(_ x: Value) -> (mantissa: Value, power: Value) {
        // Adding 1.5 * 2^23 rounds to an integer, which then stands in the low bits.
        let magic: Float = 0x1.8p23
        let shifted = fma(x, constant(1.442_695_04), constant(magic))
        let power = build.integer(.subtract, bits(shifted), constant(magic.bitPattern))
        let whole = build.float(.subtract, shifted, constant(magic))
        // ln 2 in two parts, so that the reduced argument is exact to beyond f32.
        let reduced = fma(whole, constant(-1.428_606_77e-6), fma(whole, constant(-0x1.62e4p-1), x))
        let tail = polynomial(reduced, [0.4999999404, 0.1666651517, 0.04166845605, 0.008369418792, 0.001381314243])
        let mantissa = build.float(.add, fma(multiply(reduced, reduced), tail, reduced), constant(1 as Float))
        return (mantissa, power)
    }

    /// 2^power for powers from -126 to 127.
    private func powerOfTwo(_ power: Value) -> Value {
        number(build.integer(.shiftLeft, build.integer(.add, power, constant(127 as UInt32)), constant(23 as UInt32)))
    }

    /// e^x for |x| <= 80.
    private func boundedExponential(_ x: Value) -> Value {
        let (mantissa, power) = splitExponential(x)
        return multiply(mantissa, powerOfTwo(power))
    }

    /// e^x; at most 1 ulp off, also where the result is denormal.
    func exponential(_ x: Value) -> Value {
        let (mantissa, power) = splitExponential(atMost(89, atLeast(-104, x)))
        // Scaled in two steps: 2^128 and 2^-150 are no f32 values.
        let half = build.integer(.arithmeticShiftRight, power, constant(1 as UInt32))
        let rest = build.integer(.subtract, power, half)
        return multiply(multiply(mantissa, powerOfTwo(half)), powerOfTwo(rest))
    }

    // MARK: Logarithm

    /// The natural logarithm; at most 1 ulp off, also for denormal arguments. -inf for zeros, NaN below.
    func logarithm(_ x: Value) -> Value {
        let isTiny = build.compare(LLVMRealOLT, x, constant(Float.leastNormalMagnitude))
        let scaled = build.select(isTiny, multiply(x, constant(0x1p23)), x)
        let offset = build.select(isTiny, constant(-23 as Float), constant(0 as Float))
        // The mantissa is brought to [sqrt(1/2), sqrt(2)).
        let pattern = bits(scaled)
        let distance = build.integer(.subtract, pattern, constant(Float(0.5).squareRoot().bitPattern))
        let power = build.integer(.arithmeticShiftRight, distance, constant(23 as UInt32))
        let mantissa = number(build.integer(.subtract, pattern, build.integer(.shiftLeft, power, constant(23 as UInt32))))
        let f = build.float(.subtract, mantissa, constant(1 as Float))
        let exponent = build.float(.add, build.convert(.integerToFloat, power, to: vector), offset)
        let tail = polynomial(
            f,
            [
                0.3333333135, -0.2500081956, 0.2000122666, -0.1662335694, 0.1420175880, -0.1316018254, 0.1276157498, -0.07634495199,
            ])
        let square = multiply(f, f)
        let low = fma(multiply(f, tail), square, multiply(exponent, constant(1.428_606_77e-6)))
        let fraction = build.float(.add, f, fma(square, constant(-0.5 as Float), low))
        let finite = fma(exponent, constant(0x1.62e4p-1), fraction)
        let positive = build.select(build.compare(LLVMRealOLT, x, constant(Float.infinity)), finite, x)
        let isZero = build.compare(LLVMRealOEQ, x, constant(0 as Float))
        let others = build.select(isZero, constant(-Float.infinity), constant(Float.nan))
        return build.select(build.compare(LLVMRealOGT, x, constant(0 as Float)), positive, others)
    }

    // MARK: Sigmoids

    private func withSign(of x: Value, _ magnitude: Value) -> Value { build.intrinsic("llvm.copysign", [vector], [magnitude, x]) }
    private func magnitude(_ x: Value) -> Value { build.intrinsic("llvm.fabs", [vector], [x]) }

    /// The hyperbolic tangent; at most 2 ulp off. A polynomial near zero, 1 - 2 / (e^2x + 1) elsewhere.
    func hyperbolicTangent(_ x: Value) -> Value {
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
    func errorFunction(_ x: Value) -> Value {
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

    // MARK: Random numbers

    /// `Graph.uniformHash` of the lanes, bit for bit. A seed that is no integer is truncated.
    func uniform(seed: Value, stream: UInt32, counter: Value) -> Value {
        let whole = build.intrinsic("llvm.fptosi.sat", [integers, vector], [seed])
        let key = build.integer(.xor, whole, constant(stream &* 0x9e37_79b9))
        let hash = mixed(build.integer(.xor, mixed(counter), mixed(key)))
        let kept = build.integer(.shiftRight, hash, constant(8 as UInt32))
        return multiply(build.convert(.integerToFloat, kept, to: vector), constant(0x1p-24))
    }

    /// The 32-bit finalizer "lowbias32".
    private func mixed(_ value: Value) -> Value {
        var x = value
        for (shift, factor) in [(16, 0x7feb_352d), (15, 0x846c_a68b)] as [(UInt32, UInt32)] {
            x = build.integer(.xor, x, build.integer(.shiftRight, x, constant(shift)))
            x = build.integer(.multiply, x, constant(factor))
        }
        return build.integer(.xor, x, build.integer(.shiftRight, x, constant(16 as UInt32)))
    }
}
