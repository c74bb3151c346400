import Foundation
import Graph
import Recipes
import Runtime
import TestSupport
import Testing

@testable import Compiler

/// Updates from the gradients of several batches.
@Suite struct GradientAccumulationTests {
    private static let pixels = 3 * 6 * 6

    private func network(_ clauses: String) throws -> Network {
        let text = """
            network n {
                input image: f32[N, 3, 6, 6]
                output logits = image |> conv: conv(16, 3) |> relu |> flatten |> hidden: linear(20) |> relu |> fc: linear(3)
            }
            training of n {
                target label: i32[N]
                loss cross_entropy(logits, label)
                schedule constant(rate: 0.1)
                \(clauses)
            }
            """
        return try Network.read(text, path: "n.braid")
    }

    private func executable(_ network: Network, batch: Int) throws -> Executable {
        let step = try Compiler(cache: nil, threads: 2).executable(network, training: true, batch: batch, pool: ThreadPool(threads: 2))
        for (parameter, buffer) in step.plan.parameters {
            let count = step.plan.buffers[buffer].extents.reduce(1, *)
            let isKept = OptimizerState.isName(parameter.name)
            try step.setParameter(parameter.name, to: wave(count, 0.1 * Double(count % 17) + 0.3, isKept ? 0 : 0.3))
        }
        return step
    }

    private func wave(_ count: Int, _ frequency: Double, _ scale: Double) -> [Float] {
        (0..<count).map { Float(scale * sin(Double($0 + 1) * frequency)) }
    }

    /// Gives a run the pictures `first..<first + count` of an endless row of pictures.
    private func run(_ step: Executable, pictures first: Int, _ count: Int, rate: Float, done: Int? = nil, of batches: Int = 1) throws {
        let values = (first * Self.pixels..<(first + count) * Self.pixels).map { Float(sin(Double($0 + 1) * 0.7)) }
        try step.setInput("image", to: values)
        try step.setInput("label", to: (first..<first + count).map { Int32($0 * $0 % 3) })
        try step.setInput("learning_rate", to: [rate])
        if let done {
            try step.setInput(GradientAccumulation.doneInput, to: [Float(done)])
            try step.setInput(GradientAccumulation.countInput, to: [Float(batches)])
        }
        step.run()
    }

    static let recipes = [
        "optimizer sgd", "optimizer sgd(momentum: 0.9, nesterov: true, weight_decay: 0.01)", "optimizer adamw\nclip norm 0.1",
        "optimizer lamb\ngroup \"conv.*\", rate: 0",
        "optimizer sgd(momentum: 0.9, dampening: 0.5)\nclip value 0.01\naverage exponential(0.5)",
    ]

    /// Four batches are as one that is four times as large, for all that is kept; groups of three batches and of one follow one of four.
    @Test(arguments: recipes) func isAsALargerBatch(recipe: String) throws {
        let part = try executable(network(recipe + "\naccumulate 4"), batch: 2)
        var picture = 0
        for (count, rate) in [(4, Float(0.1)), (3, 0.2), (1, 0.05), (4, 0.1)] {
            let whole = try executable(network(recipe), batch: 2 * count)
            let names = whole.plan.parameters.map(\.parameter.name)
            for name in names { try whole.setParameter(name, to: part.parameter(name, as: Float.self)) }
            let before = try names.map { try part.parameter($0, as: Float.self) }
            for done in 0..<count {
                #expect(try names.map { try part.parameter($0, as: Float.self) } == before, "moved before the last batch")
                try run(part, pictures: picture + 2 * done, 2, rate: rate, done: done, of: count)
            }
            try run(whole, pictures: picture, 2 * count, rate: rate)
            picture += 2 * count
            for name in names {
                let (observed, expected) = (try part.parameter(name, as: Float.self), try whole.parameter(name, as: Float.self))
                let largest = expected.map(abs).max() ?? 0
                // Gradients that all but vanish are divided by their own size.
                let tolerance: Float = recipe.contains("adamw") || recipe.contains("lamb") ? 1e-3 : 1e-5
                for (a, b) in zip(observed, expected) { #expect(abs(a - b) <= tolerance * largest, "\(name)") }
            }
        }
    }

    /// A sum that is not finite is not carried into the next group.
    @Test func groupsBeginAnew() throws {
        let step = try executable(network("optimizer sgd\naccumulate 2"), batch: 2)
        for name in step.plan.parameters.map(\.parameter.name) where name.hasSuffix(OptimizerState.gradientSum.name) {
            try step.setParameter(name, to: step.parameter(name, as: Float.self).map { _ in Float.infinity })
        }
        try run(step, pictures: 0, 2, rate: 0.1, done: 0, of: 2)
        try run(step, pictures: 2, 2, rate: 0.1, done: 1, of: 2)
        #expect(try step.plan.parameters.allSatisfy { try step.parameter($0.parameter.name, as: Float.self).allSatisfy(\.isFinite) })
    }

    /// What is read elsewhere keeps its name.
    @Test func needsItsNames() throws {
        let text = """
            network n { input accumulated_batches: f32[N, 3]; output logits = accumulated_batches |> fc: linear(3) }
            training of n {
                target label: i32[N]
                loss cross_entropy(logits, label)
                optimizer sgd
                schedule constant(0.1)
                accumulate 2
            }
            """
        let error = #expect(throws: CompilerError.self) { try Network.read(text, path: "n.braid") }
        #expect(
            error?.diagnostics.first?.message
                == "an input of the network is called `accumulated_batches`, as a training calls the place in an update", "\(error as Any)")
    }
}
