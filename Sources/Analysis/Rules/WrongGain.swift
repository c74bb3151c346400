import Foundation
import Graph
import Operators
import Source

extension LintRule {
    /// Without normalization the mean square of activations is multiplied in each layer by that of a weight times the fan-in, and by what the
    /// activation leaves.
    static let wrongGain = LintRule(
        "wrong_gain", "Weights begin too small or too large for the activation behind them.",
        source: "Glorot & Bengio 2010; He et al., arXiv 1502.01852"
    ) { subject in
        let made = subject.propagation.graph
        // Ratios of the mean squares of layers that follow each other with one activation between, and no normalization.
        var ratios: [(value: Value, from: Value, ratio: Double, activation: LintSubject.Activation)] = []
        for activation in subject.activations {
            guard let before = made.layerBehind(activation.operand), activation.moments.second.own > 0 else { continue }
            for after in made.layersReading(activation.value) {
                guard let next = subject.propagation.layer(after) else { continue }
                ratios.append((after, before, next.activation.second.own / activation.moments.second.own, activation))
            }
        }
        // The longest way along such layers.
        var best: [Value: [Int]] = [:]
        for (index, link) in ratios.enumerated().sorted(by: { $0.element.value < $1.element.value }) {
            let way = (best[link.from] ?? []) + [index]
            if way.count > best[link.value]?.count ?? 0 { best[link.value] = way }
        }
        let way = (best.values.max { $0.count < $1.count } ?? []).map { ratios[$0] }
        guard way.count >= 4, let first = way.first else { return [] }
        let product = way.reduce(0.0) { $0 + log(max(1e-30, $1.ratio)) }
        let mean = exp(product / Double(way.count))
        guard mean < 0.6 || mean > 1.6, abs(product) > log(20) else { return [] }
        // The gain at which a normal variable of variance 1 keeps its mean square.
        let expectation = GaussianExpectation()
        let unit = Moments(mean: 0, SecondMoments(own: 1, near: 0, far: 0, other: 0))
        let kept = expectation.moments(first.activation.function, [unit]).second.own
        // What saturates cannot be helped by larger weights.
        guard kept > 0, !first.activation.saturates || mean > 1.6 else { return [] }
        let name = made[first.activation.value].operation.map { made[first.activation.value].name(of: $0) } ?? "the activation"
        let gain = (1 / kept).squareRoot()
        let isHe = abs(gain * gain - 2) < 0.3
        return [
            Diagnostic(
                "weights begin too \(mean < 1 ? "small" : "large") for `\(name)`: a layer multiplies the mean square of activations by \(brief(mean))",
                severity: abs(product) > log(1e6) ? .warning : .note, at: made[first.value].span,
                label: "\(brief(first.ratio)) times that of the layer before",
                notes: ["predicted at initialization; over \(way.count) layers that makes \(brief(exp(product)))"],
                help: isHe
                    ? "write `initialize conv: he_normal, linear: he_normal`"
                    : "for `\(name)` the deviation of weights should be \(brief(gain)) / sqrt(fan-in): `initialize \(made.example(first.value, gain))`"
            )
        ]
    }
}

extension Graph {
    /// The layer that a value is a shift, view or pooling of, without normalization between.
    func layerBehind(_ value: Value) -> Value? {
        if isWeighted(value) { return value }
        guard let operation = self[value].operation, !LintSubject.normalizations.contains(operation) else { return nil }
        let operands = self[value].operands.filter { !isParameter($0) }
        guard operands.count == 1 else { return nil }
        switch lowering(of: value) {
        case .elementwise?, .view?, .window?: return layerBehind(operands[0])
        default: return nil
        }
    }

    /// The layers that read a value directly, or through views and pooling.
    func layersReading(_ value: Value) -> [Value] {
        values[(value.index + 1)...].filter { self[$0].operands.contains(value) }.flatMap { user -> [Value] in
            if isWeighted(user) { return [user] }
            switch lowering(of: user) {
            case .view(.reshape)?, .window?: return layersReading(user)
            default: return self[user].operation == .dropout ? layersReading(user) : []
            }
        }
    }

    /// An initializer for a layer, as the language writes it.
    fileprivate func example(_ value: Value, _ gain: Double) -> String {
        guard let weight = self[value].operands.first(where: { self[$0].parameter?.role == .weight && self[$0].type.rank > 1 }),
            let extents = self[weight].type.shape.extents
        else { return "conv: he_normal" }
        let kind = extents.count == 2 ? "linear" : "conv"
        return "\(kind): normal(\(brief(gain / Fans(extents).input.squareRoot())))"
    }
}
