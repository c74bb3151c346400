import Foundation
import Interchange

/// Keeps the records of a training while it goes on: a row a step, and after every epoch the history, its curves and a table, each replaced
/// at once; and events for TensorBoard where they are wanted. Of more than two hundred epochs some share a
/// writing, since each writes all of them anew.
///
/// What goes on from a checkpoint continues the records that lie where it writes: without gaps, and without the steps that a killed training
/// did after its last checkpoint, which are done again.
public final class TrainingRecorder {
    private let trainer: Trainer
    private let files: ResultFiles
    private var run: TrainingRun
    private var events: TrainingEvents?
    private var steps: OutputFile?
    /// What is watched of layers: the table of them, and of their gradients what the picture shows.
    private var layers: OutputFile?
    private var gradients: GradientPicture?
    private let start = ContinuousClock.now
    /// The seconds of the parts of the training before this one.
    private var earlierSeconds = 0.0
    /// The seconds of epochs that were trained before this part, which checkpoints do not keep.
    private var epochSeconds: [Int: Double] = [:]

    /// What could not be written, if anything: no more is written then, and the training should stop.
    public private(set) var failure: InterchangeError?

    /// Writes the first records; called behind `Trainer.begin`, when the old results may be replaced.
    ///
    /// - Parameter eventFolder: where events for TensorBoard go; nil for none.
    public init(_ trainer: Trainer, _ run: TrainingRun, files: ResultFiles, eventFolder: String?) throws(InterchangeError) {
        self.trainer = trainer
        self.run = run
        self.files = files
        let done = trainer.stepsDone
        if done > 0 { takeOver(try? TrainingRecord(path: files.history)) }
        let table = done > 0 ? (try? InputFile.read(files.steps)) ?? Data() : Data()
        try AtomicFile.write(TrainingTables.steps(of: table, upTo: done, metric: trainer.history.metric), to: files.steps)
        steps = try OutputFile(appendingTo: files.steps)
        // As long as it is open, no other training may write here (`ResultFiles.requireWritable`).
        steps?.lock()
        if let watch = trainer.watch {
            let table = TrainingTables.rows(
                of: done > 0 ? (try? InputFile.read(files.layers)) ?? Data() : Data(), header: TrainingTables.layerHeader, upTo: done)
            try AtomicFile.write(table, to: files.layers)
            layers = try OutputFile(appendingTo: files.layers)
            gradients = GradientPicture(title: run.network, layers: watch.layers, table: table)
        }
        if let eventFolder {
            let events = try TrainingEvents(folder: eventFolder, stepsDone: done, totalSteps: trainer.learningRate.totalSteps)
            if done == 0 { try events.write(recipe: run.recipe, pictures: try trainer.pictures(count: 32)) }
            self.events = events
        }
        try write()
    }

    /// Takes what the records of the part before know: when it began, and how long it took.
    private func takeOver(_ record: TrainingRecord?) {
        guard let record, let earlier = record.run, run.continues(earlier) else { return }
        run.began = earlier.began
        earlierSeconds = earlier.seconds
        for (epoch, known) in zip(trainer.history.epochs, record.history.epochs) where epoch.loss == known.loss {
            epochSeconds[epoch.epoch] = known.seconds
        }
    }

    /// Takes note of what happens in the training.
    public func record(_ event: TrainerEvent) {
        if failure != nil { return }
        do throws(InterchangeError) {
            switch event {
            case .step(let progress):
                try steps?.write(Data(TrainingTables.row(progress, trainer.history.metric).utf8))
                try events?.write(progress, trainer.history.reported)
            case .watched(let watched):
                guard let watch = trainer.watch else { break }
                try layers?.write(Data(TrainingTables.rows(watched, of: watch.layers).utf8))
                gradients?.add(watched)
                try events?.write(watched, of: watch.layers)
            case .epoch(let epoch):
                try events?.write(epoch, trainer.history.reported, step: epoch.epoch * run.stepsPerEpoch, weights: trainer.weights)
                // 70 more whenever the epochs become twice as many.
                if epoch.epoch % max(1, epoch.epoch / 100) == 0 { try write() }
            case .evaluating, .checkpoint: break
            }
        } catch {
            failure = error
        }
    }

    /// Writes the history with how the training ended.
    public func end(_ status: TrainingRun.Status, message: String? = nil) throws(InterchangeError) {
        run.status = status
        run.message = message
        try write()
    }

    /// The training with what was measured so far.
    public var record: TrainingRecord {
        var (run, history) = (run, trainer.history)
        run.seconds = earlierSeconds + (ContinuousClock.now - start).seconds
        for index in history.epochs.indices where history.epochs[index].seconds == nil {
            history.epochs[index].seconds = epochSeconds[history.epochs[index].epoch]
        }
        return TrainingRecord(run: run, history: history)
    }

    private func write() throws(InterchangeError) {
        let record = record
        try record.write(to: files.history)
        try AtomicFile.write(Data(TrainingTables.epochs(record.history, stepsPerEpoch: run.stepsPerEpoch).utf8), to: files.epochs)
        try record.history.curves(title: run.network, stepsPerEpoch: run.stepsPerEpoch).write(to: files.curves)
        if let picture = gradients?.drawing {
            try picture.write(to: files.gradients)
            try picture.write(to: files.gradientPixels)
        }
    }
}
