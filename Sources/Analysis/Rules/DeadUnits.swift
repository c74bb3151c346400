import Foundation
import Graph
import Source

extension LintRule {
    /// A unit that is negative for all inputs has no gradient, and stays so. Of a layer whose results hardly differ from input to input, that is up
    /// to half of the units (Lu et al., arXiv 1903.06733).
    static let deadUnits = LintRule(
        "dead_units", "Many rectified units are zero for nearly all inputs, and do not learn.", source: "Lu et al., arXiv 1903.06733"
    ) { subject in
        let made = subject.propagation.graph
        var dead: [(activation: LintSubject.Activation, share: Double)] = []
        for activation in subject.activations where activation.isRectifier {
            let share = activation.moments.deadShare
            if share > 0.4 { dead.append((activation, share)) }
        }
        guard let first = dead.first, let worst = dead.max(by: { $0.share < $1.share }) else { return [] }
        let name = made[first.activation.value].operation.map { made[first.activation.value].name(of: $0) } ?? "relu"
        let isShifted = first.activation.moments.mean < -first.activation.moments.variance.squareRoot()
        return [
            Diagnostic(
                "about \(percent(worst.share)) of the units of `\(name)` are zero for nearly all inputs", severity: .warning,
                at: made[first.activation.value].span, label: "\(percent(first.share)) here",
                notes: [
                    isShifted
                        ? "its operand is about \(brief(first.activation.moments.mean)), with a deviation of \(brief(first.activation.moments.variance.squareRoot()))"
                        : "its operand hardly differs from input to input: \(percent(first.activation.moments.commonShare)) of its variance is the same for "
                            + "all, so each unit is on or off for all",
                    dead.count > 1 ? "so it is in \(dead.count) layers" : nil,
                ].compactMap { $0 },
                help: isShifted
                    ? "begin with biases of 0: `initialize bias: zeros`"
                    : "put `batchnorm` before the activations, or use `leaky_relu` or `gelu`")
        ]
    }
}

extension Moments {
    /// The share of the variance that all inputs have in common.
    fileprivate var commonShare: Double { variance > 0 ? min(1, max(0, (second.other - mean * mean) / variance)) : 0 }

    /// The share of channels whose elements are negative for all but one in a hundred inputs.
    fileprivate var deadShare: Double {
        guard variance > 0 else { return mean < 0 ? 1 : 0 }
        let (common, own) = (commonShare, 1 - commonShare)
        let place = -mean / variance.squareRoot() - 2.33 * own.squareRoot()
        guard common > 1e-9 else { return place > 0 ? 1 : 0 }
        return 0.5 * erfc(-place / (2 * common).squareRoot())
    }
}
