import Graph
import Interchange
import Testing

@testable import ONNX

/// What follows from constants is computed where a model is imported, unless it takes too much.
@Suite struct ConstantFoldingTests {
    private func constants(_ shape: [Int], _ write: (inout ModelText) -> Void) throws -> ImportedNetwork {
        var model = ModelText()
        model.input("x", [1])
        model.weight("constant", shape, [Float](repeating: 1, count: shape.reduce(1, *)))
        write(&model)
        return try model.network()
    }

    private func operators(_ network: ImportedNetwork) -> [String] { network.graph.nodes.compactMap { $0.operation?.name } }

    /// Operands and results are small; the terms are 2^32 and more.
    @Test(arguments: ["MaxPool", "AveragePool", "LpPool"]) func wideWindowsAreLeftToKernels(pool: String) throws {
        let network = try constants([1, 1, 1, 4096]) {
            $0.node(pool, ["constant"], ["k"], [.integers("kernel_shape", [1, 1 << 20]), .text("auto_pad", "SAME_UPPER")])
            $0.node("Add", ["x", "k"], ["y"])
            $0.output("y")
        }
        #expect(operators(network).contains { $0.contains("pool") || $0 == "conv" })
        let narrow = try constants([1, 1, 1, 4096]) {
            $0.node(pool, ["constant"], ["k"], [.integers("kernel_shape", [1, 3]), .text("auto_pad", "SAME_UPPER")])
            $0.node("Add", ["x", "k"], ["y"])
            $0.output("y")
        }
        #expect(!operators(narrow).contains { $0.contains("pool") })
    }

    private func known(_ set: Int = 21, _ write: (inout ModelText) -> Void) throws -> [HostTensor] {
        var model = ModelText(set: set)
        model.input("x", [1])
        write(&model)
        for output in model.wire.graph.node.last?.output ?? [] { model.output(output) }
        let network = try model.network()
        return try network.outputs.map { try #require(network.knownOutputs[$0.graphName]) }
    }

    /// Numbers are rounded to f32 before they are to integers, as in a run: 0.35 / 0.1 is 3.5, and not a little less.
    @Test func quotientsAreThoseOfF32() throws {
        let steps = try known {
            $0.weight("numbers", [7], [0.05, 0.15, 0.25, 0.35, 0.45, 1.35, -0.25])
            $0.weight("scale", [], [0.1])
            $0.node("QuantizeLinear", ["numbers", "scale"], ["y"])
        }
        #expect(steps[0].integers == [0, 2, 2, 4, 4, 14, 0])
        let dynamic = try known(18) {
            $0.weight("numbers", [4], [-2, -1, 1, 2])
            $0.node("DynamicQuantizeLinear", ["numbers"], ["y", "scale", "zero"])
        }
        #expect(dynamic[0].integers == [0, 63, 191, 254] && dynamic[2].integers == [127])
        let number = try known(18) {
            $0.weight("number", [], [2])
            $0.node("DynamicQuantizeLinear", ["number"], ["y", "scale", "zero"])
        }
        #expect(number[0].shape.isEmpty && number[0].integers == [255] && number[2].integers == [0])
    }

    /// A last block may be shorter, of a row of numbers too.
    @Test func blocksOfARowHaveTheirScales() throws {
        let steps = try known {
            $0.weight("numbers", [5], [2, 4, 6, 8, 10])
            $0.weight("scales", [3], [1, 2, 5])
            $0.node("QuantizeLinear", ["numbers", "scales"], ["y"], [.integer("axis", 0), .integer("block_size", 2)])
        }
        #expect(steps[0].integers == [2, 4, 3, 4, 2])
    }

    /// Means and norms of integers are integers, towards zero.
    @Test(arguments: ["ReduceMean": [1, -1, 2], "ReduceL2": [3, 3, 3]] as [String: [Int64]])
    func integersAreReducedToIntegers(name: String, expected: [Int64]) throws {
        let reduced = try known(18) {
            $0.integers("flat", [1, 2, 2, -1, -2, -2, 3, 2, 1])
            $0.integers("shape", [3, 3])
            $0.integers("axes", [1])
            $0.node("Reshape", ["flat", "shape"], ["table"])
            $0.node(name, ["table", "axes"], ["y"], [.boolean("keepdims", false)])
        }
        #expect(reduced[0].integers == expected)
    }

    /// f64, in which constants are moved, has no such integers.
    @Test func integersThatWouldBeRoundedAreRefused() throws {
        for large in [(1 << 53) + 1, 1 << 60] as [Int64] {
            let error = try #require(throws: ONNXError.self) {
                _ = try known {
                    $0.integers("a", [large])
                    $0.integers("b", [1])
                    $0.node("Concat", ["a", "b"], ["y"], [.integer("axis", 0)])
                }
            }
            #expect(error.notes.contains { $0.contains("beyond 2^53") })
        }
        // Beyond those of 64 bits with a sign, too.
        var unsigned = ModelText()
        unsigned.input("x", [1])
        unsigned.wire.graph.initializer.append(
            .with { ($0.name, $0.dims, $0.dataType, $0.uint64Data) = ("a", [1], ElementCode(StoredElement.u64).number, [.max]) })
        unsigned.node("Concat", ["a", "a"], ["y"], [.integer("axis", 0)])
        unsigned.output("y")
        let refused = try #require(throws: ONNXError.self) { _ = try unsigned.network() }
        #expect(refused.notes.contains { $0.contains("beyond 2^53") }, "\(refused.notes)")
        let kept = try known {
            $0.integers("a", [1 << 53])
            $0.integers("b", [-1])
            $0.node("Concat", ["a", "b"], ["y"], [.integer("axis", 0)])
        }
        #expect(kept[0].integers == [1 << 53, -1])
    }

    /// What many nodes read is there once, whatever it takes.
    @Test func constantsAreThereOnce() throws {
        for count in [1 << 18, 1 << 21] {
            let network = try constants([1]) { model in
                model.integers("shape", [Int64(count)])
                model.node("ConstantOfShape", ["shape"], ["k"])
                for index in 0..<40 { model.node("Add", [index == 0 ? "x" : "t\(index)", "k"], ["t\(index + 1)"]) }
                model.output("t40")
            }
            #expect(network.graph.nodes.count { $0.tensor != nil || $0.parameter != nil } == 1)
        }
    }

    /// One tensor may be read by as many nodes as a file has room for.
    @Test func manyNodesShareWhatFoldingMayTake() throws {
        let count = ConstantFolding.largestWork >> 18
        let network = try constants([1 << 18]) { model in
            for index in 0..<count + 3 {
                model.node("Exp", ["constant"], ["e\(index)"])
                model.output("e\(index)")
            }
            // Shapes are known all the same.
            model.integers("two", [2])
            model.node("Add", ["two", "two"], ["four"])
            model.node("Expand", ["x", "four"], ["y"])
            model.output("y")
        }
        #expect(count / 2...count ~= network.knownOutputs.count)
        #expect(network.knownOutputs.count + network.graph.outputs.count == count + 4)
        #expect("\(network.graph.nodes.last!.type)" == "f32[4]")
    }
}
