import Foundation
import Graph
import Operators
import Recipes
import Runtime
import TestSupport
import Testing

@testable import Compiler

/// The gradients of networks of `graphs/` in their own widths, auxiliary classifiers among them, beside PyTorch's: in fp64 by the reference
/// evaluator, and in f32 as machine code, beside how far off PyTorch's f32 is.
///
/// `Cases/whole_networks.py` made the numbers of `Cases/whole_networks.json`. Pictures are smaller than the networks' own; nothing is dropped.
@Suite(.serialized) struct WholeNetworkGradientTests {
    struct Case: Decodable, Sendable, CustomTestStringConvertible {
        let file: String
        let network: String
        let definitions: [String: String]
        /// What stands in the text of the file, and what is put in its place.
        let changes: [String: String]
        /// Of the pictures.
        let size: [Int]
        /// How many batches of pictures there are, the first of which made the numbers.
        let pictures: Int
        /// Of each parameter's gradient, the inner product with numbers of seed 3000, and the norm.
        let gradients: [String: [Double]]
        /// How far the gradients of PyTorch in f32 are off, in the mean of the batches.
        let single: Layouts

        var testDescription: String { network }

        static let all: [Case] = {
            let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Cases/whole_networks.json")
            return try! JSONDecoder().decode([Case].self, from: Data(contentsOf: file))
        }()
    }

    /// Of the tensors' largest errors, each beside the tensor's largest element, or a thousandth of the largest of all where that is more.
    struct Errors: Decodable, Sendable {
        var median: Double
        var worst: Double

        init(median: Double, worst: Double) { (self.median, self.worst) = (median, worst) }
        init(_ errors: [Double]) { self.init(median: errors.sorted()[errors.count / 2], worst: errors.max()!) }
    }

    /// PyTorch's: NCHW, and NHWC.
    struct Layouts: Decodable, Sendable {
        let contiguous: Errors
        let channels_last: Errors
    }

    /// Seconds each; the others take minutes, for as many evaluations in fp64.
    private static let quick = ["resnet18", "shape_autoencoder"]

    @Test(arguments: Case.all.filter { Exhaustive.isOn || quick.contains($0.network) })
    func gradientsAreThoseOfPyTorch(_ variant: Case) throws {
        // What momentum takes up in the first step is the gradient.
        let network = try WholeNetwork.read(
            variant.file, variant.network, variant.definitions, changes: variant.changes, picture: Array(variant.size.dropFirst()),
            Optimizer.sgd(["momentum": 0.9]))
        let batch = variant.size[0]
        let compiler = Compiler(cache: nil, threads: 2)
        let step = try compiler.optimize(network, training: true, stoppingAfter: "update").bound(["N": batch])
        let parameters = WholeNetwork.parameters(of: step)
        let executable = try compiler.executable(network, training: true, batch: batch, pool: ThreadPool(threads: 2))
        let elements = Dictionary(uniqueKeysWithValues: step.nodes.compactMap { node in node.inputName.map { ($0, node.type.element) } })
        let names = variant.gradients.keys.sorted()

        var machine: [Errors] = []
        for picture in 0..<variant.pictures {
            let image = ReferenceTensor(variant.size, KnownNumbers.ofSeed(1000 + picture, count: variant.size.reduce(1, *)))
            let inputs: [String: ReferenceTensor] = [
                "image": image, "original": image, "label": ReferenceTensor([batch], (0..<batch).map { Double($0 * 3 % 5) }),
                "learning_rate": .scalar(0.1), "seed": .scalar(0),
            ]
            let updates = ReferenceEvaluator().run(step, inputs: inputs, parameters: parameters).updates
            let gradients = try names.map { try #require(updates[OptimizerState.momentum.name(of: $0)], "no gradient of \($0)").values }
            if picture == 0 { expectGradients(gradients, names, of: variant) }

            executable.setParameters(from: GivenParameters(parameters))
            for (name, _) in executable.plan.inputs {
                let values = try #require(inputs[name]).values
                if elements[name] == .i32 {
                    try executable.setInput(name, to: values.map(Int32.init))
                } else {
                    try executable.setInput(name, to: values.map(Float.init))
                }
            }
            executable.run()
            let largest = gradients.map(KnownNumbers.size).max()!
            machine.append(
                Errors(
                    try zip(names, gradients).map { name, gradient in
                        let compiled = try executable.parameter(OptimizerState.momentum.name(of: name), as: Float.self)
                        return KnownNumbers.distance(gradient, compiled) / max(KnownNumbers.size(gradient), 1e-3 * largest)
                    }))
        }
        // What lies behind a ReLU or a max pooling is off by as much as rounding moves an element across its kink, in PyTorch as well, and with
        // channels last, its faster layout, twice as far as with its own. Kernels for other vectors round otherwise, so that one machine moves an
        // element that another does not. The same element makes the same difference, but for how the rest of the gradient is rounded.
        let found = Errors(median: Self.mean(machine.map(\.median)), worst: Self.mean(machine.map(\.worst)))
        let layouts = [variant.single.contiguous, variant.single.channels_last]
        let single = Errors(median: layouts.map(\.median).max()!, worst: layouts.map(\.worst).max()!)
        #expect(
            found.median <= max(1e-4, 1.001 * single.median) && found.worst <= max(1e-4, 1.001 * single.worst),
            "machine code is off by \(found), PyTorch by \(variant.single)")
    }

    private func expectGradients(_ gradients: [[Double]], _ names: [String], of variant: Case) {
        let largest = gradients.map(KnownNumbers.size).max()!
        for (name, gradient) in zip(names, gradients) {
            let expected = variant.gradients[name]!
            // A gradient that is zero but for rounding is one beside the largest.
            let off = KnownNumbers.distance(gradient, product: expected[0], norm: expected[1], floor: 1e-3 * largest, seed: 3000)
            #expect(off <= 1e-9, "the reference's gradient of \(name) is off by \(off)")
        }
    }

    private static func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
}
