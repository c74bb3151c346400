import Compiler
import Foundation
import Graph
import Recipes
import Runtime
import TestSupport
import Testing
import Training

@testable import Analysis

/// Predictions of activations and gradients beside what machine code computes, for independent normal pictures and random labels.
@Suite(.serialized) struct PropagationTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var file: String
        var network: String
        var definitions: [String: String] = [:]
        var batch = 8
        /// What takes more than some seconds to compile.
        var isLarge = false

        var testDescription: String { network + (definitions.isEmpty ? "" : " with batch normalization") }
    }

    private static let cases = [
        Case(file: "stacks", network: "sigmoid30", batch: 16), Case(file: "stacks", network: "tanh30", batch: 16),
        Case(file: "stacks", network: "relu30", batch: 16, isLarge: true),
        Case(file: "stacks", network: "relu30_half", batch: 16, isLarge: true),
        Case(file: "stacks", network: "selu30", batch: 16), Case(file: "stacks", network: "gelu20", batch: 16),
        Case(file: "networks", network: "small_plain34"), Case(file: "networks", network: "small_resnet34", isLarge: true),
        Case(file: "networks", network: "zero_gamma_resnet34", isLarge: true), Case(file: "networks", network: "small_vgg16"),
        Case(file: "networks", network: "small_vgg16", definitions: ["batch_norm": "true"], isLarge: true),
        Case(file: "networks", network: "small_densenet121", isLarge: true),
        Case(file: "networks", network: "small_inception_v3", isLarge: true),
    ]

    /// Gradient norms of the weights of convolutions and linear layers, and the mean squares of what these layers make, beside the means over
    /// eight initializations: within a factor of 2 in the median of the layers, of 4 for each.
    @Test(arguments: Exhaustive.cases(cases) { !$0.isLarge }) func predictsWhatIsMeasured(example: Case) throws {
        let path = Golden.root.appending(path: "Tests/AnalysisTests/Propagation/\(example.file).braid").path
        var network = try Network.load(path, name: example.network, definitions: example.definitions)
        let layers = network.markLayers()
        let training = try #require(network.training)
        let propagation = try SignalPropagation(of: training.graph, loss: training.recipe.lossOutput, batch: example.batch) { _, _ in .noise
        }
        #expect(propagation.assumptions.isEmpty, "\(propagation.assumptions.map(\.text))")
        let measured = try Measurement(network, batch: example.batch, seeds: 8)

        var gradients = Factors()
        for weight in propagation.weights where layers.weights.contains(weight.name) {
            gradients.add(weight.name, weight.gradientNorm, try #require(measured.gradients[weight.name]))
        }
        var activations = Factors()
        for output in propagation.graph.outputs where layers.outputs.contains(output.name) {
            let predicted = try #require(propagation.layer(output.value)).activation.second.own
            activations.add(
                propagation.graph[output.value].label ?? output.name, predicted, try #require(measured.activations[output.name]))
        }
        print("propagation: \(example.testDescription): gradients \(gradients), activations \(activations)")
        for factors in [gradients, activations] {
            #expect(factors.median <= 2 && factors.worst.factor <= 4, "\(factors)")
        }
        #expect(gradients.all.count + gradients.zeros == layers.weights.count && !gradients.all.isEmpty)
    }
}

/// How many times larger predictions are than measurements, or smaller.
private struct Factors: CustomStringConvertible {
    private(set) var all: [(name: String, factor: Double)] = []

    /// How many are exactly 0, predicted and measured: the weights of a branch that begins as nothing. They tell nothing of factors.
    private(set) var zeros = 0

    mutating func add(_ name: String, _ predicted: Double, _ measured: Double) {
        if predicted == 0, measured == 0 { zeros += 1 } else { all.append((name, max(predicted / measured, measured / predicted))) }
    }

    var median: Double { all.map(\.factor).sorted()[all.count / 2] }
    var worst: (name: String, factor: Double) { all.max { $0.factor < $1.factor }! }
    var description: String {
        let numbers = [median, worst.factor].map { String(format: "%.2f", $0) }
        return "median \(numbers[0]), worst \(numbers[1]) of \(worst.name) (\(all.count)\(zeros > 0 ? " and \(zeros) zeros" : ""))"
    }
}

extension Network {
    /// Makes what layers with weights compute outputs of the training; returns their names, and those of the weights.
    fileprivate mutating func markLayers() -> (outputs: Set<String>, weights: Set<String>) {
        guard var graph = training?.graph else { return ([], []) }
        var (outputs, weights): (Set<String>, Set<String>) = ([], [])
        for value in graph.values {
            let parameters = graph[value].operands.filter { graph[$0].parameter?.role == .weight && graph[$0].type.rank > 1 }
            guard graph[value].operation != nil, !parameters.isEmpty else { continue }
            weights.formUnion(parameters.compactMap { graph[$0].parameter?.name })
            let name = "activation.\(value.index)"
            graph.outputs.append(Graph.Output(name, value))
            outputs.insert(name)
        }
        training?.graph = graph
        return (outputs, weights)
    }
}

/// What machine code computes for random pictures, on average over initializations.
private struct Measurement {
    /// Euclidean norms, by the weight.
    var gradients: [String: Double] = [:]
    /// Mean squares, by the output.
    var activations: [String: Double] = [:]

    init(_ network: Network, batch: Int, seeds: Int) throws {
        let compiler = Compiler(threads: 2)
        var step = network
        step.graph = try compiler.optimize(network, training: true, stoppingAfter: "differentiate")
        (step.origin, step.training) = (.training, nil)
        step.graph.updates = []
        step.graph.outputs = step.graph.outputs.filter { $0.name.hasSuffix(".gradient") || $0.name.hasPrefix("activation.") }
        let executable = try compiler.executable(step, batch: batch, pool: ThreadPool(threads: 2))
        for seed in 0..<seeds {
            try network.initialize(executable, seed: UInt64(seed))
            for (index, input) in executable.plan.inputs.enumerated() {
                let buffer = executable.plan.buffers[input.buffer]
                let count = buffer.extents.reduce(1, *)
                var random = CounterGenerator(seed: UInt64(seed), .inputs, index)
                switch buffer.element {
                case .i32: try executable.setInput(input.name, to: (0..<count).map { _ in Int32(random.below(10)) })
                case _ where buffer.extents.isEmpty: try executable.setInput(input.name, to: [Float(seed)])
                default: try executable.setInput(input.name, to: (0..<count).map { _ in random.normal() })
                }
            }
            executable.run()
            for output in step.graph.outputs {
                let values = try executable.output(output.name, as: Float.self)
                let square = values.reduce(0.0) { $0 + Double($1) * Double($1) }
                if output.name.hasSuffix(".gradient") {
                    gradients[String(output.name.dropLast(".gradient".count)), default: 0] += square.squareRoot() / Double(seeds)
                } else {
                    activations[output.name, default: 0] += square / Double(values.count) / Double(seeds)
                }
            }
        }
    }
}

extension CounterGenerator {
    fileprivate mutating func normal() -> Float {
        let (radius, angle) = (Double(uniform(Float(1e-7)...1)), Double(uniform(0...1)))
        return Float((-2 * log(radius)).squareRoot() * cos(2 * .pi * angle))
    }
}
