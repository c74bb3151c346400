import Graph
import Recipes
import Runtime

/// Judges a network by what is known of pictures besides one class of each: with its loss, and what its answers say in detail.
public struct TargetEvaluator {
    public let feed: TrainingFeed
    /// The network with its targets and its loss, as it predicts: for one batch, and for what is left behind whole ones.
    public var programs: [Executable]
    private let lossOutput: String
    private let metric: Metric?
    private let comparison: (output: String, target: String)?

    /// - Parameters:
    ///   - program: for one batch.
    ///   - targets: the inputs that take what is known of the pictures.
    ///   - comparison: the output that is compared with one of the targets, as the metric measures it.
    /// Throws where nothing is known to feed an input with.
    public init(
        _ program: Executable, targets: [String], loss: String, metric: Metric?, comparison: (output: String, target: String)?,
        ignoredLabel: Int?, classCounts: [String: Int]
    ) throws(TrainingError) {
        feed = try TrainingFeed(
            program, input: PictureInput(of: program, besides: Set(targets)), targets: targets, ignoredLabel: ignoredLabel,
            classCounts: classCounts)
        programs = [program]
        lossOutput = loss
        let hasSums = program.plan.outputs.contains { $0.name == Metric.amountOutput }
        self.metric = hasSums ? metric : nil
        self.comparison = comparison
    }

    /// Runs all pictures of held-out data through the network, whose weights are set.
    ///
    /// - Parameter seed: what pictures are compared with, where the network compares several, follows from it.
    /// `report` hears how many pictures are done. Throws where the data do not fit the network.
    public func evaluate(
        _ dataset: Dataset, normalization: PixelNormalization, seed: UInt64, report: (Int) -> Void = { _ in }
    ) throws(TrainingError) -> TargetEvaluation {
        try feed.require(dataset, .heldOut)
        let start = ContinuousClock.now
        var loss = WeightedMean()
        var (amount, weight, done) = (0.0, 0.0, 0)
        var scores = comparison.flatMap { comparison in initialScores(comparison.target, dataset) }
        let answers = NonFiniteTally()
        var (seen, extents) = (0, [Int]())
        _ = try feed.run(programs, on: dataset, normalization: normalization, seed: seed) { program, batch throws(RuntimeError) in
            program.run()
            loss.add(Double(try program.output(lossOutput, as: Float.self)[0]), weight: program.weightOfLoss(batch))
            if metric != nil {
                amount += Double(try program.output(Metric.amountOutput, as: Float.self)[0])
                weight += Double(try program.output(Metric.weightOutput, as: Float.self)[0])
            }
            if let comparison {
                let values = try program.output(comparison.output, as: Float.self)
                values.withUnsafeBufferPointer { values in
                    answers.look(at: values, from: seen)
                    seen += values.count
                    if scores != nil { add(values, batch, normalization, to: &scores!) }
                }
                if let planned = program.plan.outputs.first(where: { $0.name == comparison.output }) {
                    extents = Array(program.plan.buffers[planned.buffer].extents.dropFirst())
                }
            }
            done += batch.count
            report(done)
            return true
        }
        return TargetEvaluation(
            loss: loss.value, metric: metric.map { ($0, amount / max(weight, 1e-30)) }, scores: scores, count: done,
            seconds: (ContinuousClock.now - start).seconds,
            nonFinite: comparison.flatMap { answers.values(name: $0.output, extents: [done] + extents) })
    }

    private func target(_ name: String) -> TrainingTarget? { feed.targets.first { $0.name == name }?.target }

    /// What is counted of a target as the metric measures it; nil where that is the metric alone.
    private func initialScores(_ name: String, _ dataset: Dataset) -> TargetScores? {
        func names(_ count: Int) -> [String] {
            var known = dataset.classNames
            if case .numbers(_, let columns)? = dataset.truth { known = columns }
            if feed.input.tuple != .single { known = ["the same"] }
            return Array((known + (known.count..<max(known.count, count)).map { "class \($0)" }).prefix(count))
        }
        switch (target(name), metric?.name) {
        case (.numbers(let count), Metric.f1.name): return .labels(names(count).map { LabelCounts(name: $0) })
        case (.classMaps(let count, _, _), Metric.f1.name): return .labels(names(count).map { LabelCounts(name: $0) })
        case (.numbers(let count), Metric.meanAbsoluteError.name): return .numbers(names(count).map { NumberErrors(name: $0) })
        case (.labelMap, Metric.accuracy.name), (.classMaps, Metric.accuracy.name):
            return feed.classCounts[name].map { .pixels(ConfusionMatrix(classNames: names($0))) }
        case (.picture, Metric.meanAbsoluteError.name): return .pictures(PictureErrors())
        default: return nil
        }
    }

    /// Counts the answers of a batch, [pictures, …].
    private func add(
        _ values: UnsafeBufferPointer<Float>, _ batch: Batch, _ normalization: PixelNormalization, to scores: inout TargetScores
    ) {
        switch scores {
        case .labels(var counts):
            // As many values a picture as there are pixels and classes.
            let targets = batch.classMaps.isEmpty ? batch.numbers : batch.classMaps
            let area = values.count / batch.count / counts.count
            for index in 0..<batch.count * counts.count * area {
                counts[index / area % counts.count].add(isSaid: values[index] > 0, isTrue: targets[index] > 0.5)
            }
            scores = .labels(counts)
        case .numbers(var errors):
            for index in 0..<batch.count * errors.count {
                errors[index % errors.count].add(Double(values[index]) - Double(batch.numbers[index]))
            }
            scores = .numbers(errors)
        case .pixels(var matrix):
            let classes = matrix.classNames.count
            let area = values.count / batch.count / classes
            for place in 0..<batch.count {
                for pixel in 0..<area {
                    let label = Int(batch.maps[place * area + pixel])
                    if label == feed.ignoredLabel { continue }
                    let first = place * classes * area + pixel
                    var best = 0
                    for index in 1..<max(1, classes) where values[first + index * area] > values[first + best * area] { best = index }
                    matrix.add(label: label, predicted: best)
                }
            }
            scores = .pixels(matrix)
        case .pictures(var errors):
            let channels = normalization.deviation.count
            let area = values.count / batch.count / channels
            for index in 0..<batch.count * channels * area {
                let difference = Double(values[index]) - Double(batch.originals[index])
                errors.add(difference * Double(normalization.deviation[index / area % channels]))
            }
            scores = .pictures(errors)
        }
    }
}
