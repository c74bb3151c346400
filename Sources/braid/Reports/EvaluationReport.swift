import Training

/// An evaluation as text: the scores, class by class, the confusion matrix, and whether probabilities can be trusted.
struct EvaluationReport {
    private let evaluation: Evaluation
    private var matrix: ConfusionMatrix { evaluation.confusion }

    /// More classes than these are shown in part: the worst ones.
    private static let mostClasses = 50
    private static let mostColumns = 20

    init(_ evaluation: Evaluation) { self.evaluation = evaluation }

    func show(_ data: String) {
        print("\(data): \(Format.grouped(evaluation.count)) held-out pictures")
        print(
            Console.green("  accuracy \(Format.percent(evaluation.accuracy))") + " (\(Format.grouped(matrix.correct)) right, "
                + "\(Format.grouped(matrix.total - matrix.correct)) wrong), top-5 \(Format.percent(evaluation.topFive)), "
                + "loss \(Format.fixed(evaluation.loss, 4)), \(Format.duration(evaluation.seconds))\n")
        print(classes.text)
        if matrix.classNames.count <= Self.mostColumns {
            print("confusion matrix: the true class is the row, the predicted one the column")
            print(counts.text)
        }
        let mistakes = matrix.mistakes(5).map { "\(matrix.classNames[$0.label]) taken for \(matrix.classNames[$0.predicted]): \($0.count)" }
        if !mistakes.isEmpty { print("most frequent mistakes: \(mistakes.joined(separator: "; "))\n") }
        let reliability = evaluation.reliability
        print(
            "calibration: probabilities are off by \(Format.percent(reliability.expectedError)) on average (ECE), by "
                + "\(Format.percent(reliability.largestError)) in the worst of \(reliability.bins.count) bins")
        print(bins.text, terminator: "")
    }

    private var classes: Table {
        let scores = matrix.classScores
        // Classes that the data do not have, and that are never predicted, say nothing.
        var shown = scores.indices.filter { scores[$0].f1 != nil }
        let present = shown.count
        if present > Self.mostClasses {
            shown = Array(shown.sorted { (scores[$0].f1 ?? 0, $0) < (scores[$1].f1 ?? 0, $1) }.prefix(Self.mostClasses))
        }
        var table = Table(("class", .left), ("pictures", .right), ("precision", .right), ("recall", .right), ("F1", .right))
        for index in shown { table.add(Self.row(matrix.classNames[index], scores[index])) }
        if present > shown.count { table.addRemark("the \(shown.count) lowest F1 of \(Format.grouped(present)) classes; --json has all") }
        table.addRule()
        table.add(Self.row("macro mean", matrix.macroMean))
        table.add(Self.row("weighted mean", matrix.weightedMean))
        return table
    }

    private static func row(_ name: String, _ scores: ConfusionMatrix.ClassScores) -> [String] {
        [name, Format.grouped(scores.support)]
            + [scores.precision, scores.recall, scores.f1].map { $0.map { Format.percent($0) } ?? "–" }
    }

    private var counts: Table {
        var table = Table(header: [""] + matrix.classNames, alignment: .right)
        for (index, name) in matrix.classNames.enumerated() {
            table.add([name] + matrix.rows[index].map { $0 == 0 ? "·" : "\($0)" })
        }
        return table
    }

    private var bins: Table {
        var table = Table(("probability", .left), ("pictures", .right), ("mean", .right), ("right", .right), ("off by", .right))
        let reliability = evaluation.reliability
        for (index, bin) in reliability.bins.enumerated() where bin.count > 0 {
            let range = reliability.range(index)
            table.add(
                "\(Format.percent(range.lowerBound, 1)) to \(Format.percent(range.upperBound, 1))", Format.grouped(bin.count),
                Format.percent(bin.confidence ?? 0), Format.percent(bin.accuracy ?? 0), Format.percent(bin.gap))
        }
        return table
    }
}
