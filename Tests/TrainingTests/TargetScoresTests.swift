import Foundation
import Testing

@testable import Training

/// What is told of answers that are not the class of a picture, beside numbers worked out by hand.
@Suite struct TargetScoresTests {
    @Test func countsLabels() {
        var counts = LabelCounts(name: "a")
        #expect(counts.scores == ConfusionMatrix.ClassScores(support: 0, precision: nil, recall: nil, f1: nil) && counts.accuracy == nil)
        for (isSaid, isTrue, times) in [(true, true, 3), (true, false, 1), (false, true, 2), (false, false, 4)] {
            for _ in 0..<times { counts.add(isSaid: isSaid, isTrue: isTrue) }
        }
        #expect(counts.scores == ConfusionMatrix.ClassScores(support: 5, precision: 0.75, recall: 0.6, f1: 6 / 9.0))
        #expect(counts.accuracy == 0.7)
    }

    @Test func measuresNumbersAndPictures() throws {
        var numbers = NumberErrors(name: "x")
        #expect(numbers.meanAbsolute == nil && numbers.rootMeanSquare == nil)
        for difference in [3.0, -4, 0, 5] { numbers.add(difference) }
        #expect(numbers.meanAbsolute == 3 && numbers.rootMeanSquare == 12.5.squareRoot())
        var pictures = PictureErrors()
        #expect(pictures.signalToNoise == nil)
        for difference in [0.1, -0.1] { pictures.add(difference) }
        // A mean square of 0.01 is 20 decibels below the peak.
        #expect(abs(try #require(pictures.signalToNoise) - 20) < 1e-9 && pictures.meanAbsolute == 0.1)
        var equal = PictureErrors()
        equal.add(0)
        #expect(equal.signalToNoise == .infinity)
    }

    /// As `sklearn.metrics.jaccard_score` defines it.
    @Test func measuresOverlaps() {
        var matrix = ConfusionMatrix(classNames: ["a", "b", "c", "never"])
        for (label, predicted, count) in [(0, 0, 5), (0, 1, 1), (1, 1, 3), (1, 0, 2), (2, 0, 1)] {
            for _ in 0..<count { matrix.add(label: label, predicted: predicted) }
        }
        #expect((0..<4).map { matrix.intersectionOverUnion($0) } == [5 / 9.0, 0.5, 0, nil])
        #expect(matrix.meanIntersectionOverUnion == (5 / 9.0 + 0.5 + 0) / 3)
        #expect(ConfusionMatrix(classNames: ["a"]).meanIntersectionOverUnion == nil)
    }
}
