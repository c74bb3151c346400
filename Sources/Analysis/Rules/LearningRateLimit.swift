import Graph
import Recipes
import Source

extension LintRule {
    /// A step that is as long as the weight itself forgets how the weight began. Trainings that work move weights by a thousandth of their size a
    /// step, trust ratios as of LARS by as much.
    static let learningRate = LintRule(
        "learning_rate", "The highest learning rate is far above what the first steps stand.",
        source: "You et al., arXiv 1708.03888, section 4"
    ) { subject in
        guard let recipe = subject.recipe, !recipe.optimizer.form.isAdaptive, recipe.clip == nil, recipe.optimizer.form.name == "sgd" else {
            return []
        }
        // A step along the gradient changes a weight by the rate times its gradient: by more than the weight itself, it begins anew.
        let made = subject.propagation.graph
        let users = made.users()
        let layers = subject.weightedLayers.filter { layer in
            // What is normalized behind it turns with such a step, grows, and steadies itself (Arora et al., arXiv 1812.03981).
            layer.weight.size > 0 && layer.relativeGradient > 0
                && !users[layer.value.index].contains { made[$0].operation.map(LintSubject.normalizations.contains) ?? false }
        }
        guard let worst = layers.max(by: { $0.relativeGradient < $1.relativeGradient }) else { return [] }
        let momentum = recipe.optimizer.values["momentum"].map { _ in recipe.optimizer.values.number("momentum") } ?? 0
        let step = recipe.schedule.peak / (1 - momentum) * worst.relativeGradient
        guard step > 10 else { return [] }
        return [
            Diagnostic(
                "the highest rate, \(brief(recipe.schedule.peak)), moves \(made.name(worst.value)) by \(brief(step)) times its own size a step",
                severity: .warning, at: made[worst.value].span,
                label: "its gradient is \(brief(worst.relativeGradient)) times as large as the weight",
                notes: ["predicted at initialization\(momentum > 0 ? ", with what the momentum of \(brief(momentum)) adds up" : "")"],
                help:
                    "lower the rate to \(brief(recipe.schedule.peak / step)) or begin with a warm-up (`warmup: 5`); `braid lr-find` measures it"
            )
        ]
    }
}
