import Graph
import Operators
import Source

extension LintRule {
    /// A 1x1 convolution to a quarter of the channels before a large kernel costs little, and leaves a quarter of its work.
    static let costlyLayer = LintRule(
        "costly_layer",
        "A large kernel reads so many channels that it takes much of the network's work; a 1x1 convolution before it would spare most.",
        source: "Szegedy et al., arXiv 1409.4842, section 4"
    ) { subject in
        var analyses = LayerAnalyses()
        let costs = subject.graph.values.map { value -> Int in
            guard let operation = subject.graph[value].operation else { return 0 }
            return analyses.analysis(of: subject.graph[value], operation, in: subject.graph).macs
        }
        let all = costs.reduce(0) { $0 + Double($1) } / Double(max(1, subject.batch))
        return subject.graph.values.compactMap { value in
            guard subject.graph[value].operation == .convolution, subject.graph[value].attributes.integer("groups") == 1,
                let weight = subject.graph[value].operands.dropFirst().first.flatMap({ subject.graph[$0].type.shape.extents }),
                weight.count == 4,
                let area = subject.graph[subject.graph[value].operands[0]].type.shape.extents?.suffix(2).reduce(1, *)
            else { return nil }
            let (outputs, inputs, taps) = (weight[0], weight[1], weight[2] * weight[3])
            let cost = Double(costs[value.index]) / Double(max(1, subject.batch))
            guard taps >= 25, inputs >= 64, cost > 0.15 * all else { return nil }
            let reduced = max(8, inputs / 4)
            let spared = cost - cost * Double(reduced) / Double(inputs) - Double(area * inputs * reduced)
            guard spared > 0.3 * cost else { return nil }
            return Diagnostic(
                "\(subject.name(value)) takes \(percent(cost / all)) of the network's work", severity: .note, at: subject.graph[value].span,
                label: "\(weight[2])x\(weight[3]) over \(inputs) channels: \(brief(cost / 1e6)) million multiply-adds",
                notes: ["with \(inputs) channels reduced to \(reduced) before it, \(percent(spared / cost)) of these would be spared"],
                help:
                    "write `|> conv(\(reduced), 1) |> relu |> conv(\(outputs), \(weight[2]), …)`; or \(taps == 25 ? "two 3x3 kernels" : "several 3x3 kernels") "
                    + "in its place")
        }
    }
}
