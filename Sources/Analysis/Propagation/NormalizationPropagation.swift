import Foundation
import Graph

/// A normalization of moments: elements less a mean, over a deviation, then scaled and shifted.
private struct Normalization {
    /// What is subtracted from all second moments.
    var common: Double
    var variance: Double
    /// How much larger the mean inverse of a channel's variance is than the inverse of the mean.
    var spread = 1.0
    let epsilon: Double
    let scale: Moments
    let shift: Moments

    init(common: Double, variance: Double, _ step: PropagationStep) {
        (self.common, self.variance) = (common, max(0, variance))
        epsilon = step.attributes.number("epsilon")
        let isAffine = step.node.operands.count > 1
        scale = isAffine ? step.operand(1).average : .constant(1)
        shift = isAffine ? step.operand(2).average : .constant(0)
    }

    /// The second moments before scale and shift.
    func normalized(_ second: SecondMoments) -> SecondMoments { (1 / (variance + epsilon)) * (second - .constant(common)) }

    func result(_ second: SecondMoments) -> Moments {
        Moments(mean: shift.mean, scale.second.own * normalized(second) + shift.second)
    }

    /// What the gradient is multiplied by.
    var slope: Double { spread * scale.second.own / (variance + epsilon) }
}

extension PropagationStep {
    /// Sends the gradients of a scale and a shift: of each channel sums over positions and images.
    fileprivate func sendAffine(_ gradient: SecondMoments, normalized: SecondMoments, alongPositions: Bool = true) {
        guard node.operands.count > 1 else { return }
        let positions = alongPositions ? operand(0).positions(images: images) : Positions(extents: [], images: images)
        for (index, second) in [(1, gradient * normalized), (2, gradient)] {
            let sum = positions.sumOverImages(positions.sumOverImage(second))
            send(SignalGradient(operand(index).populations.map { _ in .constant(max(0, sum)) }), to: index)
        }
    }

    fileprivate func mapPopulations(_ transform: (Moments) -> Moments) -> Signal {
        var signal = operand(0)
        signal.origin = nil
        signal.populations = signal.populations.map { Population(channels: $0.channels, moments: transform($0.moments)) }
        return signal
    }
}

extension PropagationRule {
    /// Each channel less its mean over the batch, over its deviation there: what all of its elements have in common is gone. On the way back the
    /// gradient loses its own mean, and its part along the normalized channel (Yang et al., arXiv 1902.08129).
    static let batchNormalization = PropagationRule(
        forward: { step in step.mapPopulations { step.batchNormalization($0).result($0.second) } },
        backward: { step, gradient in
            let x = step.operand(0)
            let positions = x.positions(images: step.images)
            let total = gradient.total
            var sent: [SecondMoments] = []
            var affine: [(Population, SecondMoments, SecondMoments)] = []
            for (population, second) in zip(x.populations, total) {
                let normalization = step.batchNormalization(population.moments)
                let normalized = normalization.normalized(population.moments.second)
                let centred = second - .constant(positions.mean(second))
                let along = positions.mean(centred * normalized)
                var rest = centred - along * normalized
                rest.own = max(0, rest.own)
                sent.append(normalization.slope * rest)
                affine.append((population, second, normalized))
            }
            step.send(SignalGradient(sent, gradient.profiles), to: 0)
            let channels = Double(x.channels)
            let mean = { (value: (SecondMoments, SecondMoments) -> SecondMoments) in
                affine.reduce(SecondMoments.zero) { $0 + (Double($1.0.channels) / channels) * value($1.1, $1.2) }
            }
            for (index, second) in [(1, mean { $0 * $1 }), (2, mean { gradient, _ in gradient })] {
                let sum = max(0, positions.sumOverImages(positions.sumOverImage(second)))
                step.send(SignalGradient(step.operand(index).populations.map { _ in .constant(sum) }), to: index)
            }
        })

    /// All channels of an image, or of each pixel, less their mean, over their deviation.
    static let layerNormalization = sampleNormalization { step in
        let x = step.operand(0)
        let axes = step.attributes.integers("axes").map { $0 < 0 ? $0 + x.roles.count : $0 }
        let isOverChannels = axes.isEmpty || axes.contains { x.roles[$0] == .channel && x.extents[$0] > 1 }
        return isOverChannels ? .channels : .positions
    }

    static let groupNormalization = sampleNormalization { step in
        let x = step.operand(0)
        return x.channels == step.attributes.integer("groups") ? .positions : .channels
    }

    static let instanceNormalization = sampleNormalization { _ in .positions }

    private enum Extent { case channels, positions }

    private static func sampleNormalization(over extent: @escaping @Sendable (PropagationStep) -> Extent) -> PropagationRule {
        @Sendable func normalization(_ step: PropagationStep, _ moments: Moments) -> (Normalization, SecondMoments) {
            let x = step.operand(0)
            switch extent(step) {
            case .channels:
                let all = x.average
                let common = all.mean * all.mean
                return (Normalization(common: common, variance: all.second.own - common, step), moments.second)
            case .positions:
                // Each image by itself: two images have nothing in common then.
                let common = x.positions(images: 1).meanOfImage(moments.second)
                var second = moments.second
                second.other = common
                return (Normalization(common: common, variance: second.own - common, step), second)
            }
        }
        return PropagationRule(
            forward: { step in
                step.mapPopulations { moments in
                    let (normalization, second) = normalization(step, moments)
                    return normalization.result(second)
                }
            },
            backward: { step, gradient in
                let x = step.operand(0)
                let single = x.positions(images: 1)
                var sent: [SecondMoments] = []
                for (population, second) in zip(x.populations, gradient.total) {
                    let (normalization, own) = normalization(step, population.moments)
                    var rest = second
                    if case .positions = extent(step) {
                        let normalized = normalization.normalized(own)
                        rest = second - .constant(single.meanOfImage(second))
                        rest = rest - single.meanOfImage(rest * normalized) * normalized
                        rest.other = second.other - second.other
                    }
                    rest.own = max(0, rest.own)
                    sent.append(normalization.slope * rest)
                }
                step.send(SignalGradient(sent, gradient.profiles), to: 0)
                let (normalization, own) = normalization(step, x.average)
                step.sendAffine(gradient.average(step.result.populations), normalized: normalization.normalized(own))
            })
    }

    /// Divides by what hardly varies: a power of the mean square of some channels.
    static let localResponse = PropagationRule(
        forward: { step in
            let factor = step.localResponse
            return step.mapPopulations { Moments(mean: factor * $0.mean, factor * factor * $0.second) }
        },
        backward: { step, gradient in
            let factor = step.localResponse
            step.send(gradient.map { second, _ in factor * factor * second }, to: 0)
        })
}

extension PropagationStep {
    fileprivate func batchNormalization(_ moments: Moments) -> Normalization {
        let positions = operand(0).positions(images: images)
        let common = positions.mean(moments.second)
        var normalization = Normalization(common: common, variance: moments.second.own - common, self)
        // The variance of a channel is that of as many independent elements as the eigenvalues of its covariance tell, and the mean inverse of the
        // variance of n normal elements is n / (n - 2) times the inverse of the mean.
        let centred = moments.second - .constant(common)
        let squares = positions.mean(centred * centred)
        let independent = squares > 0 ? centred.own * centred.own / squares : .infinity
        if independent.isFinite { normalization.spread = independent > 4 ? independent / (independent - 2) : 2 }
        return normalization
    }

    fileprivate var localResponse: Double {
        let square = operand(0).average.second.own
        return pow(attributes.number("k") + attributes.number("alpha") * square, -attributes.number("beta"))
    }
}
