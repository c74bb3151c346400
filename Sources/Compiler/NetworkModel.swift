import Graph
import Interchange
import Language
import ONNX
import Operators
import Recipes
import Source
import Training

extension Network {
    /// Reads a model in ONNX.
    static func readModel(
        _ path: String, _ definitions: [String: String], _ given: [String: HostTensor]
    ) throws(CompilerError) -> Network {
        let model: ImportedNetwork
        do {
            model = try ImportedNetwork(path: path, given: given)
        } catch {
            throw CompilerError([error.diagnostic], SourceMap())
        }
        var network = Network(
            name: model.graph.name, origin: .graph, documentation: model.documentation, graph: model.graph, sources: SourceMap())
        network.model = model
        network.training = try classifierTraining(of: model.graph)
        if let text = model.metadata[WeightsMetadata.preparationKey] {
            do throws(CompilerError) {
                network = try network.preparing(text)
            } catch {
                network.diagnostics.append(
                    Diagnostic(
                        "the model says that pictures are prepared by '\(text)', which is left out: \(error.diagnostic.message)",
                        severity: .warning, at: .none, help: "say it with --prepare"))
            }
        }
        if let text = model.metadata[WeightsMetadata.classesKey], WeightsMetadata.classNames(text) == nil {
            network.diagnostics.append(
                Diagnostic(
                    "the model says what classes are called in words that are no list of names, which is left out: '\(text)'",
                    severity: .warning, at: .none, help: "name the classes with --labels"))
        }
        return try network.sized(sizes(definitions))
    }

    /// The weights that came with the network: a model's; nil for a text, which has none.
    public var ownWeights: WeightsFile? { model.map { WeightsFile($0.weights, metadata: $0.metadata, path: $0.path) } }

    /// The graph's name of an input that is called so in the model, or in the graph.
    public func inputName(_ name: String) -> String { model?.inputs.first { $0.name == name }?.graphName ?? name }

    /// The model's name of an output, or the graph's.
    public func outputName(_ graphName: String) -> String { model?.outputs.first { $0.graphName == graphName }?.name ?? graphName }

    /// Whether a model's input became a constant, as its value decided shapes.
    public func isConstantInput(_ name: String) -> Bool { model?.consumed.contains(name) ?? false }

    /// An output as files hold it: named and typed as in the model, where the network is one's.
    public func tensor(ofOutput name: String, shape: [Int], values: [Float]) -> HostTensor {
        guard let model, let output = model.outputs.first(where: { $0.graphName == name }) else {
            return HostTensor(name: name, shape: shape, floats: values)
        }
        return model.tensor(of: output, shape: shape, values: values)
    }

    /// The outputs that follow from a model alone, without a run.
    public var constantOutputs: [HostTensor] {
        model?.outputs.compactMap { output in
            model?.knownOutputs[output.graphName].map {
                HostTensor(name: output.name, element: $0.element, shape: $0.shape, bytes: $0.bytes)
            }
        } ?? []
    }

    /// The graph as it is written: with the outputs that follow from a model alone, as constants.
    public var completeGraph: Graph {
        get throws(ONNXError) {
            guard let model else { return graph }
            return try model.completeGraph(graph)
        }
    }

    /// Whether a file is a model in ONNX, by its name.
    public static func isModel(_ path: String) -> Bool { ImportedNetwork.isName(path) }

    /// How a model is trained that tells classes apart, since files of models do not say: its first output [N, classes] is compared with labels by
    /// cross-entropy, before a softmax that it ends with. Nil where there is no such output.
    private static func classifierTraining(of graph: Graph) throws(CompilerError) -> ElaboratedNetwork.Training? {
        guard let output = graph.outputs.first, case let type = graph[output.value].type, type.rank == 2, type.element == .f32,
            let batch = type.shape[0].symbol, batch == graph.batchSymbol, let classes = type.shape[1].value, classes > 1,
            // The model may have an output that is a loss, or learn from labels itself.
            !graph.outputs.contains(where: { $0.name == TrainingRecipe().lossOutput }),
            !graph.nodes.contains(where: { $0.inputName ?? $0.parameter?.name == "label" })
        else { return nil }
        let text = """
            network classifier {
                input image: f32[N, \(classes), 1, 1]
                output scores = image |> flatten
            }

            training of classifier {
                target label: i32[N]
                loss cross_entropy(scores, label)
                optimizer sgd(momentum: 0.9)
                schedule one_cycle(peak: 0.01, epochs: 5)
            }
            """
        let (elaborated, diagnostics) = Program.load(path: "<classifier>", text: text) { _ in nil }.elaborate(nil)
        guard let recipe = elaborated?.training?.recipe else {
            preconditionFailure("a classifier has no training: \(diagnostics.map(\.message))")
        }
        let operation = graph[output.value].operation
        let scores = [Operator.softmax, .logSoftmax].contains { $0 == operation } ? graph[output.value].operands[0] : output.value
        let builder = GraphBuilder(inPlaceOf: graph)
        var copies: [Value] = []
        for node in graph.nodes { copies.append(builder.copy(node, operands: node.operands.map { copies[$0.index] })) }
        for output in graph.outputs { builder.output(output.name, copies[output.value.index]) }
        let label = builder.input("label", TensorType(.i32, [.symbol(batch)]))
        do throws(TypeError) {
            builder.output(recipe.lossOutput, try builder.append(.crossEntropy, [copies[scores.index], label]))
        } catch {
            return nil
        }
        return ElaboratedNetwork.Training(graph: builder.finish(), recipe: recipe, targets: ["label"])
    }
}
