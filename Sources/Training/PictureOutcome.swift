/// What a network made of one labelled picture.
public struct PictureOutcome: Equatable, Sendable {
    /// The picture's number in its data.
    public var index: Int
    public var label: Int
    public var predicted: Int
    /// The cross-entropy.
    public var loss: Double
    /// The probability of the predicted class, and that of the true one.
    public var probability: Double
    public var labelProbability: Double

    public var isRight: Bool { label == predicted }

    init(index: Int, label: Int, scores: UnsafeBufferPointer<Float>) {
        self.index = index
        self.label = label
        predicted = Scores.best(scores)
        loss = Scores.crossEntropy(scores, label: label)
        probability = Scores.probability(of: predicted, scores)
        labelProbability = Scores.probability(of: label, scores)
    }

    public init(index: Int, label: Int, predicted: Int, loss: Double, probability: Double, labelProbability: Double) {
        self.index = index
        self.label = label
        self.predicted = predicted
        self.loss = loss
        self.probability = probability
        self.labelProbability = labelProbability
    }
}

extension [PictureOutcome] {
    /// Those with the highest losses, falling; a loss that is no number is the highest, and of equals the first picture comes first.
    public func highestLosses(_ count: Int) -> [PictureOutcome] {
        func key(_ outcome: PictureOutcome) -> Double { outcome.loss.isNaN ? .infinity : outcome.loss }
        return Array(sorted { (key($1), $0.index) < (key($0), $1.index) }.prefix(count))
    }
}
