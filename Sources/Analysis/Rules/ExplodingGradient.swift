import Foundation
import Graph
import Source

extension LintRule {
    /// Batch normalization without shortcuts lets gradients grow by 1.21 a layer at least (Yang et al.), large weights by any factor.
    static let explodingGradient = LintRule(
        "exploding_gradient", "The gradients of the first layers are so large beside those of the last that no one rate suits both.",
        source: "Pascanu et al., arXiv 1211.5063; Yang et al., arXiv 1902.08129"
    ) { subject in
        // Steps whose length does not follow the gradient's do not mind.
        guard let recipe = subject.recipe, recipe.clip == nil, !recipe.optimizer.form.isAdaptive else { return [] }
        let layers = subject.weightedLayers.filter { $0.sensitivity > 0 }
        guard let last = layers.last, let first = layers.first, layers.count >= 4 else { return [] }
        let bound = GradientBound.exploded * last.sensitivity
        let depth = Double(layers.count - 1)
        let made = subject.propagation.graph
        if let risen = layers.last(where: { $0.sensitivity > bound }) {
            let largest = layers.max { $0.sensitivity < $1.sensitivity } ?? first
            let factor = pow(first.sensitivity / last.sensitivity, 1 / depth)
            return [
                Diagnostic(
                    "the gradient explodes: of \(made.name(largest.value)) it is \(brief(largest.sensitivity / last.sensitivity)) times the "
                        + "last layer's",
                    severity: .warning, at: made[risen.value].span,
                    label: "from here back it is more than \(brief(GradientBound.exploded)) times as large",
                    notes: [
                        "predicted at initialization, each gradient times the size of its weight: \(made.name(first.value)) "
                            + "\(brief(first.sensitivity)), \(made.name(last.value)) \(brief(last.sensitivity)); a layer multiplies it by \(brief(factor))"
                    ],
                    help: "bound the steps with `clip norm 1.0`; or "
                        + (subject.graph.values.contains(where: subject.isNormalization)
                            ? "" : "write `initialize conv: he_normal, linear: he_normal`; or ")
                        + "lead the input of a few layers around them: `x + (x |> …)`")
            ]
        }
        // Activations that explode take the gradient with them.
        guard let large = layers.first(where: { $0.layer.activation.second.own > 1e6 }) else { return [] }
        let final = layers.last { $0.layer.activation.second.own > 0 } ?? large
        return [
            Diagnostic(
                "activations explode: those of \(made.name(large.value)) are about \(brief(large.layer.activation.second.own.squareRoot()))",
                severity: .warning, at: made[large.value].span, label: "larger than a thousand from here on",
                notes: [
                    "predicted at initialization; \(made.name(final.value)) makes numbers of about \(brief(final.layer.activation.second.own.squareRoot()))"
                ],
                help:
                    "write `initialize conv: he_normal, linear: he_normal`; or put `batchnorm` behind each layer; or bound the steps with "
                    + "`clip norm 1.0` or `optimizer adam`")
        ]
    }
}
