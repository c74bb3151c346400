import Graph
import Operators
import Source

extension LintRule {
    static let biasBeforeNormalization = LintRule(
        "bias_before_batchnorm", "A bias is added and subtracted at once: normalization takes the mean away, and has a shift of its own.",
        source: "Ioffe & Szegedy, arXiv 1502.03167, section 3.2"
    ) { subject in
        subject.graph.values.compactMap { value in
            guard subject.graph[value].operation == .batchNormalization, let layer = subject.inputs(of: value).first,
                subject.isWeighted(layer), subject.users(of: layer).count == 1,
                let bias = subject.graph[layer].operands.first(where: {
                    subject.graph[$0].parameter?.role == .weight && subject.graph[$0].type.rank == 1
                })
            else { return nil }
            let count = subject.graph[bias].type.shape.elementCount ?? 0
            return Diagnostic(
                "the bias of \(subject.name(layer)) has no effect", severity: .note, at: subject.graph[layer].span,
                label: "\(count) biases that get no gradient",
                secondary: [Diagnostic.Label(subject.graph[value].span, "subtracts them again")], help: "write `bias: false`")
        }
    }
}
