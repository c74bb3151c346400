import Foundation
import Graph
import Source

extension LintRule {
    /// A gradient that shrinks by a factor a layer is nothing after a few times the depth scale of that factor.
    static let vanishingGradient = LintRule(
        "vanishing_gradient", "The gradients of the first layers are nothing beside those of the last, so that they do not learn.",
        source: "Glorot & Bengio 2010; Schoenholz et al., arXiv 1611.01232"
    ) { subject in
        guard subject.recipe != nil else { return [] }
        let layers = subject.weightedLayers.filter { $0.sensitivity > 0 }
        guard let last = layers.last, layers.count >= 4, let first = layers.first else { return [] }
        // What stops on purpose, such as a block that begins as its shortcut, has a gradient of exactly 0, and is not among them.
        let bound = GradientBound.vanished * last.sensitivity
        guard first.sensitivity < bound, let fallen = layers.last(where: { $0.sensitivity < bound }) else { return [] }
        let depth = layers.count - 1
        let factor = pow(first.sensitivity / last.sensitivity, 1 / Double(depth))
        let small = layers.filter { $0.sensitivity < bound }.count
        let made = subject.propagation.graph
        return [
            Diagnostic(
                "the gradient vanishes: of the first layer it is \(brief(first.sensitivity / last.sensitivity)) of the last layer's",
                severity: .warning, at: made[fallen.value].span, label: "from here back it is less than \(brief(GradientBound.vanished))",
                notes: [
                    "predicted at initialization, each gradient times the size of its weight: "
                        + (fallen.value == first.value ? [first, last] : [first, fallen, last]).map { layer in
                            "\(made.name(layer.value)) \(brief(layer.sensitivity))"
                        }.joined(separator: ", "),
                    "a layer multiplies it by \(brief(factor)): every \(brief(-1 / log(factor))) layers it shrinks to a third (the depth scale), "
                        + "and there are \(layers.count) layers, of which \(small) hardly learn",
                ],
                help: subject.cure)
        ]
    }
}

extension LintSubject {
    /// What keeps gradients of this network as they are.
    var cure: String {
        let saturating = activations.filter(\.saturates)
        let hasNormalization = graph.values.contains(where: isNormalization)
        var cures: [String] = []
        if saturating.count >= 3 {
            cures.append("take `relu` or `leaky_relu` in place of what saturates, with `initialize conv: he_normal, linear: he_normal`")
            cures.append("take `selu`, with `initialize conv: lecun_normal, linear: lecun_normal`")
            // Steep where it begins, and zero-centred, it carries gradients through some tens of layers; `saturating_stack` says what is left.
            if saturating.contains(where: { $0.steepest < 0.9 }) {
                cures.append("take at least `tanh`, with `initialize conv: xavier_normal, linear: xavier_normal`")
            }
        }
        if saturating.count < 3 { cures.append("write `initialize conv: he_normal, linear: he_normal`") }
        if !hasNormalization { cures.append("put `batchnorm` before each activation") }
        cures.append("lead the input of a few layers around them: `x + (x |> …)`")
        return cures.joined(separator: "; or ")
    }
}
