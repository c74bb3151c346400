import Graph
import Source

extension LintRule {
    static let saturatedAtStart = LintRule(
        "saturated_at_start", "An activation that saturates is flat for most of what reaches it when training begins.",
        source: "Glorot & Bengio 2010, section 3"
    ) { subject in
        let made = subject.propagation.graph
        return subject.activations.filter(\.saturates).compactMap { activation in
            let slope = activation.function.derivative(0)
            let steepest = activation.steepest
            let share = activation.share { abs(slope.evaluate([$0])) < 0.1 * steepest }
            guard share > 0.5 else { return nil }
            let name = made[activation.value].operation.map { made[activation.value].name(of: $0) } ?? "the activation"
            return Diagnostic(
                "`\(name)` is saturated for \(percent(share)) of what reaches it at initialization", severity: .warning,
                at: made[activation.value].span, label: "its slope is below a tenth of the steepest there",
                notes: ["its operand has a deviation of \(brief(activation.moments.second.own.squareRoot()))"],
                help: "let weights begin smaller: `initialize conv: xavier_normal, linear: xavier_normal`; or put `batchnorm` before it")
        }
    }
}
