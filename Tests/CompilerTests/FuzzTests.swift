import Foundation
import Fuzzing
import Testing

/// A short run of the fuzzer, always the same; `script/fuzz` runs it for longer.
@Suite struct FuzzTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized

    @Test func nothingBreaksTheRoad() throws {
        let generator = FuzzGenerator(try Corpus(root: Self.root), seed: 20_240_601)
        let checks = FuzzChecks()
        var tried: [FuzzInput.Kind: Int] = [:]
        var accepted = 0
        for number in 0..<250 {
            let input = generator.input(number)
            tried[input.kind, default: 0] += 1
            do {
                if try checks.run(input) { accepted += 1 }
            } catch {
                Issue.record("input \(number): \(error)\n\(input.text)")
            }
        }
        #expect(tried.count == FuzzInput.Kind.allCases.count)
        #expect(accepted > 25)
    }

    /// The same number gives the same input, so that a finding can be made again.
    @Test func inputsAreRepeatable() throws {
        let corpus = try Corpus(root: Self.root)
        let (first, second) = (FuzzGenerator(corpus, seed: 3), FuzzGenerator(corpus, seed: 3))
        for number in 0..<50 { #expect(first.input(number).text == second.input(number).text) }
        #expect(FuzzGenerator(corpus, seed: 4).input(0).text != first.input(0).text)
    }
}
