import Graph
import Testing

@testable import LoopNest

/// Rounding to bf16 and dot products of pairs against what a processor gave (AMD Zen 4: `vcvtne2ps2bf16`, `vdpbf16ps`).
@Suite struct BFloat16PairTests {
    /// A number of f32 and the bf16 that it becomes: ties, carries into the exponent, infinities, NaNs, denormal numbers.
    static let rounded: [(UInt32, UInt16)] = [
        (0x3f80_0000, 0x3f80), (0x3f80_8000, 0x3f80), (0x3f80_8001, 0x3f81), (0x3f81_8000, 0x3f82), (0xbf81_7fff, 0xbf81),
        (0x7f7f_8000, 0x7f80), (0xff7f_7fff, 0xff7f), (0x7f80_0000, 0x7f80), (0xff80_0000, 0xff80), (0x7f80_0001, 0x7fc0),
        (0xffc1_2345, 0xffc1), (0x0000_0001, 0x0000), (0x807f_ffff, 0x8000), (0x8000_0000, 0x8000), (0x0080_0000, 0x0080),
        (0x007f_ffff, 0x0000),
    ]

    @Test func roundsLikeTheProcessor() {
        for (number, expected) in Self.rounded { #expect(BFloat16(Float(bitPattern: number)).bitPattern == expected, "\(number)") }
    }

    /// Two pairs, a sum, and the result.
    static let products: [(UInt32, UInt32, UInt32, UInt32)] = [
        // Where the order shows: one product cancels the sum, or decides how it is rounded, or overflows first.
        (0xbea0_c4cf, 0x3ccd_4598, 0x4af5_d000, 0x0000_0000), (0x9f04_20b2, 0x206c_a19f, 0x0023_6d8a, 0x82dd_1c00),
        (0x77b2_70c5, 0x51c3_e255, 0xc189_5a9c, 0x7f80_0000), (0xff17_7f17, 0xc281_c281, 0xff52_d51f, 0x7f80_0000),
        (0x1ea0_a12a, 0x20a6_1f58, 0x0006_3258, 0x810f_7000), (0x3f80_3f80, 0x3f80_4b80, 0x3380_0000, 0x4b80_0000),
        (0x3f81_3f81, 0x3f81_3f81, 0x4b00_0000, 0x4b00_0002),
        // Results beside the least normal number: 2^-126 less 2^-149, 2^-150 and 2^-151, of which the last rounds back to it.
        (0x2000_0000, 0x9480_0000, 0x0080_0000, 0x0000_0000), (0x2000_0000, 0x9400_0000, 0x0080_0000, 0x0000_0000),
        (0x0000_2000, 0x0000_9400, 0x8080_0000, 0x8080_0000), (0x2000_0000, 0x9380_0000, 0x0080_0000, 0x0080_0000),
        // Denormal operands and sums, and signs of zero.
        (0x016c_fe36, 0x9fed_805e, 0x8037_cda1, 0x0000_0000), (0x0001_2000, 0x0001_9400, 0x0080_0000, 0x0000_0000),
        (0x3f80_0000, 0x0080_0000, 0x8080_0000, 0x0000_0000), (0x0040_0040, 0x7f00_7f00, 0x0000_0000, 0x0000_0000),
        (0x8000_3f80, 0x3f80_3f80, 0x8000_0001, 0x3f80_0000), (0x8000_0000, 0x3f80_3f80, 0x8000_0001, 0x0000_0000),
        // Infinities that cancel, infinity times zero, and a NaN.
        (0x7f80_7f80, 0x3f80_bf80, 0x0000_0000, 0xffc0_0000), (0x7f80_0000, 0x0000_3f80, 0x3f80_0000, 0xffc0_0000),
        (0x7fc0_3f80, 0x3f80_3f80, 0x3f80_0000, 0x7fc0_0000),
    ]

    @Test func multipliesLikeTheProcessor() {
        for (a, b, sum, expected) in Self.products {
            for (a, b) in [(a, b), (b, a)] {
                let (a, b) = (BFloat16Pair(bitPattern: a), BFloat16Pair(bitPattern: b))
                let (result, expected) = (BFloat16Pair.dot(a, b, sum: Float(bitPattern: sum)), Float(bitPattern: expected))
                #expect(result.bitPattern == expected.bitPattern || result.isNaN && expected.isNaN, "\(a), \(b), \(sum)")
            }
        }
    }

    /// Two pairs, a sum, and the result by `bfdot` of AArch64, worked out by hand.
    static let oddProducts: [(UInt32, UInt32, UInt32, UInt32)] = [
        // 1 + 1 * 2^-24 and 1 - 2^-24, which nearest makes 1: cut off and made odd, 1 + 2^-23 and, half as far, 1 - 2^-24 itself.
        (0x3f80_0000, 0x3380_0000, 0x3f80_0000, 0x3f80_0001), (0x3f80_0000, 0xb380_0000, 0x3f80_0000, 0x3f7f_ffff),
        // Both products first: 2^24 and 1 make an odd number with the rest in it, whichever is the upper; one after the other would be even.
        (0x4b80_3f80, 0x3f80_3f80, 0x0000_0000, 0x4b80_0001), (0x3f80_4b80, 0x3f80_3f80, 0x0000_0000, 0x4b80_0001),
        (0x3f80_3f80, 0x4b80_cb80, 0x3f80_0000, 0x3f80_0000),
        // An odd number stays: 2^24 + 2 (odd) with 1 more or less.
        (0x0000_3f80, 0x0000_3f80, 0x4b80_0001, 0x4b80_0001), (0x0000_3f80, 0x0000_bf80, 0x4b80_0001, 0x4b80_0001),
        // A quarter and a half of a unit beyond the largest number are cut off, a whole one is infinite, and so is a product beyond it.
        (0x0000_7f00, 0x0000_3300, 0x7f7f_ffff, 0x7f7f_ffff), (0x0000_7f00, 0x0000_3380, 0x7f7f_ffff, 0x7f7f_ffff),
        (0x0000_7f00, 0x0000_3400, 0x7f7f_ffff, 0x7f80_0000), (0x0000_7f7f, 0x0000_4000, 0xff7f_ffff, 0x7f80_0000),
        (0x7f00_7f00, 0x3f80_3f80, 0x0000_0000, 0x7f80_0000),
        // Denormal operands, products, sums and results are zeros of their sign; what cancels is zero.
        (0x0000_0040, 0x0000_7f00, 0x8000_0001, 0x0000_0000), (0x8000_2000, 0x0000_9f00, 0x8000_0000, 0x8000_0000),
        (0x0000_3f80, 0x0000_8081, 0x0080_0000, 0x8000_0000), (0x3f80_3f80, 0x3f80_bf80, 0x8000_0000, 0x0000_0000),
        (0x8000_8000, 0x3f80_3f80, 0x8000_0000, 0x8000_0000),
        // Infinities that cancel, infinity times zero, and a NaN.
        (0x7f80_7f80, 0x3f80_bf80, 0x0000_0000, 0x7fc0_0000), (0x7f80_0000, 0x0000_3f80, 0x3f80_0000, 0x7fc0_0000),
        (0x7fc0_3f80, 0x3f80_3f80, 0x3f80_0000, 0x7fc0_0000), (0x7f80_3f80, 0x3f80_3f80, 0x3f80_0000, 0x7f80_0000),
    ]

    @Test func roundsToOddByHand() {
        for (a, b, sum, expected) in Self.oddProducts {
            for (a, b) in [(a, b), (b, a)] {
                let (a, b) = (BFloat16Pair(bitPattern: a), BFloat16Pair(bitPattern: b))
                let (result, expected) = (BFloat16Pair.oddDot(a, b, sum: Float(bitPattern: sum)), Float(bitPattern: expected))
                #expect(
                    result.bitPattern == expected.bitPattern || result.isNaN && expected.isNaN,
                    "\(a), \(b), \(sum): \(String(result.bitPattern, radix: 16))")
            }
        }
    }

    /// The same where fp64 holds every sum exactly, which is then cut off.
    @Test func roundsToOddLikeExactSums() {
        func odd(_ exact: Double) -> Float {
            let cut = Float(exact)
            let below = Double(cut.magnitude) > exact.magnitude ? Float(signOf: cut, magnitudeOf: cut.magnitude.nextDown) : cut
            return Double(below) == exact ? below : Float(bitPattern: below.bitPattern | 1)
        }
        var state: UInt32 = 1
        func next() -> UInt32 {
            state = state &* 1_664_525 &+ 1_013_904_223
            return state >> 8
        }
        /// A bf16 number from 2^-4 to 2^4, of either sign.
        func number() -> UInt32 { (next() % 2) << 15 | (123 + next() % 8) << 7 | next() % 128 }
        for _ in 0..<100_000 {
            let words = (number(), number(), number(), number())
            let (a, b) = (BFloat16Pair(bitPattern: words.0 << 16 | words.1), BFloat16Pair(bitPattern: words.2 << 16 | words.3))
            let sum = Float(bitPattern: number() << 16 | next() & 0xffff)
            let products = odd(Double(a.low) * Double(b.low) + Double(a.high) * Double(b.high))
            #expect(BFloat16Pair.oddDot(a, b, sum: sum).bitPattern == odd(Double(sum) + Double(products)).bitPattern)
        }
    }

    /// Lane i of packed pairs holds those of lane i; loops and conditions carry them. The instructions' words are names, too.
    @Test func kernelsPackAndMultiply() throws {
        let text = """
            kernel pack lanes 4 tasks 2 (dot: read f32[8], y: write f32[8]) {
              %0 = load dot[0]
              %1 = load dot[4]
              %2 = pack(%0, %1)
              %3 = constant 10
              (%4, %5) = for i in 0 ..< 3 carrying (%6 = %2, %7 = %3) {
                %8 = pack(%1, %0)
                %9 = dot(%6, %8, %7)
                next %8, %9
              }
              (%10) = when 1 <= task < 2 carrying (%4) {
                next %2
              }
              %11 = dot(%10, %2, %5)
              %12 = lower(%2)
              %13 = upper(%2)
              %14 = fma(%12, %13, %11)
              y[task * 4] = %14
            }
            """
        let kernel = try KernelReader.read(text)[0]
        #expect(try KernelReader.read(kernel.description) == [kernel])
        var buffers: [KernelArray] = [.f32([1, 2, 3, 4, 5, 6, 7, 1 + 0x1p-9]), .f32(Array(repeating: 0, count: 8))]
        try KernelInterpreter().run(kernel, &buffers)
        let (low, high): ([Float], [Float]) = ([1, 2, 3, 4], [5, 6, 7, 1])
        func value(_ lane: Int, _ isSecond: Bool) -> Float {
            let (cross, square) = (2 * low[lane] * high[lane], low[lane] * low[lane] + high[lane] * high[lane])
            return 10 + cross + 2 * square + (isSecond ? square : cross) + low[lane] * high[lane]
        }
        #expect(buffers[1] == .f32((0..<8).map { value($0 % 4, $0 >= 4) }))
    }
}
