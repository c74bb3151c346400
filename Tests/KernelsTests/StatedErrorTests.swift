import Graph
import TestSupport
import Testing

@testable import Kernels

/// What is stated of errors beside what rounding does to numbers.
@Suite struct StatedErrorTests {
    private static func relativeError(_ pairs: [(Double, Double)]) -> Double {
        (pairs.reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } / pairs.reduce(0) { $0 + $1.1 * $1.1 }).squareRoot()
    }

    private static func rounded(_ number: Double) -> Double { Double(BFloat16(Float(number)).float) }

    /// Numbers of many sizes, and of a few.
    @Test(arguments: [0.5, 3, 40]) func roundedNumbersAreAsExactAsStated(spread: Double) {
        var random = SplitMix(seed: 7)
        let numbers = (0..<20_000).map { _ in Double.random(in: -1...1, using: &random) * Double.random(in: 1...spread + 1, using: &random)
        }
        let error = Self.relativeError(numbers.map { (Self.rounded($0), $0) })
        #expect(error > 0.6 * StoredElement.bf16.errorOfRounding && error < StoredElement.bf16.errorOfRounding, "\(error)")
    }

    /// Sums of products of rounded factors, with all signs, and with one sign in one factor as behind a ReLU.
    @Test(arguments: [-1.0, 0]) func sumsOfRoundedFactorsAreAsExactAsStated(least: Double) {
        var random = SplitMix(seed: 8)
        let sums = (0..<500).map { _ in
            let terms = (0..<200).map { _ in (Double.random(in: least...1, using: &random), Double.random(in: -1...1, using: &random)) }
            return (terms.reduce(0) { $0 + Self.rounded($1.0) * Self.rounded($1.1) }, terms.reduce(0) { $0 + $1.0 * $1.1 })
        }
        let (error, stated) = (Self.relativeError(sums), StoredElement.bf16.errorOfFactors)
        #expect(error > 0.6 * stated && error < stated, "\(error)")
    }

    /// Squares add up; f32 adds nothing to what an algorithm states, or to sums as they are written.
    @Test func whatIsRoundedOnTheWayAddsUp() {
        let numerics = Numerics.standard
        let dot = AlgorithmChoice.Candidate("dot", unit: .dotProducts, error: StoredElement.bf16.errorOfFactors)
        let filtering = AlgorithmChoice.Candidate("Winograd", error: 5.3e-6)
        #expect(numerics.statedError(of: nil, terms: 9, storedAs: .f32) == numerics.errorOfSum(terms: 9))
        #expect(numerics.statedError(of: filtering, terms: 9, storedAs: .f32) == 5.3e-6)
        #expect(numerics.statedError(of: dot, terms: 9, storedAs: .f32) == 2.0.squareRoot() * 0x1p-9)
        #expect(abs(numerics.statedError(of: dot, terms: 9, storedAs: .bf16) - 3.0.squareRoot() * 0x1p-9) < 1e-12)
        #expect(abs(numerics.statedError(of: filtering, terms: 9, storedAs: .bf16) - 0x1p-9) < 1e-7)
        #expect(abs(numerics.statedError(of: nil, terms: 9, storedAs: .bf16) - 0x1p-9) < 1e-9)
        #expect(StoredElement.ofKernels.filter { $0.errorOfRounding > 0 } == StoredElement.narrow)
    }
}
