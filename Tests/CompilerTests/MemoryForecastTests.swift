import Foundation
import Graph
import Kernels
import Runtime
import TestSupport
import Testing

@testable import Compiler

/// What is told of the memory that networks will take.
@Suite struct MemoryForecastTests {
    private let compiler = Compiler(target: .x86AVX512, cache: nil, threads: 2)

    private func forecast(_ network: Network, training: Bool = false, batch: Int) throws -> MemoryForecast {
        try BatchMemory(compiler, network, training: training).forecast(batch)
    }

    private func training(_ body: String, _ clauses: String = "", name: String = "n") throws -> Network {
        try Network.read(
            """
            network \(name) {
                \(body)
            }
            training of \(name) {
                target label: i32[N]
                loss cross_entropy(logits, label)
                optimizer sgd(momentum: 0.9)
                schedule constant(rate: 0.1)
                \(clauses)
            }
            """, path: "n.braid")
    }

    /// Two convolutions of 1x1 are two steps. The input has 2 * 16 * 8 * 8 numbers of 4 bytes, the first result twice as many, the second as
    /// many; the weights have 32 * 16 and 16 * 32. While the second runs, both results are alive.
    @Test func countsWhatPredictingTakes() throws {
        let network = try Network.read(
            "network n { input image: f32[N, 16, 8, 8]; output y = image |> a: conv(32, 1, bias: false) |> relu "
                + "|> b: conv(16, 1, bias: false) }", path: "n.braid")
        let forecast = try self.forecast(network, batch: 2)
        let image = 2 * 16 * 64 * 4
        #expect(forecast.keptBytes(.input) == image && forecast.need.inputs == image)
        #expect(forecast.keptBytes(.weight) + forecast.keptBytes(.prepared) == 2 * 32 * 16 * 4)
        #expect(forecast.live == [[.activation: 2 * image], [.activation: 3 * image]])
        #expect(forecast.fullestStep == 1 && forecast.arenaBytes == 3 * image && forecast.arenaLowerBound == 3 * image)
        #expect(forecast.shares(at: 1).map(\.layer) == ["a", "b"])
        #expect(forecast.shares(at: 1).map(\.bytes) == [[.activation: 2 * image], [.activation: image]])
        let results = forecast.tensors.filter { $0.kind == .activation }
        #expect(results.map(\.type) == ["f32[2, 32, 8, 8]", "f32[2, 16, 8, 8]"] && results.map(\.lifetime) == [0..<2, 1..<2])
        #expect(forecast.largestLayer?.layer == "a" && forecast.largestLayer?.total == 2 * image + 32 * 16 * 4)
        #expect(forecast.need.total == image + 2 * 32 * 16 * 4 + 3 * image + forecast.need.scratch)
        #expect(forecast.codeBytes > 1000)
    }

    /// Of 16 times 32 weights, and a bias of 16: momentum takes as much, and so do their gradients where they are clipped, which needs them all
    /// at once. Without, they are added where they are summed.
    @Test func countsWhatTrainingTakes() throws {
        let weights = 4 * (32 * 16 + 16)
        func forecast(_ clauses: String) throws -> MemoryForecast {
            let network = try training("input x: f32[N, 32]; output logits = x |> fc: linear(16)", clauses)
            return try self.forecast(network, training: true, batch: 16)
        }
        let plain = try forecast("")
        #expect(plain.keptBytes(.weight) == weights && plain.keptBytes(.optimizerState) == weights && plain.keptBytes(.state) == 0)
        // Pictures, labels, and the rate in a line of a cache.
        #expect(plain.keptBytes(.input) == 4 * 16 * 32 + 4 * 16 + 64)
        #expect(plain.live.allSatisfy { $0[.weightGradient, default: 0] < 4 * 32 * 16 })
        let clipped = try forecast("clip norm 1.0")
        let fullest = clipped.live.map { $0[.weightGradient, default: 0] }.max()
        #expect(try #require(fullest) >= weights)
        #expect(clipped.keptBytes(.weight) == weights && clipped.keptBytes(.optimizerState) == weights)
    }

    /// What is told beforehand is what an executable holds, and what is alive at each step is what its kernels touch.
    @Test(arguments: [false, true], [1, 3]) func isWhatExecutablesHold(isTraining: Bool, threads: Int) throws {
        let network = try training(
            """
            input image: f32[N, 3, 12, 12]
            let a = image |> stem: conv(16, 3, pad: 1, bias: false) |> bn: batchnorm |> relu
            let b = a |> c1: conv(16, 3, pad: 1, bias: false) |> bn1: batchnorm |> relu |> c2: conv(16, 3, pad: 1) |> dropout(0.2)
            output logits = a + b |> relu |> max_pool(2) |> flatten |> fc: linear(10)
            """, "clip norm 1.0")
        let compiler = Compiler(cache: nil, threads: threads)
        let forecast = try BatchMemory(compiler, network, training: isTraining).forecast(5)
        let executable = try compiler.executable(network, training: isTraining, batch: 5, pool: ThreadPool(threads: threads))
        #expect(forecast.need.total == executable.memoryBytes)
        let sum = forecast.tensors.reduce(0) { $0 + ($1.lifetime == nil ? $1.bytes : 0) }
        #expect(sum == forecast.need.weights + forecast.need.inputs)
        #expect(forecast.liveBytes.max() == forecast.arenaLowerBound && forecast.arenaBytes >= forecast.arenaLowerBound)
        let plan = executable.plan
        for (number, step) in plan.steps.enumerated() {
            for buffer in step.buffers {
                guard case .arena = plan.buffers[buffer].storage else { continue }
                #expect(plan.buffers[buffer].lifetime?.contains(number) == true, "step \(number) touches buffer \(buffer)")
            }
        }
        #expect(forecast.live.contains { $0[.gradient, default: 0] > 0 } == isTraining)
        // Within a factor, the code is as large as was told.
        let code = executable.program.statistics.objectBytes
        #expect(forecast.codeBytes > code / 3 && forecast.codeBytes < code * 3, "\(forecast.codeBytes) and \(code)")
    }

    /// The lifetimes of real networks: no step has more alive than the plan says.
    @Test func networksAreAliveAsPlanned() throws {
        let path = Golden.root.appending(path: "graphs/mnist_resnet.braid").path
        let network = try Network.load(path)
        for isTraining in [false, true] {
            let forecast = try self.forecast(network, training: isTraining, batch: 4)
            #expect(forecast.liveBytes.max() == forecast.arenaLowerBound)
            #expect(forecast.shares(at: try #require(forecast.fullestStep)).reduce(0) { $0 + $1.total } == forecast.arenaLowerBound)
        }
    }

    @Test func findsTheLargestBatch() throws {
        func search(_ limit: Int, _ need: @escaping (Int) -> Int?) -> (batch: Int, calls: Int) {
            var calls = 0
            let batch = LargestBatch.search(limit) { batch in
                calls += 1
                return need(batch)
            }
            return (batch, calls)
        }
        for limit in [100, 1099, 1100, 1101, 10_000, 123_456, 1_000_000] {
            let even = search(limit) { 1000 + 100 * $0 }
            #expect(even.batch == max(0, (limit - 1000) / 100) && even.calls <= 8, "\(limit): \(even)")
            let padded = search(limit) { 1000 + 100 * (($0 + 15) / 16 * 16) }
            let expected = (limit - 1000) / 1600 * 16
            #expect(padded.batch == max(0, expected) && padded.calls <= 20, "\(limit): \(padded)")
        }
        #expect(search(.max) { 8 * $0 }.batch == 65_536)
        #expect(search(1 << 40) { $0 > 700 ? nil : 8 * $0 }.batch == 700)
        #expect(search(1 << 40) { _ in nil }.batch == 0)
        let network = try training("input x: f32[N, 3, 16, 16]; output logits = x |> a: conv(16, 3) |> relu |> flatten |> fc: linear(10)")
        for isTraining in [false, true] {
            var small = compiler
            small.memoryLimit = 2 << 20
            let memory = try BatchMemory(small, network, training: isTraining)
            let batch = memory.largestBatch()
            #expect(try batch > 1 && memory.total(batch) <= 2 << 20 && memory.total(batch + 1) > 2 << 20)
        }
    }
}
