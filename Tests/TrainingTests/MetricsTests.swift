import Interchange
import Recipes
import Testing
import Training

@Suite struct MetricsTests {
    @Test func ranksScores() {
        let scores: [Float] = [0.5, 2, -1, 2, .nan]
        scores.withUnsafeBufferPointer { buffer in
            #expect(Scores.best(buffer) == 1)
            #expect((0..<5).map { Scores.rank(of: $0, buffer) } == [2, 0, 3, 1, 5])
        }
        #expect(Scores.top(3, of: scores) == [1, 3, 0])
        #expect(Scores.top(9, of: [1, 2]) == [1, 0])
        [Float.nan, 1].withUnsafeBufferPointer { #expect(Scores.best($0) == 1) }
        [Float.nan, .nan].withUnsafeBufferPointer { #expect(Scores.best($0) == 0) }
    }

    @Test func turnsScoresIntoProbabilities() {
        let probabilities = Scores.softmax([1000, 1000, 999])
        #expect(abs(probabilities.reduce(0, +) - 1) < 1e-12)
        #expect(abs(probabilities[0] - 0.4223187982515182) < 1e-12)
        [Float(1), 2, 3].withUnsafeBufferPointer { #expect(abs(Scores.crossEntropy($0, label: 2) - 0.4076059644443806) < 1e-12) }
    }

    /// The means of `torch.nn.functional.cross_entropy`, options and all.
    @Test(arguments: [
        (LabelLoss(), 1.4244513266682945),
        (LabelLoss(smoothing: 0.2), 1.4765346600016278),
        (LabelLoss(classWeights: [0.5, 2, 1]), 1.3230951789464205),
        (LabelLoss(smoothing: 0.2, classWeights: [0.5, 2, 1]), 1.4470981193797385),
        (LabelLoss(ignoredLabel: 1), 1.3821201975803759),
        (LabelLoss(smoothing: 0.2, classWeights: [0.5, 2, 1], ignoredLabel: 2), 1.6882276983267293),
    ]) func measuresAsTheLossDoes(loss: LabelLoss, expected: Double) {
        let scores: [[Float]] = [[0.5, -1.25, 2], [1.5, 0.25, -0.75], [-0.5, 3, 0.125], [0, 0, 1]]
        let (sum, weight) = zip(scores, [2, 0, 0, 1]).filter { $1 != loss.ignoredLabel }.reduce((0.0, 0.0)) { sums, one in
            one.0.withUnsafeBufferPointer {
                (sums.0 + Scores.crossEntropy($0, label: one.1, as: loss), sums.1 + loss.weight(of: one.1))
            }
        }
        #expect(abs(sum / weight - expected) < 1e-12, "\(sum / weight)")
    }

    @Test func averagesWeigh() {
        var mean = WeightedMean()
        #expect(mean.value == 0)
        mean.add(2, weight: 3)
        mean.add(.nan, weight: 0)
        mean.add(6, weight: 1)
        #expect(mean.value == 3)
    }

    @Test func averages() {
        var mean = RunningMean()
        #expect(mean.value == 0)
        mean.add(2, count: 3)
        mean.add(6)
        #expect(mean.value == 3 && mean.count == 4)
    }

    @Test func countsConfusions() {
        var matrix = ConfusionMatrix(classNames: ["a", "b", "c"])
        for (label, predicted) in [(0, 0), (0, 0), (0, 1), (1, 1), (1, 0), (1, 0)] { matrix.add(label: label, predicted: predicted) }
        #expect(matrix.total == 6 && matrix.correct == 3 && matrix.accuracy == 0.5)
        #expect(matrix.rows == [[2, 1, 0], [2, 1, 0], [0, 0, 0]])
        #expect(matrix.recall(0) == 2.0 / 3 && matrix.precision(0) == 0.5)
        #expect(matrix.recall(2) == nil && matrix.precision(2) == nil)
        let mistakes = matrix.mistakes(5)
        #expect(mistakes.map(\.count) == [2, 1] && mistakes[0].label == 1 && mistakes[0].predicted == 0)
    }

    @Test func drawsConfusions() {
        var matrix = ConfusionMatrix(classNames: ["a", "b"])
        matrix.add(label: 0, predicted: 0)
        matrix.add(label: 1, predicted: 0)
        let image = matrix.picture(cell: 10)
        #expect(image.width == 21 && image.height == 21)
        #expect([image[5, 5, 0], image[5, 5, 1]] == [64, 255])
        #expect([image[5, 15, 0], image[5, 15, 1]] == [255, 64])
        #expect([image[15, 15, 0], image[15, 15, 1]] == [24, 24])
    }
}
