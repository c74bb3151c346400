import Graph

/// What a lane of a register of pairs holds: two bf16 numbers, one in the lower and one in the upper half.
struct BFloat16Pair {
    let bitPattern: UInt32

    init(bitPattern: UInt32) { self.bitPattern = bitPattern }

    /// Both numbers rounded as `BFloat16` says.
    init(low: Float, high: Float) {
        bitPattern = UInt32(BFloat16(low).bitPattern) | UInt32(BFloat16(high).bitPattern) << 16
    }

    /// `sum + a.high * b.high`, and to that `+ a.low * b.low`: each a fused multiply-add, rounded once, to nearest, ties to even. Denormal
    /// numbers count as zero of their sign, and a result that would be one, rounded as if exponents had no end, becomes zero of its sign.
    ///
    /// This is `vdpbf16ps`, bit for bit but for the payloads of NaNs: compared on an AMD EPYC (Zen 4, family 25, model 17) with 40 million
    /// lanes of random bits, huge, tiny, denormal, cancelling and infinite numbers and NaNs. Chains that begin with the lower half, that
    /// round the products, add them to each other first or round once in all, or flush only what an f32 holds as a denormal number, differ
    /// there. No other processor was compared.
    static func dot(_ a: BFloat16Pair, _ b: BFloat16Pair, sum: Float) -> Float {
        multiplyAdd(a.low, b.low, multiplyAdd(a.high, b.high, flushed(sum)))
    }

    /// `sum` plus the sum of both products, each of the two additions rounded to odd: cut off, and the last bit set where anything was cut.
    /// Denormal numbers count as zero of their sign, on their way in and out of each product and addition; what is beyond the largest number
    /// is infinite. A product itself is exact, having 16 bits.
    ///
    /// This is `bfdot` of AArch64 (`BFDotAdd` in the Arm Architecture Reference Manual, with `BFMulH`, `BFAdd` and `BFRound`), where FPCR.EBF is
    /// 0, as it is in every process that does not set it; nothing else of that register counts. Compared bit for bit, but for the payloads
    /// of NaNs, with what QEMU makes of the instruction; no processor was at hand.
    static func oddDot(_ a: BFloat16Pair, _ b: BFloat16Pair, sum: Float) -> Float {
        oddSum(flushed(sum), oddSum(flushed(a.low * b.low), flushed(a.high * b.high)))
    }

    /// `a + b` rounded to odd, of numbers that are not denormal, and zero of its sign where it is denormal.
    private static func oddSum(_ a: Float, _ b: Float) -> Float {
        func odd(_ a: Float, _ b: Float) -> Float {
            let sum = a + b
            // What rounding to nearest took away, exactly (Knuth's two-sum).
            let part = sum - a
            let error = (a - (sum - part)) + (b - part)
            guard error.magnitude > 0, sum.bitPattern & 1 == 0 else { return sum }
            // The result lies between this even number and its odd neighbour on the side of the error.
            return Float(bitPattern: (error < 0) == (sum < 0) ? sum.bitPattern + 1 : sum.bitPattern - 1)
        }
        let sum = odd(a, b)
        // Nearest is infinite from half a unit before the first number that there is none of; half of it shows on which side it lies.
        return flushed(sum.isInfinite ? 2 * odd(a / 2, b / 2) : sum)
    }

    /// `sum` plus the products of pairs: those of the lower numbers and those of the upper ones are summed apart, each from zero on by fused
    /// multiply-adds like those of `dot`, then both sums are added, and that to `sum`. Denormal numbers are zero on both sides of every addition.
    ///
    /// This is what an element of a tile becomes by `tdpbf16ps` as Intel's manual of the processors writes it (Intel 64 and IA-32 Architectures
    /// Software Developer's Manual, volume 2); Intel's guide to intrinsics has one chain through all numbers instead. Which of them processors
    /// do follows from the errors against fp64 that a sketch in C measured on one with tiles, of seven convolutions with operands in three parts:
    /// 0.5 to 3.4e-7. With the same numbers this rule gives 0.54 to 3.4e-7, one chain 1.5e-7 to 1.4e-6, a rounding for each pair 1.4e-7 to
    /// 1.3e-6, and adding both sums to `sum` one after the other 0.66 to 4.9e-7. A single rounding of exact products, which no source names,
    /// would give 0.50 to 3.3e-7, so near that only the processor itself can tell: its bits have not been compared.
    static func tileProduct(_ a: [BFloat16Pair], _ b: [BFloat16Pair], sum: Float) -> Float {
        precondition(a.count == TileElement.columns && b.count == TileElement.rows, "a row of a tile meets a column of another")
        let (a, b) = (a.map(\.low) + a.map(\.high), b.map(\.low) + b.map(\.high))
        return tileProduct(a, b, stride: 1, half: a.count / 2, sum: sum)
    }

    /// The same of numbers from `a` on and every `stride`-th from `b` on, lower ones; the upper ones lie `half` further.
    @inline(__always)
    static func tileProduct(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, stride: Int, half: Int, sum: Float) -> Float {
        var (low, high) = (Float(0), Float(0))
        for pair in 0..<TileElement.rows {
            low = multiplyAdd(a[pair], b[pair * stride], low)
            high = multiplyAdd(a[half + pair], b[half + pair * stride], high)
        }
        return flushed(flushed(sum) + flushed(low + high))
    }

    var low: Float { Self.flushed(Float(bitPattern: bitPattern << 16)) }
    var high: Float { Self.flushed(Float(bitPattern: bitPattern & 0xffff_0000)) }

    private static func flushed(_ x: Float) -> Float { x.isSubnormal ? zero(x) : x }

    private static func zero(_ x: Float) -> Float { Float(signOf: x, magnitudeOf: 0) }

    /// `a * b + c`, zero of its sign if it lies below the least normal number after rounding to 24 bits. An f32 rounds such a number to fewer,
    /// which may lift it to that bound, so a scaled result decides. Where that is no number or infinite, `a * b + c` is far from the bound, or
    /// exactly `c`.
    private static func multiplyAdd(_ a: Float, _ b: Float, _ c: Float) -> Float {
        let result = c.addingProduct(a, b)
        if !(result.magnitude < 0x1p-125) { return result }
        let scaled = (c * 0x1p64).addingProduct(a * 0x1p32, b * 0x1p32)
        return scaled.magnitude < 0x1p-62 ? zero(result) : result
    }
}
