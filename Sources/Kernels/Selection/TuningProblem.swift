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
        // As the plan will have them: a deep network allows less than a shallow one.
        let numerics = numerics.resolved(for: facts)
        for group in Group.all(of: facts) {
            guard let phases = ContractionLowering.phases(of: group, target: target), phases.count == 1, phases[0].reducesChannels,
                !phases[0].isEmpty
            else { continue }
            let key = phases[0].tuningKey(group)
            if let known = numbers[key] {
                problems[known].layers += 1
                continue
            }
            let search = TuningSearch(shape: phases[0], group: group, target: target, numerics: numerics)
            numbers[key] = problems.count
            problems.append(
                TuningProblem(
                    key: key, summary: group.summary, layers: 1, predicted: search.predicted, candidates: search.candidates(limit: limit)))
        }
        return problems
    }
}

/// Finds candidates for one contraction.
private struct TuningSearch {
    let shape: ContractionShape
    let group: Group
    let target: Target
    let numerics: Numerics

    /// An algorithm that is predicted to take longer than the best by this factor is not measured.
    private static let mostPredicted = 2.5

    private typealias Candidate = (choice: TunedChoice, cycles: Double)

    private var direct: ResultStationary { ResultStationary(shape, group, target, numerics, name: "") }

    var predicted: TunedChoice {
        let weighed = ContractionLowering.weigh(shape, group, target: target, numerics: numerics)
        if let winograd = weighed?.winograd { return TunedChoice(winograd.form, winograd.schedule) }
        return TunedChoice(direct.schedule)
    }

    /// The most promising by predicted cycles, at least two of each algorithm that is not out of the question.
    func candidates(limit: Int) -> [TunedChoice] {
        let predicted = predicted
        let algorithms = algorithms().map { list in list.filter { $0.choice != predicted } }.filter { !$0.isEmpty }
        guard let least = algorithms.map({ $0[0].cycles }).min() else { return [] }
        let serious = algorithms.filter { $0[0].cycles <= least * Self.mostPredicted }
        var chosen = serious.sorted { $0[0].cycles < $1[0].cycles }.flatMap { $0.prefix(2) }.prefix(limit)
        let rest = serious.flatMap { $0.dropFirst(2) }.sorted { $0.cycles < $1.cycles }
        chosen += rest.prefix(limit - chosen.count)
        return chosen.sorted { $0.cycles < $1.cycles }.map(\.choice)
    }

    /// The schedules of every allowed algorithm, each list by rising cycles and without those that differ little from a better one.
    private func algorithms() -> [[Candidate]] {
        let tiles = distinct(direct.candidates(), by: \.kind).map { Candidate(TunedChoice($0.schedule), $0.cycles) }
        guard let problem = ContractionLowering.winogradProblem(shape, group, target: target) else { return [tiles] }
        guard !group.graph[shape.result.value].isDirect else { return [tiles] }
        let forms = WinogradForm.forms(taps: problem.phaseTaps).filter { ($0.error ?? .infinity) <= numerics.largestError }
        return [tiles]
            + forms.map { form in
                let cost = WinogradCost(problem, form, target)
                return distinct(cost.candidates(threads: target.cores).filter { cost.allows($0.schedule) }, by: \.kind)
                    .map { Candidate(TunedChoice(form, $0.schedule), $0.cycles) }
            }
    }

    /// The best of each kind, by rising cycles.
    private func distinct<Schedule>(
        _ found: [(schedule: Schedule, cycles: Double)], by kind: (Schedule) -> [Int]
    ) -> [(schedule: Schedule, cycles: Double)] {
        var seen: Set<[Int]> = []
        return found.enumerated().sorted { ($0.element.cycles, $0.offset) < ($1.element.cycles, $1.offset) }.map(\.element)
            .filter { seen.insert(kind($0.schedule)).inserted }
    }
}

extension DirectSchedule {
    /// What schedules have in common that take nearly the same time.
    fileprivate var kind: [Int] { [points, laneBlocks, laneParts, rows.magnitudeClass] }
}

extension WinogradSchedule {
    fileprivate var kind: [Int] { [tiles.magnitudeClass, laneBlocks, chunk, parts] }
}

extension Int {
    /// The power of 2 below.
    fileprivate var magnitudeClass: Int { Int.bitWidth - leadingZeroBitCount }
}
