extension ContractionAlgorithm {
    /// Minimal filtering of convolutions, and of the gradients of their data: a variant a form.
    static let winograd = ContractionAlgorithm(
        "Winograd", worthwhileShare: 0.97, isVariant: { $0.hasPrefix("F(") }, variants: WinogradVariant.all(of:))
}

/// A convolution by one form of minimal filtering.
struct WinogradVariant: ContractionVariant {
    let problem: ContractionProblem
    let convolution: WinogradShape
    let form: WinogradForm

    /// One a form, by rising number of outputs.
    static func all(of problem: ContractionProblem) -> [WinogradVariant] {
        guard let shape = problem.shape, problem.group.reads.contains(shape.vector.value),
            let convolution = WinogradShape(shape, problem.group, lanes: problem.target.lanes),
            convolution.weightsChange || convolution.operandOperations == 0
        else { return [] }
        return WinogradForm.forms(taps: convolution.phaseTaps).map {
            WinogradVariant(problem: problem, convolution: convolution, form: $0)
        }
    }

    var name: String { form.description }
    var title: String { "Winograd \(form)" + (convolution.phases.count > 1 ? ", \(convolution.phases.count) phases" : "") }
    var exactness: Exactness { .stated(form.error) }

    private var cost: WinogradCost { WinogradCost(convolution, form, problem.target) }
    var cycles: Double? { cost.best(threads: 1).cycles }
    var predicted: (schedule: WinogradSchedule, cycles: Double)? { cost.best(threads: problem.target.cores) }
    func allows(_ schedule: WinogradSchedule) -> Bool { cost.allows(schedule) }

    func candidates() -> [(schedule: WinogradSchedule, cycles: Double)] {
        let cost = cost
        return cost.candidates(threads: problem.target.cores).filter { cost.allows($0.schedule) }
    }

    func lower(_ schedule: WinogradSchedule?, _ choice: AlgorithmChoice) -> LoweredGroup {
        let schedule = schedule ?? cost.best(threads: problem.target.cores).schedule
        var lowered = WinogradLowering(
            problem: convolution, form: form, schedule: schedule, group: problem.group, target: problem.target
        ).lower()
        // The convolution itself is the last call.
        let last = lowered.calls.count - 1
        lowered.calls[last] = lowered.calls[last].computing(convolution.shape, choice)
        return lowered
    }
}
