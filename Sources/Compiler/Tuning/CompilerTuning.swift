import Graph
import Kernels
import Runtime
import Training

extension Compiler {
    /// What a choice must gain over the cost model's, in the rounds and when all are tried together.
    private static let leastGain = 0.02
    /// Turns of a round, and pairs of the last measurement, which decides.
    private static let leastTurns = 4
    private static let leastPairs = 12
    /// Pairs of a last measurement that is close, about.
    private static let mostPairs = 48

    /// Measures other choices than the cost model's for every shape of a network.
    ///
    /// Each round compiles the whole network with another choice for every shape, and times its steps in runs that alternate with those of
    /// the cost model's choices: layers are measured where they will run, with what the layers around them leave in the caches. The best
    /// of each shape are then tried together, once more beside the cost model's: only what holds up there is left, so that none is kept
    /// for having been lucky once; and it is kept only if the network itself is faster with it, beyond doubt.
    ///
    /// - Parameter progress: called before each round.
    public func tune(
        _ network: Network, _ options: TuningOptions, progress: (TuningProgress) -> Void = { _ in }
    ) throws(CompilerError) -> TuningResult {
        let batched = try network.bindingMovedBatch(to: options.batch)
        let graph = bind(try optimize(batched, training: options.isTraining), batch: options.batch)
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
            var measurement = PairedMeasurement(base, try after.tunable(network, options, pool))
            measurement.run(turns: Self.leastTurns, seconds: options.seconds)
            let times = measurement.shapes
            for problem in tried {
                guard let time = times[problem.key], time.after <= time.before * (1 - Self.leastGain) else { continue }
                let ratio = time.after / time.before
                if ratio < best[problem.key]?.ratio ?? 1 { best[problem.key] = (problem.candidates[round], ratio) }
            }
        }
        report(rounds)
        let (kept, measurement) = try settle(best.mapValues(\.choice), beside: base, network, options, pool)
        return result(network, options, problems, kept, measurement)
    }

    /// An executable whose steps are measured, with random weights and inputs.
    func tunable(_ network: Network, _ options: TuningOptions, _ pool: ThreadPool) throws(CompilerError) -> Executable {
        let executable = try executable(network, training: options.isTraining, batch: options.batch, pool: pool)
        Weights.initialize(executable, seed: 0)
        executable.setSyntheticInputs(learningRate: 1e-6)
        executable.run()
        return executable
    }

    /// Measures the network with all choices together. What gains nothing among the others is dropped, and the rest measured again: what
    /// is kept was measured as it will run.
    ///
    /// - Returns: the choices that are left, none where the network is not faster with them, and the last measurement.
    private func settle(
        _ best: [String: TunedChoice], beside base: Executable, _ network: Network, _ options: TuningOptions, _ pool: ThreadPool
    ) throws(CompilerError) -> ([String: TunedChoice], PairedMeasurement) {
        var choices = best
        var leastGain = Self.leastGain
        while true {
            var after = self
            after.tuned = TunedChoices(choices)
            var measurement = PairedMeasurement(base, choices.isEmpty ? base : try after.tunable(network, options, pool))
            measurement.run(turns: choices.isEmpty ? Self.leastTurns : Self.leastPairs, seconds: 2 * options.seconds)
            if choices.isEmpty { return ([:], measurement) }
            let times = measurement.shapes
            let weak = choices.keys.filter { key in times[key].map { $0.after > $0.before * (1 - leastGain) } ?? true }
            if weak.isEmpty {
                // Each time as many pairs as there are.
                var pairs = Self.leastPairs
                while measurement.isClose, pairs < Self.mostPairs {
                    measurement.run(turns: pairs, seconds: 2 * options.seconds)
                    pairs *= 2
                }
                return (measurement.isFaster ? choices : [:], measurement)
            }
            for key in weak { choices[key] = nil }
            // What held up once needs only go on to gain something.
            leastGain = 0
        }
    }

    private func result(
        _ network: Network, _ options: TuningOptions, _ problems: [TuningProblem], _ kept: [String: TunedChoice],
        _ measurement: PairedMeasurement
    ) -> TuningResult {
        let (times, total) = (measurement.shapes, measurement.total)
        var result = TuningResult(
            network: network.name, batch: options.batch, threads: threads, numerics: numerics, isTraining: options.isTraining, layers: [],
            secondsBefore: total.before, secondsAfter: total.after, entries: [], verdicts: [])
        for problem in problems {
            guard let time = times[problem.key] else { continue }
            var layer = TuningResult.Layer(
                summary: problem.summary, layers: problem.layers, before: problem.predicted, secondsBefore: time.before,
                secondsAfter: time.before, candidates: problem.candidates.count)
            if let choice = kept[problem.key] {
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
