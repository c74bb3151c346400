import Graph
import Interchange

extension Compiler {
    /// Tells the kernels that a network is computed with apart from others.
    func kernelDigest(_ network: Network, _ clauses: PrecisionClauses, batch: Int) throws -> String {
        let plan = try PrecisionTrials.plan(self, network, clauses, batch: batch)
        return SHA256.hexadecimal(Array(plan.kernels.map(\.description).joined().utf8))
    }

    /// The clauses without those that say what holds anyway.
    func shortened(
        _ clauses: PrecisionClauses, for trials: PrecisionTrials, _ free: [String]
    ) throws -> PrecisionClauses {
        func graph(_ clauses: PrecisionClauses) throws -> Graph {
            var (compiler, network) = (self, trials.network)
            compiler.precision = nil
            network.graph.precisions = clauses
            var graph = try compiler.optimize(network)
            graph.precisions = PrecisionClauses()
            return graph
        }
        let whole = try graph(clauses)
        // Those that say what is said of the block around; where the first or last layer is rounded, that must stay said.
        var short = clauses
        for label in free {
            var other = short
            other.remove(label)
            if (other.clause(for: label)?.precision ?? .f32) == clauses.byPath[label] { short = other }
        }
        let rounded = try graph(short)
        let lost = zip(whole.nodes, rounded.nodes).filter { $0.factors != $1.factors }.compactMap { $0.0.label }
        for label in lost where clauses.byPath[label] == .bf16 { short.set(.bf16, of: label) }
        return try graph(short) == whole ? short : clauses
    }
}
