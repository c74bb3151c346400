import Graph
import Recipes
import Testing

@testable import Training

/// For each class and pixel 1 where the pixel is of the class: maps that lie on the pictures, and move and mix as these do.
@Suite struct ClassMapsTests {
    /// 8 pictures of 1 x 6 x 6 whose pixels are 50 times their class, 0 to 3, and 10 where they are of class 9.
    private let dataset: Dataset = {
        let maps = (0..<288).map { (index: Int) -> UInt8 in
            let (row, column) = (index % 36 / 6, index % 6)
            return UInt8((index / 36 + 3 * row + column) % 4)
        }
        let labels = maps.enumerated().map { $0.offset % 23 == 0 ? 9 : $0.element }
        return Dataset(
            name: "test", isSynthetic: true, classNames: (0..<4).map(String.init), extents: ImageExtents(channels: 1, height: 6, width: 6),
            pixels: labels.map { $0 == 9 ? 10 : 50 * $0 }, labels: [Int32](repeating: 0, count: 8),
            truth: .labelMaps(labels, height: 6, width: 6))
    }()

    private func batches(_ augmentations: [Chosen<Augmentation>], outside: Int32 = 0) -> [(image: [Float], labels: [Int32], maps: [Float])]
    {
        var options = BatchOptions(batchSize: 4, seed: 5, isShuffled: true, augmentations: augmentations, lastBatch: .dropped)
        options.targets = [.classMaps(count: 4, height: 6, width: 6), .labelMap(height: 6, width: 6)]
        options.outsideLabel = outside
        let normalization = PixelNormalization(mean: [0], deviation: [1 / 255])
        let loader = Loader(BatchMaker(dataset, normalization: normalization, options: options), epochs: 10)
        var found: [([Float], [Int32], [Float])] = []
        while let batch = loader.next() { found.append((Array(batch.images), Array(batch.maps), Array(batch.classMaps))) }
        return found
    }

    /// The classes' parts of a pixel of one of the four pictures.
    private func parts(_ maps: [Float], _ pixel: Int) -> [Float] { (0..<4).map { maps[pixel / 36 * 144 + $0 * 36 + pixel % 36] } }

    @Test func areOneAtTheClassOfEachPixel() {
        for batch in batches([Augmentation.shift(["pixels": 2]), Augmentation.flip()], outside: 2) {
            for pixel in 0..<144 {
                let label = Int(batch.labels[pixel])
                // What is of no class has a part of none.
                #expect(parts(batch.maps, pixel) == (0..<4).map { $0 == label ? 1 : 0 })
            }
            #expect(batch.labels.contains(9) && batch.labels.contains(2))
        }
    }

    /// Each pixel's classes are those of the pixels that it is mixed of.
    @Test func areMixedAsPixelsAre() {
        var isMixed = false
        for (mixer, isPasted) in [(Augmentation.mixup(), false), (Augmentation.cutmix(), true)] {
            for batch in batches([mixer]) {
                for pixel in 0..<144 {
                    let found = parts(batch.maps, pixel)
                    let none = 1 - found.reduce(0, +)
                    let value = found.enumerated().map { 50 * Float($0.offset) * $0.element }.reduce(10 * none, +)
                    #expect(abs(value - batch.image[pixel]) < 1e-2)
                    if isPasted { #expect(found.allSatisfy { $0 == 0 || $0 == 1 }) }
                    isMixed = isMixed || found.contains { $0 > 0 && $0 < 1 }
                }
            }
        }
        #expect(isMixed)
    }

    /// What a target of four axes is fed with follows from its channels, or from what its loss compares.
    @Test func areToldFromPictures() throws {
        func target(_ extents: [Int], channels: Int, isOfClasses: Bool = false) throws -> TrainingTarget {
            try TrainingTarget("x", .f32, [2] + extents, channels: channels, isOfClasses: isOfClasses)
        }
        #expect(try target([5, 8, 6], channels: 3) == .classMaps(count: 5, height: 8, width: 6))
        #expect(try target([3, 8, 6], channels: 3) == .picture(ImageExtents(channels: 3, height: 8, width: 6)))
        #expect(try target([3, 8, 6], channels: 3, isOfClasses: true) == .classMaps(count: 3, height: 8, width: 6))
        #expect(try target([1, 8, 6], channels: 3) == .picture(ImageExtents(channels: 1, height: 8, width: 6)))
        #expect(try target([1, 8, 6], channels: 1, isOfClasses: true) == .picture(ImageExtents(channels: 1, height: 8, width: 6)))
    }
}
