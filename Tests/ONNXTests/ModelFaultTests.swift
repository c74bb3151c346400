import Foundation
import Graph
import Interchange
import Operators
import Testing

@testable import ONNX

/// What is said of models, of files beside them and of what is given for their inputs; and what of a model is not read at all.
@Suite struct ModelFaultTests {
    private func sum() -> ModelText {
        var model = ModelText()
        for name in ["a", "b"] {
            model.input(name, [nil, 3, 4])
            model.wire.graph.input[model.wire.graph.input.count - 1].type.tensorType.shape.dim[2] = .with { $0.dimParam = "width" }
        }
        model.node("Add", ["a", "b"], ["y"])
        model.output("y")
        return model
    }

    private func array(_ shape: Int...) -> HostTensor {
        HostTensor(shape: shape, floats: [Float](repeating: 1, count: shape.reduce(1, *)))
    }

    @Test func missingInputsAreNamed() throws {
        let error = try #require(throws: ONNXError.self) { _ = try sum().network(given: ["a": array(2, 3, 4)]) }
        #expect(error.message == "nothing is given for the input 'b', with which the others must go together")
        #expect(error.repair == "add --input b=FILE.npy")
    }

    @Test func sizesThatDifferAreNamed() throws {
        let error = try #require(throws: ONNXError.self) { _ = try sum().network(given: ["a": array(2, 3, 4), "b": array(2, 3, 5)]) }
        #expect(error.message == "'width' is 4 in what is given for the input 'a', and 5 in what is given for 'b'")
        let other = try #require(throws: ONNXError.self) { _ = try sum().network(given: ["a": array(2, 3), "b": array(2, 3, 4)]) }
        #expect(other.message == "the input 'a' is [batch, 3, width] in the model, and [2, 3] is given for it")
    }

    /// Numbers of images that have no name in the model.
    @Test func shapesThatDoNotGoTogetherAreNamed() throws {
        var model = sum()
        for index in 0..<2 { model.wire.graph.input[index].type.tensorType.shape.dim[0] = .init() }
        let error = try #require(throws: ONNXError.self) { _ = try model.network(given: ["a": array(2, 3, 4), "b": array(5, 3, 4)]) }
        #expect(error.message == "the model does not take what is given for its inputs together: [2, 3, 4] for 'a', [5, 3, 4] for 'b'")
        #expect(error.notes.first?.hasPrefix("Add 'y':") == true)
    }

    /// Integers that decide a shape by way of other nodes.
    @Test func shapesAreGivenInParts() throws {
        var model = ModelText()
        model.input("x", [6])
        model.input("rows", [1], 7)
        model.integers("rest", [-1])
        model.node("Concat", ["rows", "rest"], ["shape"], [.integer("axis", 0)])
        model.node("Reshape", ["x", "shape"], ["y"])
        model.output("y")
        let x = HostTensor(shape: [6], floats: [1, 2, 3, 4, 5, 6])
        let network = try model.network(given: ["x": x, "rows": HostTensor(shape: [1], int64s: [2])])
        #expect(network.consumed == ["rows"])
        #expect(network.run(["x": x])["y"]?.shape == [2, 3])
    }

    @Test func integersOfInputsAreNoOutputs() throws {
        var model = ModelText()
        model.input("x", [2, 3], 7)
        model.node("Identity", ["x"], ["y"])
        model.output("y")
        let error = try #require(throws: ONNXError.self) { _ = try model.network() }
        #expect(error.message == "the output 'y' is integers that come from an input, in another shape at most")
    }

    /// What is not known of a size is not decided, and sizes that are no vector are no sizes that are kept.
    @Test func openSizesAreNotGuessed() throws {
        var model = ModelText()
        model.input("x", [nil, 4])
        model.node("Shape", ["x"], ["shape"])
        for (name, values) in [("zero", 0), ("one", 1)] as [(String, Int64)] { model.integers(name, [values]) }
        model.node("Gather", ["shape", "zero"], ["images"])
        model.node("Sub", ["images", "one"], ["others"])
        model.node("Equal", ["others", "zero"], ["isAlone"])
        model.integers("four", [4])
        model.node("Where", ["isAlone", "four", "images"], ["count"])
        model.integers("rest", [-1])
        model.node("Concat", ["rest", "count"], ["target"], [.integer("axis", 0)])
        model.node("Reshape", ["x", "target"], ["y"])
        model.output("y")
        let error = try #require(throws: ONNXError.self) { _ = try model.network() }
        #expect(error.notes.contains { $0.contains("whether batch - 1 is 0 must be known") || $0.contains("- 1 is 0 must be known") })
    }

    /// What is wrong with the model itself is said first.
    @Test func theModelsFaultsComeFirst() throws {
        var model = sum()
        model.node("Det", ["y"], ["z"])
        model.output("z")
        let error = try #require(throws: ONNXError.self) { _ = try model.network(given: ["a": array(2, 3, 4)]) }
        #expect(error.notes.contains { $0.contains("Det") })
    }

    /// Exporters leave nodes behind that nothing needs, such as those of another branch.
    @Test func nodesThatNothingNeedsAreNotRead() throws {
        var model = ModelText()
        model.input("x", [2, 3])
        model.node("LSTM", ["x", "nowhere"], ["dead"])
        model.node("Relu", ["dead"], ["deader"])
        model.node("Relu", ["x"], ["y"])
        model.output("y")
        let network = try model.network()
        #expect(network.graph.nodes.count == 2)
    }

    @Test func linksOutOfTheFolderAreRefused() throws {
        let root = FileManager.default.temporaryDirectory.appendingPathComponent("braid-links-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: root) }
        let (folder, elsewhere) = (root.appendingPathComponent("model"), root.appendingPathComponent("elsewhere"))
        for place in [folder, elsewhere] { try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true) }
        let bytes = Data([1, 2, 3].flatMap { withUnsafeBytes(of: Float($0).bitPattern.littleEndian) { [UInt8]($0) } })
        try bytes.write(to: elsewhere.appendingPathComponent("w.bin"))
        try bytes.write(to: folder.appendingPathComponent("within.bin"))
        for (link, target) in [("out.bin", "../elsewhere/w.bin"), ("in.bin", "within.bin")] {
            try FileManager.default.createSymbolicLink(atPath: folder.appendingPathComponent(link).path, withDestinationPath: target)
        }
        func model(_ location: String) throws -> URL {
            var model = ModelText()
            model.input("x", [2, 3])
            model.weight("w", [3], [])
            model.wire.graph.initializer[0].dataLocation = 1
            model.wire.graph.initializer[0].externalData = [.with { ($0.key, $0.value) = ("location", location) }]
            model.node("Add", ["x", "w"], ["y"])
            model.output("y")
            let file = folder.appendingPathComponent("\(location).onnx")
            try model.data.write(to: file)
            return file
        }
        #expect(try ImportedNetwork(path: model("in.bin").path).weights.map(\.floats) == [[1, 2, 3]])
        let file = try model("out.bin")
        let error = try #require(throws: ONNXError.self) { _ = try ImportedNetwork(path: file.path) }
        #expect(error.message == "the tensor 'w' is to be read from 'out.bin', a link that leads out of the model's folder")
        // Caches of downloads have models and what belongs to them as links to one folder.
        let cached = root.appendingPathComponent("cached")
        try FileManager.default.createDirectory(at: cached, withIntermediateDirectories: true)
        for (link, target) in [("m.onnx", "../model/in.bin.onnx"), ("in.bin", "../model/within.bin")] {
            try FileManager.default.createSymbolicLink(atPath: cached.appendingPathComponent(link).path, withDestinationPath: target)
        }
        #expect(try ImportedNetwork(path: cached.appendingPathComponent("m.onnx").path).weights.map(\.floats) == [[1, 2, 3]])
    }

    // MARK: Constants as outputs

    /// Outputs that are the same for any input are constants in what is written, in their place.
    @Test func constantOutputsAreInWhatIsWritten() throws {
        var model = ModelText()
        model.input("x", [2, 3])
        model.weight("table", [2, 2], [1, 2, 3, 4])
        model.integers("counts", [7, -8])
        model.node("Relu", ["x"], ["y"])
        for name in ["table", "y", "counts"] { model.output(name) }
        let network = try model.network()
        #expect(network.graph.outputs.map(\.name) == ["y"])
        let graph = try network.completeGraph()
        #expect(graph.outputs.map(\.name) == ["table", "y", "counts"])
        let x = ReferenceTensor([2, 3], [1, -1, 2, -2, 3, -3])
        let found = ReferenceEvaluator().run(graph, inputs: ["x": x]).outputs
        #expect(found["table"]?.values == [1, 2, 3, 4] && found["counts"]?.values == [7, -8])
        #expect(found["y"]?.values == [1, 0, 2, 0, 3, 0])
    }

    @Test func whatNoNetworkHoldsIsRefused() throws {
        var model = ModelText()
        model.input("x", [2, 3])
        model.integers("large", [16_777_217])
        model.node("Relu", ["x"], ["y"])
        model.output("y")
        model.output("large")
        let network = try model.network()
        let error = try #require(throws: ONNXError.self) { _ = try network.completeGraph() }
        #expect(
            error.path == "model.onnx"
                && error.message == "the output 'large' is the same for any input, int64 [1], and no network holds it"
        )
        var alone = ModelText()
        alone.weight("w", [2], [1, 2])
        alone.output("w")
        let other = try #require(throws: ONNXError.self) { _ = try alone.network().completeGraph() }
        #expect(other.message == "the model has no inputs, and a network has one at least")
    }
}
