extension Checkpoint.State {
    /// The epoch's means so far.
    var loss: Double { lossSum / Double(max(1, imageCount)) }
    var accuracy: Double { Double(correct) / Double(max(1, imageCount)) }

    mutating func add(loss: Double, correct: Int, of count: Int) {
        step += 1
        lossSum += loss * Double(count)
        self.correct += correct
        imageCount += count
        pointLossSum += loss * Double(count)
        pointCorrect += correct
        pointImageCount += count
    }

    mutating func endPoint(learningRate: Double) {
        let count = Double(max(1, pointImageCount))
        history.points.append(
            .init(step: step, loss: pointLossSum / count, accuracy: Double(pointCorrect) / count, learningRate: learningRate))
        (pointLossSum, pointCorrect, pointImageCount) = (0, 0, 0)
    }

    mutating func endEpoch(_ record: TrainingHistory.Epoch) {
        history.epochs.append(record)
        (lossSum, correct, imageCount) = (0, 0, 0)
    }
}
