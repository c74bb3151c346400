import Graph
import LoopNest
import Machine
import Operators
import Runtime
import TestSupport
import Testing

@testable import Compiler

/// Normalizations of numbers that are equal or nearly so: sums of many equal numbers are rounded in the same direction again and again,
/// and what remains of a constant must still be nothing beside the root of epsilon.
@Suite struct ConstantPlaneTests {
    private static let normalizations = [
        "instance_norm", "group_norm(2, affine: false)", "group_norm(1, affine: false)", "layer_norm(affine: false)",
        "layer_norm(axes: [2, 3], affine: false)", "layer_norm(axes: 1, affine: false)",
    ]
    private static let extents = [[1, 1], [1, 2], [7, 5], [13, 17], [56, 56], [112, 112], [224, 224]]
    private static let values: [Float] = [0, 1000.1, -1000.1, 12345.678, 99999.9, 0.1, 1e-30, 3e30]

    /// All normalizations of an image of 20 channels, which leaves a part of a block empty on every target.
    private func network(_ normalizations: [String], _ extents: [Int], channels: Int = 4) throws -> Network {
        let outputs = normalizations.enumerated().map { "output y\($0) = x |> \($1)" }
        return try Network.read(
            "network planes {\n input x: f32[N, \(channels), \(extents[0]), \(extents[1])]\n\(outputs.joined(separator: "\n"))\n}",
            path: "planes.braid")
    }

    /// Exactly 0, on every target, for every value and size.
    @Test(arguments: extents) func aConstantBecomesZero(_ extents: [Int]) throws {
        let network = try network(Self.normalizations, extents)
        for target in [Target.host, .x86AVX2] {
            let compiler = Compiler(target: target, cache: nil, threads: 2)
            let executable = try compiler.executable(network, batch: 2, pool: ThreadPool(threads: 2))
            let count = 2 * 4 * extents[0] * extents[1]
            for value in Self.values {
                try executable.setInput("x", to: [Float](repeating: value, count: count))
                executable.run()
                for (index, name) in Self.normalizations.enumerated() {
                    let found = try executable.output("y\(index)", as: Float.self)
                    #expect(found.count == count && found.allSatisfy { $0 == 0 }, "\(name) of \(value), \(extents): \(found[0])")
                }
            }
        }
    }

    /// `network`'s output y0 and the gradient of its sum, weighted by an input `dy`, as outputs of one graph.
    private func differentiated(_ network: Network, batch: Int) throws -> Graph {
        let decomposed = network.graph.bound(["N": batch]).decomposed(mode: .inference)
        let x = try #require(decomposed.values.first { decomposed[$0].inputName == "x" })
        let builder = GraphBuilder(name: network.name)
        var copies: [Value] = []
        for value in decomposed.values {
            copies.append(builder.copy(decomposed[value], operands: decomposed[value].operands.map { copies[$0.index] }))
        }
        let y = copies[decomposed.outputs[0].value.index]
        builder.output("y", y)
        let weighted = builder.apply(.multiply, y, builder.input("dy", builder.type(of: y)))
        let loss = builder.apply(.sum, weighted, attributes: ["axes": .integers([0, 1, 2, 3])])
        builder.output("dx", builder.gradients(of: loss, withRespectTo: [copies[x.index]])[0])
        return builder.finish()
    }

    /// The interpreter, machine code and fp64 agree, on constants and on their gradients, with blocks of channels that are not full.
    @Test(arguments: normalizations) func theGradientAtAConstantIsRight(_ normalization: String) throws {
        for (channels, value) in [(4, Float(1000.1)), (20, 12345.678)] {
            let graph = try differentiated(network([normalization], [9, 7], channels: channels), batch: 2)
            var given = graph.randomTensors(seed: 3)
            given.inputs["x"] = ReferenceTensor([2, channels, 9, 7], repeating: Double(value))
            for target in [Target.host, .x86AVX2] {
                try expectAgreement(of: graph, given: given, seed: 1, training: false, batch: 2, target: target)
            }
        }
    }

    /// Numbers around a constant: what is off is the mean by half a unit in the last place, beside the deviation, as in any
    /// implementation that keeps the mean in f32; nothing grows with the size of the plane.
    @Test(arguments: normalizations, [(1000.1, 1e-2), (12345.678, 1), (-99999.9, 20), (1000.1, 1e3)])
    func nearlyConstantPlanesAreRight(_ normalization: String, _ case: (center: Double, noise: Double)) throws {
        let extents = [2, 4, 56, 56]
        let network = try network([normalization], [56, 56])
        var random = SplitMix(seed: 5)
        let numbers = (0..<extents.reduce(1, *)).map { _ in Double(Float(`case`.center + `case`.noise * random.normal())) }
        let expected = ReferenceEvaluator(mode: .inference).run(
            network.graph.bound(["N": 2]), inputs: ["x": ReferenceTensor(extents, numbers)], parameters: [:]
        ).outputs["y0"]!.values
        let executable = try Compiler(target: .host, cache: nil, threads: 2).executable(network, batch: 2, pool: ThreadPool(threads: 2))
        try executable.setInput("x", to: numbers.map(Float.init))
        executable.run()
        let found = try executable.output("y0", as: Float.self)
        let roundingOfMean = Double(Float(`case`.center).ulp) / 2
        // The least deviation of what is normalized: pixels over 4 channels may lie close together.
        let worst = zip(expected, found).map { abs($0 - Double($1)) }.max()!
        let least = `case`.noise * (normalization.contains("axes: 1,") ? 0.02 : 1)
        let deviation = (least * least + 1e-5).squareRoot()
        let bound = 3 * roundingOfMean / deviation + 2e-5
        #expect(worst <= bound, "\(normalization) around \(`case`.center): off by \(worst), not \(bound)")
    }

    private static let training = """
        network planes(size) {
            input x: f32[N, 1, size, size]
            output logits = x |> conv: conv(5, 1, bias: false) |> bn: batchnorm |> flatten |> fc: linear(10)
        }
        training of planes {
            target label: i32[N]
            loss cross_entropy(logits, label)
            optimizer sgd
            schedule constant(rate: 0.05, epochs: 1)
            batch 4
        }
        """

    /// Constant pictures through a convolution by 500.05 say nothing of their class: the loss of a first step is log(10), whatever the head
    /// has learned, and the running statistics move towards the constant and 0.
    @Test(arguments: [1, 3, 12, 56, 112]) func trainingSeesNothingInConstantPictures(size: Int) throws {
        let network = try Network.read(Self.training, path: "planes.braid", definitions: ["size": "\(size)"])
        let graph = try #require(network.training).graph.bound(["N": 4])
        var given = graph.randomTensors(seed: 1, labels: 10)
        given.inputs["x"] = ReferenceTensor([4, 1, size, size], repeating: 2)
        given.parameters["conv.weight"] = ReferenceTensor([5, 1, 1, 1], repeating: Double(Float(500.05)))
        given.parameters["bn.bias"] = ReferenceTensor([5], repeating: 0)
        given.parameters["fc.bias"] = ReferenceTensor([10], repeating: 0)
        given.parameters["bn.running_mean"] = ReferenceTensor([5], repeating: 0)
        given.parameters["bn.running_var"] = ReferenceTensor([5], repeating: 1)
        if size <= 3 { try expectAgreement(of: graph, given: given, seed: 1, training: true, batch: 4) }
        for target in [Target.host, .x86AVX2] {
            let compiler = Compiler(target: target, cache: nil, threads: 2)
            let executable = try compiler.executable(network, training: true, batch: 4, pool: ThreadPool(threads: 2))
            executable.setParameters(from: GivenParameters(given.parameters))
            try executable.setInput("x", to: given.inputs["x"]!.values.map(Float.init))
            try executable.setInput("label", to: given.inputs["label"]!.values.map { Int32($0) })
            try executable.setInput("learning_rate", to: [Float(0)])
            executable.run()
            #expect(try executable.output("loss", as: Float.self) == [Float(2.302585092994046)])
            let constant = Float(500.05) * 2
            for mean in try executable.parameter("bn.running_mean", as: Float.self) { #expect(abs(mean - constant * 0.1) <= 1e-5) }
            for variance in try executable.parameter("bn.running_var", as: Float.self) { #expect(abs(variance - 0.9) <= 1e-7) }
        }
    }
}
