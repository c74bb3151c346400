import Foundation
import Graph
import Operators
import Recipes
import Runtime
import TestSupport
import Testing

@testable import Compiler

/// What small variants of the networks of `graphs/` compute, and the gradients of their losses, beside PyTorch's of torchvision, timm and
/// `Cases/modules.py`: in fp64 by the reference evaluator, and in f32 as machine code.
///
/// `Cases/networks.py` made the numbers of `Cases/networks.json` with PyTorch in f64. Statistics of batch normalizations are no defaults,
/// and gradients are those of the training mode.
@Suite struct NetworkValueTests {
    struct Case: Decodable, Sendable, CustomTestStringConvertible {
        let file: String
        /// What makes the result of a network of the tests, called in that file, …
        let call: String?
        /// A block of the tests that it names.
        let block: String?
        /// … or a network of the file, its parameters, and the target of its recipe.
        let network: String?
        let definitions: [String: String]?
        let target: String?
        let inputs: [String: [Int]]
        let result: [Int]
        /// Some elements of the result, evenly spread, and the largest magnitude.
        let values: [Double]
        let largest: Double
        /// Of each parameter's gradient, the inner product with numbers of seed 3000, and the norm.
        let gradients: [String: [Double]]

        var testDescription: String { network ?? file }

        static let all: [Case] = {
            let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Cases/networks.json")
            return try! JSONDecoder().decode([Case].self, from: Data(contentsOf: file))
        }()
    }

    /// What `networks.py` calls numbers of a seed.
    private static func numbers(_ count: Int, _ seed: Int) -> [Double] { KnownNumbers.ofSeed(seed, count: count) }

    private func network(_ variant: Case) throws -> Network {
        let path = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../graphs/\(variant.file).braid").standardized
            .path
        let goal = variant.result.dropFirst().map(String.init).joined(separator: ", ")
        func training(of network: String, _ output: String) -> String {
            """

            training of \(network) {
                target goal: f32[N, \(goal)]
                loss mean_squared_error(\(output), goal)
                optimizer sgd
                schedule constant(rate: 0.1)
            }
            """
        }
        if let name = variant.network {
            let (text, definitions) = (try Network.readText(path), variant.definitions ?? [:])
            let network = try Network.read(text, path: path, name: name, definitions: definitions)
            guard network.training == nil else { return network }
            return try Network.read(
                text + training(of: name, network.graph.outputs[0].name), path: path, name: name, definitions: definitions)
        }
        let image = try #require(variant.inputs["image"])
        let text = """

            \(variant.block ?? "")

            network variant {
                input image: f32[N, \(image.dropFirst().map(String.init).joined(separator: ", "))]
                output result = image |> \(try #require(variant.call))
            }

            """
        return try Network.read(Network.readText(path) + text + training(of: "variant", "result"), path: path, name: "variant")
    }

    /// The parameters' values: seeds count their names in alphabetical order.
    private func parameters(of graph: Graph) throws -> [String: ReferenceTensor] {
        let owned = graph.nodes.compactMap { node in node.parameter.map { ($0.name, node.type.shape.extents ?? []) } }.sorted {
            $0.0 < $1.0
        }
        return Dictionary(
            uniqueKeysWithValues: owned.enumerated().map {
                ($1.0, ReferenceTensor($1.1, KnownNumbers.ofParameter($1.0, extents: $1.1, seed: $0)))
            })
    }

    private func inputs(of variant: Case, _ network: Network) -> [String: ReferenceTensor] {
        // In the order of the file, as in networks.py.
        let names = network.graph.nodes.compactMap(\.inputName).filter { variant.inputs[$0] != nil }
        var inputs: [String: ReferenceTensor] = [:]
        for (place, name) in names.enumerated() {
            let extents = variant.inputs[name]!
            inputs[name] = ReferenceTensor(extents, Self.numbers(extents.reduce(1, *), 1000 + place))
        }
        return inputs
    }

    @Test(arguments: Case.all) func predictsAsInPyTorch(_ variant: Case) throws {
        let network = try network(variant)
        let graph = network.graph.bound(["N": 2])
        let parameters = try parameters(of: graph)
        let inputs = inputs(of: variant, network)
        let result = try #require(
            ReferenceEvaluator(mode: .inference).run(graph, inputs: inputs, parameters: parameters).outputs.values.first)
        #expect(result.extents == variant.result)
        let off = distance(result.values, variant)
        #expect(off <= 1e-12, "the reference is off by \(off)")

        let executable = try Compiler(cache: nil, threads: 2).executable(network, batch: 2, pool: ThreadPool(threads: 2))
        for (name, tensor) in inputs { try executable.setInput(name, to: tensor.values.map(Float.init)) }
        executable.setParameters(from: GivenParameters(parameters))
        executable.run()
        let compiled = try executable.output(executable.plan.outputs[0].name, as: Float.self).map(Double.init)
        let off32 = distance(compiled, variant)
        #expect(off32 <= 1e-4, "machine code is off by \(off32)")
    }

    private func distance(_ values: [Double], _ variant: Case) -> Double {
        let some = stride(from: 0, to: values.count, by: max(1, values.count / 30)).map { values[$0] }
        guard some.count == variant.values.count else { return .infinity }
        return zip(some, variant.values).map { abs($0 - $1) }.max()! / variant.largest
    }

    @Test(arguments: Case.all) func learnsAsInPyTorch(_ variant: Case) throws {
        var network = try network(variant)
        let training = try #require(network.training)
        // What momentum takes up in the first step is the gradient.
        network.training = .init(
            graph: training.graph, recipe: TrainingRecipe(optimizer: Optimizer.sgd(["momentum": 0.9])), targets: training.targets)
        let compiler = Compiler(cache: nil, threads: 2)
        let step = try compiler.optimize(network, training: true, stoppingAfter: "update").bound(["N": 2])
        var parameters = try parameters(of: network.graph.bound(["N": 2]))
        for node in step.nodes {
            guard let parameter = node.parameter, parameters[parameter.name] == nil else { continue }
            parameters[parameter.name] = ReferenceTensor(node.type.shape.extents ?? [], repeating: 0)
        }
        var inputs = inputs(of: variant, network)
        inputs[variant.target ?? "goal"] = ReferenceTensor(variant.result, Self.numbers(variant.result.reduce(1, *), 2000))
        inputs["learning_rate"] = .scalar(0.1)
        inputs["seed"] = .scalar(0)
        let updates = ReferenceEvaluator().run(step, inputs: inputs, parameters: parameters).updates

        let executable = try compiler.executable(network, training: true, batch: 2, pool: ThreadPool(threads: 2))
        for (name, _) in executable.plan.inputs {
            try executable.setInput(name, to: try #require(inputs[name]).values.map(Float.init))
        }
        for (parameter, _) in executable.plan.parameters {
            try executable.setParameter(parameter.name, to: try #require(parameters[parameter.name]).values.map(Float.init))
        }
        executable.run()

        let largest = try #require(variant.gradients.values.map { $0[1] }.max())
        var worst = (reference: 0.0, machine: 0.0)
        for (name, expected) in variant.gradients {
            let gradient = try #require(updates[OptimizerState.momentum.name(of: name)]).values
            // A gradient that is zero but for rounding is one beside the largest.
            let off = KnownNumbers.distance(gradient, product: expected[0], norm: expected[1], floor: 1e-3 * largest, seed: 3000)
            worst.reference = max(worst.reference, off)
            let compiled = try executable.parameter(OptimizerState.momentum.name(of: name), as: Float.self)
            let magnitude = max(KnownNumbers.size(gradient), 1e-3 * largest)
            worst.machine = max(worst.machine, KnownNumbers.distance(gradient, compiled) / magnitude)
        }
        #expect(worst.reference <= 1e-10, "the reference is off by \(worst.reference)")
        #expect(worst.machine <= 1e-4, "machine code is off by \(worst.machine)")
    }
}
