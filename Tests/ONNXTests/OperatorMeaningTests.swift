import Foundation
import Graph
import Interchange
import Operators
import Testing

@testable import ONNX

/// Uses of operators that ONNX means differently than the operator of the language that is nearest: computed by hand, from its specification.
@Suite struct OperatorMeaningTests {
    /// The output `y` of a model of one node, for an input `x`.
    private func result(
        _ operation: String, _ x: HostTensor, _ attributes: [WireAttribute] = [], integers: [[Int64]] = [], set: Int = 20
    ) throws -> HostTensor {
        var model = ModelText(set: set)
        model.input("x", x.shape.map { $0 })
        for (index, values) in integers.enumerated() { model.integers("i\(index)", values) }
        model.node(operation, ["x"] + integers.indices.map { integers[$0].isEmpty ? "" : "i\($0)" }, ["y"], attributes)
        model.output("y")
        return try #require(model.network().run(["x": x])["y"])
    }

    private func ascending(_ shape: Int...) -> HostTensor {
        HostTensor(shape: shape, floats: (0..<shape.reduce(1, *)).map(Float.init))
    }

    /// Of a picture the last axis alone, of a volume, and of a matrix.
    @Test func theLastAxisIsPaddedAlone() throws {
        let picture = try result("Pad", ascending(1, 1, 2, 2), integers: [[0, 0, 0, 1, 0, 0, 0, 2]])
        #expect(picture.shape == [1, 1, 2, 5] && picture.floats == [0, 0, 1, 0, 0, 0, 2, 3, 0, 0])
        let mirrored = try result("Pad", ascending(1, 1, 2, 3), [.text("mode", "reflect")], integers: [[0, 0, 0, 1, 0, 0, 0, 1]])
        #expect(mirrored.shape == [1, 1, 2, 5] && mirrored.floats == [1, 0, 1, 2, 1, 4, 3, 4, 5, 4])
        let volume = try result("Pad", ascending(1, 1, 1, 1, 2), integers: [[0, 0, 0, 0, 1, 0, 0, 0, 0, 0]])
        #expect(volume.shape == [1, 1, 1, 1, 3] && volume.floats == [0, 0, 1])
        let matrix = try result("Pad", ascending(2, 2), integers: [[0, 1, 0, 0]])
        #expect(matrix.shape == [2, 3] && matrix.floats == [0, 0, 1, 0, 2, 3])
    }

    /// Sums up to the element before do not see it: an infinite one, or a large one, is none of theirs.
    @Test func sumsUpToTheElementBefore() throws {
        let exclusive: [WireAttribute] = [.boolean("exclusive", true)]
        let x = HostTensor(shape: [2, 4], floats: [1, .nan, 2, 3, 1e9, 0.5, -1e9, .infinity])
        func sums(_ axis: Int64, _ more: [WireAttribute] = []) throws -> [Float] {
            try result("CumSum", x, exclusive + more, integers: [[axis]]).floats
        }
        let rows = try sums(1)
        #expect(rows[0] == 0 && rows[1] == 1 && rows[2].isNaN && rows[3].isNaN && rows[4...] == [0, 1e9, 1_000_000_000.5, 0.5])
        let reversed = try sums(-1, [.boolean("reverse", true)])
        #expect(reversed[0].isNaN && reversed[1...3] == [5, 3, 0])
        #expect(reversed[4...6] == [.infinity, .infinity, .infinity] && reversed[7] == 0)
        #expect(try sums(0)[..<4] == [0, 0, 0, 0])
        let one = try result("CumSum", HostTensor(shape: [1, 2], floats: [.nan, .infinity]), exclusive, integers: [[0]])
        #expect(one.floats == [0, 0])
    }

    /// What is divided by infinity is left over, with the divisor's sign where the remainder has that; what is infinite leaves no number.
    @Test func remainders() throws {
        let divisors: [Float] = [2, -2, .infinity, .infinity, -.infinity, -.infinity, .infinity, 2, 0, .nan]
        func result(_ fmod: Bool) throws -> [Float] {
            var model = ModelText(set: 13)
            model.input("x", [10])
            model.weight("y", [10], divisors)
            model.node("Mod", ["x", "y"], ["z"], [.boolean("fmod", fmod)])
            model.output("z")
            return try #require(
                model.network().run(["x": HostTensor(shape: [10], floats: [-3, 3, -3, 3, -1, 1, 0, .infinity, 1, 1])])["z"]
            ).floats
        }
        let (modulo, remainder) = (try result(false), try result(true))
        // Quotients far above what f32 has digits for, and divisors that are no sums of powers of two.
        let (dividends, small): ([Float], [Float]) = (
            [5, 1, 3, -5, 10, 1e9, 1e9, -1e9, 3e12, 7], [0.1, 0.1, 0.1, 0.1, 0.1, 3, 0.8986673, 3, 0.7, 7]
        )
        var model = ModelText(set: 13)
        model.input("x", [10])
        model.weight("y", [10], small)
        model.node("Mod", ["x", "y"], ["z"], [.boolean("fmod", true)])
        model.output("z")
        let network = try model.network()
        let found = try #require(network.run(["x": HostTensor(shape: [10], floats: dividends)])["z"]).floats
        #expect(found == zip(dividends, small).map { $0.truncatingRemainder(dividingBy: $1) })
        #expect(modulo[..<7] == [1, -1, .infinity, 3, -1, -.infinity, 0] && modulo[7...].allSatisfy(\.isNaN))
        #expect(remainder[..<7] == [-1, 1, -3, 3, -1, 1, 0] && remainder[7...].allSatisfy(\.isNaN))
    }

    /// Channels are counted as the mode says, which the operator has from set 28 on.
    @Test func pixelsBecomeChannelsInBothOrders() throws {
        func channels(_ attributes: [WireAttribute], set: Int) throws -> [Float] {
            try result("SpaceToDepth", ascending(1, 2, 2, 2), [.integer("blocksize", 2)] + attributes, set: set).floats
        }
        let (dcr, crd) = ([0, 4, 1, 5, 2, 6, 3, 7] as [Float], (0..<8).map(Float.init))
        #expect(try channels([], set: 13) == dcr && channels([], set: 28) == dcr)
        #expect(try channels([.text("mode", "DCR")], set: 28) == dcr && channels([.text("mode", "CRD")], set: 28) == crd)
    }

    /// PyTorch scales the norm of a last window that does not fit by the part that is missing; ONNX does not.
    @Test func normsOfCutWindowsAreNotScaled() throws {
        let kernel: [WireAttribute] = [.integers("kernel_shape", [2, 2]), .integers("strides", [2, 2]), .boolean("ceil_mode", true)]
        let x = HostTensor(shape: [1, 1, 3, 3], floats: [3, 0, 1, 4, 0, 0, 0, 2, 5])
        #expect(try result("LpPool", x, kernel, set: 18).floats == [5, 1, 2, 5])
        let row = HostTensor(shape: [1, 1, 5], floats: [3, 4, 0, 0, 2])
        let same: [WireAttribute] = [.integers("kernel_shape", [2]), .text("auto_pad", "SAME_UPPER")]
        #expect(try result("LpPool", row, same, set: 18).floats == [5, 4, 0, 2, 2])
        let fitting = HostTensor(shape: [1, 1, 2, 2], floats: [3, 0, 4, 0])
        #expect(try result("LpPool", fitting, kernel, set: 18).floats == [5])
    }

    /// Of dilated windows as well, where only what lies within counts.
    @Test(arguments: ["SAME_UPPER", "SAME_LOWER"]) func dilatedMeansArePadded(padding: String) throws {
        let attributes: [WireAttribute] = [.integers("kernel_shape", [3]), .integers("dilations", [2]), .text("auto_pad", padding)]
        let x = HostTensor(shape: [1, 1, 9], floats: (1...9).map(Float.init))
        #expect(try result("AveragePool", x, attributes).floats == [2, 3, 3, 4, 5, 6, 7, 7, 8])
    }

    /// So the pool of the language, which is PyTorch's, is no LpPool then.
    @Test func scaledNormsAreNotWrittenAsOthers() throws {
        for (extent, isWritten) in [(4, true), (5, false)] {
            let type = TensorType(.f32, [1, 1, .fixed(extent), .fixed(extent)])
            let given: Attributes = ["kernel": .integers([2, 2]), "stride": .integers([2]), "ceil": .boolean(true)]
            let signature = Signature([type], try Operator.powerPool.completing(given))
            #expect(Operator.powerPool.onnx.contains { $0.takes(signature) } == isWritten)
        }
    }

    /// The one position of an axis that becomes one pixel is the first pixel, not half a pixel in front of it.
    @Test func onePixelOfPyTorchIsTheFirst() throws {
        var model = ModelText()
        model.input("x", [1, 1, 1, 4])
        model.integers("sizes", [1, 1, 1, 1])
        model.node(
            "Resize", ["x", "", "", "sizes"], ["y"],
            [.text("mode", "cubic"), .text("coordinate_transformation_mode", "pytorch_half_pixel")])
        model.output("y")
        let x = HostTensor(shape: [1, 1, 1, 4], floats: [8, 0, 0, 0])
        #expect(try model.network().run(["x": x])["y"]?.floats == [8])
    }

    /// Without axes the batch of a model for one image goes, too, so that the model is none for any number of images.
    @Test func theBatchOfOneImageIsSqueezed() throws {
        var model = ModelText()
        model.input("x", [1, 2, 1, 3])
        model.node("Relu", ["x"], ["a"])
        model.node("Squeeze", ["a"], ["y"])
        model.output("y")
        let network = try model.network()
        #expect(network.graph.batchSymbol == nil)
        #expect(network.graph.outputs.map { network.graph[$0.value].type.shape } == [[2, 3]])
    }

    /// The scale 0.2 of f32 is a little more than a fifth.
    @Test func nearestPixelsAreThoseOfF32() throws {
        var model = ModelText()
        model.input("x", [1, 1, 1, 10])
        model.weight("scales", [4], [1, 1, 1, 0.2])
        model.node(
            "Resize", ["x", "", "scales"], ["y"],
            [.text("mode", "nearest"), .text("coordinate_transformation_mode", "asymmetric"), .text("nearest_mode", "floor")])
        model.output("y")
        #expect(try model.network().run(["x": ascending(1, 1, 1, 10)])["y"]?.floats == [0, 5])
    }

    /// Halves are rounded as the lengths have them: f32 makes 6.5 a little more of 9.5 * 14 / 19 - 0.5.
    @Test(arguments: [
        (14, 19, "half_pixel", "round_prefer_floor", 9, 6), (7, 4, "asymmetric", "round_prefer_ceil", 2, 4),
        (14, 1, "half_pixel", "round_prefer_ceil", 0, 7),
    ])
    func halvesAreThoseOfTheLengths(
        extent: Int, size: Int, coordinates: String, rounding: String, place: Int, position: Float
    ) throws {
        var model = ModelText()
        model.input("x", [1, 1, extent])
        model.integers("sizes", [1, 1, Int64(size)])
        model.node(
            "Resize", ["x", "", "", "sizes"], ["y"],
            [.text("mode", "nearest"), .text("coordinate_transformation_mode", coordinates), .text("nearest_mode", rounding)])
        model.output("y")
        #expect(try model.network().run(["x": ascending(1, 1, extent)])["y"]?.floats[place] == position)
    }

    /// Two thirds of f32 are a little more, and make two of three pixels all the same.
    @Test func scalesOfF32StandForFractions() throws {
        var model = ModelText()
        model.input("x", [1, 1, 1, 3])
        model.weight("scales", [4], [1, 1, 1, 2.0 / 3])
        model.node(
            "Resize", ["x", "", "scales"], ["y"],
            [.text("mode", "nearest"), .text("coordinate_transformation_mode", "align_corners"), .text("nearest_mode", "floor")])
        model.output("y")
        #expect(try model.network().run(["x": ascending(1, 1, 1, 3)])["y"]?.floats == [0, 2])
    }

    /// The nearest pixel is taken, and no other has a part in it, whatever that holds.
    @Test(arguments: [[1, 1, 1, 4], [1, 1, 4, 1]]) func nearestPixelsAreTakenAlone(shape: [Int]) throws {
        var model = ModelText()
        model.input("x", shape.map { $0 })
        model.integers("sizes", shape.map { $0 == 4 ? 7 : 1 })
        model.node(
            "Resize", ["x", "", "", "sizes"], ["y"],
            [.text("mode", "nearest"), .text("coordinate_transformation_mode", "align_corners"), .text("nearest_mode", "floor")])
        model.output("y")
        let y = try #require(model.network().run(["x": HostTensor(shape: shape, floats: [.nan, 1, .infinity, 2])])["y"]).floats
        #expect(y.count == 7 && y[0].isNaN && y[1].isNaN && y[2...] == [1, 1, .infinity, .infinity, 2])
    }

    @Test func operandsOfOldDecisionsAreRepeatedAlongTheirAxis() throws {
        var model = ModelText(set: 6)
        model.input("x", [2, 2], 9)
        model.input("rows", [2], 9)
        model.node("And", ["x", "rows"], ["y"], [.boolean("broadcast", true), .integer("axis", 0)])
        model.output("y")
        func truth(_ shape: [Int], _ values: [UInt8]) -> HostTensor { HostTensor(element: .bool, shape: shape, bytes: values) }
        let result = try model.network().run(["x": truth([2, 2], [1, 1, 1, 1]), "rows": truth([2], [1, 0])])
        #expect(result["y"]?.bytes == [1, 1, 0, 0])
    }

    @Test func probabilitiesOfAVector() throws {
        for set in [9, 20] {
            let result = try result("Softmax", HostTensor(shape: [3], floats: [0, 0, 0]), set: set)
            #expect(result.shape == [3] && result.floats.allSatisfy { abs($0 - 1 / 3) < 1e-6 })
        }
    }

    /// Bytes are exact in f32, where results are among the operands.
    @Test func bytesArePooled() throws {
        var model = ModelText()
        model.input("x", [1, 1, 2, 2], 2)
        model.node("MaxPool", ["x"], ["y"], [.integers("kernel_shape", [2, 2])])
        model.output("y")
        let x = HostTensor(element: .u8, shape: [1, 1, 2, 2], bytes: [3, 255, 0, 7])
        let result = try #require(model.network().run(["x": x])["y"])
        #expect(result.element == .u8 && result.bytes == [255])
    }

    /// Positions are of 32 bits in the graph, whatever the model holds them as.
    @Test func positionsBecomeShorter() throws {
        var model = ModelText()
        model.input("x", [nil, 3])
        model.node("ArgMax", ["x"], ["a"], [.integer("axis", 1), .integer("keepdims", 0)])
        model.node("Cast", ["a"], ["y"], [.integer("to", 6)])
        model.output("y")
        let result = try #require(model.network().run(["x": HostTensor(shape: [2, 3], floats: [0, 2, 1, 5, 4, 3])])["y"])
        #expect(result.element == .i32 && result.integers == [1, 0])
    }

    /// What does not fit wraps around, and large integers keep all their bits.
    @Test func integersWrapAround() throws {
        var model = ModelText()
        model.integers("whole", [-1, .max, .min])
        model.node("Cast", ["whole"], ["y"], [.integer("to", 13)])
        model.node("Cast", ["whole"], ["z"], [.integer("to", 6)])
        for name in ["y", "z"] { model.output(name) }
        let results = try model.network().knownOutputs
        #expect(results["y"]?.bytes == [-1, Int64.max, Int64.min].flatMap { withUnsafeBytes(of: $0.littleEndian) { [UInt8]($0) } })
        #expect(results["y"]?.element == .u64 && results["z"]?.integers == [-1, -1, 0])
    }
}
