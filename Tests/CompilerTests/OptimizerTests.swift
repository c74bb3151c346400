import Foundation
import Graph
import Operators
import Runtime
import TestSupport
import Testing

@testable import Compiler

/// Twenty steps of a small network (convolution, batch normalization, linear layer) by each optimizer against `torch.optim` in f64.
///
/// `Cases/optimizers.py` made the numbers of `Cases/optimizers.json`, with PyTorch 2 and, for TensorFlow's RMSprop, timm;
/// lion, lars and lamb are their papers' formulas there.
@Suite struct OptimizerTests {
    struct Case: Decodable, Sendable, CustomTestStringConvertible {
        let recipe: String
        /// What the rates of the steps are multiplied by.
        let scale: Double
        /// The weights after the last step, row-major, and their averages where the recipe has them.
        let weights: [String: [Double]]

        var testDescription: String { recipe }

        static let all: [Case] = {
            let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Cases/optimizers.json")
            return try! JSONDecoder().decode([Case].self, from: Data(contentsOf: file))
        }()
    }

    private static let rates = Array(repeating: [0.1, 0.2, 0.05, 0.1, 0.15], count: 4).flatMap { $0 }
    private static let image = wave(100, 0.7, 1)
    private static let labels = [0, 2, 1, 0]
    private static let start: [String: [Double]] = [
        "conv.weight": wave(18, 1.3, 0.4), "norm.weight": [1, 0.8], "norm.bias": [0.1, -0.2], "fc.weight": wave(6, 2.1, 0.5),
        "fc.bias": wave(3, 0.9, 0.3),
    ]

    private static func wave(_ count: Int, _ frequency: Double, _ scale: Double) -> [Double] {
        (1...count).map { scale * sin(Double($0) * frequency) }
    }

    private func network(_ optimizer: Case) throws -> Network {
        let file = FileManager.default.temporaryDirectory.appending(path: "braid-optimizer-\(UUID().uuidString).braid")
        defer { try? FileManager.default.removeItem(at: file) }
        let text = """
            network n {
                input image: f32[N, 1, 5, 5]
                let features = image |> conv: conv(2, 3, bias: false) |> norm: batchnorm |> relu
                output logits = features |> global_avg_pool |> flatten |> fc: linear(3)
            }
            training of n {
                target label: i32[N]
                loss cross_entropy(logits, label)
                \(optimizer.recipe)
                schedule constant(rate: 0.1)
            }
            """
        try text.write(to: file, atomically: true, encoding: .utf8)
        return try Network.load(file.path)
    }

    /// The formulas, interpreted in f64.
    @Test(arguments: Case.all) func formulasAreThoseOfPyTorch(_ optimizer: Case) throws {
        let step = try Compiler(target: .x86AVX2, cache: nil, threads: 1).optimize(
            network(optimizer), training: true, stoppingAfter: "update"
        ).bound(["N": 4])
        var parameters: [String: ReferenceTensor] = [:]
        for node in step.nodes {
            guard let parameter = node.parameter else { continue }
            let extents = try #require(node.type.shape.extents)
            let first = Self.start[parameter.name]
            parameters[parameter.name] =
                first.map { ReferenceTensor(extents, $0) } ?? ReferenceTensor(extents, repeating: parameter.initializer == .ones ? 1 : 0)
        }
        for rate in Self.rates {
            let inputs = [
                "image": ReferenceTensor([4, 1, 5, 5], Self.image), "label": ReferenceTensor([4], Self.labels.map(Double.init)),
                "learning_rate": .scalar(rate * optimizer.scale),
            ]
            parameters.merge(ReferenceEvaluator().run(step, inputs: inputs, parameters: parameters).updates) { $1 }
        }
        try check(optimizer, within: 1e-10) { try #require(parameters[$0]).values }
    }

    /// The machine code, in f32, with two threads.
    @Test(arguments: Case.all) func machineCodeAgrees(_ optimizer: Case) throws {
        let step = try Compiler(cache: nil, threads: 2).executable(
            network(optimizer), training: true, batch: 4, pool: ThreadPool(threads: 2))
        for (parameter, buffer) in step.plan.parameters {
            let count = step.plan.buffers[buffer].extents.reduce(1, *)
            let start = Self.start[parameter.name]?.map(Float.init)
            try step.setParameter(
                parameter.name, to: start ?? [Float](repeating: parameter.initializer == .ones ? 1 : 0, count: count))
        }
        try step.setInput("image", to: Self.image.map(Float.init))
        try step.setInput("label", to: Self.labels.map(Int32.init))
        for rate in Self.rates {
            try step.setInput("learning_rate", to: [Float(rate * optimizer.scale)])
            step.run()
        }
        try check(optimizer, within: 1e-5) { try step.parameter($0, as: Float.self).map(Double.init) }
    }

    private func check(_ optimizer: Case, within tolerance: Double, _ observed: (String) throws -> [Double]) throws {
        #expect(optimizer.weights.count >= 5)
        for (name, expected) in optimizer.weights {
            let values = try observed(name)
            #expect(values.count == expected.count)
            let largest = expected.map { abs($0) }.max() ?? 0
            for (index, (a, b)) in zip(values, expected).enumerated() {
                #expect(abs(a - b) <= tolerance * largest, "\(name)[\(index)]: \(a), not \(b)")
            }
        }
    }
}
