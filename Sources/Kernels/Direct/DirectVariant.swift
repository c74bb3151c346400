extension ContractionAlgorithm {
    /// Sums of products as they are written, a tile of them in registers: of convolutions, linear layers and the gradients of their
    /// operands, strided ones a phase a call.
    static let direct = ContractionAlgorithm("direct", variants: DirectVariant.all(of:))
}

/// A contraction whose result stays in registers (`ResultStationary`), all phases one after another.
struct DirectVariant: ContractionVariant {
    let problem: ContractionProblem
    /// One a phase, cut as the cost model says.
    private let nests: [ResultStationary]

    static func all(of problem: ContractionProblem) -> [DirectVariant] {
        problem.phases.allSatisfy { $0.reducesChannels && !$0.isOfActivations } ? [DirectVariant(problem)] : []
    }

    private init(_ problem: ContractionProblem) {
        self.problem = problem
        let isOne = problem.phases.count == 1
        nests = problem.phases.enumerated().map { number, shape in
            ResultStationary(
                shape, problem.group, problem.target, problem.numerics,
                name: problem.group.kernelName(isOne ? nil : "phase\(number)"))
        }
    }

    let name = "direct"
    var title: String { nests.count == 1 ? name : "\(name), \(nests.count) phases" }
    var cycles: Double? { nests.reduce(0) { $0 + $1.cycles } }

    /// The only nest: several are not tuned.
    private var nest: ResultStationary? { nests.count == 1 ? nests[0] : nil }
    var predicted: (schedule: DirectSchedule, cycles: Double)? { nest.map { ($0.schedule, $0.cyclesOfLongestThread) } }
    func candidates() -> [(schedule: DirectSchedule, cycles: Double)] { nest?.candidates() ?? [] }
    func allows(_ schedule: DirectSchedule) -> Bool { nest?.allows(schedule) ?? false }

    func lower(_ schedule: DirectSchedule?, _ choice: AlgorithmChoice) -> LoweredGroup {
        let model = CostModel(problem.target)
        return LoweredGroup(
            nests.map { nest in
                var nest = nest
                var choice = choice
                choice.chosen.predictedSeconds = model.seconds(nest.cycles)
                choice.secondsOfLongestThread = model.seconds(nest.cyclesOfLongestThread)
                if let schedule { nest.apply(schedule) }
                return nest.lower().computing(nest.shape, choice)
            })
    }
}
