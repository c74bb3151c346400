import Graph
import Recipes
import Runtime

/// How a training does on the pictures that are held out.
extension TrainingStep {
    /// Checks that data fit the network.
    func require(_ dataset: Dataset, _ part: Dataset.Part) throws(TrainingError) {
        if let classifier { return try classifier.require(dataset) }
        try feed.require(dataset, part)
    }

    /// What held-out pictures say of the network with the weights as they are now.
    struct HeldOutResult {
        var loss: Double
        var metric: Double?
    }

    /// Gives a program the weights as they are now, averages in their places.
    private func copyWeights(to program: Executable) {
        let averages = executable.averages
        unfailing { () throws(RuntimeError) in try program.copyParameters(from: executable) { averages[$0] ?? $0 } }
    }

    /// Evaluates held-out pictures; nil where `shouldStop`, which is asked after every batch, said so. `report` hears how many are done.
    ///
    /// - Parameter seed: what pictures are compared with, where a network compares several, follows from it: the same in all evaluations.
    func evaluate(
        _ dataset: Dataset, normalization: PixelNormalization, seed: UInt64, shouldStop: () -> Bool, report: (Int) -> Void
    ) throws(TrainingError) -> HeldOutResult? {
        if let classifier {
            copyWeights(to: classifier.executable)
            let evaluation = try classifier.evaluate(
                dataset, normalization: normalization, as: labelLoss, shouldStop: shouldStop, report: report)
            return evaluation.map { HeldOutResult(loss: $0.loss, metric: $0.accuracy) }
        }
        precondition(!evaluators.isEmpty, "nothing computes the loss of held-out pictures")
        for evaluator in evaluators { copyWeights(to: evaluator) }
        var loss = WeightedMean()
        var (amount, weight, done) = (0.0, 0.0, 0)
        let isDone = try feed.run(evaluators, on: dataset, normalization: normalization, seed: seed) {
            evaluator, batch throws(RuntimeError) in
            if shouldStop() { return false }
            evaluator.run()
            let result = try self.result(of: evaluator, batch)
            loss.add(result.loss, weight: evaluator.weightOfLoss(batch))
            amount += result.amount
            weight += result.weight
            done += batch.count
            report(done)
            return true
        }
        if !isDone { return nil }
        return HeldOutResult(loss: loss.value, metric: metric == nil ? nil : amount / max(weight, 1e-30))
    }
}

extension Executable {
    /// What a program's loss counts for that was run on a batch: as much as it says (`LabelLoss.measure`), or as many as there are pictures.
    func weightOfLoss(_ batch: Batch) -> Double {
        guard plan.outputs.contains(where: { $0.name == LabelLoss.weightOutput }) else { return Double(batch.count) }
        return unfailing { () throws(RuntimeError) in Double(try output(LabelLoss.weightOutput, as: Float.self)[0]) }
    }
}
