import Training

/// Trainings as `braid runs --json` prints them.
struct RunsRecord: Encodable {
    struct Run: Encodable {
        var path: String
        var epochsDone: Int
        var best: TrainingHistory.Epoch?
        var last: TrainingHistory.Epoch?
        /// Nil for histories of earlier versions.
        var run: TrainingRun?

        init(_ file: TrainingRecord.File) {
            path = file.path
            let history = file.record.history
            epochsDone = history.epochs.count
            best = history.best
            last = history.epochs.last
            run = file.record.run
        }
    }

    struct Comparison: Encodable {
        struct Difference: Encodable {
            var name: String
            var first: String?
            var second: String?
        }

        struct Result: Encodable {
            var name: String
            var first: Double?
            var second: Double?
        }

        var first: Run
        var second: Run
        var settings: [Difference]
        var recipe: [Difference]
        var results: [Result]
    }

    var runs: [Run]
}
