import Foundation
import Graph
import Interchange
import Operators
import Testing

@testable import ONNX

/// Models for any number of images: what needs numbers for height and width needs none for the batch.
@Suite struct OpenBatchTests {
    private struct Case: Sendable {
        var what: String
        var set = 20
        /// What follows the batch in the shape of the input.
        var image = [2, 5, 6]
        var write: @Sendable (inout ModelText) -> Void
    }

    private static let cases: [Case] = [
        Case(what: "upsampled by attributes", set: 7) {
            $0.node("Upsample", ["x"], ["y"], [.text("mode", "linear"), floats("scales", [1, 1, 2, 1.5])])
        },
        Case(what: "upsampled by an input", set: 9) {
            $0.weight("scales", [4], [1, 1, 2, 2])
            $0.node("Upsample", ["x", "scales"], ["y"], [.text("mode", "nearest")])
        },
        Case(what: "resized by an older operator", set: 10) {
            $0.weight("scales", [4], [1, 1, 0.5, 2])
            $0.node("Resize", ["x", "scales"], ["y"], [.text("mode", "linear")])
        },
        Case(what: "resized by scales") {
            $0.weight("scales", [4], [1, 1, 2, 3])
            $0.node(
                "Resize", ["x", "", "scales"], ["y"], [.text("mode", "nearest"), .text("coordinate_transformation_mode", "asymmetric")])
        },
        Case(what: "resized by fractions") {
            $0.weight("scales", [4], [1, 1, 1.3, 0.7])
            $0.node("Resize", ["x", "", "scales"], ["y"], [.text("mode", "cubic")])
        },
        Case(what: "resized to sizes of two axes") {
            $0.integers("sizes", [7, 4])
            $0.node("Resize", ["x", "", "", "sizes"], ["y"], [.text("mode", "linear"), .integers("axes", [2, 3])])
        },
        Case(what: "resized to sizes after those that the input has") {
            $0.node("Shape", ["x"], ["shape"])
            for (name, value) in [("zero", 0), ("two", 2)] as [(String, Int64)] { $0.integers(name, [value]) }
            $0.node("Slice", ["shape", "zero", "two"], ["front"])
            $0.integers("sizes", [9, 7])
            $0.node("Concat", ["front", "sizes"], ["all"], [.integer("axis", 0)])
            $0.node(
                "Resize", ["x", "", "", "all"], ["y"],
                [.text("mode", "linear"), .text("coordinate_transformation_mode", "pytorch_half_pixel")])
        },
        Case(what: "the largest of an aspect") {
            $0.integers("sizes", [10, 9])
            $0.node(
                "Resize", ["x", "", "", "sizes"], ["y"], [.integers("axes", [2, 3]), .text("keep_aspect_ratio_policy", "not_larger")])
        },
        Case(what: "a region") {
            $0.weight("region", [8], [0, 0, 0.25, 0.1, 1, 1, 0.75, 1.2])
            $0.weight("scales", [4], [1, 1, 1, 1])
            $0.node(
                "Resize", ["x", "region", "scales"], ["y"],
                [.text("mode", "linear"), .text("coordinate_transformation_mode", "tf_crop_and_resize")])
        },
        Case(what: "a convolution padded in front") {
            $0.weight("w", [3, 2, 2, 2], waves(24))
            $0.node("Conv", ["x", "w"], ["y"], [.text("auto_pad", "SAME_LOWER"), .integers("strides", [2, 1])])
        },
        Case(what: "a transposed convolution of the same size") {
            $0.weight("w", [2, 3, 3, 3], waves(54))
            $0.node("ConvTranspose", ["x", "w"], ["y"], [.text("auto_pad", "SAME_UPPER"), .integers("strides", [2, 2])])
        },
        Case(what: "a pool padded behind, with part of a window") {
            $0.node(
                "MaxPool", ["x"], ["y"],
                [
                    .integers("kernel_shape", [2, 2]), .integers("strides", [2, 2]), .text("auto_pad", "SAME_UPPER"),
                    .integer("ceil_mode", 1),
                ])
        },
        Case(what: "means of dilated windows") {
            $0.node(
                "AveragePool", ["x"], ["y"],
                [.integers("kernel_shape", [2, 2]), .integers("dilations", [2, 2]), .integers("pads", [1, 1, 1, 1])])
        },
        Case(what: "norms of a signal's windows", image: [2, 7]) {
            $0.node("LpPool", ["x"], ["y"], [.integers("kernel_shape", [3]), .integers("strides", [2])])
        },
        Case(what: "positions of maxima that nothing asks for") {
            $0.node("MaxPool", ["x"], ["y", "places"], [.integers("kernel_shape", [2, 2])])
        },
        Case(what: "probabilities of all behind the batch", set: 11) { $0.node("Softmax", ["x"], ["y"]) },
        Case(what: "probabilities of all behind the channels", set: 11) { $0.node("LogSoftmax", ["x"], ["y"], [.integer("axis", 2)]) },
        Case(what: "a mask of what is dropped") {
            $0.node("Dropout", ["x"], ["dropped", "mask"])
            $0.node("Cast", ["mask"], ["numbers"], [.integer("to", 1)])
            $0.node("Add", ["x", "numbers"], ["y"])
        },
    ]

    private static func floats(_ name: String, _ values: [Float]) -> WireAttribute {
        .with { ($0.name, $0.floats, $0.type) = (name, values, 6) }
    }

    private static func waves(_ count: Int) -> [Float] { (0..<count).map { Float($0 * 37 % 23 - 11) / 16 } }

    /// Several images together give what each gives alone, in a model for one.
    @Test(arguments: cases.indices) func imagesAreComputedAlike(index: Int) throws {
        let (what, count) = (Self.cases[index].what, 3)
        let (open, single) = (try network(Self.cases[index], nil), try network(Self.cases[index], 1))
        #expect(open.graph.symbols == ["N"] && !open.graph.movesBatch, "\(what)")
        let extents = Self.cases[index].image
        let values = Self.waves(count * extents.reduce(1, *))
        let together = try #require(open.run(["x": HostTensor(shape: [count] + extents, floats: values)])["y"], "\(what)")
        var apart: [Double] = []
        for image in 0..<count {
            let size = values.count / count
            let part = HostTensor(shape: [1] + extents, floats: Array(values[image * size..<(image + 1) * size]))
            let result = try #require(single.run(["x": part])["y"], "\(what)")
            #expect(Array(result.shape.dropFirst()) == Array(together.shape.dropFirst()), "\(what)")
            apart += result.doubles
        }
        #expect(together.shape.first == count, "\(what)")
        #expect(zip(together.doubles, apart).allSatisfy { abs($0 - $1) <= 1e-6 } && together.count == apart.count, "\(what)")
    }

    private func network(_ item: Case, _ batch: Int?) throws -> ImportedNetwork {
        var model = ModelText(set: item.set)
        model.input("x", [batch] + item.image)
        item.write(&model)
        model.output("y")
        return try model.network()
    }

    /// Images of any height and width, where the operators of the language take such.
    @Test func sizesMayBeOpen() throws {
        for mode in ["nearest", "linear"] {
            var model = ModelText()
            model.input("x", [nil, 2, nil, 6])
            model.weight("scales", [4], [1, 1, 2, 2])
            model.node("Resize", ["x", "", "scales"], ["y"], [.text("mode", mode)])
            model.output("y")
            let network = try model.network()
            #expect(network.graph.symbols.count == 2)
            let bound = network.graph.bound([network.graph.sizeSymbols[0]: 4])
            #expect(bound[bound.outputs[0].value].type.shape.dimensions.dropFirst() == [2, 8, 12])
        }
    }

    /// Where numbers are needed, the fault names them and the repair.
    @Test func openSizesAreNamed() throws {
        var model = ModelText()
        model.input("x", [nil, 2, nil, 6])
        model.weight("scales", [4], [1, 1, 1.3, 1.3])
        model.node("Resize", ["x", "", "scales"], ["y"], [.text("mode", "nearest")])
        model.output("y")
        let error = try #require(throws: ONNXError.self) { _ = try model.network() }
        #expect(error.notes == ["Resize 'y': Batch in the shape [N, 2, Batch, 6] of 'x' must be a number"])
        #expect(error.repair == "export the model with numbers for Batch")
    }

    /// Images that lie before and behind others, where a batch is padded with itself: computed once their number is known.
    @Test(arguments: ["reflect": [1, 0, 1, 2], "edge": [0, 0, 1, 2], "wrap": [2, 0, 1, 2]]) func batchesArePadded(
        mode: String, images: [Int]
    ) throws {
        var model = ModelText()
        model.input("x", [nil, 2])
        model.integers("pads", [1, 0, 0, 0])
        model.node("Pad", ["x", "pads"], ["y"], [.text("mode", mode)])
        model.output("y")
        let network = try model.network()
        #expect(network.graph.movesBatch)
        let values = Self.waves(6)
        let found = ReferenceEvaluator().run(
            network.graph.bound(["N": 3]), inputs: ["x": ReferenceTensor([3, 2], values.map(Double.init))], parameters: [:]
        ).outputs["y"]
        #expect(found?.extents == [4, 2] && found?.values == images.flatMap { values[2 * $0...2 * $0 + 1].map(Double.init) })
    }

    // MARK: Writing

    /// Networks of any batch as models, which give what the networks give.
    @Test(arguments: [
        "common positions", "common positions of several axes", "group normalization", "bare group normalization", "normalized pixels",
        "a broadcast",
    ])
    func writtenModelsTakeAnyBatch(what: String) throws {
        let builder = GraphBuilder(name: "any")
        let x = builder.input("x", TensorType(.f32, [.symbol("N"), 4, 3, 5]))
        let weight = builder.parameter(Parameter("g.weight", .weight, .zeros), .f32(4))
        let bias = builder.parameter(Parameter("g.bias", .weight, .zeros), .f32(4))
        let y: Value
        switch what {
        case "common positions":
            let places = builder.tensor(ConstantTensor([1, 0, 3]), [1, 3, 1, 1])
            y = try builder.append(.gather, [x, places], ["axis": .integer(1)], label: nil)
        case "common positions of several axes":
            let places = builder.tensor(ConstantTensor((0..<10).map { Float($0 % 3) }), [1, 1, 2, 5])
            y = try builder.append(.gather, [x, places], ["axis": .integer(2)], label: nil)
        case "group normalization":
            y = try builder.append(.groupNormalization, [x, weight, bias], ["groups": .integer(2)], label: "g")
        case "normalized pixels":
            y = try builder.append(.layerNormalization, [x, weight, bias], ["axes": .integers([1])], label: "g")
        case "bare group normalization":
            y = try builder.append(.groupNormalization, [x], ["groups": .integer(2), "affine": .boolean(false)], label: "g")
        default:
            y = try builder.append(
                .broadcast, [weight], ["shape": .shape([.symbol("N"), 4, 3, 5])], label: nil)
        }
        builder.output("y", y)
        builder.output("same", x)
        let graph = builder.finish()
        let numbers = ["g.weight": [1, -2, 0.5, 3], "g.bias": [0.25, 0, -1, 1]] as [String: [Float]]
        let data = try ModelWriter(graph) { (parameter, extents) throws(InterchangeError) in
            HostTensor(shape: extents, floats: numbers[parameter.name] ?? [])
        }.data(path: "any.onnx")
        let values = HostTensor(shape: [3, 4, 3, 5], floats: Self.waves(180))
        let expected = ReferenceEvaluator().run(
            graph.bound(["N": 3]), inputs: ["x": ReferenceTensor(values.shape, values.doubles)],
            parameters: numbers.mapValues { ReferenceTensor([4], $0.map(Double.init)) }
        ).outputs["y"]
        let network = try ImportedNetwork(data: data, path: "any.onnx")
        #expect(network.graph.batchSymbol == "N")
        let found = try #require(network.run(["x": values])["y"])
        #expect(ReferenceTensor(found.shape, found.doubles).distance(to: try #require(expected)) < 1e-5, "\(what)")
        if what == "normalized pixels" {
            #expect(network.weights.map { "\($0.name) \($0.shape)" }.sorted() == ["g.bias [4]", "g.weight [4]"])
        }
        if what == "group normalization" {
            #expect(network.weights.map(\.name).sorted() == ["g.bias", "g.weight"])
            #expect(network.graph.nodes.contains { $0.operation == .groupNormalization })
        }
    }

    /// What is written for a number of images only says with which option.
    @Test func helpNamesTheBatch() throws {
        let builder = GraphBuilder(name: "any")
        let x = builder.input("x", TensorType(.f32, [.symbol("N"), 4]))
        let body = Scalar.argument(0) + .coordinate(0)
        builder.output("y", try builder.append(.map, [x], ["function": .function(ScalarFunction("placed", ["x"], body))], label: nil))
        let error = try #require(throws: ONNXError.self) {
            _ = try ModelWriter(builder.finish()) { (_, extents) throws(InterchangeError) in HostTensor(shape: extents, floats: []) }
                .data(path: "any.onnx")
        }
        #expect(error.notes == ["map: the size N must be a number here"] && error.repair.contains("--batch"), "\(error)")
    }
}
