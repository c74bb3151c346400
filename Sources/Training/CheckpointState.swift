extension Checkpoint.State {
    /// The epoch's means so far.
    var loss: Double { lossSum / Double(max(1, imageCount)) }
    var metric: Double { metricAmount / max(metricWeight, 1e-30) }

    mutating func add(_ result: TrainingStep.Result, of count: Int) {
        step += 1
        lossSum += result.loss * Double(count)
        metricAmount += result.amount
        metricWeight += result.weight
        imageCount += count
        pointLossSum += result.loss * Double(count)
        pointMetricAmount += result.amount
        pointMetricWeight += result.weight
        pointImageCount += count
    }

    mutating func endPoint(learningRate: Double) {
        let count = Double(max(1, pointImageCount))
        history.points.append(
            .init(
                step: step, loss: pointLossSum / count, metric: pointMetricAmount / max(pointMetricWeight, 1e-30),
                learningRate: learningRate))
        (pointLossSum, pointMetricAmount, pointMetricWeight, pointImageCount) = (0, 0, 0, 0)
    }

    mutating func endEpoch(_ record: TrainingHistory.Epoch) {
        history.epochs.append(record)
        (lossSum, metricAmount, metricWeight, imageCount) = (0, 0, 0, 0)
    }
}
