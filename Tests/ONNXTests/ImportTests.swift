import Foundation
import Graph
import Interchange
import Testing

@testable import ONNX

@Suite struct ImportTests {
    @Test func layersAreNamedAfterTheirWeights() throws {
        var model = ModelText()
        model.input("images", [nil, 3, 4, 4])
        model.weight("features.0.conv.weight", [2, 3, 1, 1], [1, 0, 0, 0, 1, 0])
        model.weight("features.0.conv.bias", [2], [0.5, -0.5])
        model.node("Conv", ["images", "features.0.conv.weight", "features.0.conv.bias"], ["a"])
        model.node("Relu", ["a"], ["b"])
        model.node("Conv", ["b", "onnx::Conv_7"], ["c"], name: "/layer1/layer1.0/conv2/Conv")
        model.weight("onnx::Conv_7", [1, 2, 1, 1], [1, 1])
        model.output("c")
        let network = try model.network()
        #expect(network.weights.map(\.name) == ["features.0.conv.weight", "features.0.conv.bias", "layer1.0.conv2.weight"])
        #expect(network.graph.batchSymbol == "N")
        #expect(network.inputs.map(\.name) == ["images"])
        // conv, relu, conv, and nothing else.
        #expect(network.graph.nodes.compactMap { $0.operation?.name } == ["conv", "map", "conv"])
        let result = network.run(["images": HostTensor(shape: [1, 3, 4, 4], floats: (0..<48).map(Float.init))])
        #expect(result["c"]?.floats.prefix(2) == [16, 18])
    }

    /// Exporters let layers with the same values share one tensor, whatever they do with it.
    @Test func aSharedTensorIsReadInEachShape() throws {
        var model = ModelText()
        model.input("x", [1, 2, 3, 2])
        model.weight("conv.bias", [2], [1, 2])
        model.weight("conv.weight", [2, 2, 1, 1], [1, 0, 0, 1])
        model.node("Identity", ["conv.bias"], ["other.bias"])
        model.node("Conv", ["x", "conv.weight", "conv.bias"], ["a"])
        model.node("Add", ["other.bias", "a"], ["y"])
        model.output("y")
        let network = try model.network()
        #expect(Set(network.weights.map(\.name)).count == 3)
        let result = network.run(["x": HostTensor(shape: [1, 2, 3, 2], floats: [Float](repeating: 0, count: 12))])
        #expect(result["y"]?.floats == [2, 3, 2, 3, 2, 3, 3, 4, 3, 4, 3, 4])
    }

    /// Exporters write 0 for an extent that is open.
    @Test func openExtentsAreThoseOfWhatIsGiven() throws {
        var model = ModelText()
        model.input("x", [0, 4])
        model.node("Relu", ["x"], ["y"])
        model.output("y")
        #expect("\(try model.network().graph.nodes[0].type)" == "f32[N, 4]")
        let given = try model.network(given: ["x": HostTensor(shape: [3, 4], floats: [Float](repeating: -1, count: 12))])
        #expect("\(given.graph.nodes[0].type)" == "f32[3, 4]")
    }

    /// A branch may call things as the graph around it does.
    @Test func namesOfABranchAreItsOwn() throws {
        var (branch, model) = (ModelText(), ModelText())
        branch.node("Neg", ["x"], ["a"])
        branch.output("a")
        model.input("x", [2])
        model.node("Abs", ["x"], ["a"])
        model.weight("condition", [], [1])
        model.node("Cast", ["condition"], ["taken"], [.integer("to", 9)])
        model.node("If", ["taken"], ["b"])
        model.wire.graph.node[2].attribute = ["then_branch", "else_branch"].map { name in
            .with {
                $0.name = name
                $0.type = 5
                $0.g = branch.wire.graph
            }
        }
        model.node("Sub", ["a", "b"], ["y"])
        model.output("y")
        let result = try model.network().run(["x": HostTensor(shape: [2], floats: [-3, 5])])
        #expect(result["y"]?.floats == [0, 10])
    }

    @Test func shapesThatExportersComputeAreNumbers() throws {
        var model = ModelText()
        model.input("x", [nil, 4, 3, 3])
        model.node("Shape", ["x"], ["shape"])
        model.integers("zero", [0])
        model.node("Gather", ["shape", "zero"], ["batch"])
        model.integers("rest", [-1])
        model.node("Concat", ["batch", "rest"], ["target"], [.integer("axis", 0)])
        model.node("Reshape", ["x", "target"], ["y"])
        model.output("y")
        let network = try model.network()
        #expect(network.graph.nodes.compactMap { $0.operation?.name } == ["flatten"])
        #expect("\(network.graph.nodes.last!.type)" == "f32[N, 36]")
    }

    @Test func modelsForOneNumberOfImagesTakeAnyNumber() throws {
        var model = ModelText()
        model.input("x", [10, 2, 2])
        model.integers("shape", [10, 4])
        model.node("Reshape", ["x", "shape"], ["y"])
        model.output("y")
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("braid-onnx-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("fixed.onnx").path
        try model.data.write(to: URL(fileURLWithPath: path))
        #expect("\(try ImportedNetwork(path: path).graph.nodes.last!.type)" == "f32[N, 4]")
        // What cannot be done for any number stays as it is.
        model.node("Reshape", ["x", "other"], ["z"])
        model.integers("other", [4, 10])
        model.output("z")
        try model.data.write(to: URL(fileURLWithPath: path))
        #expect("\(try ImportedNetwork(path: path).graph.nodes.last!.type)" == "f32[4, 10]")
    }

    @Test func functionsOfTheModelAreInlined() throws {
        var model = ModelText()
        model.wire.opsetImport.append(
            .with {
                $0.domain = "own"; $0.version = 1
            })
        model.wire.functions = [
            .with {
                $0.name = "Scaled"
                $0.domain = "own"
                $0.input = ["value"]
                $0.output = ["result"]
                $0.attribute = ["slope"]
                $0.opsetImport = [.with { $0.version = 20 }]
                $0.node = [
                    .with {
                        $0.opType = "LeakyRelu"
                        $0.input = ["value"]
                        $0.output = ["result"]
                        $0.attribute = [
                            .with {
                                $0.name = "alpha"; $0.refAttrName = "slope"; $0.type = 1
                            }
                        ]
                    }
                ]
            }
        ]
        model.input("x", [2])
        model.node("Scaled", ["x"], ["y"], [.number("slope", 0.25)])
        model.wire.graph.node[0].domain = "own"
        model.output("y")
        #expect(try model.network().run(["x": HostTensor(shape: [2], floats: [-4, 4])])["y"]?.floats == [-1, 4])
    }

    @Test func allNodesThatCannotBeImportedAreNamed() throws {
        var model = ModelText()
        model.input("x", [2, 2])
        model.node("Det", ["x"], ["a"], name: "first")
        model.node("Relu", ["a"], ["b"])
        model.node("NonZero", ["x"], ["c"], name: "second")
        model.output("b")
        model.output("c")
        let error = try #require(throws: ONNXError.self) { _ = try model.network() }
        #expect(error.notes == ["Det 'first': Det of operator set 20", "NonZero 'second': NonZero of operator set 20"])
        #expect(error.message.contains("2 nodes"))
    }

    /// A model, what is wrong with it, and what is said.
    @Test(arguments: [
        ("no graph", "it has no graph"), ("unknown name", "'nowhere' is read before anything makes it"),
        ("count", "[3] has 3 elements, but 2 are given"), ("negative extent", "has the extent -1"), ("huge", "larger than any memory"),
        ("outside", "which is not beside the model"), ("strings", "has elements of string"), ("division", "'perm' [0, 0]"),
        ("recursion", "more than 16 deep"), ("offset", "the offset of the tensor 'w' in its file is 'abc'"),
        ("length", "the length of the tensor 'w' in its file is '9223372036854775808'"),
        ("old", "of operator set 5, in which Add was not what it is from 6 on"),
        ("new", "of operator set 99, and those from 6 to 28 are read"),
    ]) func whatIsMalformedIsRefused(_ what: String, _ message: String) throws {
        var model = ModelText()
        model.input("x", [2, 3])
        model.node("Add", ["x", "w"], ["y"])
        model.output("y")
        model.weight("w", [3], [1, 2, 3])
        switch what {
        case "no graph": model.wire.clearGraph()
        case "unknown name": model.wire.graph.node[0].input[1] = "nowhere"
        case "count": model.wire.graph.initializer[0].floatData.removeLast()
        case "negative extent": model.wire.graph.initializer[0].dims = [-1]
        case "huge": model.wire.graph.initializer[0].dims = [1 << 30, 1 << 30, 1 << 30]
        case "outside":
            model.wire.graph.initializer[0].dataLocation = 1
            model.wire.graph.initializer[0].externalData = [
                .with {
                    $0.key = "location"; $0.value = "../../etc/passwd"
                }
            ]
        case "strings": model.wire.graph.input[0].type.tensorType.elemType = 8
        case "division":
            model.node("Transpose", ["y"], ["z"], [.integers("perm", [0, 0])])
            model.output("z")
        case "offset", "length":
            model.wire.graph.initializer[0].dataLocation = 1
            model.wire.graph.initializer[0].externalData = [("location", "w"), (what, what == "offset" ? "abc" : "9223372036854775808")].map
            {
                property in
                .with { ($0.key, $0.value) = property }
            }
        case "old": model.wire.opsetImport[0].version = 5
        case "new": model.wire.opsetImport[0].version = 99
        default:
            model.wire.opsetImport.append(
                .with {
                    $0.domain = "own"; $0.version = 1
                })
            model.wire.functions = [
                .with {
                    $0.name = "Again"
                    $0.domain = "own"
                    $0.input = ["v"]
                    $0.output = ["w"]
                    $0.opsetImport = [
                        .with { $0.version = 20 },
                        .with {
                            $0.domain = "own"; $0.version = 1
                        },
                    ]
                    $0.node = [
                        .with {
                            $0.opType = "Again"; $0.domain = "own"; $0.input = ["v"]; $0.output = ["w"]
                        }
                    ]
                }
            ]
            model.node("Again", ["x"], ["z"])
            model.output("z")
            model.wire.graph.node[1].domain = "own"
        }
        let error = try #require(throws: ONNXError.self) { _ = try model.network() }
        #expect((error.message + error.notes.joined(separator: "\n")).contains(message), "\(error.message) \(error.notes)")
    }

    /// What has not changed since is read whatever the operator set.
    @Test func operatorsOfOldSetsAreRead() throws {
        var model = ModelText()
        model.input("x", [2, 3])
        model.node("Transpose", ["x"], ["y"])
        model.output("y")
        model.wire.opsetImport[0].version = 1
        #expect(try model.network().run(["x": HostTensor(shape: [2, 3], floats: [1, 2, 3, 4, 5, 6])])["y"]?.floats == [1, 4, 2, 5, 3, 6])
    }

    @Test func inputsThatDecideShapesAreTakenWhereTheyAreGiven() throws {
        var model = ModelText()
        model.input("x", [2, 6])
        model.input("shape", [2], 7)
        model.node("Reshape", ["x", "shape"], ["y"])
        model.output("y")
        let error = try #require(throws: ONNXError.self) { _ = try model.network() }
        #expect(error.repair.contains("'shape'"))
        let network = try model.network(given: ["shape": HostTensor(shape: [2], int64s: [3, 4])])
        #expect(network.consumed == ["shape"])
        #expect("\(network.graph.nodes.last!.type)" == "f32[3, 4]")
    }

    /// Damaged files are refused, or read as what they say by chance; nothing traps.
    @Test func damagedFilesEndNothing() throws {
        var model = ModelText()
        model.input("x", [nil, 3, 8, 8])
        model.weight("w", [4, 3, 3, 3], (0..<108).map(Float.init))
        model.node("Conv", ["x", "w"], ["a"], [.integers("pads", [1, 1, 1, 1]), .integers("strides", [2, 2])])
        model.node("MaxPool", ["a"], ["b"], [.integers("kernel_shape", [2, 2])])
        model.integers("shape", [0, -1])
        model.node("Reshape", ["b", "shape"], ["c"])
        model.node("Softmax", ["c"], ["y"], [.integer("axis", 1)])
        model.output("y")
        let good = try model.data
        var random = SystemRandomNumberGenerator()
        var refused = 0
        for length in stride(from: 0, to: good.count, by: 7) {
            do { _ = try ImportedNetwork(data: good.prefix(length), path: "short.onnx") } catch { refused += 1 }
        }
        #expect(refused > good.count / 10)
        for _ in 0..<400 {
            var bad = good
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bad[bad.startIndex + Int.random(in: 0..<bad.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            do { _ = try ImportedNetwork(data: bad, path: "bad.onnx") } catch {}
        }
    }
}
