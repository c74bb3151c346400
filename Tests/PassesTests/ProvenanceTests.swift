import Graph
import Operators
import Recipes
import TestSupport
import Testing

@testable import Passes

/// What each pass says of where nodes come from.
@Suite struct ProvenanceTests {
    /// Follows every pass of a pipeline.
    private static func run(_ pipeline: Pipeline, _ graph: Graph, _ context: PassContext) throws -> [(
        pass: String, before: Graph, after: Graph
    )] {
        var steps: [(String, Graph, Graph)] = []
        var before = graph
        _ = try pipeline.run(graph, context) { report, after in
            steps.append((report.pass, before, after))
            before = after
        }
        return steps
    }

    /// Every node that computes something has its origins in the graph before, in inference and in training, whatever the network; the nodes
    /// that a pass only decides about are their own.
    @Test(arguments: 0..<12) func everyNodeHasOrigins(seed: Int) throws {
        let isTraining = seed % 2 == 1
        let graph = RandomNetwork.make(seed: seed, training: isTraining)
        let context = PassContext(mode: isTraining ? .training : .inference, lanes: 8, precision: .bf16, recipe: TrainingRecipe())
        for (pass, before, after) in try Self.run(isTraining ? .training : .inference, graph, context) {
            for value in after.values {
                let node = after[value]
                let origins = node.provenance.origins
                #expect(origins.allSatisfy { before.nodes.indices.contains($0.index) }, "\(pass) \(node)")
                // The learning rate, numbers, and what belongs to the whole optimizer come of no node.
                guard node.operation != nil, node.label != "optimizer", node.label != "clip", !node.operands.isEmpty else { continue }
                #expect(!origins.isEmpty, "\(pass): \(after.line(of: value))")
                if ["choose_precision", "place_concats", "keep_signs", "fuse"].contains(pass) { #expect(origins == [value]) }
            }
        }
    }

    /// A normalization that goes into the weights before it is remembered: what is left stands for both.
    @Test func foldedNodesAreRemembered() throws {
        let builder = GraphBuilder(name: "folded")
        let image = builder.input("image", .f32(1, 8, 6, 6))
        let weight = builder.parameter(Parameter("w", .weight, .zeros), .f32(16, 8, 3, 3))
        let convolution = try builder.append(
            .convolution, [image, weight], ["channels": .integer(16), "kernel": .integer(3), "bias": .boolean(false)], label: "conv")
        let states = ["scale", "shift", "mean", "variance"].map { builder.parameter(Parameter($0, .weight, .ones), .f32(16)) }
        let normalized = try builder.append(OperatorCatalog.standard["batchnorm"]!, [convolution] + states, label: "norm")
        builder.output("y", normalized)
        let graph = builder.finish()
        let steps = try Self.run(.inference, graph, PassContext(mode: .inference, lanes: 8))
        let fold = try #require(steps.first { $0.pass == "fold_batchnorm" })
        let result = fold.after[fold.after.outputs[0].value]
        #expect(result.provenance.rules == ["fold"])
        let labels = Set(result.provenance.origins.compactMap { fold.before[$0].label })
        #expect(labels == ["conv", "norm"])
    }

    /// Where nodes come from is no part of what they are: fingerprints, duplicates and comparisons do not see it.
    @Test func provenanceIsNoPartOfANode() {
        var (a, b) = (Node(.constant(1), type: .f32()), Node(.constant(1), type: .f32()))
        a.provenance = Provenance([Value(3)])
        b.provenance.note("fold")
        #expect(a == b && a.hashValue == b.hashValue)
    }
}
