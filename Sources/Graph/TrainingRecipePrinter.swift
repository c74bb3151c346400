extension TrainingRecipe {
    /// The recipe in the notation of a `training of` definition, a clause a line, without the loss.
    public func printed() -> String { clauses.map { $0 + "\n" }.joined() }

    private var clauses: [String] {
        var lines: [String] = []
        lines.append("optimizer \(optimizer.printed(decaysVectors ? "" : ", decay_vectors: false"))")
        lines.append("schedule \(schedule.printed(epochs.map { ", epochs: \($0)" } ?? ""))")
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
            case .crop(let scale): "crop(scale: \(scale))"
            }
        }
        if !changes.isEmpty { lines.append("augment " + changes.joined(separator: ", ")) }
        if let batchSize { lines.append("batch \(batchSize)") }
        if let seed { lines.append("seed \(seed)") }
        return lines
    }
}

extension TrainingRecipe.Optimizer {
    /// The optimizer as a clause names it; arguments that most recipes leave alone are left out where they are the default.
    fileprivate func printed(_ more: String) -> String {
        switch self {
        case .sgd(let momentum, let dampening, let nesterov, let weightDecay):
            let dampening = dampening == 0 ? "" : ", dampening: \(dampening)"
            return "sgd(momentum: \(momentum)\(dampening), nesterov: \(nesterov), weight_decay: \(weightDecay)\(more))"
        case .adam(let beta1, let beta2, let epsilon, let weightDecay, let isDecoupled):
            let name = isDecoupled ? "adamw" : "adam"
            return "\(name)(beta1: \(beta1), beta2: \(beta2), epsilon: \(epsilon), weight_decay: \(weightDecay)\(more))"
        case .rmsprop(let alpha, let epsilon, let momentum, let isCentered, let weightDecay, let isTensorFlow):
            let centered = isCentered ? ", centered: true" : ""
            let tensorflow = isTensorFlow ? ", tensorflow: true" : ""
            return "rmsprop(alpha: \(alpha), epsilon: \(epsilon), momentum: \(momentum), weight_decay: \(weightDecay)"
                + "\(centered)\(tensorflow)\(more))"
        }
    }
}

extension TrainingRecipe.Schedule {
    fileprivate func printed(_ length: String) -> String {
        switch self {
        case .constant(let rate): return "constant(rate: \(rate)\(length))"
        case .oneCycle(let peak, let rise, let start, let end):
            return "one_cycle(peak: \(peak), rise: \(rise), start_divisor: \(start), end_divisor: \(end)\(length))"
        case .step(let rate, let every, let factor): return "step(rate: \(rate), every: \(every), factor: \(factor)\(length))"
        case .multistep(let rate, let milestones, let factor):
            return "multistep(rate: \(rate), at: \(milestones), factor: \(factor)\(length))"
        case .exponential(let rate, let factor, let every, let isStaircase):
            return "exponential(rate: \(rate), factor: \(factor), every: \(every), staircase: \(isStaircase)\(length))"
        case .polynomial(let rate, let power): return "polynomial(rate: \(rate), power: \(power)\(length))"
        case .cosine(let rate, let floor, let warmup):
            let warmup = warmup == 0 ? "" : ", warmup: \(warmup)"
            return "cosine(rate: \(rate), floor: \(floor)\(warmup)\(length))"
        }
    }
}
