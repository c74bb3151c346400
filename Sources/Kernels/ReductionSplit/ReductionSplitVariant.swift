extension ContractionAlgorithm {
    /// Sums of products whose long reduction is split over tasks: the gradients of weights.
    static let reductionSplit = ContractionAlgorithm("reduction split", variants: ReductionSplitVariant.all(of:))
}

/// A contraction by `ReductionSplit`.
struct ReductionSplitVariant: ContractionVariant {
    let problem: ContractionProblem
    let split: ReductionSplit

    static func all(of problem: ContractionProblem) -> [ReductionSplitVariant] {
        guard let shape = problem.shape, !shape.reducesChannels, let split = ReductionSplit(shape, problem.group, problem.target) else {
            return []
        }
        return [ReductionSplitVariant(problem: problem, split: split)]
    }

    let name = "reduction split"
    var cycles: Double? { split.cycles }

    func lower(_ schedule: Never?, _ choice: AlgorithmChoice) -> LoweredGroup {
        var lowered = split.lower()
        // The second call adds the partial results.
        lowered.calls[0] = lowered.calls[0].computing(split.shape, choice)
        return lowered
    }
}
