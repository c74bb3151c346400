import Foundation
import Graph
import Interchange
import Testing

@testable import ONNX

/// Shapes that hold the number of images, which no attribute of a graph says.
@Suite struct BatchShapeTests {
    /// What becomes of a reshape, as the printed graph has it.
    @Test(arguments: [
        ([0, 36], "flatten(%0) : f32[N, 36]"),
        ([-1, 36], "flatten(%0) : f32[N, 36]"),
        ([0, -1], "flatten(%0) : f32[N, 36]"),
        ([0, 4, 9], "reshape(%0) extents=[4, 9] : f32[N, 4, 9]"),
        ([-1, 9], "reshape(%0) extents=[-1, 9] whole=true : f32[4 * N, 9]"),
        ([2, 2, -1, 3, 3], "reshape(%0) extents=[2, 2, -1, 3, 3] whole=true : f32[2, 2, N, 3, 3]"),
        ([-1], "reshape(%0) extents=[-1] whole=true : f32[36 * N]"),
    ]) func reshapesHaveOneForm(target: [Int64], expected: String) throws {
        var model = ModelText()
        model.input("x", [nil, 4, 3, 3])
        model.integers("target", target)
        model.node("Reshape", ["x", "target"], ["y"])
        model.output("y")
        let network = try model.network()
        #expect("\(network.graph)".contains("%1 = \(expected)\n"), "\(network.graph)")
        let values = (0..<72).map(Float.init)
        #expect(network.run(["x": HostTensor(shape: [2, 4, 3, 3], floats: values)])["y"]?.floats == values)
    }

    /// A token of a class is put before those of each image, whatever the images hold.
    @Test(arguments: [[nil, 2, 3], [nil, 6], [nil]] as [[Int?]]) func tensorsAreRepeatedForEachImage(shape: [Int?]) throws {
        var model = ModelText()
        model.input("x", shape)
        model.weight("token", [1, 1, 2], [5, -7])
        model.node("Shape", ["x"], ["shape"], [.integer("end", 1)])
        model.integers("rest", [3, 2])
        model.node("Concat", ["shape", "rest"], ["target"], [.integer("axis", 0)])
        model.node("Expand", ["token", "target"], ["y"])
        model.output("y")
        let network = try model.network()
        #expect(network.graph.outputs.map { "\(network.graph[$0.value].type)" } == ["f32[N, 3, 2]"])
        for node in network.graph.nodes {
            for case .shape(let shape) in node.attributes.values.values { #expect(shape.dimensions.allSatisfy { $0.value != nil }) }
        }
        let extents = shape.map { $0 ?? 2 }
        for value in [0, -1, Float.infinity, Float.nan] {
            let x = HostTensor(shape: extents, floats: [Float](repeating: value, count: extents.reduce(1, *)))
            #expect(network.run(["x": x])["y"]?.floats == [5, -7, 5, -7, 5, -7, 5, -7, 5, -7, 5, -7])
        }
    }

    /// A formula that asks for positions cannot be written as a source.
    @Test(arguments: ["none", "sum", "mean"]) func lossesAskForNoPositions(reduction: String) throws {
        var model = ModelText()
        model.input("x", [nil, 3])
        model.input("label", [nil], 7)
        model.weight("weight", [3], [1, 2, 4])
        model.node(
            "NegativeLogLikelihoodLoss", ["x", "label", "weight"], ["y"], [.text("reduction", reduction), .integer("ignore_index", 7)])
        model.output("y")
        let network = try model.network()
        #expect(!"\(network.graph)".contains("@"), "\(network.graph)")
        let result = network.run([
            "x": HostTensor(shape: [3, 3], floats: [1, 2, 3, 4, 5, 6, 7, 8, 9]), "label": HostTensor(shape: [3], floats: [2, 0, 7]),
        ])
        #expect(result["y"]?.floats == (reduction == "none" ? [-12, -4, 0] : reduction == "sum" ? [-16] : [-3.2]))
    }
}
