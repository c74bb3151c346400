import Graph
import Operators
import Source

extension LintRule {
    static let batchOfOne = LintRule(
        "batch_of_one", "Batch normalization sees one or two pictures at a time, whose statistics say little about others.",
        source: "Wu & He, arXiv 1803.08494, figure 1"
    ) { subject in
        func values(_ value: Value) -> Int {
            subject.graph[value].type.shape.dimensions.enumerated().reduce(1) { $1.offset == 1 ? $0 : $0 * ($1.element.value ?? 1) }
        }
        guard let batch = subject.recipe?.batchSize, batch <= 2,
            let value = subject.graph.values.filter({ subject.graph[$0].operation == .batchNormalization }).min(by: {
                values($0) < values($1)
            })
        else { return [] }
        return [
            Diagnostic(
                "batches of \(batch) are too small for batch normalization", severity: values(value) < 64 ? .warning : .note,
                at: subject.graph[value].span, label: "takes the mean of \(values(value)) values a channel",
                notes: [
                    "the statistics of \(batch == 1 ? "one picture" : "two pictures") are not those of the data, by which the network predicts"
                ],
                help: "write `batch 16` or more (`accumulate` does not help), or `group_norm(32)` in its place")
        ]
    }
}
