import Graph
import Operators
import Source

extension LintRule {
    static let softmaxTwice = LintRule(
        "softmax_twice", "What a cross-entropy takes for scores are probabilities already: it has a softmax of its own."
    ) { subject in
        subject.graph.values.compactMap { value in
            guard subject.graph[value].operation == .crossEntropy else { return nil }
            var scores = subject.graph[value].operands[0]
            while subject.isView(scores), let next = subject.inputs(of: scores).first { scores = next }
            guard let operation = subject.graph[scores].operation else { return nil }
            let isLogarithm = operation == .logSoftmax
            let isSigmoid = subject.graph.isLogistic(scores)
            guard operation == .softmax || isLogarithm || isSigmoid else { return nil }
            let name = isSigmoid ? "sigmoid" : operation.name
            return Diagnostic(
                "`cross_entropy` takes scores, and is given the result of `\(name)`", severity: isLogarithm ? .note : .warning,
                at: subject.graph[scores].span, label: "leave this out",
                secondary: [Diagnostic.Label(subject.graph[value].span, "has a softmax of its own")],
                notes: [
                    isLogarithm
                        ? "it changes nothing, and costs time: the logarithms of probabilities are scores of these probabilities"
                        : "scores from 0 to 1 let no class reach a probability above e / (e + classes - 1), and shrink the gradient"
                ],
                help:
                    "give the loss the scores, and have the probabilities as an output of their own: `output probabilities = logits |> softmax`"
            )
        }
    }
}

extension Graph {
    /// Whether a value is the logistic function of another.
    fileprivate func isLogistic(_ value: Value) -> Bool {
        guard case .elementwise(let expression)? = lowering(of: value) else { return false }
        return expression == .unary(.logistic, .argument(0))
    }
}
