extension TrainingRecipe {
    /// The recipe in the notation of a `training of` definition, a clause a line, without the loss.
    public func printed() -> String { clauses.map { $0 + "\n" }.joined() }

    private var clauses: [String] {
        var lines: [String] = []
        switch optimizer {
        case .sgd(let momentum, let nesterov, let weightDecay):
            lines.append("optimizer sgd(momentum: \(momentum), nesterov: \(nesterov), weight_decay: \(weightDecay))")
        }
        let length = epochs.map { ", epochs: \($0)" } ?? ""
        switch schedule {
        case .constant(let rate): lines.append("schedule constant(rate: \(rate)\(length))")
        case .oneCycle(let peak, let rise, let start, let end):
            lines.append("schedule one_cycle(peak: \(peak), rise: \(rise), start_divisor: \(start), end_divisor: \(end)\(length))")
        case .step(let rate, let every, let factor):
            lines.append("schedule step(rate: \(rate), every: \(every), factor: \(factor)\(length))")
        case .cosine(let rate, let floor): lines.append("schedule cosine(rate: \(rate), floor: \(floor)\(length))")
        }
        switch clip {
        case .norm(let limit): lines.append("clip norm \(limit)")
        case .value(let limit): lines.append("clip value \(limit)")
        case nil: break
        }
        if let normalization { lines.append("normalize mean: \(normalization.mean), std: \(normalization.deviation)") }
        let changes = augmentations.map { augmentation in
            switch augmentation {
            case .shift(let pixels): "shift(\(pixels))"
            case .flip: "flip"
            }
        }
        if !changes.isEmpty { lines.append("augment " + changes.joined(separator: ", ")) }
        if let batchSize { lines.append("batch \(batchSize)") }
        if let seed { lines.append("seed \(seed)") }
        return lines
    }
}
