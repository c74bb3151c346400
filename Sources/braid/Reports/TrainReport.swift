import Foundation
import Graph
import Recipes
import Training

/// Tells how a training goes: progress on standard error, a row an epoch on standard output.
struct TrainReport {
    /// What is reported beside the loss.
    private let metric: Metric?
    private let columns: [String]
    private var widths: [Int] { columns.map { max(8, $0.count) } }

    /// Whether the table of epochs is left out.
    private let isQuiet: Bool
    private var line: ProgressLine

    /// - Parameters:
    ///   - metric: what is reported beside the loss.
    ///   - showsEpochs: whether a table grows on standard output.
    ///   - isQuiet: whether there is neither that nor a line on standard error.
    init(_ metric: Metric?, showsEpochs: Bool, isQuiet: Bool) {
        self.metric = metric
        let (own, heldOut) = metric.map { ([$0.title], ["held-out \($0.title)"]) } ?? ([], [])
        columns = ["epoch", "loss"] + own + ["held-out loss"] + heldOut + ["rate", "time"]
        self.isQuiet = isQuiet || !showsEpochs
        line = ProgressLine(isQuiet: isQuiet)
    }

    func begin(
        _ network: String, _ training: Dataset, _ heldOut: Dataset, recipe: TrainingRecipe, batch: Int, _ options: TrainerOptions,
        stepsDone: Int
    ) {
        if isQuiet { return }
        print(Console.bold("training \(network)") + " on \(training.name)")
        print("  \(Format.grouped(training.count)) pictures to learn from, \(Format.grouped(heldOut.count)) held out, \(training.extents)")
        print("  \(options.epochs) epoch\(options.epochs == 1 ? "" : "s"), batch \(batch), seed \(options.seed)")
        var recipe = recipe
        recipe.epochs = options.epochs
        let shown = ["optimizer ", "schedule ", "group "]
        for clause in recipe.printed().split(separator: "\n") where shown.contains(where: { clause.hasPrefix($0) }) {
            print("  \(clause)")
        }
        if stepsDone > 0 { print("  going on after step \(Format.grouped(stepsDone))") }
        print()
        print(Console.bold(Table.line(columns, widths: widths)))
        Console.flush()
    }

    mutating func show(_ event: TrainerEvent) {
        switch event {
        case .step(let progress):
            let text = text(progress)
            line.show(text, part: progress.part)
        case .evaluating(let done, let all):
            if Console.errorIsTerminal { line.show("evaluating \(Format.grouped(done)) of \(Format.grouped(all))", part: 0) }
        case .epoch(let epoch):
            line.clear()
            if !isQuiet { print(row(epoch)) }
            Console.flush()
        case .checkpoint, .watched: break
        }
    }

    private func text(_ progress: TrainingProgress) -> String {
        let bar =
            Console.errorIsTerminal ? Chart.bar(progress.part, width: 20).padding(toLength: 20, withPad: "·", startingAt: 0) + " " : ""
        return "epoch \(progress.epoch)/\(progress.epochs) \(bar)\(Format.percent(progress.part, 0))"
            + "  loss \(Format.fixed(progress.loss, 4))" + (metric.map { "  \($0.title) \(Format.metric(progress.metric, $0))" } ?? "")
            + "  \(Format.fixed(progress.imagesPerSecond, 0)) images/s  \(Format.duration(progress.secondsLeft)) left"
    }

    private func row(_ epoch: TrainingHistory.Epoch) -> String {
        let own = metric.map { [Format.metric(epoch.metric, $0)] } ?? []
        let heldOut = metric.map { metric in [epoch.heldOutMetric.map { Format.metric($0, metric) } ?? ""] } ?? []
        return Table.line(
            ["\(epoch.epoch)", Format.fixed(epoch.loss, 4)] + own + [epoch.heldOutLoss.map { Format.fixed($0, 4) } ?? ""] + heldOut
                + [String(format: "%.3g", epoch.learningRate), epoch.seconds.map { Format.duration($0) } ?? ""], widths: widths)
    }

    mutating func interrupted(_ checkpoint: String) {
        line.clear()
        Console.error("\(Interruption.reason); go on with --resume \(checkpoint)\n")
    }

    mutating func end(
        _ record: TrainingRecord, seconds: Double, loading: (rate: LoaderRate, stepSeconds: Double), watch: GradientWatch?,
        _ files: ResultFiles, tensorBoard folder: String?
    ) {
        let history = record.history
        line.clear()
        let points = history.points.map(\.loss)
        if points.count >= 8, !isQuiet {
            print("\nloss over the steps")
            for row in Chart.curve(points, width: 60, height: 5, label: { Format.fixed($0, 3) }) { print("  " + row) }
        }
        if let result = history.result {
            let value = result.heldOutMetric.flatMap { value in metric.map { (Format.metric(value, $0), $0) } }
            let text = value.map { "\($1.title) \($0)" } ?? "loss \(Format.fixed(result.heldOutLoss ?? result.loss, 4))"
            print((isQuiet ? "" : "\n") + Console.green(text) + " on the held-out pictures, \(Format.duration(seconds))")
        }
        if let best = history.keptEpoch, !isQuiet { print("  the weights are those of epoch \(best), which has the least loss") }
        if !isQuiet, loading.rate.wasLimit(of: loading.stepSeconds) {
            print(
                "  the loader was the limit: it makes \(Format.scaled(loading.rate.picturesPerSecond)) pictures/s, and steps waited for it "
                    + "\(Format.percent(loading.rate.waitingSeconds / loading.stepSeconds, 0)) of their time")
        }
        if !isQuiet, let watch {
            print(
                "  watched \(Format.grouped(watch.steps)) step\(watch.steps == 1 ? "" : "s") in \(Format.duration(watch.seconds)), "
                    + "\(Format.percent(watch.seconds / max(loading.stepSeconds, 1e-9), 1)) of the time of all steps")
        }
        if history.epochs.count > 1, let best = history.best, let metric, let value = best.heldOutMetric {
            print("  best epoch  \(best.epoch) of \(history.epochs.count), with \(Format.metric(value, metric))")
        }
        print("  weights     \(files.weights)")
        print("  checkpoint  \(files.checkpoint)")
        print("  history     \(files.history), \(files.curves)")
        print("  tables      \(files.epochs), \(files.steps)")
        if watch != nil { print("  layers      \(files.layers), \(files.gradients)") }
        if let folder { print("  events      tensorboard --logdir \(folder)") }
    }
}
