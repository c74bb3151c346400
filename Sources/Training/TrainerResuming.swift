import Interchange
import Recipes

extension Trainer {
    /// Continues from a checkpoint; throws where it is damaged or of another training.
    ///
    /// Returns what a checkpoint of an earlier version does not tell and could therefore not be compared, as warnings.
    public func resume(_ file: Safetensors) throws -> [String] {
        let found = try Checkpoint(file)
        let difference = checkpoint.identity.difference(
            from: found.identity, allowsOtherEpochs: !recipe.schedule.form.dependsOnLength)
        if let difference { throw difference }
        guard found.normalization == normalization else {
            throw TrainingError("the checkpoint's normalization is not of this training", repair: "start anew without --resume")
        }
        let (done, total) = (found.state.step, learningRate.totalSteps)
        guard done <= total else {
            throw TrainingError(
                "the checkpoint is of step \(done), and \(options.epochs) epoch\(options.epochs == 1 ? "" : "s") "
                    + "\(options.epochs == 1 ? "has" : "have") only \(total) step\(total == 1 ? "" : "s")",
                repair: "ask for at least \((done + learningRate.stepsPerEpoch - 1) / learningRate.stepsPerEpoch) with --epochs")
        }
        // An epoch whose evaluation was stopped is not in the history yet, and its sums are kept until it is.
        let steps = learningRate.stepsPerEpoch
        let isEvaluating = found.state.step % steps == 0 && found.state.imageCount > 0
        guard found.state.history.epochs.count == found.state.step / steps - (isEvaluating ? 1 : 0) else {
            throw Checkpoint.damage(file.path)
        }
        let absent = step.executable.plan.parameters.map(\.parameter.name).filter { file[$0] == nil }
        if let name = absent.first {
            throw TrainingError("the checkpoint lacks '\(name)'", repair: "start anew without --resume")
        }
        // Names and shapes say more of what differs than digests do.
        try Weights.load(WeightsFile(file), into: step.executable)
        if let difference = checkpoint.identity.computedDifference(from: found.identity, path: file.path) { throw difference }
        bestWeights = try readBestWeights(file, found.state.history)
        checkpoint.state = found.state
        if bestWeights == nil { checkpoint.state.history.keptEpoch = nil }
        return found.identity.unknown(of: checkpoint.identity)
    }
}
