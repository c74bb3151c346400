import Graph
import Language
import Source
import Training

extension Network {
    /// The network as its weights remember that pictures are prepared, where neither it nor the command says how.
    ///
    /// Throws where what they remember does not fit the network.
    public func preparing(asIn metadata: WeightsMetadata?) throws(CompilerError) -> Network {
        guard let text = metadata?.preparation, graph.nodes.contains(where: { $0.inputName != nil && $0.type.rank == 4 }),
            !graph.nodes.contains(where: { $0.preparation != nil })
        else { return self }
        do throws(CompilerError) {
            return try preparing(text)
        } catch {
            throw CompilerError(
                "the weights remember that pictures are prepared by '\(text)', which does not fit '\(name)': \(error.diagnostic.message)",
                help: "say how with --prepare, or name the network that the weights were made for")
        }
    }

    /// The network with inputs for pictures that are prepared as a text says, in the words of the language: `resize: 256, mean: 0.5, std: 0.5`.
    ///
    /// Throws where there is no such input, and what is wrong with the text.
    public func preparing(_ text: String) throws(CompilerError) -> Network {
        // They stand in a source of their own, of which they are no other part.
        guard !text.contains(where: { "{};".contains($0) || $0.isNewline }) else {
            throw CompilerError(
                "'\(text)' is more than the settings of a preparation",
                help: "write them as behind `prepare`: resize: 256, mean: 0.5, std: 0.5")
        }
        var network = self
        var isFound = false
        for value in graph.values {
            let node = graph[value]
            guard node.inputName != nil, node.type.element == .f32, node.type.rank == 4 else { continue }
            let extents = node.type.shape.dimensions.dropFirst().map { dimension in dimension.value.map(String.init) ?? "H" }
            guard let channels = node.type.shape[1].value, [1, 3].contains(channels) else { continue }
            let source = """
                network prepared {
                    input image: f32[N, \(extents.joined(separator: ", "))] prepare \(text)
                    output same = image
                }
                """
            let program = Program.load(path: "<prepare>", text: source) { _ in nil }
            let (elaborated, diagnostics) = program.elaborate(nil)
            guard let preparation = elaborated?.graph.nodes.first(where: { $0.inputName != nil })?.preparation else {
                throw CompilerError(diagnostics, program.map)
            }
            network.graph[value].preparation = preparation
            isFound = true
        }
        guard isFound else {
            throw CompilerError("'\(name)' has no input for pictures f32[N, 1 or 3, height, width]", help: "leave out --prepare")
        }
        return network
    }
}
