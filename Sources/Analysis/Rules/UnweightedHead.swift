import Graph
import Operators
import Source

extension LintRule {
    /// Auxiliary classifiers help the gradient on its way; as heavy as the main one they decide what is learned.
    static let unweightedHead = LintRule(
        "unweighted_head", "The loss of an auxiliary head counts as much as that of the network's own.",
        source: "Szegedy et al., arXiv 1409.4842, section 5: 0.3; arXiv 1512.00567: 0.4"
    ) { subject in
        guard let recipe = subject.recipe, let loss = subject.graph.outputs.first(where: { $0.name == recipe.lossOutput }) else {
            return []
        }
        let terms = subject.graph.terms(of: loss.value, factor: 1).filter { subject.graph[$0.value].operation == .crossEntropy }
        let heads = terms.map { term in (term, subject.graph.weightedDepth(of: subject.graph[term.value].operands[0])) }
        guard let deepest = heads.max(by: { $0.1 < $1.1 }), heads.count > 1 else { return [] }
        return heads.filter { $0.1 < deepest.1 && abs($0.0.factor) >= abs(deepest.0.factor) }.map { head, depth in
            Diagnostic(
                "an auxiliary head counts as much as the network's own", severity: .warning, at: subject.graph[head.value].span,
                label: "\(depth) layers deep, with a factor of \(brief(head.factor))",
                secondary: [Diagnostic.Label(subject.graph[deepest.0.value].span, "\(deepest.1) layers deep, \(brief(deepest.0.factor))")],
                help: "give it less weight: `cross_entropy(logits, label) + 0.3 * cross_entropy(aux, label)`")
        }
    }
}

extension Graph {
    /// What a scalar is the sum of, each with its factor.
    fileprivate func terms(of value: Value, factor: Double) -> [(value: Value, factor: Double)] {
        guard case .elementwise(let expression)? = lowering(of: value) else { return [(value, factor)] }
        let operands = self[value].operands
        let numbers = operands.map { self[$0].constant }
        switch expression {
        case .binary(.add, .argument(let a), .argument(let b)):
            return terms(of: operands[a], factor: factor) + terms(of: operands[b], factor: factor)
        case .binary(.multiply, .argument(let a), .argument(let b)):
            if let number = numbers[a] { return terms(of: operands[b], factor: factor * number) }
            if let number = numbers[b] { return terms(of: operands[a], factor: factor * number) }
            return [(value, factor)]
        case .binary(.divide, .argument(let a), .argument(let b)):
            return numbers[b].map { terms(of: operands[a], factor: factor / $0) } ?? [(value, factor)]
        default: return [(value, factor)]
        }
    }

    /// The most layers with weights on a way from an input to a value.
    fileprivate func weightedDepth(of value: Value) -> Int {
        var depths = [Int](repeating: 0, count: value.index + 1)
        for place in values[...value.index] {
            depths[place.index] = (self[place].operands.map { depths[$0.index] }.max() ?? 0) + (isWeighted(place) ? 1 : 0)
        }
        return depths[value.index]
    }
}
