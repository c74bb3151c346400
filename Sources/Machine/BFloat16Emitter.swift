internal import CLLVM
import Graph
import LoopNest

/// Numbers of bf16 and their dot products: instructions where the target has them, and the same bits from ordinary ones where it has not.
/// A register of pairs is a vector of 32-bit integers.
extension KernelEmitter {
    /// The ending of the names of instructions for pairs, which is the width of vectors; nil where there are none.
    private var pairWidth: String? {
        target.dotProducts[.bfloat16]?.instruction == .vdpbf16ps && lanes >= 4 ? "\(32 * lanes)" : nil
    }

    /// The bits of `BFloat16(value)`, lane by lane.
    func roundedToBFloat16(_ value: LLVMValue) -> LLVMValue {
        if let pairWidth, lanes >= 8 {
            let halves = build.vector(of: build.int16, lanes)
            return build.convert(.bits, build.intrinsic("llvm.x86.avx512bf16.cvtneps2bf16.\(pairWidth)", [], [value]), to: halves)
        }
        func constant(_ bits: UInt32) -> LLVMValue { build.splat(build.int32(bits), lanes) }
        let bits = build.convert(.bits, value, to: integers)
        let upper = build.integer(.shiftRight, bits, constant(16))
        // Half a unit less one, and one more where the last bit that stays is odd: ties go to even.
        let half = build.integer(.add, constant(0x7fff), build.integer(.and, upper, constant(1)))
        let nearest = build.integer(.shiftRight, build.integer(.add, bits, half), constant(16))
        let isDenormal = build.compare(LLVMIntULT, build.integer(.and, bits, constant(0x7fff_ffff)), constant(0x0080_0000))
        let finite = build.select(isDenormal, build.integer(.and, upper, constant(0x8000)), nearest)
        let quiet = build.integer(.or, upper, constant(0x40))
        let rounded = build.select(build.compare(LLVMRealUNO, value, value), quiet, finite)
        return build.convert(.truncate, rounded, to: build.vector(of: build.int16, lanes))
    }

    /// Both numbers of each lane as `BFloat16` rounds them, `low` in the lower half.
    func pairs(low: LLVMValue, high: LLVMValue) -> LLVMValue {
        if let pairWidth {
            let halves = build.intrinsic("llvm.x86.avx512bf16.cvtne2ps2bf16.\(pairWidth)", [], [high, low])
            return build.convert(.bits, build.shuffle(halves, lanes: (0..<lanes).flatMap { [$0, lanes + $0] }), to: integers)
        }
        func word(_ value: LLVMValue) -> LLVMValue { build.convert(.zeroExtend, roundedToBFloat16(value), to: integers) }
        return build.integer(.or, word(low), build.integer(.shiftLeft, word(high), splat(16)))
    }

    /// The numbers in the lower, and in the upper, halves.
    func lowerNumbers(_ pairs: LLVMValue) -> LLVMValue { build.convert(.bits, build.integer(.shiftLeft, pairs, splat(16)), to: vector) }
    func upperNumbers(_ pairs: LLVMValue) -> LLVMValue {
        build.convert(.bits, build.integer(.and, pairs, splat(0xffff_0000)), to: vector)
    }

    /// `sum` with the products of the upper and then of the lower halves: what `BFloat16Pair.dot` computes, step by step where it must.
    func dot(_ a: LLVMValue, _ b: LLVMValue, _ sum: LLVMValue) -> LLVMValue {
        if let pairWidth {
            let narrow = build.vector(of: build.bfloat, 2 * lanes)
            let operands = [sum, build.convert(.bits, a, to: narrow), build.convert(.bits, b, to: narrow)]
            return build.intrinsic("llvm.x86.avx512bf16.dpbf16ps.\(pairWidth)", [], operands)
        }
        func upper(_ pairs: LLVMValue) -> LLVMValue { flushed(build.convert(.bits, upperNumbers(pairs), to: integers)) }
        func lower(_ pairs: LLVMValue) -> LLVMValue { flushed(build.convert(.bits, lowerNumbers(pairs), to: integers)) }
        let first = flushingMultiplyAdd(upper(a), upper(b), flushed(build.convert(.bits, sum, to: integers)))
        return flushingMultiplyAdd(lower(a), lower(b), first)
    }

    /// `sum` with the sum of both products, rounded to odd twice: what `BFloat16Pair.oddDot` computes, step by step where it must.
    func oddDot(_ a: LLVMValue, _ b: LLVMValue, _ sum: LLVMValue) -> LLVMValue {
        if target.pairRule == .odd && lanes == 4 {
            let narrow = build.vector(of: build.bfloat, 2 * lanes)
            let operands = [sum, build.convert(.bits, a, to: narrow), build.convert(.bits, b, to: narrow)]
            return build.intrinsic("llvm.aarch64.neon.bfdot", [vector, narrow], operands)
        }
        func bits(_ x: LLVMValue) -> LLVMValue { build.convert(.bits, x, to: integers) }
        func product(_ half: (LLVMValue) -> LLVMValue) -> LLVMValue {
            flushed(bits(build.float(.multiply, flushed(bits(half(a))), flushed(bits(half(b))))))
        }
        return oddSum(flushed(bits(sum)), oddSum(product(lowerNumbers), product(upperNumbers)))
    }

    /// `a + b` rounded to odd, of numbers that are not denormal, and zero of its sign where it is denormal: `BFloat16Pair.oddSum`.
    private func oddSum(_ a: LLVMValue, _ b: LLVMValue) -> LLVMValue {
        func bits(_ x: LLVMValue) -> LLVMValue { build.convert(.bits, x, to: integers) }
        func odd(_ a: LLVMValue, _ b: LLVMValue) -> LLVMValue {
            let sum = build.float(.add, a, b)
            let part = build.float(.subtract, sum, a)
            let error = build.float(
                .add, build.float(.subtract, a, build.float(.subtract, sum, part)), build.float(.subtract, b, part))
            // An even number that is not exact: its odd neighbour on the side of the error, one further where both have one sign.
            let isOpposite = build.integer(.shiftRight, build.integer(.xor, bits(error), bits(sum)), splat(31))
            let step = build.integer(.subtract, splat(1), build.integer(.add, isOpposite, isOpposite))
            let isExact = build.compare(LLVMRealUEQ, error, number(0))
            let isOdd = build.compare(LLVMIntNE, build.integer(.and, bits(sum), splat(1)), splat(0))
            let neighbour = build.integer(.add, bits(sum), step)
            let moved = build.select(isOdd, bits(sum), neighbour)
            return build.convert(.bits, build.select(isExact, bits(sum), moved), to: vector)
        }
        let sum = odd(a, b)
        let half = odd(build.float(.multiply, a, number(0.5)), build.float(.multiply, b, number(0.5)))
        let isInfinite = build.compare(LLVMRealOEQ, build.intrinsic("llvm.fabs", [vector], [sum]), number(.infinity))
        return flushed(bits(build.select(isInfinite, build.float(.multiply, half, number(2)), sum)))
    }

    private func splat(_ bits: UInt32) -> LLVMValue { build.splat(build.int32(bits), lanes) }
    private func number(_ value: Float) -> LLVMValue { build.splat(build.float(value), lanes) }

    private func isBelow(_ bound: Float, _ x: LLVMValue) -> LLVMValue {
        build.compare(LLVMRealOLT, build.intrinsic("llvm.fabs", [vector], [x]), number(bound))
    }

    /// The number with these bits, zero of its sign if it is denormal.
    private func flushed(_ bits: LLVMValue) -> LLVMValue {
        let x = build.convert(.bits, bits, to: vector)
        return build.select(isBelow(.leastNormalMagnitude, x), signedZero(bits), x)
    }

    private func signedZero(_ bits: LLVMValue) -> LLVMValue {
        build.convert(.bits, build.integer(.and, bits, splat(0x8000_0000)), to: vector)
    }

    /// `a * b + c`, zero of its sign if it lies below the least normal number after rounding to 24 bits.
    private func flushingMultiplyAdd(_ a: LLVMValue, _ b: LLVMValue, _ c: LLVMValue) -> LLVMValue {
        func scaled(_ x: LLVMValue, _ factor: Float) -> LLVMValue { build.float(.multiply, x, number(factor)) }
        let result = build.intrinsic("llvm.fma", [vector], [a, b, c])
        let large = build.intrinsic("llvm.fma", [vector], [scaled(a, 0x1p32), scaled(b, 0x1p32), scaled(c, 0x1p64)])
        return build.select(isBelow(0x1p-62, large), signedZero(build.convert(.bits, result, to: integers)), result)
    }
}
