import Compiler
import Foundation
import Fuzzing
import LoopNest
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
        var accepted: [FuzzInput.Kind: Int] = [:]
        for number in 0..<80 {
            let input = generator.input(number)
            tried[input.kind, default: 0] += 1
            do {
                if try checks.run(input) { accepted[input.kind, default: 0] += 1 }
            } catch {
                Issue.record("input \(number): \(error)\n\(input.text)")
            }
        }
        #expect(Set(tried.keys).isSuperset(of: Set(FuzzInput.Kind.allCases).subtracting([.roads] + FuzzInput.Kind.files)))
        // Three of five random programs fit in a long run, some fewer in a short one; of what is mutated only a few in a hundred do.
        #expect(3 * accepted[.programs, default: 0] > tried[.programs, default: 0])
    }

    /// Files that were tampered with are refused with a message, or read: `script/fuzz --only files` tries more.
    @Test(arguments: FuzzInput.Kind.files) func tamperedFilesAreRefusedOrRead(kind: FuzzInput.Kind) throws {
        let generator = FuzzGenerator(try Self.corpus.get(), seed: 3, only: [kind])
        let count = 40
        var accepted = 0
        for number in 0..<count {
            let input = generator.input(number)
            do {
                if try FuzzChecks().run(input) { accepted += 1 }
            } catch {
                Issue.record("input \(number): \(error)")
            }
        }
        #expect(accepted < count)
    }

    /// A few networks along every command's road, with up to 64 threads: `script/fuzz --only roads` tries more.
    @Test func roadsGiveTheSameBitsWithAnyThreads() throws {
        let generator = FuzzGenerator(try Self.corpus.get(), seed: 7, only: [.roads])
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

    private static let small = """
        network small(classes = 3) {
            input image: f32[N, 2, 5, 5]
            let features = image |> a: conv(3, 3, pad: 1, stride: 2) |> bn: batchnorm |> gelu
            let both = concat(features, features |> max_pool(2, stride: 1, pad: 1, ceil: true) |> b: conv(2, 2) |> dropout(0.5))
            output logits = both |> global_avg_pool |> flatten |> fc: linear(classes)
        }
        training of small {
            target label: i32[N]
            loss cross_entropy(logits, label, smoothing: 0.1)
            optimizer adam
            schedule constant(rate: 0.01)
            clip norm 1.0
        }
        """

    /// Everything that is printed and reads back, with some of its words changed: refused with a diagnostic, or good for all later stages.
    @Test(arguments: [Stage.graph, .training, .optimized, .kernels])
    func changedStagesAreRefusedOrSound(stage: Stage) throws {
        let compiler = Compiler(target: .x86AVX2, cache: nil, threads: 1)
        let checks = FuzzChecks()
        for training in stage == .training ? [true] : [false, true] {
            let network = try Network.read(Self.small, path: "small.braid")
            let text = String(decoding: try compiler.dump(network, stage, training: training, batch: 2), as: UTF8.self)
            let kind: FuzzInput.Kind = stage == .kernels ? .kernels : .graphs
            // Of kernels one at a time: a text of many is refused for the first that is wrong.
            let texts = stage == .kernels ? try KernelReader.read(text).map(\.description) : [text]
            #expect(try checks.run(FuzzInput(kind: kind, text: text)))
            for number in 0..<40 {
                let input = FuzzGenerator.stage(kind, of: texts[number % texts.count], number: number)
                do { _ = try checks.run(input) } catch { Issue.record("change \(number) of \(stage): \(error)\n\(input.text)") }
            }
        }
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
