import Compiler
import Training

/// An evaluation as `--json` prints it.
struct EvaluationRecord: Encodable {
    struct Scores: Encodable {
        var name: String?
        /// The pictures of the class.
        var support: Int
        var precision: Double?
        var recall: Double?
        var f1: Double?

        init(_ name: String?, _ scores: ConfusionMatrix.ClassScores) {
            self.name = name
            support = scores.support
            precision = scores.precision
            recall = scores.recall
            f1 = scores.f1
        }
    }

    /// The most confused pairs of classes.
    struct Mistake: Encodable {
        var label: String
        var prediction: String
        var count: Int
    }

    /// Whether probabilities are what they say.
    struct Probabilities: Encodable {
        struct Bin: Encodable {
            var from: Double
            var to: Double
            var count: Int
            var confidence: Double?
            var accuracy: Double?
        }

        /// The ECE and the MCE.
        var expectedError: Double
        var largestError: Double
        var bins: [Bin]
    }

    /// A picture with one of the highest losses.
    struct Picture: Encodable {
        var index: Int
        var label: String
        var prediction: String
        var loss: Double
        /// Of the prediction, and of the true class.
        var probability: Double
        var labelProbability: Double
    }

    var accuracy: Double
    var correct: Int
    var count: Int
    var loss: Double
    var topFive: Double
    var seconds: Double
    var data: String
    var synthetic: Bool
    var classes: [Scores]
    var macroMean: Scores
    var weightedMean: Scores
    var confusion: [[Int]]
    var mistakes: [Mistake]
    var calibration: Probabilities
    var topLosses: [Picture]
    /// The pictures that were written.
    var files: [String]
    var notFinite: [NonFiniteReport.Tensor]
    /// What `--precision auto` found.
    var assignment: PrecisionReport.Record?

    init(
        _ evaluation: Evaluation, _ heldOut: Dataset, topLosses count: Int, files: [String], _ report: NonFiniteReport,
        _ assignment: PrecisionAssignment?
    ) {
        self.assignment = assignment.map(PrecisionReport.Record.init)
        self.files = files
        let matrix = evaluation.confusion
        let names = matrix.classNames
        accuracy = evaluation.accuracy
        correct = matrix.correct
        self.count = evaluation.count
        loss = evaluation.loss
        topFive = evaluation.topFive
        seconds = evaluation.seconds
        data = heldOut.name
        synthetic = heldOut.isSynthetic
        classes = zip(names, matrix.classScores).map { Scores($0, $1) }
        macroMean = Scores(nil, matrix.macroMean)
        weightedMean = Scores(nil, matrix.weightedMean)
        confusion = matrix.rows
        mistakes = matrix.mistakes(20).map { Mistake(label: names[$0.label], prediction: names[$0.predicted], count: $0.count) }
        let reliability = evaluation.reliability
        calibration = Probabilities(
            expectedError: reliability.expectedError, largestError: reliability.largestError,
            bins: reliability.bins.enumerated().map { index, bin in
                let range = reliability.range(index)
                return .init(
                    from: range.lowerBound, to: range.upperBound, count: bin.count, confidence: bin.confidence, accuracy: bin.accuracy)
            })
        topLosses = evaluation.outcomes.highestLosses(count).map { outcome in
            Picture(
                index: outcome.index, label: names[outcome.label], prediction: names[outcome.predicted], loss: outcome.loss,
                probability: outcome.probability, labelProbability: outcome.labelProbability)
        }
        notFinite = report.tensors
    }
}
