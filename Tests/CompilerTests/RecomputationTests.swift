import Foundation
import Graph
import Kernels
import Passes
import Runtime
import TestSupport
import Testing

@testable import Compiler

/// Trainings that compute activations again instead of keeping them.
@Suite struct RecomputationTests {
    private static let pixels = 3 * 12 * 12

    /// A residual network with batch statistics and dropout: all that a second computation could spoil.
    private func network(_ clauses: String = "") throws -> Network {
        try Network.read(
            """
            block unit(x, width) {
                let y = x |> conv1: conv(width, 3, pad: 1, bias: false) |> bn1: batchnorm |> relu |> dropout(0.2)
                    |> conv2: conv(width, 3, pad: 1, bias: false) |> bn2: batchnorm
                y + x |> relu
            }
            network n {
                input image: f32[N, 3, 12, 12]
                var x = image |> stem: conv(16, 3, pad: 1, bias: false) |> bn: batchnorm |> relu
                for i in 0..<4 { x = x |> {i}: unit(16) }
                output logits = x |> max_pool(2) |> flatten |> fc: linear(10)
            }
            training of n {
                target label: i32[N]
                loss cross_entropy(logits, label)
                optimizer sgd(momentum: 0.9)
                schedule constant(rate: 0.1)
                \(clauses)
            }
            """, path: "n.braid")
    }

    private func wave(_ count: Int, _ frequency: Double, _ scale: Double) -> [Float] {
        (0..<count).map { Float(scale * sin(Double($0 + 1) * frequency)) }
    }

    /// All that is kept after a few steps, and the losses, as bits.
    private func trained(_ step: Executable, batch: Int) throws -> [String: [UInt32]] {
        for (parameter, buffer) in step.plan.parameters {
            let count = step.plan.buffers[buffer].extents.reduce(1, *)
            let values = parameter.role == .weight ? wave(count, 0.1 * Double(count % 17) + 0.3, 0.3) : [Float](repeating: 0, count: count)
            try step.setParameter(parameter.name, to: parameter.name.hasSuffix("running_var") ? values.map { _ in 1 } : values)
        }
        var bits: [String: [UInt32]] = [:]
        for number in 0..<3 {
            try step.setInput("image", to: wave(batch * Self.pixels, 0.7 + Double(number), 1))
            try step.setInput("label", to: (0..<batch).map { Int32(($0 * $0 + number) % 10) })
            try step.setInput("learning_rate", to: [Float(0.05)])
            try step.setInput("seed", to: [Float(number + 1)])
            step.run()
            for (name, _) in step.plan.outputs { bits["\(name) \(number)"] = try step.output(name, as: Float.self).map(\.bitPattern) }
        }
        for (parameter, _) in step.plan.parameters {
            bits[parameter.name] = try step.parameter(parameter.name, as: Float.self).map(\.bitPattern)
        }
        return bits
    }

    /// The same bits of weights, momentum, running statistics and losses, with less memory and more work; the executable holds what was told.
    @Test(arguments: [(0.9, ""), (0.75, ""), (0.75, "clip norm 1.0")]) func givesTheSameBits(share: Double, clauses: String) throws {
        let network = try network(clauses)
        let pool = ThreadPool(threads: 2)
        let compiler = Compiler(cache: nil, threads: 2)
        let batch = 16
        let kept = try compiler.executable(network, training: true, batch: batch, pool: pool)
        let limit = Int(Double(kept.memoryBytes) * share)
        let fitted = try compiler.fittedStep(network, batch: batch, within: limit)
        #expect(fitted.recomputed > 0 && fitted.bytes <= limit && fitted.keptBytes == kept.memoryBytes)
        #expect(fitted.multiplyAccumulates >= fitted.keptMultiplyAccumulates)
        let text = try #require(fitted.text)
        #expect(text.hasPrefix("recomputes \(fitted.recomputed) activation") && text.hasSuffix(" more multiply-adds"))
        #expect(fitted.graph.violations().isEmpty)
        // What is beside the step takes its share of what there is, and nothing else changes.
        let beside = try compiler.fittedStep(network, batch: batch, within: limit + 12_345, beside: 12_345)
        #expect(beside.recomputed == fitted.recomputed && beside.bytes == fitted.bytes && beside.bytesBeside == 12_345)
        let step = try compiler.executable(fitted, of: network, pool: pool)
        #expect(step.memoryBytes == fitted.bytes)
        let (expected, observed) = (try trained(kept, batch: batch), try trained(step, batch: batch))
        #expect(expected.keys.sorted() == observed.keys.sorted())
        for (name, bits) in expected { #expect(observed[name] == bits, "\(name)") }
        #expect(expected["stem.weight"] != nil && expected["0.bn1.running_mean"]?.contains { $0 != 0 } == true)
    }

    /// What fits is left as it is, and where nothing suffices an error says so.
    @Test func changesNothingWithoutNeed() throws {
        let (network, compiler) = (try network(), Compiler(target: .x86AVX2, cache: nil, threads: 1))
        let plan = try compiler.plan(network, training: true, batch: 16)
        let fitted = try compiler.fittedStep(network, batch: 16, within: 1 << 30)
        #expect(fitted.recomputed == 0 && fitted.text == nil && fitted.plan.description == plan.description)
        do {
            _ = try compiler.fittedStep(network, batch: 16, within: 200_000)
            Issue.record("nothing was refused")
        } catch {
            let text = error.text()
            #expect(text.hasPrefix("error: training 'n' at batch 16 needs "), "\(text)")
            #expect(text.contains("even where activations are recomputed, and there are 195.3 KiB"), "\(text)")
            #expect(text.contains("help: "), "\(text)")
        }
    }

    /// The plans of a network of some depth stay valid whatever is computed again: each group runs behind those that it reads.
    @Test(arguments: [1, 2, 3, 5]) func anyChoiceIsAStep(stride: Int) throws {
        let compiler = Compiler(target: .x86AVX512, cache: nil, threads: 2)
        let graph = compiler.bind(try compiler.optimize(network(), training: true), batch: 4)
        let recomputation = Recomputation(graph)
        #expect(recomputation.candidates.count >= 6)
        let again = Set(recomputation.candidates.enumerated().filter { $0.offset % stride == 0 }.map(\.element))
        let step = recomputation.step(again)
        #expect(step.violations().isEmpty)
        let plan = Plan(step, target: .x86AVX512)
        #expect(plan.steps.count > Plan(graph, target: .x86AVX512).steps.count)
        #expect(recomputation.step([]).description == graph.description)
    }
}
