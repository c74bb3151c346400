import Foundation
import Graph

/// Probabilities of normal scores.
private struct Probabilities {
    let count: Double
    /// The mean products of two probabilities.
    let second: SecondMoments

    /// - Parameters:
    ///   - scores: of one row, or of all.
    ///   - isOverPositions: whether a row runs over positions, whose scores have something in common that does not count.
    init(of scores: Moments, count: Int, overPositions isOverPositions: Bool) {
        let number = Double(count)
        let common = isOverPositions ? scores.second.far : scores.mean * scores.mean
        // Of n scores of variance v, the square of a probability is e^v / n^2 as long as that is small, and 1 / n where one score decides.
        let values = (scores.second.values - common).indices.map { place -> Double in
            let shared = max(0, scores.second.values[place] - common)
            let growth = exp(min(700, shared))
            return growth / (number * number) / (1 + (growth - 1) / number)
        }
        self.count = number
        second = SecondMoments(own: values[0], near: values[1], far: values[2], other: values[3])
    }
}

extension PropagationStep {
    private func rowAxis(_ x: Signal) -> Int {
        let axis = attributes["axis"].map { _ in attributes.integer("axis") } ?? 1
        return axis < 0 ? axis + x.extents.count : axis
    }

    fileprivate var probabilities: Probabilities {
        let x = operand(0)
        let axis = rowAxis(x)
        return Probabilities(of: x.average, count: x.extents[axis], overPositions: x.roles[axis] == .position)
    }

    fileprivate var isRowOfPositions: Bool {
        let x = operand(0)
        return x.roles[rowAxis(x)] == .position
    }
}

extension PropagationRule {
    static let softmax = PropagationRule(
        forward: { step in
            let (x, probabilities) = (step.operand(0), step.probabilities)
            return Signal(roles: x.roles, extents: x.extents, Moments(mean: 1 / probabilities.count, probabilities.second))
        },
        backward: { step, gradient in
            let (x, probabilities) = (step.operand(0), step.probabilities)
            let second = gradient.average(step.result.populations)
            // What is the same for a whole row does not move its probabilities.
            let common = step.isRowOfPositions ? second.far : second.own / probabilities.count
            var rest = second - .constant(common)
            if !step.isRowOfPositions { rest = (1 - 1 / probabilities.count) * second }
            rest.own = max(0, rest.own)
            step.send(SignalGradient(x.populations.map { _ in probabilities.second * rest }), to: 0)
        })

    static let logSoftmax = PropagationRule(
        forward: { step in
            let x = step.operand(0)
            let probabilities = step.probabilities
            let moments = x.average
            let shift = log(probabilities.count) + moments.variance / 2
            return Signal(
                roles: x.roles, extents: x.extents,
                Moments(mean: -shift, moments.second - .constant(moments.mean * moments.mean) + .constant(shift * shift)))
        },
        backward: { step, gradient in
            // The gradient less its sum over the row times the probabilities.
            let (x, probabilities) = (step.operand(0), step.probabilities)
            let second = gradient.average(step.result.populations)
            let rest = second - .constant(0) + probabilities.count * (second * probabilities.second)
            step.send(SignalGradient(x.populations.map { _ in rest }), to: 0)
        })

    /// The gradient of the scores is the probabilities less the target, over the number of rows (for labels that are independent of the
    /// scores, each class as often as any other).
    static let crossEntropy = PropagationRule(
        forward: { step in
            let scores = step.operand(0)
            let loss = log(Double(max(1, scores.extents[1]))) + scores.average.variance / 2
            return Signal(roles: [], extents: [], .constant(loss))
        },
        backward: { step, gradient in
            let (scores, probabilities) = (step.operand(0), step.probabilities)
            let count = probabilities.count
            let smoothing = step.attributes.number("smoothing")
            let (sure, rest) = (1 - smoothing, smoothing / count)
            let square = (sure * sure + 2 * sure * rest) / count + rest * rest
            let apart = 1 / (count * count)
            let rows = scores.positions(images: step.images).count * Double(step.images)
            var difference = probabilities.second - .constant(apart)
            difference.own = max(0, probabilities.second.own - 2 * apart + square)
            let factor = gradient.average(step.result.populations).own / (rows * rows)
            step.send(SignalGradient(scores.populations.map { _ in factor * difference }), to: 0)
        })
}
