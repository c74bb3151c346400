import Foundation
import Graph
import Source

extension LintRule {
    /// A sum of a stream and a branch of its own size has twice the mean square; after n of them, 2^n (Zhang et al., arXiv 1901.09321).
    static let residualGrowth = LintRule(
        "residual_growth", "Branches without normalization are added to a stream that grows from sum to sum.",
        source: "Zhang et al., arXiv 1901.09321; Yang & Schoenholz, arXiv 1712.08969"
    ) { subject in
        let made = subject.propagation.graph
        var sums: [(value: Value, growth: Double)] = []
        for value in made.values {
            guard case .elementwise(let expression)? = made.lowering(of: value), expression == .argument(0) + .argument(1) else { continue }
            let operands = made[value].operands
            guard operands.count == 2, operands.allSatisfy({ made[$0].type == made[value].type }),
                let sum = subject.propagation.layer(value)?.activation.second.own
            else { continue }
            // The branch ends in a layer; the stream does not.
            let branches = operands.filter { made.layerBehind($0) != nil }
            guard branches.count == 1, let stream = operands.first(where: { $0 != branches[0] }),
                let before = subject.propagation.layer(stream)?.activation.second.own, before > 0
            else { continue }
            sums.append((value, sum / before))
        }
        let product = sums.reduce(0.0) { $0 + log($1.growth) }
        guard sums.count >= 4, product > log(30), product / Double(sums.count) > log(1.3), let first = sums.first else { return [] }
        return [
            Diagnostic(
                "the sums grow: over \(sums.count) of them, each of a stream and a branch without normalization, the mean square becomes "
                    + "\(brief(exp(product))) times as large",
                severity: .warning, at: made[first.value].span, label: "\(brief(first.growth)) times that of the stream before",
                notes: ["predicted at initialization; the gradient grows alike on the way back"],
                help: "end each branch with `batchnorm`; or let it begin as nothing, with a scale that begins at zero: "
                    + "`batchnorm` and `initialize \"*.bn2.weight\": zeros`")
        ]
    }
}
