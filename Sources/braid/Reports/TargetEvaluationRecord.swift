import Training

/// The same as `--json` prints it.
struct TargetEvaluationRecord: Encodable {
    struct Class: Encodable {
        var name: String
        /// The pictures, pairs or pixels that belong to the class.
        var support: Int
        var precision: Double?
        var recall: Double?
        var f1: Double?
        /// The share of right answers to whether it is there.
        var accuracy: Double?
        var intersectionOverUnion: Double?
    }

    struct Number: Encodable {
        var name: String
        var meanAbsoluteError: Double?
        var rootMeanSquareError: Double?
    }

    var loss: Double
    var metric: String?
    var value: Double?
    var count: Int
    var seconds: Double
    var data: String
    var synthetic: Bool
    var classes: [Class]?
    var numbers: [Number]?
    var meanIntersectionOverUnion: Double?
    /// Of pixels from 0 to 1, and in decibels; absent where all are right.
    var meanAbsoluteError: Double?
    var peakSignalToNoise: Double?
    var notFinite: [NonFiniteReport.Tensor]

    init(_ evaluation: TargetEvaluation, _ heldOut: Dataset, _ report: NonFiniteReport) {
        loss = evaluation.loss
        metric = evaluation.metric?.metric.name
        value = evaluation.metric?.value
        count = evaluation.count
        seconds = evaluation.seconds
        data = heldOut.name
        synthetic = heldOut.isSynthetic
        notFinite = report.tensors
        switch evaluation.scores {
        case .labels(let counts):
            classes = counts.map { label in
                let scores = label.scores
                return Class(
                    name: label.name, support: scores.support, precision: scores.precision, recall: scores.recall, f1: scores.f1,
                    accuracy: label.accuracy)
            }
        case .numbers(let errors):
            numbers = errors.map {
                Number(name: $0.name, meanAbsoluteError: $0.meanAbsolute, rootMeanSquareError: $0.rootMeanSquare)
            }
        case .pixels(let matrix):
            meanIntersectionOverUnion = matrix.meanIntersectionOverUnion
            classes = matrix.classScores.enumerated().map { index, scores in
                Class(
                    name: matrix.classNames[index], support: scores.support, precision: scores.precision, recall: scores.recall,
                    f1: scores.f1, intersectionOverUnion: matrix.intersectionOverUnion(index))
            }
        case .pictures(let errors):
            meanAbsoluteError = errors.meanAbsolute
            peakSignalToNoise = errors.signalToNoise.flatMap { $0.isFinite ? $0 : nil }
        case nil: break
        }
    }
}
