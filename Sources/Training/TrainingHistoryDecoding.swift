/// Histories of earlier versions call the metric the accuracy, which it always was.
private enum OlderKeys: CodingKey {
    case accuracy, heldOutAccuracy
}

extension TrainingHistory.Epoch {
    private enum Keys: CodingKey {
        case epoch, loss, metric, heldOutLoss, heldOutMetric, learningRate, seconds
    }

    public init(from decoder: any Decoder) throws {
        let (values, older) = (try decoder.container(keyedBy: Keys.self), try decoder.container(keyedBy: OlderKeys.self))
        epoch = try values.decode(Int.self, forKey: .epoch)
        loss = try values.decode(Double.self, forKey: .loss)
        metric = try values.decodeIfPresent(Double.self, forKey: .metric) ?? older.decode(Double.self, forKey: .accuracy)
        heldOutLoss = try values.decodeIfPresent(Double.self, forKey: .heldOutLoss)
        heldOutMetric =
            try values.decodeIfPresent(Double.self, forKey: .heldOutMetric)
            ?? older.decodeIfPresent(Double.self, forKey: .heldOutAccuracy)
        learningRate = try values.decode(Double.self, forKey: .learningRate)
        seconds = try values.decodeIfPresent(Double.self, forKey: .seconds)
    }
}

extension TrainingHistory.Point {
    private enum Keys: CodingKey {
        case step, loss, metric, learningRate
    }

    public init(from decoder: any Decoder) throws {
        let (values, older) = (try decoder.container(keyedBy: Keys.self), try decoder.container(keyedBy: OlderKeys.self))
        step = try values.decode(Int.self, forKey: .step)
        loss = try values.decode(Double.self, forKey: .loss)
        metric = try values.decodeIfPresent(Double.self, forKey: .metric) ?? older.decode(Double.self, forKey: .accuracy)
        learningRate = try values.decodeIfPresent(Double.self, forKey: .learningRate)
    }
}
