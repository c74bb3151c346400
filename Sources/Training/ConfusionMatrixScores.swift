extension ConfusionMatrix {
    /// How well one class is recognized, or a mean of several: nil is what is a share of nothing.
    public struct ClassScores: Equatable, Sendable {
        /// The pictures of the class, or of all.
        public var support: Int
        /// The share of right predictions among those of the class; nil where it was never predicted.
        public var precision: Double?
        /// The recognized share of the pictures of the class; nil where there are none.
        public var recall: Double?
        /// The harmonic mean of both, `2 TP / (2 TP + FP + FN)`; nil where the class neither occurs nor is predicted.
        public var f1: Double?
    }

    /// The scores of each class, in their order.
    public var classScores: [ClassScores] {
        let size = classNames.count
        var (labels, predictions) = ([Int](repeating: 0, count: size), [Int](repeating: 0, count: size))
        for label in 0..<size {
            for predicted in 0..<size {
                labels[label] += self[label, predicted]
                predictions[predicted] += self[label, predicted]
            }
        }
        func share(_ part: Int, of all: Int) -> Double? { all > 0 ? Double(part) / Double(all) : nil }
        return (0..<size).map { index in
            let right = self[index, index]
            return ClassScores(
                support: labels[index], precision: share(right, of: predictions[index]), recall: share(right, of: labels[index]),
                f1: share(2 * right, of: labels[index] + predictions[index]))
        }
    }

    /// The mean over the classes that occur or are predicted, each counting as much; a precision or recall that is a share of nothing counts
    /// as 0. These are the means of `sklearn.metrics.classification_report`.
    public var macroMean: ClassScores { mean { _ in 1 } }

    /// The same, with each class counting as often as it occurs.
    public var weightedMean: ClassScores { mean { Double($0.support) } }

    private func mean(_ weight: (ClassScores) -> Double) -> ClassScores {
        let present = classScores.filter { $0.f1 != nil }
        let sum = present.reduce(0) { $0 + weight($1) }
        func mean(_ value: (ClassScores) -> Double?) -> Double? {
            sum > 0 ? present.reduce(0) { $0 + weight($1) * (value($1) ?? 0) } / sum : nil
        }
        return ClassScores(support: total, precision: mean(\.precision), recall: mean(\.recall), f1: mean(\.f1))
    }
}
