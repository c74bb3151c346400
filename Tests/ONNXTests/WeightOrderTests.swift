import Foundation
import Graph
import Interchange
import Operators
import Testing

@testable import ONNX

/// Weights that a model keeps in another order than its layers read them stay weights.
@Suite struct WeightOrderTests {
    private static func waves(_ count: Int) -> [Float] { (0..<count).map { Float($0 * 37 % 23 - 11) / 16 } }

    private func weight(_ network: ImportedNetwork, _ name: String) throws -> HostTensor {
        try #require(network.weights.first { $0.name == name }, "\(network.weights.map(\.name))")
    }

    /// As linear layers of more than two axes are written.
    @Test func transposedMatricesAreThoseOfLinearLayers() throws {
        var model = ModelText()
        model.input("x", [nil, 3, 4])
        model.weight("fc.weight", [5, 4], Self.waves(20))
        model.node("Transpose", ["fc.weight"], ["turned"], [.integers("perm", [1, 0])])
        model.node("MatMul", ["x", "turned"], ["y"])
        model.output("y")
        let network = try model.network()
        let weight = try weight(network, "fc.weight")
        #expect(network.weights.count == 1 && weight.shape == [5, 4] && weight.floats == Self.waves(20))
        #expect(network.graph.nodes.contains { $0.operation == .linear && $0.label == "fc" })
        #expect(!network.graph.nodes.contains { $0.operation == .permute })
        let found = try #require(network.run(["x": HostTensor(shape: [1, 3, 4], floats: Self.waves(12))])["y"])
        let (x, w) = (Self.waves(12).map(Double.init), Self.waves(20).map(Double.init))
        for (row, column) in (0..<3).flatMap({ row in (0..<5).map { (row, $0) } }) {
            let sum = (0..<4).reduce(0) { $0 + x[row * 4 + $1] * w[column * 4 + $1] }
            #expect(abs(found.doubles[row * 5 + column] - sum) < 1e-6)
        }
    }

    /// A square matrix as it is and transposed are two weights: their values differ, though not their shapes.
    @Test func bothOrdersOfASquareMatrixAreKept() throws {
        var model = ModelText()
        model.input("x", [2, 3])
        model.weight("w", [3, 3], Self.waves(9))
        model.node("Gemm", ["x", "w"], ["a"], [.integer("transB", 1)])
        model.node("MatMul", ["x", "w"], ["b"])
        model.node("Transpose", ["w"], ["turned"])
        model.node("MatMul", ["x", "turned"], ["c"])
        for name in ["a", "b", "c"] { model.output(name) }
        let network = try model.network()
        #expect(network.weights.count == 2)
        let found = network.run(["x": HostTensor(shape: [2, 3], floats: [1, 0, 0, 0, 1, 0])])
        let w = Self.waves(9)
        #expect(found["a"]?.floats == [w[0], w[3], w[6], w[1], w[4], w[7]])
        #expect(found["b"]?.floats == Array(w[..<6]))
        #expect(found["c"]?.floats == found["a"]?.floats)
    }

    /// Kernels with the channels last, as other frameworks have them.
    @Test func permutedKernelsAreThoseOfConvolutions() throws {
        var model = ModelText()
        model.input("x", [1, 2, 3, 3])
        model.weight("conv.kernel", [2, 3, 2, 4], Self.waves(48))
        model.node("Transpose", ["conv.kernel"], ["turned"], [.integers("perm", [3, 2, 0, 1])])
        model.node("Conv", ["x", "turned"], ["y"])
        model.output("y")
        let network = try model.network()
        let weight = try weight(network, "conv.weight")
        #expect(weight.shape == [4, 2, 2, 3])
        let values = Self.waves(48)
        for (o, i) in (0..<4).flatMap({ o in (0..<2).map { (o, $0) } }) {
            for (r, c) in (0..<2).flatMap({ r in (0..<3).map { (r, $0) } }) {
                #expect(weight.floats[((o * 2 + i) * 2 + r) * 3 + c] == values[((r * 3 + c) * 2 + i) * 4 + o])
            }
        }
    }

    /// What is added is no bias where something else reads the product, or where it is no vector of the features.
    @Test func otherSumsStayApart() throws {
        var model = ModelText()
        model.input("x", [2, 3])
        model.weight("w", [3, 2], Self.waves(6))
        model.weight("bias", [2], [1, 2])
        model.weight("matrix", [2, 2], [1, 2, 3, 4])
        model.node("MatMul", ["x", "w"], ["a"])
        model.node("Add", ["a", "bias"], ["b"])
        model.node("MatMul", ["x", "w"], ["c"])
        model.node("Add", ["c", "matrix"], ["d"])
        model.node("MatMul", ["x", "w"], ["e"])
        model.node("Add", ["bias", "e"], ["f"])
        for name in ["a", "b", "d", "f"] { model.output(name) }
        let network = try model.network()
        let found = network.run(["x": HostTensor(shape: [2, 3], floats: [1, 0, 0, 0, 1, 0])])
        let w = Self.waves(6)
        #expect(found["a"]?.floats == [w[0], w[1], w[2], w[3]])
        #expect(found["b"]?.floats == [w[0] + 1, w[1] + 2, w[2] + 1, w[3] + 2] && found["f"]?.floats == found["b"]?.floats)
        #expect(found["d"]?.floats == [w[0] + 1, w[1] + 2, w[2] + 3, w[3] + 4])
        #expect(network.graph.nodes.count { $0.operation == .linear && $0.operands.count == 3 } == 1)
    }

    /// A model of many nodes and one weight stays about as large as its file.
    @Test func copiesAreLimited() throws {
        var model = ModelText()
        model.input("x", [1, 64])
        model.weight("w", [1 << 13, 64], [Float](repeating: 1, count: 1 << 19))
        for index in 0..<40 {
            model.node("Transpose", ["w"], ["turned\(index)"])
            model.node("MatMul", ["x", "turned\(index)"], ["y\(index)"])
            model.output("y\(index)")
        }
        let network = try model.network()
        #expect(network.weights.count == 1)
        for operation in [Operator.linear, .permute] { #expect(network.graph.nodes.contains { $0.operation == operation }) }
    }

    /// Linear layers of more axes come back as what they were written of.
    @Test func linearLayersComeBack() throws {
        let builder = GraphBuilder(name: "layers")
        let x = builder.input("x", TensorType(.f32, [.symbol("N"), 3, 4]))
        let weight = builder.parameter(Parameter("fc.weight", .weight, .zeros), .f32(5, 4))
        let bias = builder.parameter(Parameter("fc.bias", .weight, .zeros), .f32(5))
        builder.output("y", try builder.append(.linear, [x, weight, bias], ["features": .integer(5)], label: "fc"))
        let data = try ModelWriter(builder.finish()) { (_, extents) throws(InterchangeError) in
            HostTensor(shape: extents, floats: Self.waves(extents.reduce(1, *)))
        }.data(path: "layers.onnx")
        let network = try ImportedNetwork(data: data, path: "layers.onnx")
        #expect(network.weights.map { "\($0.name) \($0.shape)" }.sorted() == ["fc.bias [5]", "fc.weight [5, 4]"])
        #expect(network.graph.nodes.compactMap(\.operation) == [.linear])
    }
}
