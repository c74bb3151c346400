import Foundation
import Fuzzing
import Testing

/// A short run of the fuzzer, always the same; `script/fuzz` runs it for longer.
@Suite struct FuzzTests {
    private static let corpus = Result {
        try Corpus(root: URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized)
    }

    @Test func nothingBreaksTheRoad() throws {
        let generator = FuzzGenerator(try Self.corpus.get(), seed: 20_240_601)
        let checks = FuzzChecks()
        var tried: [FuzzInput.Kind: Int] = [:]
        var accepted = 0
        for number in 0..<48 {
            let input = generator.input(number)
            tried[input.kind, default: 0] += 1
            do {
                if try checks.run(input) { accepted += 1 }
            } catch {
                Issue.record("input \(number): \(error)\n\(input.text)")
            }
        }
        #expect(Set(tried.keys) == Set(FuzzInput.Kind.allCases).subtracting([.roads]))
        #expect(accepted > 8)
    }

    /// A few networks along every command's road, with up to 64 threads: `script/fuzz --only roads` tries more.
    @Test func roadsGiveTheSameBitsWithAnyThreads() throws {
        let generator = FuzzGenerator(try Self.corpus.get(), seed: 7, only: .roads)
        var accepted = 0
        for number in 0..<4 {
            let input = generator.input(number)
            do {
                if try FuzzChecks().run(input) { accepted += 1 }
            } catch {
                Issue.record("input \(number): \(error)\n\(input.text)")
            }
        }
        #expect(accepted >= 2)
    }

    /// Found by the fuzzer: describing bound the batch in the types of a layer, but not in a reshape to it.
    @Test func describesReshapesOfTheBatch() throws {
        let text = """
            graph reshaped {
              %0 = input label : i32[N]
              %1 = reshape(%0) shape=[N, 1] : i32[N, 1]
              output y = %1
            }

            """
        #expect(try FuzzChecks().run(FuzzInput(kind: .graphs, text: text)))
    }

    /// The same number gives the same input, so that a finding can be made again.
    @Test func inputsAreRepeatable() throws {
        let corpus = try Self.corpus.get()
        let (first, second) = (FuzzGenerator(corpus, seed: 3), FuzzGenerator(corpus, seed: 3))
        for number in 0..<50 { #expect(first.input(number).text == second.input(number).text) }
        #expect(FuzzGenerator(corpus, seed: 4).input(0).text != first.input(0).text)
    }
}
