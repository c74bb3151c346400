import Foundation
import Graph
import Operators
import Recipes
import Runtime
import TestSupport
import Testing

@testable import Compiler

/// A training beside one of PyTorch: `Cases/training_steps.py` made the losses of `Cases/training_steps.json`, in f32 as those here.
@Suite struct TrainingStepsTests {
    private struct Losses: Decodable {
        let size: [Int]
        let classes: Int
        let rate: Float
        let losses: [Double]
    }

    @Test func lossesFollowThoseOfPyTorch() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Cases/training_steps.json")
        let expected = try JSONDecoder().decode(Losses.self, from: Data(contentsOf: file))
        let network = try WholeNetwork.read(
            "resnet", "resnet18", ["classes": "\(expected.classes)"], picture: Array(expected.size.dropFirst()),
            Optimizer.sgd(["momentum": 0.9, "weight_decay": 1e-4]))
        let batch = expected.size[0]
        let compiler = Compiler(cache: nil, threads: 2)
        let step = try compiler.optimize(network, training: true, stoppingAfter: "update").bound(["N": batch])
        let executable = try compiler.executable(network, training: true, batch: batch, pool: ThreadPool(threads: 2))
        let extents = Dictionary(
            uniqueKeysWithValues: step.nodes.compactMap { node in node.parameter.map { ($0.name, node.type.shape.extents ?? []) } })
        for (name, extents) in extents where name.hasSuffix(".momentum") {
            try executable.setParameter(name, to: [Float](repeating: 0, count: extents.reduce(1, *)))
        }
        for (seed, name) in extents.keys.filter({ !$0.hasSuffix(".momentum") }).sorted().enumerated() {
            try executable.setParameter(name, to: Self.parameter(name, extents[name]!, seed: seed + 1))
        }
        try executable.setInput("learning_rate", to: [expected.rate])
        let loss = try #require(network.training).recipe.lossOutput
        #expect(expected.losses.count == 100)
        for (number, expectedLoss) in expected.losses.enumerated() {
            let labels = (0..<batch).map { ($0 * 3 + number) % expected.classes }
            try executable.setInput("image", to: Self.pictures(of: labels, size: expected.size, step: number))
            try executable.setInput("label", to: labels.map(Int32.init))
            executable.run()
            let observed = try executable.output(loss, as: Float.self)[0]
            let off = abs(Double(observed) / expectedLoss - 1)
            #expect(off < 0.01, "step \(number + 1) has the loss \(observed), \(expectedLoss) in PyTorch")
        }
    }

    /// What `training_steps.py` begins with.
    private static func parameter(_ name: String, _ extents: [Int], seed: Int) -> [Float] {
        let count = extents.reduce(1, *)
        guard extents.count > 1 else {
            return [Float](repeating: name.hasSuffix("weight") || name.hasSuffix("running_var") ? 1 : 0, count: count)
        }
        let scale = Float((6 / Double(extents.dropFirst().reduce(1, *))).squareRoot())
        return KnownNumbers.hashed(seed, count: count).map { $0 * scale }
    }

    /// Patterns of 4x4 squares, one for each class, under noise.
    private static func pictures(of labels: [Int], size: [Int], step: Int) -> [Float] {
        let (channels, side) = (size[1], size[2])
        let patterns = KnownNumbers.hashed(500, count: (labels.max()! + 1) * channels * 16)
        var pictures = KnownNumbers.hashed(1000 + step, count: size.reduce(1, *))
        var index = 0
        for label in labels {
            for channel in 0..<channels {
                for row in 0..<side {
                    for column in 0..<side {
                        pictures[index] += 0.2 * patterns[((label * channels + channel) * 4 + row * 4 / side) * 4 + column * 4 / side]
                        index += 1
                    }
                }
            }
        }
        return pictures
    }
}
