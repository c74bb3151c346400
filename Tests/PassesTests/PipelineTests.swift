import Graph
import Operators
import Passes
import Recipes
import TestSupport
import Testing

/// Runs `graph` before and after `pipeline`, up to each pass, and expects the same values.
///
/// - Parameter required: outputs that must exist at the end.
private func check(
    _ graph: Graph, _ pipeline: Pipeline, _ context: PassContext, tolerance: Double = 1e-9,
    sourceLocation: SourceLocation = #_sourceLocation
) throws {
    var given = graph.randomTensors(seed: 3)
    let expected = ReferenceEvaluator(mode: context.mode).run(graph, inputs: given.inputs, parameters: given.parameters)
    given.inputs["learning_rate"] = .scalar(0.125)
    _ = try pipeline.run(graph, context) { report, after in
        for node in after.nodes {
            guard let parameter = node.parameter, given.parameters[parameter.name] == nil else { continue }
            given.parameters[parameter.name] = ReferenceTensor(node.type.shape.extents!, repeating: 0)
        }
        let observed = ReferenceEvaluator(mode: context.mode).run(after, inputs: given.inputs, parameters: given.parameters)
        for (name, tensor) in expected.outputs {
            let distance = observed.outputs[name]?.distance(to: tensor) ?? .infinity
            #expect(distance < tolerance, "'\(name)' of \(graph.name) after \(report.pass)", sourceLocation: sourceLocation)
        }
        for (name, tensor) in expected.updates {
            let distance = observed.updates[name]?.distance(to: tensor) ?? .infinity
            #expect(distance < tolerance, "next '\(name)' of \(graph.name) after \(report.pass)", sourceLocation: sourceLocation)
        }
    }
}

@Suite struct PipelineTests {
    @Test(arguments: 0..<12) func inferenceKeepsValues(seed: Int) throws {
        try check(RandomNetwork.make(seed: seed), .inference, PassContext(mode: .inference, lanes: [4, 8, 16][seed % 3]))
    }

    /// Roundings are annotations: what the graph computes stays as it is.
    @Test(arguments: 0..<4) func narrowInferenceKeepsValues(seed: Int) throws {
        try check(RandomNetwork.make(seed: seed), .inference, PassContext(mode: .inference, lanes: 8, precision: .bf16))
    }

    @Test(arguments: 0..<8) func trainingKeepsValues(seed: Int) throws {
        let recipe = TrainingRecipe(
            optimizer: Optimizer.sgd(["momentum": 0.9, "nesterov": .boolean(seed % 2 == 0), "weight_decay": 0.01]),
            clip: [nil, Clip.norm(["limit": 1]), Clip.value(["limit": 0.1])][seed % 3])
        try check(
            RandomNetwork.make(seed: seed, training: true), .training,
            PassContext(mode: .training, lanes: [4, 8, 16][seed % 3], recipe: recipe))
    }

    @Test(arguments: Pipeline.all.map(\.name)) func keepsItsConstraints(name: String) throws {
        let pipeline = try #require(Pipeline.all.first { $0.name == name })
        let names = pipeline.passes.map(\.name)
        #expect(Set(names).count == names.count, "a pass can be named once for --dump-after")
        for constraint in Pipeline.constraints {
            guard let first = names.firstIndex(of: constraint.first), let second = names.firstIndex(of: constraint.second) else { continue }
            #expect(first < second, "\(constraint.first) must come before \(constraint.second): \(constraint.reason)")
        }
    }

    @Test func constraintsNamePassesThatExist() {
        let names = Set(Pipeline.all.flatMap { $0.passes.map(\.name) })
        for constraint in Pipeline.constraints {
            #expect(names.contains(constraint.first) && names.contains(constraint.second))
            #expect(!constraint.reason.isEmpty)
        }
    }

    @Test func stopsWhereAsked() throws {
        var seen: [String] = []
        let graph = RandomNetwork.make(seed: 1)
        _ = try Pipeline.inference.run(graph, PassContext(mode: .inference, lanes: 8), stoppingAfter: "simplify") { report, _ in
            seen.append(report.pass)
            #expect(report.nodesBefore > 0 && report.nodesAfter > 0 && report.seconds >= 0)
        }
        #expect(seen == ["decompose", "fold_batchnorm", "simplify"])
        let error = #expect(throws: PassError.self) {
            _ = try Pipeline.inference.run(graph, PassContext(mode: .inference, lanes: 8), stoppingAfter: "update")
        }
        #expect(error?.description.hasPrefix("the inference pipeline has no pass 'update'; it has decompose") == true)
    }

    @Test func reportsReadAsOneLine() throws {
        var texts: [String] = []
        _ = try Pipeline.inference.run(RandomNetwork.make(seed: 1), PassContext(mode: .inference, lanes: 8)) { report, _ in
            texts.append(report.text)
        }
        #expect(texts[0].hasPrefix("decompose: "))
        #expect(
            try texts.allSatisfy { try #/\w+: \d+ -> \d+ nodes, [\d.]+ ms(; \w+ \d+(, \w+ \d+)*)?/#.wholeMatch(in: $0) != nil }, "\(texts)")
    }
}
