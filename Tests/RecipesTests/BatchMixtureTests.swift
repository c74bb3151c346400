import Graph
import Testing

@testable import Recipes

@Suite struct BatchMixtureTests {
    /// Mean and variance of Beta(alpha, alpha) are 1/2 and 1 / (4 (2 alpha + 1)), and its fourth central moment is
    /// 3 / (16 (2 alpha + 1) (2 alpha + 3)).
    @Test(arguments: [0.001, 0.05, 0.2, 0.5, 0.999, 1, 1.5, 4, 100, 1000]) func drawsFromBeta(alpha: Double) {
        let distribution = BetaDistribution(alpha: alpha)
        var random = CounterGenerator(seed: 5, .samples, 0)
        let count = 40_000
        let numbers = (0..<count).map { _ in distribution.draw(&random) }
        #expect(numbers.allSatisfy { (0...1).contains($0) })
        let mean = numbers.reduce(0, +) / Double(count)
        let (second, fourth) = (1 / (4 * (2 * alpha + 1)), 3 / (16 * (2 * alpha + 1) * (2 * alpha + 3)))
        #expect(abs(mean - 0.5) < 5 * (second / Double(count)).squareRoot())
        let squares = numbers.map { ($0 - 0.5) * ($0 - 0.5) }
        let variance = squares.reduce(0, +) / Double(count)
        #expect(abs(variance - second) < 5 * ((fourth - second * second) / Double(count)).squareRoot() + 1e-12)
        let moment = squares.map { $0 * $0 }.reduce(0, +) / Double(count)
        #expect(abs(moment / fourth - 1) < 0.1)
    }

    private func mixtures(_ list: [Chosen<Augmentation>], _ count: Int, height: Int = 12, width: Int = 20) -> [BatchMixture?] {
        let pipeline = AugmentationPipeline(list)
        return (0..<count).map { pipeline.mixture(seed: 4, epoch: 1, batch: $0, count: 6, height: height, width: width) }
    }

    /// The area of the rectangle is what the weight says, to the last bit; on average it is `1 - w`, less what is cut off at the borders.
    @Test func pastesRectangles() throws {
        var areas: [Double] = [], rows: Set<Range<Int>> = []
        for mixture in mixtures([Augmentation.cutmix()], 2000) {
            let mixture = try #require(mixture)
            guard case .paste(let rectangle) = mixture.way else { Issue.record("\(mixture)"); continue }
            #expect(rectangle.top >= 0 && rectangle.left >= 0 && rectangle.height >= 0 && rectangle.width >= 0)
            #expect(rectangle.top + rectangle.height <= 12 && rectangle.left + rectangle.width <= 20)
            #expect(mixture.weight(height: 12, width: 20) == Float(1 - Double(rectangle.area) / 240))
            areas.append(Double(rectangle.area) / 240)
            rows.insert(rectangle.rows)
        }
        // Of a side s, s * s / 4 lies outside on average, so areas are that of s - s * s / 4 squared: 0.32, less what rounding down takes.
        #expect((0.25...0.42).contains(areas.reduce(0, +) / 2000) && rows.count > 50)
    }

    @Test func mixesWithPartners() {
        let (channels, height, width, count) = (2, 3, 4, 7)
        let size = channels * height * width
        let original = (0..<count * size).map { Float($0 * $0 % 1013) }
        for seed in 0..<20 {
            var random = CounterGenerator(seed: UInt64(seed), .samples, 0)
            var partners = Array(0..<count)
            random.shuffle(&partners)
            let rectangle = PictureRectangle(top: 1, left: 1, height: 2, width: 2)
            for way in [BatchMixture.Way.blend(share: 0.75), .paste(rectangle)] {
                var images = original
                let mixture = BatchMixture(partners: partners, way: way)
                images.withUnsafeMutableBufferPointer { mixture.mix($0, channels: channels, height: height, width: width) }
                for (index, value) in images.enumerated() {
                    let (own, partner) = (original[index], original[partners[index / size] * size + index % size])
                    let (row, column) = (index / width % height, index % width)
                    let isPasted = rectangle.rows.contains(row) && rectangle.columns.contains(column)
                    let expected = way == .paste(rectangle) ? (isPasted ? partner : own) : 0.75 * own + 0.25 * partner
                    #expect(partners[index / size] == index / size ? value == own : value == expected)
                }
                #expect(mixture.weight(height: height, width: width) == (way == .paste(rectangle) ? Float(1 - 4.0 / 12) : 0.75))
            }
        }
    }

    /// Of several ways each batch takes one, and with a probability some batches none.
    @Test func choosesOneWay() {
        let both = mixtures([Augmentation.mixup(), Augmentation.cutmix()], 400).compactMap(\.self)
        let blends = both.count { if case .blend = $0.way { true } else { false } }
        #expect(both.count == 400 && (160...240).contains(blends))
        let some = mixtures([Augmentation.mixup(["probability": 0.25])], 400).compactMap(\.self)
        #expect((70...130).contains(some.count) && Set(some.map(\.partners)).count > 50)
        #expect(mixtures([Augmentation.flip()], 3) == [nil, nil, nil])
        #expect(mixtures([Augmentation.mixup()], 3) == mixtures([Augmentation.mixup(), Augmentation.flip()], 3))
    }
}
