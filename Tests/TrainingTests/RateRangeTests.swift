import Foundation
import Testing

@testable import Training

/// The learning-rate range test beside a few lines of NumPy, which read the same rules:
///
///     lds = [1] * n                                  # valley: the longest falling subsequence
///     for i in range(n):  for j in range(i):  if L[i] < L[j]: lds[i] = max(lds[i], lds[j] + 1)
///     rate = R[argmax(lds) - max(lds) + int(max(lds) / 3) + int(max(lds) / 6)]
///     g = np.gradient(L); r, l = -1, -16             # slide
///     while l >= -n and abs(g[r] - g[l]) > 0.005: rate = R[l]; r -= 1; l -= 1
///     R[L.argmin()] / 10; R[((L[1:] - L[:-1]) / (log(R[1:]) - log(R[:-1]))).argmin()]
@Suite struct RateRangeTests {
    /// Flat, a fall around 0.003, and a rise behind 0.15, with a ripple.
    private static func loss(_ step: Int, _ rate: Double) -> Double {
        let x = log10(rate)
        return 2.3 - 1.6 / (1 + exp(-(x + 2.5) * 2)) + (x < -0.8 ? 0 : (x + 0.8) * (x + 0.8) * 6) + 0.05 * sin(1.7 * Double(step))
    }

    private static func run(_ test: RateRangeTest, _ loss: (Int, Double) -> Double = loss) -> RateRangeTest {
        var test = test
        while let rate = test.nextRate { test.add(loss: loss(test.points.count, rate)) }
        return test
    }

    private func isClose(_ found: Double?, _ expected: Double) -> Bool { found.map { abs($0 / expected - 1) < 1e-9 } ?? false }

    @Test func suggestsRates() {
        let test = Self.run(RateRangeTest())
        #expect(test.points.count == 100 && !test.hasDiverged && test.nextRate == nil)
        #expect(
            test.points[0].rate == 1e-7 && isClose(test.points[99].rate, 10) && isClose(test.points[50].rate, 1e-7 * pow(1e8, 50 / 99.0)))
        // The average has no bias: the first one is the first loss.
        #expect(isClose(test.points[0].smoothed, test.points[0].loss) && isClose(test.points[50].smoothed, 2.202618574272716))
        #expect(isClose(test.points[99].smoothed, 4.449014151545109))
        #expect(isClose(test.rate(.valley), 0.0013219411484660286) && isClose(test.rate(.slide), 0.012328467394420659))
        #expect(isClose(test.rate(.minimum), 0.03511191734215134) && isClose(test.rate(.steepest), 0.017886495290574348))
        #expect(test.recommended == test.rate(.valley))
        let svg = test.plot(title: "t").picture().svg()
        #expect(svg.contains(">valley 0.0013</text>") && svg.contains(">slide 0.012</text>") && svg.contains(">1e-05</text>"))
    }

    @Test func stopsWhereTheLossDiverges() {
        // Four times the lowest smoothed loss, which a last loss that is 400 times as large makes of it.
        let diverged = Self.run(RateRangeTest()) { step, _ in step < 60 ? 2 - Double(step) / 60 : 400 }
        #expect(diverged.hasDiverged && diverged.points.count == 61)
        let last = diverged.points[60], before = diverged.points[59]
        #expect(last.smoothed > 4 * before.smoothed && diverged.judged.count == 61 - 10 - 5)
        for value in [Double.nan, .infinity] {
            let ended = Self.run(RateRangeTest()) { step, _ in step < 40 ? 2 - Double(step) / 60 : value }
            #expect(ended.hasDiverged && ended.points.count == 40 && ended.rate(.valley) != nil)
        }
    }

    /// A loss may lie anywhere: it diverges where it rises far above what it fell by, and not for being below 0.
    @Test(arguments: [3, 10, 100]) func judgesNegativeLosses(shift: Double) {
        let (plain, shifted) = (Self.run(RateRangeTest()), Self.run(RateRangeTest()) { Self.loss($0, $1) - shift })
        #expect(shifted.points.count == 100 && !shifted.hasDiverged)
        for way in [RateRangeTest.Suggestion.valley, .slide, .minimum, .steepest] {
            #expect(isClose(shifted.rate(way), plain.rate(way) ?? 0), "\(way.rawValue)")
        }
        let diverged = Self.run(RateRangeTest()) { step, _ in (step < 60 ? 2 - Double(step) / 60 : 4000 * shift) - shift }
        #expect(diverged.hasDiverged && diverged.points.count == 61)
    }

    /// The longest falling subsequence of many steps, beside the naive search.
    @Test func findsValleysOfManySteps() {
        let long = Self.run(RateRangeTest(to: 0.1, steps: 20_000))
        #expect(long.judged.count == 17_995 && long.rate(.valley).map { (1e-7...10).contains($0) } == true)
        let short = Self.run(RateRangeTest(steps: 300))
        let judged = short.judged.map(\.smoothed)
        var lengths: [Int] = []
        for index in judged.indices {
            lengths.append(1 + ((0..<index).filter { judged[$0] > judged[index] }.map { lengths[$0] }.max() ?? 0))
        }
        let longest = lengths.max()!, end = lengths.firstIndex(of: longest)!
        let place = end - longest + Int(Double(longest) / 3) + Int(Double(longest) / 6)
        #expect(short.rate(.valley) == Array(short.judged)[place].rate)
    }

    /// A loss that does not fall suggests nothing, nor do few points.
    @Test func suggestsNothingWithoutAFall() {
        for test in [
            Self.run(RateRangeTest()) { step, _ in 2 + Double(step) / 50 }, Self.run(RateRangeTest()) { _, _ in 2 },
            Self.run(RateRangeTest()) { step, _ in step < 12 ? 2 - Double(step) / 60 : .nan }, Self.run(RateRangeTest()) { _, _ in .nan },
        ] {
            for way in RateRangeTest.Suggestion.allCases { #expect(test.rate(way) == nil) }
            #expect(test.recommended == nil)
            #expect(!test.plot(title: "t").picture().svg().contains("nan"))
        }
    }
}
