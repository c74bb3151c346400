import Graph
import Language
import Source

extension Network {
    /// The network with inputs for pictures that are prepared as a text says, in the words of the language: `resize: 256, mean: 0.5, std: 0.5`.
    ///
    /// Throws where there is no such input, and what is wrong with the text.
    public func preparing(_ text: String) throws(CompilerError) -> Network {
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
