import Compiler
import Graph
import Interchange
import Recipes
import Runtime
import Training

/// Networks whose answers are something else than the class of a picture.
extension EvaluateCommand {
    /// Whether a network is judged with its loss: its training says that it does not just tell the class of a picture.
    func isJudgedByLoss(_ network: Network) -> Bool {
        guard let training = network.training else { return false }
        if training.targets.isEmpty || (network.pictureTuple ?? .single) != .single { return true }
        let types = training.graph.nodes.filter { $0.inputName.map(training.targets.contains) == true }.map(\.type)
        if types.contains(where: { $0.rank > 2 }) { return true }
        // Parts of classes, where the loss compares them as such, or says nothing of it.
        return types.contains { $0.element == .f32 } && ![nil, Metric.accuracy.name].contains(training.metric?.name)
    }

    /// Refuses options that are about the class of a picture.
    func refuseOptionsOfClassifiers(_ network: Network) throws(TrainingError) {
        let options = [
            (output != nil, "--out"), (confusion != nil, "--confusion"), (topLosses != nil, "--top-losses"),
            (precision.isAuto, "--precision auto"),
        ]
        guard let (_, option) = options.first(where: \.0) else { return }
        throw TrainingError(
            "\(option) is for networks that tell the class of a picture, which '\(network.name)' does not", repair: "leave it out")
    }

    /// Evaluates a network with the loss of its training.
    func judge(
        _ network: Network, _ batch: Int, _ file: WeightsFile, _ metadata: WeightsMetadata, _ options: DatasetOptions, _ pool: ThreadPool
    ) throws {
        guard let training = network.training, let (judged, comparison) = network.judged else {
            preconditionFailure("a network without a training is a classifier")
        }
        let compiler = try execution.compiler(precision.chosen)
        var evaluator = try TargetEvaluator(
            compiler.executable(judged, batch: batch, pool: pool), targets: training.targets, loss: training.recipe.lossOutput,
            metric: training.metric, comparison: comparison, ignoredLabel: training.ignoredLabel, classCounts: training.classCounts)
        let feed = evaluator.feed
        let preparation = try network.preparation(of: feed.input)
        var options = options
        (options.wish, options.ignoredLabel, options.pictureTarget) = (feed.wish, training.ignoredLabel, feed.pictureTarget)
        let heldOut = try DataReading.open(data, .heldOut, extents: feed.dataExtents, preparation: preparation, options: options)
        try requireHeldOut(heldOut, options, metadata)
        guard heldOut.count > 0 else {
            throw TrainingError("\(heldOut.name) has no held-out pictures", repair: "name data that have some")
        }
        let rest = heldOut.count % batch
        if rest > 0 { evaluator.programs.append(try compiler.executable(judged, batch: rest, pool: pool)) }
        var report = NonFiniteReport()
        for (index, program) in evaluator.programs.enumerated() {
            let found = try Weights.load(file, into: program)
            if index == 0 { report.add(.parameter, found) }
        }
        let normalization = try network.normalization(metadata, channels: feed.input.extents.channels, preparation)
        if normalization.isAssumed { WeightsReport.warnOfNormalization(file.path, network.name) }
        var line = ProgressLine(isQuiet: progress.quiet)
        let pairSeed = seed ?? training.recipe.seed.map { UInt64($0) } ?? 0
        let evaluation = try evaluator.evaluate(heldOut, normalization: normalization.values, seed: pairSeed) { done in
            if !Console.errorIsTerminal { return }
            line.show("evaluated \(Format.grouped(done)) of \(Format.grouped(heldOut.count))", part: Double(done) / Double(heldOut.count))
        }
        line.clear()
        if let values = evaluation.nonFinite { report.add(.output, [values]) }
        report.warn()
        if json {
            Console.printJSON(TargetEvaluationRecord(evaluation, heldOut, report))
        } else {
            TargetEvaluationReport(evaluation).show(heldOut.name)
        }
    }
}
