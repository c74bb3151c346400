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
