/// Which algorithm computes a contraction: the ways that all rows of the table offer, and which of them is taken.
struct ContractionSelection {
    let problem: ContractionProblem
    /// In the order of the table.
    let options: [Option]
    /// By what measurements of the contraction are kept (`TunedChoices`); nil where there is nothing to measure.
    let key: String?

    struct Option {
        let algorithm: ContractionAlgorithm
        let variant: any ContractionVariant
        /// Why it may not be taken; nil if it may.
        let objection: String?
        /// What one thread takes; nil where the cost model says nothing, or was not asked since the variant may not be taken.
        let cycles: Double?

        init(_ algorithm: ContractionAlgorithm, _ variant: any ContractionVariant) {
            self.algorithm = algorithm
            self.variant = variant
            objection = variant.objection
            cycles = objection == nil ? variant.cycles : nil
        }

        var isAllowed: Bool { objection == nil }
        var isAsWritten: Bool { variant.exactness == .asWritten }

        func candidate(_ model: CostModel) -> AlgorithmChoice.Candidate {
            var candidate = AlgorithmChoice.Candidate(
                variant.title, unit: algorithm.unit, predictedSeconds: cycles.map(model.seconds),
                error: isAllowed ? variant.exactness.error : nil, reason: objection)
            candidate.productsOfEach = variant.productsOfEach
            return candidate
        }
    }

    init(_ problem: ContractionProblem) {
        self.problem = problem
        options = ContractionAlgorithm.all.flatMap { row in row.variants(problem).map { Option(row, $0) } }
        key = options.contains { $0.algorithm.isTunable } ? problem.shape?.tuningKey(problem.group) : nil
    }

    /// The index of the option that the cost model chooses: the fastest of those with sums as they are written, or of those that are less
    /// exact and take less than its time by enough (`ContractionAlgorithm.worthwhileShare`). Nil if nothing is allowed.
    ///
    /// It follows from the shape, the target and the numerics alone, not from the number of threads, so that results do not either.
    private var predicted: Int? {
        func fastest(_ isEligible: (Option) -> Bool) -> Int? {
            options.indices.filter { options[$0].isAllowed && isEligible(options[$0]) }.min { cycles($0) < cycles($1) }
        }
        func cycles(_ index: Int) -> Double { options[index].cycles ?? .infinity }
        let asWritten = fastest(\.isAsWritten)
        let bar = asWritten.map(cycles) ?? .infinity
        return fastest { !$0.isAsWritten && ($0.cycles ?? .infinity) < bar * $0.algorithm.worthwhileShare } ?? asWritten
    }

    /// The variant that is taken, with what was weighed against it; nil if none is allowed.
    ///
    /// - Parameter tuned: what was measured to be fastest: taken if it is allowed, and there.
    func choose(_ tuned: TunedChoice? = nil) -> (variant: any ContractionVariant, choice: AlgorithmChoice)? {
        guard let predicted else { return nil }
        let measured = tuned.flatMap { tuned in options.firstIndex { $0.isAllowed && $0.variant.name == tuned.algorithm } }
        let model = CostModel(problem.target)
        var candidates = options.map { $0.candidate(model) }
        let variant = options[measured ?? predicted].variant
        var choice = AlgorithmChoice(candidates.remove(at: measured ?? predicted), rejected: candidates)
        choice.secondsOfLongestThread = variant.predictedCycles.map(model.seconds)
        choice.isTuned = measured != nil && measured != predicted
        choice.key = key
        return (variant, choice)
    }

    /// The kernels; nil if no algorithm takes the problem.
    func lower(_ tuned: TunedChoices) -> LoweredGroup? {
        let tuned = key.flatMap { tuned[$0] }
        guard let (variant, choice) = choose(tuned) else { return nil }
        return variant.lower(tuned, choice)
    }
}

extension ContractionVariant {
    /// What the thread with the most work takes, as the cost model cuts it.
    fileprivate var predictedCycles: Double? { predicted?.cycles }

    /// Lowers with the schedule of a tuned choice, if that is one of this variant and sound.
    fileprivate func lower(_ tuned: TunedChoice?, _ choice: AlgorithmChoice) -> LoweredGroup {
        guard let tuned, tuned.algorithm == name, let schedule = tuned.schedule as? Schedule, allows(schedule) else {
            return lower(nil as Schedule?, choice)
        }
        var choice = choice
        choice.isTuned = true
        return lower(schedule, choice)
    }
}
