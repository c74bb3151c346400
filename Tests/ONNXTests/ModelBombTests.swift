import Foundation
import Graph
import Interchange
import Testing

@testable import ONNX

/// Small models that stand for much, by joining, calling and repeating: refused before they take time or memory, or read in little of both.
@Suite struct ModelBombTests {
    private func refusal(_ model: ModelText) throws -> String {
        let error = try #require(throws: ONNXError.self) { _ = try model.network() }
        #expect(!error.repair.isEmpty)
        return ([error.message] + error.notes).joined(separator: "\n")
    }

    /// A model that computes with the sizes of its input, of which two are open.
    private func sizes(_ write: (inout ModelText) -> Void) -> ModelText {
        var model = ModelText()
        model.input("x", [nil, nil, 4, 5])
        model.wire.graph.input[0].type.tensorType.shape.dim[1] = .with { $0.dimParam = "height" }
        model.node("Shape", ["x"], ["shape"])
        write(&model)
        model.output("y")
        return model
    }

    @Test(arguments: ["Sub", "Equal"]) func severalSizesAreNoNumber(operation: String) throws {
        let model = sizes {
            $0.integers("none", [])
            $0.node("Reshape", ["shape", "none"], ["number"])
            $0.node(operation, ["number", "number"], ["z"])
            $0.node("ConstantOfShape", ["z"], ["y"])
        }
        #expect(try refusal(model).contains("4 sizes as one number"))
    }

    @Test func fourSizesAreNotTwo() throws {
        let model = sizes {
            $0.integers("two", [2])
            $0.node("Reshape", ["shape", "two"], ["pair"])
            $0.node("Expand", ["x", "pair"], ["y"])
        }
        #expect(try refusal(model).contains("4 sizes as [2]"))
    }

    @Test func sizesThatAreJoinedWithThemselvesEnd() throws {
        let model = sizes {
            for index in 0..<40 {
                let name = index == 0 ? "shape" : "s\(index)"
                $0.node("Concat", [name, name], ["s\(index + 1)"], [.integer("axis", 0)])
            }
            $0.node("Expand", ["x", "s40"], ["y"])
        }
        #expect(try refusal(model).contains("Concat of 2048 sizes"))
    }

    /// A long chain is no deep one.
    @Test func manyViewsInARow() throws {
        let count = 20_000
        var model = ModelText()
        model.input("x", [2, 4], 7)
        for index in 0..<count {
            model.node("Transpose", [index == 0 ? "x" : "v\(index)"], ["v\(index + 1)"], [.integers("perm", [1, 0])])
        }
        model.node("Cast", ["v\(count)"], ["y"], [.integer("to", 6)])
        model.output("y")
        // Such a chain is followed a part of the way: that these are positions is not seen.
        #expect(try refusal(model).contains("Cast"))
    }

    @Test func functionsThatCallEachOtherManyTimes() throws {
        var model = ModelText()
        model.input("x", [2])
        model.wire.opsetImport.append(
            .with {
                $0.domain = "own"
                $0.version = 1
            })
        for level in 0..<10 {
            var body = ModelText()
            for index in 0..<8 { body.node(level == 0 ? "Relu" : "f\(level - 1)", [index == 0 ? "a" : "t\(index)"], ["t\(index + 1)"]) }
            model.wire.functions.append(
                .with {
                    $0.name = "f\(level)"
                    $0.domain = "own"
                    $0.input = ["a"]
                    $0.output = ["t8"]
                    $0.node = body.wire.graph.node
                    for index in $0.node.indices where level > 0 { $0.node[index].domain = "own" }
                    $0.opsetImport = model.wire.opsetImport
                })
        }
        model.node("f9", ["x"], ["y"])
        model.wire.graph.node[0].domain = "own"
        model.output("y")
        #expect(try refusal(model).contains("more nodes, each call counted"))
    }

    /// Tensors may share bytes of a file beside the model; any number that overlap would be any number of copies.
    @Test func tensorsThatOverlapInAFile() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "braid-overlap-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data(count: 4096).write(to: folder.appending(path: "w"))
        func load(shift: Int) throws -> ImportedNetwork {
            var model = ModelText()
            model.input("x", [512])
            for index in 0..<20 {
                model.wire.graph.initializer.append(
                    .with {
                        $0.name = "w\(index)"
                        $0.dims = [512]
                        $0.dataType = 1
                        $0.dataLocation = 1
                        $0.externalData = [("location", "w"), ("offset", "\(index * shift)")].map { key, value in
                            .with { ($0.key, $0.value) = (key, value) }
                        }
                    })
                model.node("Add", [index == 0 ? "x" : "t\(index)", "w\(index)"], ["t\(index + 1)"])
            }
            model.output("t20")
            let path = folder.appending(path: "model.onnx")
            try model.data.write(to: path)
            return try ImportedNetwork(path: path.path)
        }
        #expect(try load(shift: 0).weights.count == 20)
        let error = try #require(throws: ONNXError.self) { _ = try load(shift: 4) }
        #expect(error.message.contains("overlaps others"))
    }

    /// Lists of a file may have any number of numbers, and what is said of them has an end.
    @Test func messagesEnd() throws {
        var model = ModelText()
        model.input("x", [2])
        model.integers("shape", [Int64](repeating: 1, count: 60_000))
        model.node("ConstantOfShape", ["shape"], ["k"])
        model.node("Add", ["x", "k"], ["y"])
        model.output("y")
        #expect(try refusal(model).count < 1000)
    }
}
