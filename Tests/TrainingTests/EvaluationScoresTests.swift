import Interchange
import Recipes
import Testing

@testable import Training

/// Scores of classes, calibration and highest losses, beside numbers of a few lines of NumPy:
///
///     p = exp(scores) / exp(scores).sum(1, keepdims=True); pred = scores.argmax(1); loss = -log(p[arange(8), labels])
///     confidence = p.max(1); bins are ((m - 1) / 15, m / 15]; ece = sum(count / 8 * abs(confidence.mean() - (pred == labels).mean()))
///
/// and the means as `sklearn.metrics.classification_report` has them, over the classes that occur or are predicted.
@Suite struct EvaluationScoresTests {
    private static let scores: [[Float]] = [
        [2, 1, 0, 0], [0.5, 1.5, 0, 0], [3, 0, 0, 0], [0, 2, 1, 0], [1, 0, 0.5, 0], [0, 0, 4, 0], [0, 1, 3, 0], [2.5, 0, 2, 0],
    ]
    private static let labels = [0, 0, 0, 1, 1, 2, 2, 2]

    private static let outcomes = zip(labels, scores).enumerated().map { index, pair in
        pair.1.withUnsafeBufferPointer { PictureOutcome(index: index, label: pair.0, scores: $0) }
    }

    private static var matrix: ConfusionMatrix {
        var matrix = ConfusionMatrix(classNames: ["a", "b", "c", "absent"])
        for outcome in outcomes { matrix.add(label: outcome.label, predicted: outcome.predicted) }
        return matrix
    }

    private func isClose(_ found: Double?, _ expected: Double) -> Bool { found.map { abs($0 - expected) < 1e-12 } ?? false }

    @Test func scoresClasses() {
        let scores = Self.matrix.classScores
        #expect(Self.matrix.rows == [[2, 1, 0, 0], [1, 1, 0, 0], [1, 0, 2, 0], [0, 0, 0, 0]])
        #expect(scores.map(\.support) == [3, 2, 3, 0])
        for (index, (precision, recall, f1)) in [(0.5, 2 / 3.0, 4 / 7.0), (0.5, 0.5, 0.5), (1, 2 / 3.0, 0.8)].enumerated() {
            #expect(isClose(scores[index].precision, precision) && isClose(scores[index].recall, recall))
            #expect(isClose(scores[index].f1, f1))
        }
        #expect(scores[3].precision == nil && scores[3].recall == nil && scores[3].f1 == nil)
        let (macro, weighted) = (Self.matrix.macroMean, Self.matrix.weightedMean)
        #expect(isClose(macro.precision, 0.6666666666666666) && isClose(weighted.precision, 0.6875))
        #expect(isClose(macro.recall, 0.611111111111111) && isClose(weighted.recall, 0.625))
        #expect(isClose(macro.f1, 0.6238095238095238) && isClose(weighted.f1, 0.6392857142857143))
        let empty = ConfusionMatrix(classNames: ["a"])
        #expect(empty.macroMean.precision == nil && empty.weightedMean.f1 == nil)
        // A class that occurs and is never predicted has a precision of 0 in the means.
        var never = ConfusionMatrix(classNames: ["a", "b"])
        never.add(label: 0, predicted: 0)
        never.add(label: 1, predicted: 0)
        #expect(isClose(never.macroMean.precision, 0.25) && isClose(never.macroMean.f1, 1 / 3.0))
    }

    @Test func measuresCalibration() {
        var reliability = Reliability()
        for outcome in Self.outcomes { reliability.add(probability: outcome.probability, isRight: outcome.isRight) }
        #expect(isClose(reliability.expectedError, 0.3368219349367431) && isClose(reliability.largestError, 0.5579868207692588))
        #expect(reliability.bins.map(\.count) == [0, 0, 0, 0, 0, 0, 1, 0, 2, 2, 0, 0, 1, 1, 1])
        #expect(isClose(reliability.bins[9].confidence, 0.6102956854136232) && reliability.bins[9].accuracy == 1)
        // The upper end belongs to a bin, and what is no number to none.
        var ends = Reliability(bins: 4)
        for probability in [0, 0.25, 0.250001, 1, .nan, .infinity] { ends.add(probability: probability, isRight: true) }
        #expect(ends.bins.map(\.count) == [2, 1, 0, 1] && ends.count == 4)
        #expect(Reliability().expectedError == 0 && Reliability().largestError == 0)
        let plot = reliability.plot(title: "c")
        #expect(plot.panels[0].series[0].points.map(\.y) == [0, 0, 1, 1, 1, 1] && plot.panels[1].series[0].points.count == 15)
    }

    @Test func findsTheHighestLosses() {
        let losses = Self.outcomes.map(\.loss)
        let expected = [
            0.4938117090722385, 1.59561139473845, 0.13920631421945662, 0.4938117090722385, 1.851128887788213, 0.05349044970593346,
            0.2109976232381757, 1.0713753196473206,
        ]
        #expect(zip(losses, expected).allSatisfy { abs($0 - $1) < 1e-12 })
        #expect(Self.outcomes.highestLosses(8).map(\.index) == [4, 1, 7, 0, 3, 6, 2, 5])
        #expect(Self.outcomes.highestLosses(2).map(\.index) == [4, 1] && Self.outcomes.highestLosses(0).isEmpty)
        let found = Self.outcomes[4]
        #expect(found.predicted == 0 && isClose(found.probability, 0.4269327006952488) && abs(found.labelProbability - 0.15706) < 1e-5)
        let damaged = PictureOutcome(index: 8, label: 0, predicted: 0, loss: .nan, probability: .nan, labelProbability: .nan)
        #expect((Self.outcomes + [damaged]).highestLosses(1)[0].index == 8)
    }

    @Test func evaluatesPictureByPicture() throws {
        let evaluation = try ToyTraining.classifier().evaluate(ToyTraining.data(6), normalization: ToyTraining.normalization)
        // Class 0 always scores 0.5, more than pixels of up to 5 / 255.
        #expect(evaluation.outcomes.map(\.index) == Array(0..<6) && evaluation.outcomes.allSatisfy { $0.predicted == 0 })
        #expect(evaluation.outcomes.map(\.label) == [0, 1, 0, 1, 0, 1] && evaluation.reliability.count == 6)
        let mean = evaluation.outcomes.reduce(0) { $0 + $1.loss } / 6
        #expect(isClose(evaluation.loss, mean) && evaluation.accuracy == 0.5)
        let sheet = try evaluation.topLosses(2, of: ToyTraining.data(6)).image
        // Two pictures side by side, each over four lines of text.
        #expect(sheet.height == 102 + 4 * Image.textHeight + 4 && sheet.width == 2 * (102 + 2))
    }

    /// Pictures of a class that the loss ignores count for nothing; those that are left keep their numbers.
    @Test func ignoredClassesDoNotCount() throws {
        let (classifier, data) = (try ToyTraining.classifier(), ToyTraining.data(7))
        let evaluation = try classifier.evaluate(data, normalization: ToyTraining.normalization, as: LabelLoss(ignoredLabel: 1))
        #expect(evaluation.outcomes.map(\.index) == [0, 2, 4, 6] && evaluation.count == 4 && evaluation.accuracy == 1)
        #expect(isClose(evaluation.loss, evaluation.outcomes.reduce(0) { $0 + $1.loss } / 4))
        let weighed = try classifier.evaluate(data, normalization: ToyTraining.normalization, as: LabelLoss(classWeights: [3, 1]))
        let losses = weighed.outcomes.map { ($0.label == 0 ? 3 : 1) * $0.loss }
        #expect(weighed.count == 7 && isClose(weighed.loss, losses.reduce(0, +) / 15))
    }

    @Test func drawsConfusionsWithNames() {
        let svg = Self.matrix.drawing(title: "<tiny>").svg()
        #expect(svg.contains("&lt;tiny&gt;") && svg.contains(">absent</text>") && !svg.contains("nan"))
        // The four cells with pictures of 1, the one of row 0 with 2, that of row 2 with 2.
        #expect(svg.components(separatedBy: ">1</text>").count == 5 && svg.components(separatedBy: ">2</text>").count == 3)
        var many = ConfusionMatrix(classNames: (0..<300).map { "class \($0)" })
        many.add(label: 299, predicted: 0)
        #expect(many.drawing(title: "many").shapes.count == 7)
        #expect(ConfusionMatrix(classNames: []).drawing(title: "none").image(scale: 1).width == 360)
    }
}
