import Foundation
import Graph
import Recipes
import Training

/// Tells how a training goes: progress on standard error, a row an epoch on standard output.
struct TrainReport {
    private static let columns = ["epoch", "loss", "accuracy", "held-out loss", "held-out accuracy", "rate", "time"]
    private static let widths = columns.map { max(8, $0.count) }

    /// Whether the table of epochs is left out.
    private let isQuiet: Bool
    private var line: ProgressLine

    /// - Parameters:
    ///   - showsEpochs: whether a table grows on standard output.
    ///   - isQuiet: whether there is neither that nor a line on standard error.
    init(showsEpochs: Bool, isQuiet: Bool) {
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
        print(Console.bold(Table.line(Self.columns, widths: Self.widths)))
        Console.flush()
    }

    mutating func show(_ event: TrainerEvent) {
        switch event {
        case .step(let progress): line.show(Self.text(progress), part: progress.part)
        case .evaluating(let done, let all):
            if Console.errorIsTerminal { line.show("evaluating \(Format.grouped(done)) of \(Format.grouped(all))", part: 0) }
        case .epoch(let epoch):
            line.clear()
            if !isQuiet { print(Self.row(epoch)) }
            Console.flush()
        case .checkpoint: break
        }
    }

    private static func text(_ progress: TrainingProgress) -> String {
        let bar =
            Console.errorIsTerminal ? Chart.bar(progress.part, width: 20).padding(toLength: 20, withPad: "·", startingAt: 0) + " " : ""
        return "epoch \(progress.epoch)/\(progress.epochs) \(bar)\(Format.percent(progress.part, 0))"
            + "  loss \(Format.fixed(progress.loss, 4))  accuracy \(Format.percent(progress.accuracy))"
            + "  \(Format.fixed(progress.imagesPerSecond, 0)) images/s  \(Format.duration(progress.secondsLeft)) left"
    }

    private static func row(_ epoch: TrainingHistory.Epoch) -> String {
        Table.line(
            [
                "\(epoch.epoch)", Format.fixed(epoch.loss, 4), Format.percent(epoch.accuracy),
                epoch.heldOutLoss.map { Format.fixed($0, 4) } ?? "", epoch.heldOutAccuracy.map { Format.percent($0) } ?? "",
                String(format: "%.3g", epoch.learningRate), epoch.seconds.map { Format.duration($0) } ?? "",
            ], widths: widths)
    }

    mutating func interrupted(_ checkpoint: String) {
        line.clear()
        Console.error("\(Interruption.reason); go on with --resume \(checkpoint)\n")
    }

    mutating func end(
        _ record: TrainingRecord, seconds: Double, loading: (rate: LoaderRate, stepSeconds: Double), _ files: ResultFiles,
        tensorBoard folder: String?
    ) {
        let history = record.history
        line.clear()
        let points = history.points.map(\.loss)
        if points.count >= 8, !isQuiet {
            print("\nloss over the steps")
            for row in Chart.curve(points, width: 60, height: 5, label: { Format.fixed($0, 3) }) { print("  " + row) }
        }
        if let accuracy = history.result?.heldOutAccuracy {
            print(
                (isQuiet ? "" : "\n") + Console.green("\(Format.percent(accuracy)) of the held-out pictures recognized")
                    + ", \(Format.duration(seconds))")
        }
        if let best = history.keptEpoch, !isQuiet { print("  the weights are those of epoch \(best), which has the least loss") }
        if !isQuiet, loading.rate.wasLimit(of: loading.stepSeconds) {
            print(
                "  the loader was the limit: it makes \(Format.scaled(loading.rate.picturesPerSecond)) pictures/s, and steps waited for it "
                    + "\(Format.percent(loading.rate.waitingSeconds / loading.stepSeconds, 0)) of their time")
        }
        if history.epochs.count > 1, let best = history.best, let accuracy = best.heldOutAccuracy {
            print("  best epoch  \(best.epoch) of \(history.epochs.count), with \(Format.percent(accuracy))")
        }
        print("  weights     \(files.weights)")
        print("  checkpoint  \(files.checkpoint)")
        print("  history     \(files.history), \(files.curves)")
        print("  tables      \(files.epochs), \(files.steps)")
        if let folder { print("  events      tensorboard --logdir \(folder)") }
    }
}
