import Interchange
import Recipes

/// The weights of the best epoch, for recipes whose result they are: a checkpoint has them beside those of its last step.
extension Trainer {
    /// Whether the recipe ends the training here, though it has epochs left.
    public var hasStopped: Bool { stepsDone < learningRate.totalSteps && recipe.stops(after: history.decisiveLosses) }

    /// Takes the weights of the epoch that has just been evaluated, if it is the best.
    func keepBestWeights() {
        guard recipe.keepsBestWeights, let best = recipe.bestEpoch(of: history.decisiveLosses) else { return }
        checkpoint.state.history.keptEpoch = best + 1
        if best == history.epochs.count - 1 { bestWeights = currentWeights }
    }

    /// The weights of the best epoch as a checkpoint has them.
    var savedBestWeights: [HostTensor] {
        (bestWeights ?? []).map { tensor in
            var tensor = tensor
            tensor.name = OptimizerState.bestEpoch.name(of: tensor.name)
            return tensor
        }
    }

    /// Reads the weights of the best epoch of a checkpoint; nil where the recipe wants none, or no epoch is done.
    func readBestWeights(_ file: Safetensors, _ history: TrainingHistory) throws -> [HostTensor]? {
        guard recipe.keepsBestWeights, let best = recipe.bestEpoch(of: history.decisiveLosses) else { return nil }
        guard history.keptEpoch == best + 1 else {
            throw TrainingError(
                "the checkpoint keeps the weights of \(history.keptEpoch.map { "epoch \($0)" } ?? "no epoch but the last"), "
                    + "and the best by this recipe is epoch \(best + 1)",
                repair: "restore `stop` and `keep best`, or start anew without --resume")
        }
        return try currentWeights.map { weight throws(InterchangeError) in
            let name = OptimizerState.bestEpoch.name(of: weight.name)
            guard let entry = file[name], entry.shape == weight.shape else { throw Checkpoint.damage(file.path) }
            var values: [Float] = []
            try file.readFloats(name) { values += $0 }
            return HostTensor(name: weight.name, shape: weight.shape, floats: values)
        }
    }
}

extension TrainingHistory {
    /// The losses that say which epoch is better: of held-out data, or of the training where there are none.
    var decisiveLosses: [Double] { epochs.map { $0.heldOutLoss ?? $0.loss } }

    /// The epoch whose weights are the result.
    public var result: Epoch? { keptEpoch.flatMap { epochs.indices.contains($0 - 1) ? epochs[$0 - 1] : nil } ?? epochs.last }
}
