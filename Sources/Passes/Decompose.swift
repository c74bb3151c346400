import Graph
import Operators

extension Pass {
    /// Writes composite operators with primitive ones, for the context's mode: batch normalization with running statistics or with the
    /// batch's own, dropout as nothing or as a random mask.
    public static let decompose = Pass("decompose", "Writes composite operators with primitive ones.") {
        graph, context throws(PassError) in
        let isRandom = context.mode == .training && graph.nodes.contains { $0.operation?.isRandom ?? false }
        if isRandom, let input = graph.nodes.first(where: { $0.inputName == Operator.seedInput }) {
            throw PassError(
                "random numbers need the name '\(Operator.seedInput)', but the network has it already", repair: "rename it", at: input.span)
        }
        return graph.decomposed(mode: context.mode)
    }
}
