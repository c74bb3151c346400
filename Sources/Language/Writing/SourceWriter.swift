import Graph
import Source

/// Writes graphs as sources of the language, such as a person would write them: `Program.elaborate` makes an equal graph of the text.
public enum SourceWriter {
    /// Writes a network.
    ///
    /// - Parameters:
    ///   - graph: A sound graph (`Graph.violations`) of inputs, parameters and operators of the language.
    ///   - documentation: The network's doc comment.
    ///   - interfaceDocumentation: Those of its inputs and outputs, by their names in the graph.
    ///   - renamesParameters: Whether parameters may change their names so that the operators that use them own them, whatever they are
    ///     called. Otherwise only names change that the language does not have, and other parameters that no operator would call so are
    ///     declared on their own.
    ///   - arrays: What files beside the text are called, before a number, that hold large constant tensors and those that no text holds
    ///     (`WrittenSource.files`); letters, digits, points, hyphens and underscores. Nil where there can be none.
    /// - Throws: for what no source can say; the error names the node.
    public static func write(
        _ graph: Graph, documentation: String = "", interfaceDocumentation: [String: String] = [:], renamesParameters: Bool = false,
        arrays: String? = nil
    ) throws(WritingError) -> WrittenSource {
        let outline = try Outline(graph, renamesParameters: renamesParameters, arrays: arrays)
        let body = OutlineBody(
            steps: outline.steps, inputs: outline.inputs.map(\.wire), results: outline.outputs.map(\.operand))
        let plan = BlockPlan(outline, body)
        var definitions = try outline.functions.definitions.map { (definition) throws(WritingError) in try definition.source() }
        definitions += plan.types.map { $0.source(outline) }
        let network = NetworkWriter(outline, plan).source(documentation, interfaceDocumentation)
        let raw = (definitions + [network]).joined(separator: "\n\n") + "\n"
        let (text, diagnostics, _) = SourceFormatter.format(raw, name: "\(outline.network).braid")
        guard let text else {
            throw WritingError(
                "the network cannot be written: \(diagnostics.first?.message ?? "the text cannot be read")",
                repair: "part what nests deeply")
        }
        return WrittenSource(
            text: text, network: outline.network, parameters: outline.parameters,
            inputs: Dictionary(uniqueKeysWithValues: outline.inputs.map { (graph.nodes[$0.wire].inputName ?? "", $0.name) }),
            outputs: Dictionary(uniqueKeysWithValues: zip(graph.outputs.map(\.name), outline.outputs.map(\.name))),
            sizes: outline.symbols.names, initializers: outline.initializers,
            files: outline.files.sorted { $0.value < $1.value }.compactMap { operand, path in
                guard case .tensor(let tensor, let shape) = operand else { return nil }
                return WrittenSource.TensorFile(path: path, values: tensor.values, extents: shape.extents ?? [])
            })
    }
}
