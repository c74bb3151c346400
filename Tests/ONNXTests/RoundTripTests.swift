import Foundation
import Graph
import Interchange
import Testing

@testable import ONNX

/// Models that are read, written and read again give the same numbers.
@Suite struct RoundTripTests {
    private static let models: [(name: String, inputs: [String: [Int]], model: ModelText)] = [
        classifier, branches, images, attention, shapes, quantized,
    ]

    /// Convolution, normalization, pool and a matrix, as exporters of classifiers write them.
    private static var classifier: (String, [String: [Int]], ModelText) {
        var model = ModelText()
        model.input("image", [nil, 3, 8, 8])
        model.weight("conv.weight", [4, 3, 3, 3], waves(108))
        model.weight("conv.bias", [4], waves(4))
        for (name, shift) in [("scale", 2), ("shift", 0), ("mean", 0), ("variance", 2)] as [(String, Float)] {
            model.weight("bn.\(name)", [4], waves(4).map { $0 + shift })
        }
        model.node(
            "Conv", ["image", "conv.weight", "conv.bias"], ["a"], [.integers("pads", [1, 1, 1, 1]), .integers("strides", [2, 2])])
        model.node("BatchNormalization", ["a", "bn.scale", "bn.shift", "bn.mean", "bn.variance"], ["b"])
        model.node("Relu", ["b"], ["c"])
        model.node("MaxPool", ["c"], ["d"], [.integers("kernel_shape", [2, 2]), .integers("strides", [2, 2])])
        model.node("Flatten", ["d"], ["e"])
        model.weight("fc.weight", [5, 16], waves(80))
        model.weight("fc.bias", [5], waves(5))
        model.node("Gemm", ["e", "fc.weight", "fc.bias"], ["f"], [.integer("transB", 1)])
        model.node("Softmax", ["f"], ["scores"], [.integer("axis", -1)])
        model.output("scores")
        return ("classifier", ["image": [2, 3, 8, 8]], model)
    }

    /// Two inputs, parts that are joined again, decisions and reductions.
    private static var branches: (String, [String: [Int]], ModelText) {
        var model = ModelText()
        model.input("x", [3, 4])
        model.input("y", [3, 4])
        model.node("Sub", ["x", "y"], ["a"])
        model.node("Greater", ["x", "y"], ["more"])
        model.node("Where", ["more", "a", "y"], ["b"])
        model.node("Split", ["b"], ["left", "right"], [.integer("axis", 1), .integer("num_outputs", 2)])
        model.node("Tanh", ["left"], ["c"])
        model.node("Concat", ["right", "c"], ["d"], [.integer("axis", 1)])
        model.integers("axes", [1])
        model.node("ReduceL2", ["d", "axes"], ["norm"])
        model.node("Div", ["d", "norm"], ["e"])
        model.node("ReduceMax", ["e", "axes"], ["largest"], [.integer("keepdims", 0)])
        model.output("e")
        model.output("largest")
        return ("branches", ["x": [3, 4], "y": [3, 4]], model)
    }

    /// Tensors of bytes beside those of floats.
    private static var quantized: (String, [String: [Int]], ModelText) {
        var model = ModelText()
        model.input("x", [2, 4], 2)
        model.weight("scale", [4], [0.5, 2, 1, 0.25])
        model.wire.graph.initializer.append(
            .with {
                $0.name = "zero_point"
                $0.dims = [4]
                $0.dataType = 2
                $0.rawData = Data([0, 1, 200, 7])
            })
        model.node("DequantizeLinear", ["x", "scale", "zero_point"], ["y"], [.integer("axis", 1)])
        model.output("y")
        return ("quantized", ["x": [2, 4]], model)
    }

    /// What becomes larger and smaller, with borders.
    private static var images: (String, [String: [Int]], ModelText) {
        var model = ModelText()
        model.input("image", [1, 2, 5, 4])
        model.weight("up.weight", [2, 3, 2, 2], waves(24))
        model.node("ConvTranspose", ["image", "up.weight"], ["a"], [.integers("strides", [2, 2])])
        model.integers("pads", [0, 0, 1, 2, 0, 0, 0, 1])
        model.node("Pad", ["a", "pads"], ["b"])
        model.node(
            "AveragePool", ["b"], ["c"], [.integers("kernel_shape", [3, 3]), .integers("pads", [1, 1, 1, 1]), .integer("ceil_mode", 1)])
        model.weight("scales", [4], [1, 1, 2, 2])
        model.node(
            "Resize", ["c", "", "scales"], ["d"], [.text("mode", "nearest"), .text("coordinate_transformation_mode", "asymmetric")])
        model.node("InstanceNormalization", ["d", "scale", "shift"], ["e"])
        model.weight("scale", [3], [1, 2, 3])
        model.weight("shift", [3], [0, -1, 1])
        model.node("GlobalAveragePool", ["d"], ["mean"])
        model.output("e")
        model.output("mean")
        return ("images", ["image": [1, 2, 5, 4]], model)
    }

    /// Products of what is computed with itself.
    private static var attention: (String, [String: [Int]], ModelText) {
        var model = ModelText()
        model.input("x", [2, 3, 4])
        model.weight("norm.weight", [4], [1, 2, 0.5, 1])
        model.weight("norm.bias", [4], [0, 0.5, 0, -1])
        model.node("LayerNormalization", ["x", "norm.weight", "norm.bias"], ["a"], [.integer("axis", -1)])
        model.weight("query.weight", [4, 4], waves(16))
        model.node("MatMul", ["a", "query.weight"], ["q"])
        model.node("Transpose", ["a"], ["k"], [.integers("perm", [0, 2, 1])])
        model.node("MatMul", ["q", "k"], ["s"])
        model.node("Softmax", ["s"], ["p"], [.integer("axis", -1)])
        model.node("MatMul", ["p", "a"], ["o"])
        model.node("Gelu", ["o"], ["g"])
        model.node("Add", ["x", "g"], ["y"])
        model.output("y")
        return ("attention", ["x": [2, 3, 4]], model)
    }

    /// Shapes that the model computes, and what is cut out and repeated.
    private static var shapes: (String, [String: [Int]], ModelText) {
        var model = ModelText()
        model.input("x", [2, 6])
        model.node("Shape", ["x"], ["shape"])
        model.integers("last", [1])
        model.node("Gather", ["shape", "last"], ["six"])
        model.integers("two", [2])
        model.node("Div", ["six", "two"], ["three"])
        model.integers("rest", [-1])
        model.node("Concat", ["rest", "three"], ["target"], [.integer("axis", 0)])
        model.node("Reshape", ["x", "target"], ["a"])
        for (name, value) in [("from", 1), ("to", 4), ("axis", 0)] as [(String, Int64)] { model.integers(name, [value]) }
        model.node("Slice", ["a", "from", "to", "axis"], ["b"])
        model.integers("twice", [1, 2])
        model.node("Tile", ["b", "twice"], ["c"])
        model.node("CumSum", ["c", "axis0"], ["d"])
        model.integers("axis0", [1])
        model.output("d")
        return ("shapes", ["x": [2, 6]], model)
    }

    private static func waves(_ count: Int) -> [Float] { (0..<count).map { Float($0 * 37 % 23 - 11) / 16 } }

    @Test(arguments: models.indices) func writtenModelsGiveTheSameNumbers(index: Int) throws {
        let (name, inputs, model) = Self.models[index]
        let network = try model.network()
        let given = inputs.mapValues { HostTensor(shape: $0, floats: Self.waves($0.reduce(1, *))) }
        let expected = network.run(given)
        #expect(Set(expected.keys) == Set(model.wire.graph.output.map(\.name)), "\(name)")
        let weights = Dictionary(uniqueKeysWithValues: network.weights.map { ($0.name, $0) })
        for normalizations in [ModelWriter.Normalizations.kept, .folded] {
            let data = try ModelWriter(network.graph, normalizations: normalizations) { (parameter, _) throws(InterchangeError) in
                guard let weight = weights[parameter.name] else { throw InterchangeError(name, "no \(parameter.name)", repair: "") }
                return weight
            }.data(path: name)
            let found = try ImportedNetwork(data: data, path: name).run(given)
            for (output, tensor) in expected {
                let again = try #require(found[output], "\(name): \(output)")
                #expect(again.shape == tensor.shape, "\(name): \(output)")
                for (a, b) in zip(again.doubles, tensor.doubles) { #expect(abs(a - b) <= 1e-5 * max(1, abs(b)), "\(name): \(output)") }
            }
        }
    }

    /// A name within a function is none of the model's inputs, whose value may be given.
    @Test func namesWithinFunctionsAreNoInputs() throws {
        var model = ModelText()
        model.wire.opsetImport.append(.with { ($0.domain, $0.version) = ("own", 1) })
        model.wire.functions = [
            .with {
                ($0.name, $0.domain) = ("Shaped", "own")
                $0.input = ["value", "shape"]
                $0.output = ["result"]
                $0.opsetImport = [.with { $0.version = 20 }]
                $0.node = [
                    .with {
                        $0.opType = "Reshape"
                        $0.input = ["value", "shape"]
                        $0.output = ["result"]
                    }
                ]
            }
        ]
        model.input("x", [2, 6])
        model.input("shape", [2], 7)
        model.input("other", [2], 7)
        model.node("Shaped", ["x", "other"], ["y"])
        model.wire.graph.node[0].domain = "own"
        model.output("y")
        // What is given is the model's 'shape', and the function reads 'other' under that name.
        let error = try #require(throws: ONNXError.self) {
            _ = try model.network(given: ["shape": HostTensor(shape: [2], int64s: [3, 4])])
        }
        #expect(error.notes.first?.contains("'shape' is computed, but decides a shape") == true, "\(error.notes)")
        #expect(!error.repair.contains("'shape'"), "\(error.repair)")
    }

    /// An input whose value decides a shape, and which is data elsewhere, stays one.
    @Test func inputsThatAreReadAsDataStay() throws {
        var model = ModelText()
        model.input("x", [2, 6])
        model.input("shape", [2], 7)
        model.node("Cast", ["shape"], ["numbers"], [.integer("to", 1)])
        model.node("Reshape", ["x", "shape"], ["y"])
        model.output("numbers")
        model.output("y")
        let shape = HostTensor(shape: [2], int64s: [3, 4])
        let network = try model.network(given: ["shape": shape])
        #expect(network.inputs.map(\.name) == ["x", "shape"] && network.consumed.isEmpty)
        let found = network.run(["x": HostTensor(shape: [2, 6], floats: Self.waves(12)), "shape": shape])
        #expect(found["numbers"]?.floats == [3, 4])
        #expect(found["y"]?.shape == [3, 4] && found["y"]?.floats == Self.waves(12))
    }
}
