import Graph
import Operators

extension Pass {
    /// Writes composite operators with primitive ones, for the context's mode: batch normalization with running statistics or with the
    /// batch's own, dropout as nothing or as a random mask.
    public static let decompose = Pass("decompose", "Writes composite operators with primitive ones.") { graph, context in
        graph.decomposed(mode: context.mode)
    }
}
