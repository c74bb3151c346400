import Graph
import Operators
import Source

extension LintRule {
    /// Dropout makes variances larger while training alone, and normalization keeps those of the training for prediction.
    static let dropoutBeforeNormalization = LintRule(
        "dropout_before_batchnorm", "Dropout stands before a batch normalization, which learns variances that prediction does not have.",
        source: "Li et al., arXiv 1801.05134"
    ) { subject in
        func dropout(before value: Value) -> Value? {
            guard let operation = subject.graph[value].operation else { return nil }
            if operation == .dropout { return subject.graph[value].attributes.number("rate") > 0 ? value : nil }
            if subject.isNormalization(value) { return nil }
            return subject.inputs(of: value).lazy.compactMap(dropout).first
        }
        var told: Set<Value> = []
        return subject.graph.values.compactMap { value in
            guard subject.graph[value].operation == .batchNormalization, let first = subject.inputs(of: value).first,
                let found = dropout(before: first), told.insert(found).inserted
            else { return nil }
            let rate = subject.graph[found].attributes.number("rate")
            return Diagnostic(
                "dropout stands before a batch normalization", severity: .warning, at: subject.graph[found].span,
                label: "drops \(percent(rate))",
                secondary: [Diagnostic.Label(subject.graph[value].span, "keeps the variance of what was dropped")],
                notes: [
                    "while training the mean square of what it leaves is up to \(brief(1 / (1 - rate))) times as large as when the network predicts, with "
                        + "running statistics of the training"
                ],
                help: "drop behind the last normalization, before the last `linear`; or use `spatial_dropout`, or none")
        }
    }
}
