import Graph
import Recipes
import Runtime

/// How well a network does on labelled pictures.
public struct Evaluation: Sendable {
    /// The mean cross-entropy, as the training's loss has it.
    public var loss: Double
    public var confusion: ConfusionMatrix
    /// The share of pictures whose class is among the five best.
    public var topFive: Double
    /// Picture by picture, in the order of the data.
    public var outcomes: [PictureOutcome] = []
    /// Whether the probabilities of the predictions are what they say.
    public var reliability = Reliability()
    public var seconds: Double
    /// Of the input and of the scores of all pictures, what is not finite.
    public var nonFinite: [NonFiniteValues] = []

    public var accuracy: Double { confusion.accuracy }
    public var count: Int { confusion.total }
}

extension Classifier {
    /// Runs all pictures of a data set through the network, whose weights are set. Those of a class that the loss ignores do not count.
    ///
    /// - Parameter loss: how the training's loss counts classes.
    /// `report` hears how many pictures are done.
    public func evaluate(
        _ dataset: Dataset, normalization: PixelNormalization, as loss: LabelLoss = LabelLoss(), report: (Int) -> Void = { _ in }
    ) throws(TrainingError) -> Evaluation {
        let evaluation = try evaluate(dataset, normalization: normalization, as: loss, shouldStop: { false }, report: report)
        guard let evaluation else { preconditionFailure("nobody stopped the evaluation") }
        return evaluation
    }

    /// The same; nil where `shouldStop`, which is asked after every batch, said so.
    func evaluate(
        _ dataset: Dataset, normalization: PixelNormalization, as labelLoss: LabelLoss, shouldStop: () -> Bool, report: (Int) -> Void
    ) throws(TrainingError) -> Evaluation? {
        try require(dataset)
        let start = ContinuousClock.now
        // A network may tell more classes apart than the data have.
        let names = dataset.classNames + (dataset.classNames.count..<classCount).map { "class \($0)" }
        var confusion = ConfusionMatrix(classNames: names)
        var (loss, weight, done) = (0.0, 0.0, 0)
        var reliability = Reliability()
        var outcomes: [PictureOutcome] = []
        outcomes.reserveCapacity(dataset.count)
        var topFive = 0
        let maker = BatchMaker(dataset, normalization: normalization, options: .evaluation(batchSize: batchSize))
        let loader = Loader(maker, epochs: 1)
        let (inputs, results) = (NonFiniteTally(), NonFiniteTally())
        while let batch = loader.next() {
            if shouldStop() { return nil }
            let size = batch.images.count / batchSize
            inputs.look(at: UnsafeBufferPointer(rebasing: batch.images[..<(batch.count * size)]), from: done * size)
            score(batch.images).withUnsafeBufferPointer { scores in
                results.look(at: UnsafeBufferPointer(rebasing: scores[..<(batch.count * classCount)]), from: done * classCount)
                for place in 0..<batch.count where Int(batch.labels[place]) != labelLoss.ignoredLabel {
                    let row = UnsafeBufferPointer(rebasing: scores[place * classCount..<(place + 1) * classCount])
                    let outcome = PictureOutcome(index: done + place, label: Int(batch.labels[place]), scores: row)
                    outcomes.append(outcome)
                    confusion.add(label: outcome.label, predicted: outcome.predicted)
                    reliability.add(probability: outcome.probability, isRight: outcome.isRight)
                    loss += Scores.crossEntropy(row, label: outcome.label, as: labelLoss)
                    weight += labelLoss.weight(of: outcome.label)
                    if Scores.rank(of: outcome.label, row) < 5 { topFive += 1 }
                }
            }
            done += batch.count
            report(done)
        }
        return Evaluation(
            loss: weight > 0 ? loss / weight : 0, confusion: confusion, topFive: Double(topFive) / Double(max(1, confusion.total)),
            outcomes: outcomes, reliability: reliability, seconds: (ContinuousClock.now - start).seconds,
            nonFinite: [
                inputs.values(name: imageInput, extents: [done, extents.channels, extents.height, extents.width]),
                results.values(name: scoresOutput, extents: [done, classCount]),
            ].compactMap(\.self))
    }

    /// The scores of a batch, picture after picture.
    public func score(_ images: UnsafeBufferPointer<Float>) -> [Float] {
        unfailing { () throws(RuntimeError) in
            try executable.setInput(imageInput, to: images)
            executable.run()
            return try executable.output(scoresOutput)
        }
    }
}
