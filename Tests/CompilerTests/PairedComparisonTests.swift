import Testing

@testable import Compiler

/// When one of two is called faster: seldom by chance, and surely where it is.
@Suite struct PairedComparisonTests {
    /// SplitMix64: the same numbers each time.
    private struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var value = state
            value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
            value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
            return value ^ value >> 31
        }
    }

    /// Of 2000 measurements of so many pairs, how many call the second faster, whose times are `ratio` of the first's; single times are up
    /// to a fifth too long.
    private func faster(ratio: Double, pairs: Int) -> Int {
        var random = Generator(state: 1)
        return (0..<2000).count { _ in
            var comparison = PairedComparison()
            for _ in 0..<pairs {
                comparison.add(
                    before: Double.random(in: 1...1.2, using: &random), after: ratio * Double.random(in: 1...1.2, using: &random))
            }
            return comparison.isFaster
        }
    }

    @Test(arguments: [12, 24, 48, 400]) func noiseIsNotFaster(pairs: Int) {
        // The level is 0.4 %: 8 of 2000.
        #expect(faster(ratio: 1, pairs: pairs) <= 16)
        #expect(faster(ratio: 0.997, pairs: pairs) <= 16)
        #expect(faster(ratio: 1.02, pairs: pairs) <= 8)
    }

    @Test func whatIsFasterIsFound() {
        #expect(faster(ratio: 0.8, pairs: 12) >= 1990)
        #expect(faster(ratio: 0.95, pairs: 48) >= 1200)
        #expect(faster(ratio: 0.97, pairs: 400) >= 1900)
    }

    /// 12 pairs: the probability of 11 heads or more is 13 / 4096, below 0.004; that of 10 or more is 79 / 4096.
    @Test func countsSigns() {
        for (faster, expected) in [(12, true), (11, true), (10, false), (0, false)] {
            var comparison = PairedComparison()
            for index in 0..<12 { comparison.add(before: 1, after: index < faster ? 0.9 : 1.1) }
            #expect(comparison.isFaster == expected, "\(faster) of 12")
            #expect(comparison.isClose == (faster > 6))
        }
        #expect(!PairedComparison().isFaster)
    }
}
