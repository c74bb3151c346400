import Foundation
import Graph
import Language
import Recipes
import Source
import Testing

/// The networks of `graphs/`, which are products.
@Suite struct NetworkTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../graphs").standardized

    private func elaborate(_ name: String, definitions: [String: String] = [:]) throws -> ElaboratedNetwork {
        let path = Self.folder.appending(path: name + ".braid")
        let program = Program.load(path: path.path, text: try String(contentsOf: path, encoding: .utf8)) { path in
            try? String(contentsOfFile: path, encoding: .utf8)
        }
        let (network, diagnostics) = program.elaborate(name, definitions: definitions)
        // That names of classes are left out for another number of them, is worth a note.
        #expect(diagnostics.filter { $0.severity != .note } == [], "\(DiagnosticRenderer(program.map).render(diagnostics))")
        return try #require(network)
    }

    private func parameters(of graph: Graph) -> [String: Shape] {
        Dictionary(uniqueKeysWithValues: graph.nodes.compactMap { node in node.parameter.map { ($0.name, node.type.shape) } })
    }

    /// The names and shapes that PyTorch gives the same network, written out from its definition.
    @Test func namesTheParametersOfTheDigitsNetwork() throws {
        var expected: [String: Shape] = ["stem.weight": [32, 1, 3, 3], "fc.weight": [10, 128], "fc.bias": [10]]
        func normalization(_ name: String, _ channels: Int) {
            for part in ["weight", "bias", "running_mean", "running_var"] { expected["\(name).\(part)"] = Shape([channels]) }
        }
        normalization("bn", 32)
        var inputs = 32
        for (block, width) in [32, 32, 64, 64, 128, 128].enumerated() {
            expected["blocks.\(block).conv1.weight"] = Shape([width, inputs, 3, 3])
            expected["blocks.\(block).conv2.weight"] = Shape([width, width, 3, 3])
            normalization("blocks.\(block).bn1", width)
            normalization("blocks.\(block).bn2", width)
            if inputs != width {
                expected["blocks.\(block).down.0.weight"] = Shape([width, inputs, 1, 1])
                normalization("blocks.\(block).down.1", width)
            }
            inputs = width
        }
        let network = try elaborate("mnist_resnet")
        #expect(parameters(of: network.graph) == expected)
        #expect(network.graph.outputs.map(\.name) == ["logits"])
        let training = try #require(network.training)
        #expect(parameters(of: training.graph) == expected)
        #expect(training.targets == ["label"])
        #expect(training.graph.outputs.map(\.name) == ["logits", "loss"])
        #expect(training.recipe.epochs == 5)
        #expect(training.recipe.augmentations == [Augmentation.shift(["pixels": 2])])
    }

    @Test func takesParameters() throws {
        let network = try elaborate("mnist_resnet", definitions: ["classes": "7"])
        #expect(parameters(of: network.graph)["fc.bias"] == [7])
        #expect(network.arguments.map(\.value) == ["7"])
    }

    @Test func remembersWhereNodesComeFrom() throws {
        let network = try elaborate("mnist_resnet")
        #expect(network.graph.nodes.allSatisfy { !$0.span.isNone || $0.constant != nil })
        let first = try #require(network.graph.nodes.first { $0.label == "blocks.2.conv1" && $0.operation != nil })
        #expect(first.type.text == "f32[N, 64, 14, 14]")
    }
}
