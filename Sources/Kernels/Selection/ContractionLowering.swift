import Graph
import LoopNest

/// Register-blocked kernels for groups around a contraction (convolutions, linear layers and their gradients).
enum ContractionLowering {
    /// The kernels of `group`, or nil if its contraction's operands do not lie in memory as these kernels need them.
    ///
    /// - Parameter tuned: what measurements chose, which comes before what the cost model says.
    static func lower(
        _ group: Group, target: Target, numerics: Numerics = .standard, tuned: TunedChoices = .none
    ) -> LoweredGroup? {
        guard let phases = phases(of: group, target: target) else { return nil }
        let model = CostModel(target)
        let key = phases.count == 1 && phases[0].reducesChannels ? phases[0].tuningKey(group) : nil
        let tuned = key.flatMap { tuned[$0] }
        var weighed = phases.count == 1 ? weigh(phases[0], group, target: target, numerics: numerics, tuned: tuned) : nil
        weighed?.choice.key = key
        if let weighed, let winograd = weighed.winograd {
            var lowered = winograd.lower()
            // The convolution itself is the last call.
            lowered.calls[lowered.calls.count - 1].choice = weighed.choice
            lowered.calls[lowered.calls.count - 1].multiplyAccumulates = phases[0].multiplyAccumulates
            return lowered
        }
        if phases.allSatisfy(\.reducesChannels) {
            return LoweredGroup(
                phases.enumerated().map { number, shape in
                    var nest = ResultStationary(
                        shape, group, target, numerics, name: group.kernelName(phases.count > 1 ? "phase\(number)" : nil))
                    let name = phases.count > 1 ? "direct, \(phases.count) phases" : TunedChoice.direct
                    var choice = weighed?.choice ?? AlgorithmChoice(.init(name, predictedSeconds: model.seconds(nest.cycles)))
                    choice.key = key
                    if let tuned, tuned.algorithm == TunedChoice.direct, case .direct(let schedule)? = tuned.schedule, nest.allows(schedule)
                    {
                        nest.apply(schedule)
                        choice.isTuned = true
                    }
                    var call = nest.lower()
                    call.multiplyAccumulates = shape.multiplyAccumulates
                    choice.secondsOfLongestThread = model.seconds(nest.cyclesOfLongestThread)
                    call.choice = choice
                    return call
                })
        }
        guard phases.count == 1 else { return nil }
        var lowered = ReductionSplit(phases[0], group, target)?.lower()
        lowered?.calls[0].choice = AlgorithmChoice(.init("reduction split"))
        return lowered
    }

    /// The phases of a group's contraction; nil where these kernels cannot compute it.
    static func phases(of group: Group, target: Target) -> [ContractionShape]? {
        guard
            let contraction = group.members.first(where: { group.facts.contraction(of: $0) != nil }),
            let phases = ContractionShape.phases(of: contraction, in: group, lanes: target.lanes),
            epilogueIsElementwise(group, contraction)
        else { return nil }
        return phases
    }

    /// The forms of minimal filtering that a convolution may be computed by; nil where it is of no kind that has such forms.
    static func winogradProblem(_ shape: ContractionShape, _ group: Group, target: Target) -> WinogradShape? {
        guard group.facts.isPrepared(shape.vector.value), group.reads.contains(shape.broadcast.value) else { return nil }
        return WinogradShape(shape, group, lanes: target.lanes)
    }

    /// The form of minimal filtering that takes the least time, if one is allowed and takes less than the convolution as it is written,
    /// with the times of all; nil where the convolution is of no kind that has such forms.
    ///
    /// Which form that is depends on the shape, the target and what was measured for them alone, not on the number of threads, so that
    /// results do not either.
    ///
    /// - Parameter tuned: what was measured to be fastest: taken if it is still allowed.
    static func weigh(
        _ shape: ContractionShape, _ group: Group, target: Target, numerics: Numerics, tuned: TunedChoice? = nil
    ) -> (choice: AlgorithmChoice, winograd: WinogradLowering?)? {
        guard let problem = winogradProblem(shape, group, target: target) else { return nil }
        let model = CostModel(target)
        let direct = ResultStationary(shape, group, target, numerics, name: "").cycles
        var candidates = [AlgorithmChoice.Candidate(TunedChoice.direct, predictedSeconds: model.seconds(direct))]
        var costs: [WinogradCost?] = [nil]
        var (chosen, least) = (0, direct * worthwhileShare)
        var measured = tuned?.algorithm == TunedChoice.direct ? 0 : nil
        let isDirect = group.graph[shape.result.value].isDirect
        for form in WinogradForm.forms(taps: problem.phaseTaps) {
            var candidate = AlgorithmChoice.Candidate(
                "Winograd \(form)" + (problem.phases.count > 1 ? ", \(problem.phases.count) phases" : ""))
            if isDirect {
                candidate.reason = "zeros and signs of the result matter"
                costs.append(nil)
            } else if let error = form.error, error <= numerics.largestError {
                candidate.error = error
                let cost = WinogradCost(problem, form, target)
                let cycles = cost.best(threads: 1).cycles
                candidate.predictedSeconds = model.seconds(cycles)
                if cycles < least { (chosen, least) = (candidates.count, cycles) }
                if tuned?.algorithm == form.description { measured = candidates.count }
                costs.append(cost)
            } else {
                candidate.reason = form.error.map { "its error is \($0)" } ?? "its error is not known"
                costs.append(nil)
            }
            candidates.append(candidate)
        }
        var choice = AlgorithmChoice(candidates.remove(at: measured ?? chosen), rejected: candidates)
        choice.isTuned = measured != nil && measured != chosen
        guard let cost = costs[measured ?? chosen] else { return (choice, nil) }
        var (schedule, cycles) = cost.best(threads: target.cores)
        choice.secondsOfLongestThread = model.seconds(cycles)
        if measured != nil, case .winograd(let found)? = tuned?.schedule, cost.allows(found) {
            schedule = found
            choice.isTuned = true
        }
        return (choice, WinogradLowering(problem: problem, form: cost.form, schedule: schedule, group: group, target: target))
    }

    /// A form of minimal filtering, which is less exact, must be predicted to take less than this share of the time of the convolution as it
    /// is written: predictions are off by some percent.
    static let worthwhileShare = 0.97

    /// Everything but the contraction can be computed element by element from its result.
    private static func epilogueIsElementwise(_ group: Group, _ contraction: Value) -> Bool {
        group.members.allSatisfy { member in
            if member == contraction { return true }
            return group.graph.extents(member) == group.graph.extents(contraction) && group.facts.expression(of: member) != nil
        }
    }
}
