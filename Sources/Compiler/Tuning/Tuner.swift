import Graph
import Kernels
import Runtime
import Training

/// What to tune, and for how long.
public struct TuningOptions: Sendable {
    public var batch: Int
    public var isTraining: Bool
    /// Choices that are measured a shape, at most.
    public var candidates: Int
    /// The least time that each is measured for, in seconds of the whole network.
    public var seconds: Double

    public init(batch: Int = 1, isTraining: Bool = false, candidates: Int = 8, seconds: Double = 1) {
        self.batch = batch
        self.isTraining = isTraining
        self.candidates = candidates
        self.seconds = seconds
    }
}

/// What tuning found for a network.
public struct TuningResult: Sendable {
    /// A shape of the network.
    public struct Layer: Sendable {
        public var summary: String
        /// How many layers have the shape; the times are of all of them together.
        public var layers: Int
        public var before: TunedChoice
        /// Nil where nothing was clearly faster than what the cost model chose.
        public var after: TunedChoice?
        public var secondsBefore: Double
        public var secondsAfter: Double
        /// How many choices were measured.
        public var candidates: Int

        public var gain: Double { secondsBefore / secondsAfter - 1 }
    }

    public var network: String
    public var batch: Int
    public var threads: Int
    public var numerics: Numerics
    public var isTraining: Bool
    public var layers: [Layer]
    /// Of the whole network, the medians of runs that alternate between the cost model's choices and the best of all that were measured;
    /// the same number twice where nothing was found.
    public var secondsBefore: Double
    public var secondsAfter: Double
    /// For the table of measurements.
    public var entries: [TuningEntry]
    public var verdicts: [TuningTable.Verdict]
}

/// How far tuning is.
public struct TuningProgress: Sendable {
    public var round: Int
    public var rounds: Int
    /// Shapes for which something faster was found so far, of how many.
    public var improved: Int
    public var shapes: Int
}

extension Compiler {
    /// What a choice must gain over the cost model's, in the rounds and when all are tried together.
    private static let leastGain = 0.02

    /// Measures other choices than the cost model's for every shape of a network.
    ///
    /// Each round compiles the whole network with another choice for every shape, and times its steps in runs that alternate with those of
    /// the cost model's choices: layers are measured where they will run, with what the layers around them leave in the caches. The best
    /// of each shape are then tried together, once more beside the cost model's: only what holds up there is kept, so that none is kept
    /// for having been lucky once.
    ///
    /// - Parameter progress: called before each round.
    public func tune(
        _ network: Network, _ options: TuningOptions, progress: (TuningProgress) -> Void = { _ in }
    ) throws(CompilerError) -> TuningResult {
        let graph = bind(try optimize(network, training: options.isTraining), batch: options.batch)
        let pool = ThreadPool(threads: threads)
        var before = self
        before.tuned = .none
        // Refuses what does not fit before anything is searched for.
        let base = try before.tunable(network, options, pool)
        let problems = TuningProblem.all(of: graph, target: plannedTarget, numerics: numerics, limit: options.candidates)
        let rounds = problems.map(\.candidates.count).max() ?? 0
        var best: [String: (choice: TunedChoice, ratio: Double)] = [:]
        func report(_ round: Int) {
            progress(TuningProgress(round: round, rounds: rounds + 1, improved: best.count, shapes: problems.count))
        }
        for round in 0..<rounds {
            report(round)
            let tried = problems.filter { round < $0.candidates.count }
            var after = self
            after.tuned = TunedChoices(Dictionary(uniqueKeysWithValues: tried.map { ($0.key, $0.candidates[round]) }))
            let times = Self.measure(base, try after.tunable(network, options, pool), seconds: options.seconds)
            for problem in tried {
                guard let time = times.shapes[problem.key], time.after <= time.before * (1 - Self.leastGain) else { continue }
                let ratio = time.after / time.before
                if ratio < best[problem.key]?.ratio ?? 1 { best[problem.key] = (problem.candidates[round], ratio) }
            }
        }
        report(rounds)
        var after = self
        after.tuned = TunedChoices(best.mapValues(\.choice))
        let times = Self.measure(base, try after.tunable(network, options, pool), seconds: 2 * options.seconds)
        return result(network, options, problems, best.mapValues(\.choice), times)
    }

    /// An executable whose steps are measured, with random weights and inputs.
    func tunable(_ network: Network, _ options: TuningOptions, _ pool: ThreadPool) throws(CompilerError) -> Executable {
        let executable = try executable(network, training: options.isTraining, batch: options.batch, pool: pool)
        Weights.initialize(executable, seed: 0)
        executable.setSyntheticInputs(learningRate: 1e-6)
        executable.run()
        return executable
    }

    private struct Times {
        /// Of all layers of a shape together, by key.
        var shapes: [String: (before: Double, after: Double)] = [:]
        var total = (before: 0.0, after: 0.0)
    }

    /// Times the steps of two executables in turns of a few runs, of which the first settles the caches.
    private static func measure(_ before: Executable, _ after: Executable, seconds: Double) -> Times {
        let (leastTurns, runsOfTurn) = (4, 3)
        let clock = ContinuousClock()
        let both = [before, after]
        both.forEach { $0.measuresSteps = true }
        defer { both.forEach { $0.measuresSteps = false } }
        var steps = both.map { StepTimes($0) }
        var totals: [[Double]] = [[], []]
        let start = clock.now
        var turns = 0
        while turns < leastTurns || (clock.now - start) / .seconds(1) < seconds {
            for index in both.indices {
                both[index].run()
                steps[index].skip(both[index])
                for _ in 0..<runsOfTurn {
                    totals[index].append(clock.measure { both[index].run() } / .seconds(1))
                    steps[index].note(both[index])
                }
            }
            turns += 1
        }
        func shapes(_ index: Int) -> [String: Double] {
            var sums: [String: Double] = [:]
            for (step, seconds) in zip(both[index].plan.steps, steps[index].sorted) {
                if let key = step.choice?.key { sums[key, default: 0] += seconds.medianOfSorted }
            }
            return sums
        }
        let (first, second) = (shapes(0), shapes(1))
        var times = Times()
        for (key, seconds) in first { times.shapes[key] = second[key].map { (seconds, $0) } }
        times.total = (totals[0].sorted().medianOfSorted, totals[1].sorted().medianOfSorted)
        return times
    }

    private func result(
        _ network: Network, _ options: TuningOptions, _ problems: [TuningProblem], _ best: [String: TunedChoice], _ times: Times
    ) -> TuningResult {
        var result = TuningResult(
            network: network.name, batch: options.batch, threads: threads, numerics: numerics, isTraining: options.isTraining, layers: [],
            secondsBefore: times.total.before, secondsAfter: best.isEmpty ? times.total.before : times.total.after, entries: [],
            verdicts: [])
        for problem in problems {
            guard let time = times.shapes[problem.key] else { continue }
            var layer = TuningResult.Layer(
                summary: problem.summary, layers: problem.layers, before: problem.predicted, secondsBefore: time.before,
                secondsAfter: time.before, candidates: problem.candidates.count)
            if let choice = best[problem.key], time.after <= time.before * (1 - Self.leastGain) {
                (layer.after, layer.secondsAfter) = (choice, time.after)
                let each = 1e3 / Double(problem.layers)
                result.entries.append(
                    TuningEntry(
                        shape: problem.key, numerics: "\(numerics)", threads: threads, choice: choice,
                        layer: "\(network.name): \(problem.summary)", msBefore: time.before * each, msAfter: time.after * each))
            }
            result.layers.append(layer)
            result.verdicts.append(
                .init(
                    shape: problem.key, numerics: "\(numerics)", threads: threads, algorithm: (layer.after ?? problem.predicted).algorithm))
        }
        return result
    }
}
