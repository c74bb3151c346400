import Analysis
import Graph
import Source

extension Network {
    /// What the rules of `braid lint` see: the training's graph where there is one, at typical sizes where its sizes are symbols.
    ///
    /// Throws where there is no graph that could be looked at, and says why.
    public func lintSubject() throws(CompilerError) -> LintSubject {
        try requireGraph()
        guard origin == .language || origin == .graph else {
            throw CompilerError(
                "'\(name)' is a text of a later stage, of which rules know nothing",
                help: "give the .braid file, or the text of the stage graph")
        }
        guard let sizes = typicalSizes else {
            throw CompilerError("no common size fits '\(name)'", help: "give its sizes with -D: \(sizeSymbols.joined(separator: ", "))")
        }
        let sized = try sized(sizes)
        let graph = sized.training?.graph ?? sized.graph
        if let obstacle = LintSubject.obstacle(in: graph) {
            throw CompilerError("'\(name)' is too large to be looked at: \(obstacle)", help: "give it smaller sizes")
        }
        do {
            return try LintSubject(graph, sized.training?.recipe)
        } catch {
            throw CompilerError(error, sources)
        }
    }
}
