import Graph
import LoopNest

/// A contraction with the ways to compute it that are worth measuring.
public struct TuningProblem: Sendable {
    /// By what `TunedChoices` knows it.
    public var key: String
    /// The labels and operators of the first layer that has it, and how many layers do.
    public var summary: String
    public var layers: Int
    /// What the cost model chooses.
    public var predicted: TunedChoice
    /// Other choices, the most promising first: all allowed, all sound.
    public var candidates: [TunedChoice]

    /// The problems of a graph whose symbols are bound, each once.
    ///
    /// - Parameters:
    ///   - target: with as many cores as threads will share the work.
    ///   - limit: how many candidates a problem has at most.
    public static func all(of graph: Graph, target: Target, numerics: Numerics, limit: Int) -> [TuningProblem] {
        var problems: [TuningProblem] = []
        var numbers: [String: Int] = [:]
        let facts = GraphFacts(graph)
        // As the plan will have them.
        let numerics = ResolvedNumerics(numerics, for: facts)
        for group in Group.all(of: facts) {
            guard let problem = ContractionProblem(group, target: target, numerics: numerics[group]),
                !problem.phases.contains(where: \.isEmpty)
            else { continue }
            let selection = ContractionSelection(problem)
            guard let key = selection.key, let predicted = selection.choose()?.variant.predictedChoice else { continue }
            if let known = numbers[key] {
                problems[known].layers += 1
                continue
            }
            let search = TuningSearch(selection: selection, predicted: predicted)
            numbers[key] = problems.count
            problems.append(
                TuningProblem(
                    key: key, summary: group.summary, layers: 1, predicted: predicted, candidates: search.candidates(limit: limit)))
        }
        return problems
    }
}

/// Finds candidates for one contraction.
private struct TuningSearch {
    let selection: ContractionSelection
    let predicted: TunedChoice

    /// A variant that is predicted to take longer than the best by this factor is not measured.
    private static let mostPredicted = 2.5

    /// The most promising by predicted cycles, at least two of each variant that is not out of the question.
    func candidates(limit: Int) -> [TunedChoice] {
        let variants = selection.options.filter(\.isAllowed).map { option in
            option.variant.distinctCandidates().filter { $0.choice != predicted }
        }.filter { !$0.isEmpty }
        guard let least = variants.map({ $0[0].cycles }).min() else { return [] }
        let serious = variants.filter { $0[0].cycles <= least * Self.mostPredicted }
        var chosen = serious.sorted { $0[0].cycles < $1[0].cycles }.flatMap { $0.prefix(2) }.prefix(limit)
        let rest = serious.flatMap { $0.dropFirst(2) }.sorted { $0.cycles < $1.cycles }
        chosen += rest.prefix(limit - chosen.count)
        return chosen.sorted { $0.cycles < $1.cycles }.map(\.choice)
    }
}

extension ContractionVariant {
    /// The variant, cut as the cost model says.
    fileprivate var predictedChoice: TunedChoice { TunedChoice(name, predicted?.schedule) }

    /// The best schedule of each kind, by rising cycles: those that differ little from a better one are left out.
    fileprivate func distinctCandidates() -> [(choice: TunedChoice, cycles: Double)] {
        var seen: Set<[Int]> = []
        return candidates().enumerated().sorted { ($0.element.cycles, $0.offset) < ($1.element.cycles, $1.offset) }.map(\.element)
            .filter { seen.insert($0.schedule.kind).inserted }.map { (TunedChoice(name, $0.schedule), $0.cycles) }
    }
}
