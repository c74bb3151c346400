import Foundation
import Recipes

/// What to read off a picture's scores, one a class.
public enum Scores {
    /// The class with the highest score, the first of equals; a NaN is never the highest, and where all are NaN, it is the first class.
    public static func best(_ scores: UnsafeBufferPointer<Float>) -> Int {
        guard var best = scores.firstIndex(where: { !$0.isNaN }) else { return 0 }
        for index in scores.indices where scores[index] > scores[best] { best = index }
        return best
    }

    /// The `count` classes with the highest scores, falling, the first of equals first; a NaN is as low as a score can be.
    public static func top(_ count: Int, of scores: [Float]) -> [Int] {
        let key = { (index: Int) in scores[index].isNaN ? -Float.infinity : scores[index] }
        if count > 32 { return Array(scores.indices.sorted { (key($1), $0) < (key($0), $1) }.prefix(count)) }
        // A few of many need no sorting of all.
        var best: [Int] = []
        for index in scores.indices {
            if best.count == count, let last = best.last, key(index) <= key(last) { continue }
            let place = best.firstIndex { key($0) < key(index) } ?? best.count
            best.insert(index, at: place)
            if best.count > count { best.removeLast() }
        }
        return best
    }

    /// How many classes have a higher score than `label`; ties count as higher where they come first. A NaN has the last rank.
    public static func rank(of label: Int, _ scores: UnsafeBufferPointer<Float>) -> Int {
        scores[label].isNaN
            ? scores.count
            : scores.indices.count { scores[$0] > scores[label] || (scores[$0] == scores[label] && $0 < label) }
    }

    /// The probabilities of the classes: `exp(score)` over the sum of all.
    public static func softmax(_ scores: [Float]) -> [Double] {
        let highest = Double(scores.max() ?? 0)
        let exponentials = scores.map { exp(Double($0) - highest) }
        let sum = exponentials.reduce(0, +)
        return exponentials.map { $0 / sum }
    }

    /// The probability of one class: `exp(score)` over the sum of all.
    public static func probability(of label: Int, _ scores: UnsafeBufferPointer<Float>) -> Double {
        let highest = Double(scores.max() ?? 0)
        return exp(Double(scores[label]) - highest) / scores.reduce(0) { $0 + exp(Double($1) - highest) }
    }

    /// The cross-entropy of one picture, `log(sum(exp(scores))) - scores[label]`.
    public static func crossEntropy(_ scores: UnsafeBufferPointer<Float>, label: Int) -> Double {
        logarithmOfSum(scores) - Double(scores[label])
    }

    /// The cross-entropy of one picture as a training's loss has it, times the weight of its class: the sum over classes of
    /// `weight * target * (log(sum(exp(scores))) - score)`, where `smoothing` parts of the target are spread over all.
    public static func crossEntropy(_ scores: UnsafeBufferPointer<Float>, label: Int, as loss: LabelLoss) -> Double {
        if loss.smoothing == 0 { return loss.weight(of: label) * crossEntropy(scores, label: label) }
        let whole = logarithmOfSum(scores)
        let others = loss.smoothing / Double(scores.count)
        return scores.indices.reduce(0) { sum, index in
            let target = others + (index == label ? 1 - loss.smoothing : 0)
            let weight = loss.classWeights.indices.contains(index) ? loss.classWeights[index] : 1
            return sum + weight * target * (whole - Double(scores[index]))
        }
    }

    private static func logarithmOfSum(_ scores: UnsafeBufferPointer<Float>) -> Double {
        let highest = Double(scores.max() ?? 0)
        return log(scores.reduce(0) { $0 + exp(Double($1) - highest) }) + highest
    }
}
