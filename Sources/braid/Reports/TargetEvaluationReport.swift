import Training

/// An evaluation of what is not the class of a picture as text: the loss and the metric, and what is told of each class or number.
struct TargetEvaluationReport {
    private let evaluation: TargetEvaluation

    init(_ evaluation: TargetEvaluation) { self.evaluation = evaluation }

    func show(_ data: String) {
        print("\(data): \(Format.grouped(evaluation.count)) held-out pictures")
        let metric = evaluation.metric.map { "\($0.metric.title) \(Format.metric($0.value, $0.metric)), " } ?? ""
        print(Console.green("  \(metric)loss \(Format.fixed(evaluation.loss, 4))") + ", \(Format.duration(evaluation.seconds))\n")
        switch evaluation.scores {
        case .labels(let counts): print(Self.labels(counts).text, terminator: "")
        case .numbers(let errors): print(Self.numbers(errors).text, terminator: "")
        case .pixels(let matrix): print(Self.pixels(matrix).text, terminator: "")
        case .pictures(let errors):
            print(
                "  mean absolute error \(Self.number(errors.meanAbsolute)) of pixels from 0 to 1, "
                    + "PSNR \(errors.signalToNoise.map { Format.fixed($0, 2) } ?? "–") dB")
        case nil: print("  the loss is all that is told: none of its operators compares an answer with a target")
        }
    }

    private static func percent(_ share: Double?) -> String { share.map { Format.percent($0) } ?? "–" }
    private static func number(_ value: Double?) -> String { value.map { Format.fixed($0, 4) } ?? "–" }

    private static func labels(_ counts: [LabelCounts]) -> Table {
        var table = Table(
            ("class", .left), ("there", .right), ("precision", .right), ("recall", .right), ("F1", .right), ("accuracy", .right))
        for label in counts {
            let scores = label.scores
            table.add(
                label.name, Format.grouped(scores.support), percent(scores.precision), percent(scores.recall), percent(scores.f1),
                percent(label.accuracy))
        }
        return table
    }

    private static func numbers(_ errors: [NumberErrors]) -> Table {
        var table = Table(("number", .left), ("mean absolute error", .right), ("root mean square error", .right))
        for error in errors { table.add(error.name, number(error.meanAbsolute), number(error.rootMeanSquare)) }
        return table
    }

    private static func pixels(_ matrix: ConfusionMatrix) -> Table {
        var table = Table(("class", .left), ("pixels", .right), ("IoU", .right), ("precision", .right), ("recall", .right))
        let scores = matrix.classScores
        for (index, name) in matrix.classNames.enumerated() where scores[index].f1 != nil {
            table.add(
                name, Format.grouped(scores[index].support), percent(matrix.intersectionOverUnion(index)), percent(scores[index].precision),
                percent(scores[index].recall))
        }
        table.addRule()
        let mean = matrix.macroMean
        table.add(
            "mean", Format.grouped(matrix.total), percent(matrix.meanIntersectionOverUnion), percent(mean.precision), percent(mean.recall))
        return table
    }
}
