import Graph
import LoopNest

extension ContractionAlgorithm {
    /// Sums of products of pairs of bf16, by the dot products that vectors have: where `choose_precision` lets factors be rounded.
    static let dotProducts = ContractionAlgorithm("dot", unit: .dotProducts, variants: DotProductVariant.all(of:))
}

/// A contraction whose result stays in registers (`ResultStationary`), and whose factors are pairs of bf16.
struct DotProductVariant: ContractionVariant {
    let problem: ContractionProblem
    private let nest: ResultStationary

    /// Where there is an instruction, by its rule: elsewhere it would be emulated.
    static func all(of problem: ContractionProblem) -> [DotProductVariant] {
        guard problem.factors == .bf16, let rule = problem.target.pairRule, let shape = problem.shape,
            shape.hasPairsOfChannels(in: problem.group, lanes: problem.target.lanes)
        else { return [] }
        return [DotProductVariant(problem, shape, rule)]
    }

    private init(_ problem: ContractionProblem, _ shape: ContractionShape, _ rule: DotProduct.PairRule) {
        self.problem = problem
        nest = ResultStationary(
            shape, problem.group, problem.target, problem.numerics, pairRule: rule, name: problem.group.kernelName())
    }

    let name = "dot"
    var exactness: Exactness { .roundedFactors(problem.factors.errorOfFactors) }
    var cycles: Double? { nest.cycles }
    var predicted: (schedule: DirectSchedule, cycles: Double)? { (nest.schedule, nest.cyclesOfLongestThread) }
    func candidates() -> [(schedule: DirectSchedule, cycles: Double)] { nest.candidates() }
    func allows(_ schedule: DirectSchedule) -> Bool { nest.allows(schedule) }

    func lower(_ schedule: DirectSchedule?, _ choice: AlgorithmChoice) -> LoweredGroup {
        var nest = nest
        if let schedule { nest.apply(schedule) }
        return PairedWeights(nest.shape, problem.group, problem.target).lowered(for: nest.lower().computing(nest.shape, choice))
    }
}
