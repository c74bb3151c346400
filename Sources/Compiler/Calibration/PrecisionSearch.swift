import Foundation
import Graph
import Interchange
import Kernels
import Runtime
import Training

extension Compiler {
    /// Finds which contractions of a network may be computed in bf16, so that its outputs differ from fp64 by no more than a tolerance on
    /// each of some samples, and that is predicted to be the fastest. What a clause of the file keeps in f32 stays so.
    ///
    /// All errors are those of runs. The error that each layer adds is measured alone; since they are nearly independent their squares add
    /// up, and the layers are chosen that save the most time within a budget of squares. That choice is run, and the budget bisected: what
    /// comes out was measured to keep the tolerance. It goes by predicted times, so it is the same for any number of threads.
    public func calibrate(
        _ network: Network, _ samples: CalibrationSamples, _ options: CalibrationOptions, pool: ThreadPool,
        progress: (CalibrationProgress) -> Void = { _ in }
    ) throws -> PrecisionAssignment {
        try network.requireCalibratable(batch: options.batch)
        let labels = try contractionLabels(of: network)
        // What does not fit is refused before anything takes long.
        let executable = try executable(network, batch: options.batch, pool: pool)
        try PrecisionTrials.setWeights(of: executable, options.weights, network)
        let reference = try OutputReference(network, samples, weights: options.weights, pool: pool) { part in
            progress(CalibrationProgress(text: "computing in fp64", part: part))
        }
        if let name = reference.nonFinite {
            throw CompilerError(
                "the output '\(name)' is not finite for these samples, even in fp64", help: "calibrate with samples that the network is for"
            )
        }
        let trials = PrecisionTrials(
            compiler: self, network: network, samples: samples, reference: reference, options: options, pool: pool)
        var search = PrecisionSearch(trials, labels)
        return try search.run(progress)
    }

    /// The labels of the contractions, in their order.
    private func contractionLabels(of network: Network) throws(CompilerError) -> [String] {
        var compiler = self
        compiler.precision = .f32
        let facts = GraphFacts(try compiler.optimize(network))
        var seen: Set<String> = []
        return facts.graph.values.compactMap { value in
            guard facts.contraction(of: value) != nil, !facts.isPrepared(value), let label = facts.graph[value].label else { return nil }
            return seen.insert(label).inserted ? label : nil
        }
    }
}

extension Network {
    /// Throws for texts of stages behind the graph, whose precision is decided, for those of trainings, and for outputs of several images.
    func requireCalibratable(batch: Int) throws(CompilerError) {
        try requireGraph()
        guard origin == .language || origin == .graph else {
            throw CompilerError(
                "the precision of '\(name)' is decided already", help: "give the .braid file, or the text of the stage graph", sources)
        }
        try requireSizes()
        try prepareReference()
        guard let batchSymbol else { return }
        do throws(SizeError) {
            _ = try graph.bound(sizes: [batchSymbol: 1])
        } catch {
            throw CompilerError(
                "'\(name)' cannot be computed for one image, and samples are compared with fp64 one by one: \(error.message)",
                help: "choose what is computed in bf16 by hand, with clauses `precision` in the network", at: error.span, sources)
        }
        guard batch > 1 else { return }
        // Each sample is looked at by itself, and where they are mixed, none can be.
        for output in graph.outputs where graph[output.value].type.shape.dimensions.first != .symbol(batchSymbol) {
            throw CompilerError(
                "the output '\(output.name)' of '\(name)' is not one of each image, so samples cannot be told apart in a batch of \(batch)",
                help: "calibrate with a batch of 1", at: graph[output.value].span, sources)
        }
    }
}

/// The search for one network.
private struct PrecisionSearch {
    /// An assignment: which contractions are in bf16, and whether what no clause names is, too.
    private struct Choice: Hashable {
        var narrow: Set<String>
        var rest: Bool
    }

    private let trials: PrecisionTrials
    private let labels: [String]
    /// Those that no clause of the file keeps in f32.
    private let free: [String]
    private var known: [Choice: PrecisionTrial] = [:]

    private static let mostRounds = 8

    init(_ trials: PrecisionTrials, _ labels: [String]) {
        (self.trials, self.labels) = (trials, labels)
        let clauses = trials.network.graph.precisions
        free = labels.filter { clauses.clause(for: $0)?.precision != .f32 }
    }

    private var tolerance: Double { trials.options.tolerance }

    /// The clauses of a choice: those of the file that keep something in f32, and one for each contraction where it is needed.
    private func clauses(_ choice: Choice) -> PrecisionClauses {
        var clauses = PrecisionClauses(trials.network.graph.precisions.byPath.filter { $0.value == .f32 })
        if choice.rest, clauses.byPath[""] == nil { clauses.set(.bf16, of: "") }
        for label in free { clauses.set(choice.narrow.contains(label) ? .bf16 : .f32, of: label) }
        return clauses
    }

    private mutating func trial(_ choice: Choice) throws -> PrecisionTrial {
        if let known = known[choice] { return known }
        let trial = try trials.run(clauses(choice))
        known[choice] = trial
        return trial
    }

    mutating func run(_ progress: (CalibrationProgress) -> Void) throws -> PrecisionAssignment {
        let exact = Choice(narrow: [], rest: false)
        let all = Choice(narrow: Set(free), rest: true)
        progress(CalibrationProgress(text: "running in f32 and in bf16", part: 0.1))
        let f32 = try trial(exact)
        // As `--precision bf16` has it.
        var plain = PrecisionClauses(trials.network.graph.precisions.byPath.filter { $0.value == .f32 })
        if plain.byPath[""] == nil { plain.set(.bf16, of: "") }
        let bf16 = try trials.run(plain)
        guard f32.error <= tolerance else { return try strict(f32, bf16) }
        let whole = try trial(all)

        // What is in bf16 beside the contractions, unless that alone is too much, and what each of them changes on top of it.
        let rest = try trial(Choice(narrow: [], rest: true))
        let isRest = rest.error <= tolerance
        let base = isRest ? rest : f32
        var alone: [String: Double] = [:]
        var candidates: [NarrowCandidate] = []
        let groups = PrecisionBudget.groups(of: free, most: trials.options.mostCandidates)
        for (number, group) in groups.enumerated() {
            progress(
                CalibrationProgress(
                    text: "measuring what \(group.count == 1 ? group[0] : "\(group[0]) and \(group.count - 1) more") adds",
                    part: Double(number) / Double(groups.count)))
            let one = try trials.run(clauses(Choice(narrow: Set(group), rest: isRest)))
            let change = trials.reference.distance(one.outputs, from: base.outputs)
            for label in group { alone[label] = change }
            // Beside what it saves alone, what it saves where all others are in bf16 as well: some values are stored in bf16 only then.
            let last = try trials.predictedSeconds(clauses(Choice(narrow: Set(free).subtracting(group), rest: true)))
            let saving = max(base.seconds - one.seconds, last - whole.seconds)
            if saving > 0 { candidates.append(NarrowCandidate(labels: group, square: change * change, saving: saving)) }
        }
        var best = (choice: exact, trial: f32)
        if whole.error <= tolerance, Self.isBetter((all, whole), best) { best = (all, whole) }
        for rest in isRest ? [true, false] : [false] {
            try search(candidates, rest: rest, from: rest ? base : f32, &best, progress)
            // Leaving the rest in f32 is only worth trying where it leaves more to the contractions.
            if best.choice.narrow.count == candidates.reduce(0, { $0 + $1.labels.count }) { break }
        }
        return try result(best.choice, best.trial, f32: f32, bf16: bf16, whole: whole, alone: alone, trials.compiler.numerics)
    }

    /// Whether one is predicted to be faster, or as fast with less in bf16.
    private static func isBetter(_ one: (choice: Choice, trial: PrecisionTrial), _ other: (choice: Choice, trial: PrecisionTrial)) -> Bool {
        if one.trial.seconds != other.trial.seconds { return one.trial.seconds < other.trial.seconds }
        if one.choice.narrow.count != other.choice.narrow.count { return one.choice.narrow.count < other.choice.narrow.count }
        return other.choice.rest && !one.choice.rest
    }

    /// Bisects the budget of squares; what keeps the tolerance and is predicted to be faster becomes the best.
    private mutating func search(
        _ candidates: [NarrowCandidate], rest: Bool, from base: PrecisionTrial, _ best: inout (choice: Choice, trial: PrecisionTrial),
        _ progress: (CalibrationProgress) -> Void
    ) throws {
        guard base.error <= tolerance else { return }
        if rest, Self.isBetter((Choice(narrow: [], rest: true), base), best) { best = (Choice(narrow: [], rest: true), base) }
        // The largest budget that was kept, and the smallest that was not.
        var (kept, failed): (Double, Double) = (0, .infinity)
        let room = tolerance * tolerance - base.error * base.error
        let total = candidates.reduce(0) { $0 + $1.square }
        var budget = room
        for round in 0..<Self.mostRounds {
            let chosen = PrecisionBudget.best(candidates, budget: budget)
            let choice = Choice(narrow: Set(chosen.flatMap { candidates[$0].labels }), rest: rest)
            progress(
                CalibrationProgress(
                    text: "trying \(choice.narrow.count) of \(labels.count) layers in bf16", part: Double(round) / Double(Self.mostRounds)))
            let trial = try self.trial(choice)
            if trial.error <= tolerance {
                if Self.isBetter((choice, trial), best) { best = (choice, trial) }
                kept = budget
                if chosen.count == candidates.count || budget >= 2 * total { return }
            } else {
                failed = budget
                if choice.narrow.isEmpty { return }
            }
            // As much more, or less, as the squares that were measured leave room for; within what is known already.
            let used = max(trial.error * trial.error - base.error * base.error, room / 64)
            let next = budget * room / used
            let least = kept > 0 ? kept * 1.02 : budget / 64
            budget = next > least && next < failed * 0.98 ? next : failed.isInfinite ? kept * 4 : (max(kept, least) * failed).squareRoot()
            if budget <= kept * 1.01 || budget >= failed * 0.99 { return }
        }
    }

    /// What is left where default sums in f32 are not exact enough.
    private func strict(_ f32: PrecisionTrial, _ bf16: PrecisionTrial) throws -> PrecisionAssignment {
        let exact = clauses(Choice(narrow: [], rest: false))
        let reached = f32.error
        if trials.compiler.numerics != .strict {
            let strict = try trials.run(exact, .strict)
            if strict.error <= tolerance {
                return try result(Choice(narrow: [], rest: false), strict, f32: f32, bf16: bf16, whole: bf16, alone: [:], .strict)
            }
            throw unreachable([("f32", reached), ("numerics strict", strict.error)])
        }
        throw unreachable([("numerics strict", reached)])
    }

    private func unreachable(_ errors: [(String, Double)]) -> CompilerError {
        let texts = errors.map { "\($0.1.short) with \($0.0)" }.joined(separator: ", ")
        return CompilerError(
            "'\(trials.network.name)' cannot keep a tolerance of \(tolerance.short): its outputs differ from fp64 by \(texts)",
            help: "give a --tolerance above \(((errors.map(\.1).min() ?? 0) * 1.005).short)")
    }

    private func result(
        _ choice: Choice, _ trial: PrecisionTrial, f32: PrecisionTrial, bf16: PrecisionTrial, whole: PrecisionTrial,
        alone: [String: Double],
        _ numerics: Numerics
    ) throws -> PrecisionAssignment {
        var compiler = trials.compiler
        if numerics != compiler.numerics { (compiler.numerics, compiler.tuned) = (numerics, .none) }
        let clauses = try compiler.shortened(clauses(choice), for: trials, free)
        let layers = labels.compactMap { label -> PrecisionAssignment.Layer? in
            guard let layer = trial.layers[label] else { return nil }
            return PrecisionAssignment.Layer(
                label: label, precision: choice.narrow.contains(label) ? .bf16 : .f32, algorithm: layer.algorithm, unit: layer.unit,
                error: alone[label], secondsF32: f32.layers[label]?.seconds ?? layer.seconds,
                secondsBF16: whole.layers[label]?.seconds ?? layer.seconds)
        }
        return PrecisionAssignment(
            network: trials.network.name, batch: trials.options.batch, tolerance: tolerance, samples: trials.samples.source,
            sampleCount: trials.samples.count, numerics: "\(numerics)", clauses: clauses.byPath, layers: layers,
            chosen: .init(error: trial.error, predictedSeconds: trial.seconds), f32: .init(error: f32.error, predictedSeconds: f32.seconds),
            bf16: .init(error: bf16.error, predictedSeconds: bf16.seconds),
            outputs: Dictionary(uniqueKeysWithValues: zip(trials.reference.outputs.map(\.name), trial.errors)), trials: known.count,
            kernels: try compiler.kernelDigest(trials.network, clauses, batch: trials.options.batch))
    }
}

extension PrecisionTrials {
    /// The prediction alone.
    func predictedSeconds(_ clauses: PrecisionClauses) throws -> Double {
        return compiler.predictedSeconds(try Self.plan(compiler, network, clauses, batch: options.batch))
    }
}

extension Double {
    /// Three digits, as reports have errors.
    package var short: String { String(format: "%.2e", self) }
}
