import Graph
import Source

/// Networks whose batch is a number.
extension Network {
    /// The input for pictures that takes so many at once and no others; nil where their number is a symbol.
    private var fixedBatch: (input: Node, name: String, count: Int)? {
        guard let input = graph.nodes.first(where: { $0.inputName != nil && $0.type.rank == 4 }), let name = input.inputName,
            let count = input.type.shape[0].value
        else { return nil }
        return (input, name, count)
    }

    /// The pictures of a batch: what is asked for, or else the number that an input is declared with, or else the usual one.
    ///
    /// Throws where the input is declared with another number than what is asked for.
    public func batch(_ asked: Int?, usual: Int) throws(CompilerError) -> Int {
        guard let fixed = fixedBatch else { return asked ?? usual }
        guard let asked, asked != fixed.count else { return fixed.count }
        throw CompilerError(
            "the input '\(fixed.name)' of '\(name)' takes batches of \(fixed.count), not of \(asked)",
            help: "leave out --batch, or declare the input with a symbol as its first extent: f32[N, …]", at: fixed.input.span, sources)
    }
}
