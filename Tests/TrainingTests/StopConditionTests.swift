import Foundation
import Testing

@testable import Training

/// What ends a training, and when it is looked at.
@Suite struct StopConditionTests {
    @Test(arguments: [
        ("gradient < 1e-8", "gradient < 1e-08"), ("dead>0.9", "dead > 0.9"), ("  update   >  0.1 ", "update > 0.1"),
        ("saturated in blocks.* > .5", "saturated in blocks.* > 0.5"), ("mean < -3", "mean < -3.0"),
    ]) func isRead(text: String, printed: String) throws {
        let condition = try StopCondition(text)
        #expect(condition.description == printed)
        #expect(try StopCondition(printed) == condition)
    }

    @Test(arguments: [
        ("gradient", "compares nothing"), (" ", "compares nothing"), ("< 3", "names no quantity"),
        ("gradients < 3", "is called 'gradients'; there are gradient, weight, update, mean, deviation, dead, saturated, singular"),
        ("gradient <= 3", "compares with '= 3', which is no number"), ("gradient < many", "compares with 'many'"),
        ("gradient < inf", "which is no number"), ("gradient of fc < 1", "more words"), ("gradient in a b < 1", "more words"),
        ("gradient in < 1", "more words"),
    ]) func isRefused(text: String, message: String) {
        #expect { try StopCondition(text) } throws: { error in "\(error)".contains(message) && "\(error)".contains(text) }
    }

    @Test func isMetByTheFurthest() throws {
        let gradients: [Double?] = [3, 1e-9, nil, 1e-12, .nan, 0.5]
        let layers = gradients.map { gradient in
            var measures = LayerMeasures()
            measures.gradient = gradient
            return measures
        }
        let names = ["a.0", "a.1", "b", "b.1", "c", "d"]
        func met(_ text: String) throws -> [Double]? {
            try StopCondition(text).meeting(layers, names: names).map { [Double($0.layer), $0.value, Double($0.count)] }
        }
        #expect(try met("gradient < 1e-8") == [3, 1e-12, 2])
        #expect(try met("gradient in a.* < 1e-8") == [1, 1e-9, 1])
        #expect(try met("gradient > 0.1") == [0, 3, 2])
        #expect(try met("gradient > 3") == nil && met("gradient in c > 0") == nil && met("update > 0") == nil)
    }

    @Test func looksMostAtTheBeginning() {
        func steps(_ interval: Int) -> [Int] { (1...350).filter(WatchSchedule(interval: interval).has) }
        #expect(steps(100) == [1, 2, 5, 10, 20, 50, 100, 200, 300])
        #expect(steps(30) == [1, 2, 5, 10, 20, 30, 60, 90, 120, 150, 180, 210, 240, 270, 300, 330])
        #expect(steps(1) == Array(1...350))
        // Groups of four batches, the last of an epoch of two: looked at is the last batch of a group that has a watched step.
        let schedule = WatchSchedule(interval: 7)
        let places = [(0, 4), (1, 4), (2, 4), (3, 4), (0, 2), (1, 2), (0, 4), (1, 4), (2, 4), (3, 4)]
        #expect((1...10).filter { schedule.isDue($0, place: places[$0 - 1]) } == [4, 6, 10])
    }

    /// Of a matrix with singular values 5, 3 and 0.25, turned on both sides; and of others whose values are known.
    @Test func findsLargestSingularValues() {
        func rotation(_ angle: Double, _ a: Int, _ b: Int) -> [[Double]] {
            var matrix = (0..<3).map { row in (0..<3).map { $0 == row ? 1.0 : 0 } }
            (matrix[a][a], matrix[b][b], matrix[a][b], matrix[b][a]) = (cos(angle), cos(angle), -sin(angle), sin(angle))
            return matrix
        }
        func product(_ a: [[Double]], _ b: [[Double]]) -> [[Double]] {
            a.map { row in (0..<3).map { column in zip(row, b).reduce(0) { $0 + $1.0 * $1.1[column] } } }
        }
        let diagonal = [[3.0, 0, 0], [0, 0.25, 0], [0, 0, 5]]
        let turned = product(product(rotation(0.7, 0, 1), product(rotation(-1.1, 1, 2), diagonal)), rotation(2.1, 0, 2))
        #expect(abs(LargestSingularValue.of(turned.joined().map(Float.init), rows: 3) - 5) < 1e-5)
        #expect(abs(LargestSingularValue.of([Float](repeating: 2, count: 12 * 27), rows: 12) - 36) < 1e-5)
        #expect(LargestSingularValue.of([Float](repeating: 0, count: 6), rows: 2) == 0)
        // Squares of such numbers are none in f32.
        #expect(abs(LargestSingularValue.of([3e-30, 4e-30], rows: 1) / 5e-30 - 1) < 1e-6)
        #expect(LargestSingularValue.of([.nan, 1], rows: 1).isNaN)
    }
}
