import Foundation
import Graph
import Operators
import Passes
import Recipes
import Runtime
import TestSupport
import Testing

@testable import Compiler

/// What groups of weights change in a training step, besides the numbers, which `OptimizerTests` compares with PyTorch's.
@Suite struct WeightGroupTests {
    private func network(_ clauses: String, optimizer: String = "sgd(momentum: 0.9, weight_decay: 0.01)") throws -> Network {
        let text = """
            network n {
                input image: f32[N, 3, 8, 8]
                let features = image |> a: conv(16, 3, bias: false) |> norm: batchnorm |> relu |> b: conv(16, 3) |> relu
                output logits = features |> flatten |> hidden: linear(40) |> relu |> fc: linear(3)
            }
            training of n {
                target label: i32[N]
                loss cross_entropy(logits, label)
                optimizer \(optimizer)
                schedule constant(rate: 0.1)
                \(clauses)
            }
            """
        return try Network.read(text, path: "n.braid")
    }

    private func executable(_ network: Network, batch: Int = 4) throws -> Executable {
        let step = try Compiler(cache: nil, threads: 2).executable(network, training: true, batch: batch, pool: ThreadPool(threads: 2))
        for (index, (parameter, buffer)) in step.plan.parameters.enumerated() {
            let count = step.plan.buffers[buffer].extents.reduce(1, *)
            try step.setParameter(
                parameter.name, to: wave(count, 0.3 + Double(index) / 10, OptimizerState.isName(parameter.name) ? 0 : 0.2))
        }
        try step.setInput("image", to: wave(batch * 192, 0.7, 1))
        try step.setInput("label", to: (0..<batch).map { Int32($0 % 3) })
        try step.setInput("learning_rate", to: [Float(0.1)])
        return step
    }

    private func wave(_ count: Int, _ frequency: Double, _ scale: Double) -> [Float] {
        (0..<count).map { Float(scale * sin(Double($0 + 1) * frequency)) }
    }

    /// Backward ends where nothing before is trained, and what is frozen keeps its bits, while statistics move.
    @Test(arguments: ["sgd(momentum: 0.9, weight_decay: 0.01)", "adamw"]) func frozenWeightsCostNothing(optimizer: String) throws {
        let whole = try executable(network("", optimizer: optimizer))
        let head = try executable(network("group \"*\", rate: 0\ngroup \"fc.*\", rate: 1", optimizer: optimizer))
        // Only the last layer's gradients are left, none of data.
        func gradients(_ executable: Executable) -> [String] {
            executable.plan.steps.map(\.summary).filter { $0.contains("backward") }
        }
        #expect(gradients(whole).count > 4)
        #expect(gradients(head).allSatisfy { $0.contains("linear_backward_weights") }, "\(gradients(head))")
        let states = head.plan.parameters.map(\.parameter.name).filter(OptimizerState.isName).filter { !$0.hasPrefix("optimizer.") }
        #expect(!states.isEmpty && states.allSatisfy { $0.hasPrefix("fc.") }, "\(states)")
        let names = head.plan.parameters.map(\.parameter.name)
        let before = try Dictionary(uniqueKeysWithValues: names.map { ($0, try head.parameter($0, as: Float.self)) })
        for _ in 0..<3 { head.run() }
        for name in names {
            let isMoved = try head.parameter(name, as: Float.self) != before[name]
            #expect(isMoved == (name.hasPrefix("fc.") || name.hasPrefix("norm.running") || OptimizerState.isName(name)), "\(name)")
        }
    }

    /// Weights behind frozen ones have the bits that they have where all are trained, as long as these have not moved.
    @Test func freezingChangesNoOtherGradient() throws {
        let whole = try executable(network(""))
        let part = try executable(network("group \"a.*\", rate: 0\ngroup \"norm.*\", rate: 0\ngroup \"hidden.bias\", rate: 0"))
        whole.run()
        part.run()
        for name in ["b.weight", "b.bias", "hidden.weight", "fc.weight", "fc.bias"] {
            #expect(try part.parameter(name, as: Float.self) == whole.parameter(name, as: Float.self), "\(name)")
        }
        #expect(part.plan.steps.count < whole.plan.steps.count)
    }

    /// A group that says what is so anyhow leaves the kernels as they are; a factor is one node for all weights that have it.
    @Test func groupsCostNothingByThemselves() throws {
        let compiler = Compiler(target: .x86AVX512, cache: nil, threads: 1)
        let plain = try compiler.optimize(network(""), training: true)
        #expect(try compiler.optimize(network("group \"*\", rate: 1, weight_decay: 0.01"), training: true).text() == plain.text())
        let scaled = try compiler.optimize(network("group \"*.bias\", rate: 0.1\ngroup \"a.*\", rate: 0.1"), training: true)
        #expect(scaled.nodes.count == plain.nodes.count + 1)
    }

    /// Gradients that are finished where they are summed, with momentum and the next weight, are as without that: the rate is another one,
    /// and so is the decay.
    @Test(arguments: ["sgd(momentum: 0.9)", "sgd(momentum: 0.9, nesterov: true)", "adamw(epsilon: 1e-2)", "lars"])
    func largeGradientsAreFinishedRightly(optimizer: String) throws {
        let text = """
            network n {
                input image: f32[N, 330]
                output logits = image |> large: linear(90) |> relu |> fc: linear(3)
            }
            training of n {
                target label: i32[N]
                loss cross_entropy(logits, label)
                optimizer \(optimizer)
                schedule constant(rate: 0.1)
                group "large.weight", rate: 0.25, weight_decay: 0.125
                group "fc.*", rate: 2
            }
            """
        let network = try Network.read(text, path: "n.braid")
        let compiler = Compiler(cache: nil, threads: 2)
        let step = try compiler.executable(network, training: true, batch: 3, pool: ThreadPool(threads: 2))
        let graph = try compiler.optimize(network, training: true, stoppingAfter: "update").bound(["N": 3])
        var parameters: [String: ReferenceTensor] = [:]
        for (index, (parameter, buffer)) in step.plan.parameters.enumerated() {
            let extents = step.plan.buffers[buffer].extents
            let isKept = OptimizerState.isName(parameter.name)
            let values = wave(extents.reduce(1, *), 0.3 + Double(index) / 10, isKept ? 0 : 0.2)
            try step.setParameter(parameter.name, to: values)
            parameters[parameter.name] = ReferenceTensor(extents, values.map(Double.init))
        }
        let image = wave(990, 0.7, 1)
        try step.setInput("image", to: image)
        try step.setInput("label", to: [2, 0, 1] as [Int32])
        let inputs = ["image": ReferenceTensor([3, 330], image.map(Double.init)), "label": ReferenceTensor([3], [2, 0, 1])]
        for rate in [0.1, 0.2, 0.05] {
            try step.setInput("learning_rate", to: [Float(rate)])
            step.run()
            let given = inputs.merging(["learning_rate": .scalar(rate)]) { $1 }
            parameters.merge(ReferenceEvaluator().run(graph, inputs: given, parameters: parameters).updates) { $1 }
        }
        for name in ["large.weight", "large.bias", "fc.weight", "fc.bias"] {
            let (observed, expected) = (try step.parameter(name, as: Float.self), try #require(parameters[name]).values)
            let largest = expected.map { abs($0) }.max() ?? 0
            for (a, b) in zip(observed, expected) { #expect(abs(Double(a) - b) <= 1e-5 * largest, "\(name)") }
        }
    }

    @Test func somethingMustBeTrained() throws {
        let network = try network("group \"*\", rate: 0")
        let error = #expect(throws: CompilerError.self) {
            try Compiler(target: .x86AVX2, cache: nil, threads: 1).optimize(network, training: true)
        }
        #expect(error?.diagnostics.first?.message == "all weights that the loss 'loss' depends on are frozen", "\(error as Any)")
    }
}
