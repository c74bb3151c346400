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

    /// `sum` plus the products of the lower and then of the upper numbers, one pair after the other, each added by a fused multiply-add like
    /// those of `dot`, whatever the control register says.
    ///
    /// This is what an element of a tile becomes by `tdpbf16ps` (Intel AMX), as Intel's guide to intrinsics writes it. Intel's manual of
    /// the processors sums the lower and the upper numbers' products apart, beginning with zero, and adds both sums up at the end, which rounds
    /// otherwise; it is the source for what is said of denormal numbers, rounding and the control register. Nothing of this was measured: no
    /// processor with tiles was at hand.
    static func tileProduct(_ a: some Sequence<BFloat16Pair>, _ b: some Sequence<BFloat16Pair>, sum: Float) -> Float {
        var sum = flushed(sum)
        for (a, b) in zip(a, b) { sum = multiplyAdd(a.high, b.high, multiplyAdd(a.low, b.low, sum)) }
        return sum
    }

    private var low: Float { Self.flushed(Float(bitPattern: bitPattern << 16)) }
    private var high: Float { Self.flushed(Float(bitPattern: bitPattern & 0xffff_0000)) }

    private static func flushed(_ x: Float) -> Float { x.isSubnormal ? zero(x) : x }

    private static func zero(_ x: Float) -> Float { Float(signOf: x, magnitudeOf: 0) }

    /// `a * b + c`, zero of its sign if it lies below the least normal number after rounding to 24 bits. An f32 rounds such a number to fewer,
    /// which may lift it to that bound, so a scaled result decides. Where that is no number or infinite, `a * b + c` is far from the bound, or
    /// exactly `c`.
    private static func multiplyAdd(_ a: Float, _ b: Float, _ c: Float) -> Float {
        let result = c.addingProduct(a, b)
        let scaled = (c * 0x1p64).addingProduct(a * 0x1p32, b * 0x1p32)
        return scaled.magnitude < 0x1p-62 ? zero(result) : result
    }
}
