import Foundation
import Recipes
import Testing
import Training

@Suite struct LoaderTests {
    /// 10 pictures of 2 x 3 x 4, each of values of its own.
    private let dataset = Dataset(
        name: "test", isSynthetic: true, classNames: (0..<10).map(String.init), extents: ImageExtents(channels: 2, height: 3, width: 4),
        pixels: (0..<240).map { UInt8($0 + 1) }, labels: (0..<10).map { $0 })
    private let raw = PixelNormalization(mean: [0, 0], deviation: [1 / 255, 1 / 255])

    private struct Copy: Equatable {
        var position: BatchPosition
        var count: Int
        var images: [Float]
        var labels: [Int32]
    }

    private func batches(
        _ options: BatchOptions, from start: BatchPosition = BatchPosition(), epochs: Int, pause: Bool = false, buffers: Int? = 2,
        threads: Int = 1
    ) -> [Copy] {
        let maker = BatchMaker(dataset, normalization: raw, options: options)
        let loader = Loader(maker, from: start, epochs: epochs, buffers: buffers, threads: threads)
        var copies: [Copy] = []
        while let batch = loader.next() {
            if pause { usleep(500) }
            let images = Array(batch.images), labels = Array(batch.labels)
            copies.append(Copy(position: batch.position, count: batch.count, images: images, labels: labels))
        }
        return copies
    }

    @Test func keepsEverythingInEvaluation() {
        let all = batches(.evaluation(batchSize: 4), epochs: 1)
        #expect(all.map(\.count) == [4, 4, 2])
        #expect(all.flatMap(\.labels) == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 0])
        let values = all.flatMap(\.images).map { $0.rounded() }
        #expect(values == (1...240).map(Float.init) + [Float](repeating: 0, count: 48))
    }

    @Test func showsEachPictureOnceAnEpoch() {
        let all = batches(.training(batchSize: 3, seed: 1), epochs: 2)
        #expect(all.map(\.position) == (0..<2).flatMap { epoch in (0..<3).map { BatchPosition(epoch: epoch, batch: $0) } })
        let first = all[..<3].flatMap(\.labels), second = all[3...].flatMap(\.labels)
        #expect(Set(first).count == 9 && Set(second).count == 9 && first != second)
        for batch in all {
            for (place, label) in batch.labels.enumerated() { #expect(batch.images[place * 24].rounded() == Float(label * 24 + 1)) }
        }
    }

    @Test func dependsOnSeedAndEpochAlone() {
        let options = BatchOptions.training(batchSize: 3, seed: 5, augmentations: [Augmentation.shift(["pixels": 2])])
        let all = batches(options, epochs: 3)
        #expect(batches(options, epochs: 3, pause: true) == all)
        // A resumed run sees what the interrupted one would have seen.
        #expect(batches(options, from: BatchPosition(epoch: 1, batch: 2), epochs: 3) == Array(all[5...]))
        #expect(batches(options, from: BatchPosition(epoch: 3), epochs: 3).isEmpty)
        #expect(batches(options, from: BatchPosition(epoch: 0, batch: 3), epochs: 3) == Array(all[3...]))
        // With any number of threads, and fewer or more buffers than threads.
        for (threads, buffers) in [(2, 1), (3, 2), (3, nil), (8, 5), (20, nil)] {
            for _ in 0..<10 {
                #expect(batches(options, epochs: 3, buffers: buffers, threads: threads) == all)
                #expect(
                    batches(options, from: BatchPosition(epoch: 2, batch: 1), epochs: 3, buffers: buffers, threads: threads)
                        == Array(all[7...]))
                #expect(batches(options, from: BatchPosition(epoch: 3), epochs: 3, buffers: buffers, threads: threads).isEmpty)
            }
        }
        #expect(batches(options, epochs: 3, pause: true, buffers: 2, threads: 4) == all)
        #expect(batches(.training(batchSize: 3, seed: 6, augmentations: options.augmentations), epochs: 3) != all)
    }

    @Test func measuresItself() {
        // Blurring makes a picture of this size slow enough to be waited for.
        let large = Dataset(
            name: "large", isSynthetic: true, classNames: ["a"], extents: ImageExtents(channels: 1, height: 200, width: 200),
            pixels: [UInt8](repeating: 1, count: 280_000), labels: [Int32](repeating: 0, count: 7))
        var options = BatchOptions(batchSize: 2, seed: 0, isShuffled: false, lastBatch: .padded)
        options.augmentations = [Augmentation.blur(["sigma_from": 4, "sigma_to": 4])]
        let start = ContinuousClock.now
        let loader = Loader(
            BatchMaker(large, normalization: PixelNormalization(mean: [0], deviation: [1]), options: options), epochs: 3, threads: 1)
        #expect(loader.rate.picturesPerSecond >= 0)
        while loader.next() != nil {}
        let (rate, elapsed) = (loader.rate, (ContinuousClock.now - start).seconds)
        #expect(rate.batches == 12 && rate.pictures == 21)
        #expect(rate.makingSeconds > 0 && rate.makingSeconds <= elapsed && rate.waitingSeconds > 0 && rate.waitingSeconds <= elapsed)
        #expect(rate.picturesPerSecond == 21 / rate.makingSeconds)
        #expect(rate.wasLimit(of: 5 * rate.waitingSeconds) && !rate.wasLimit(of: 20 * rate.waitingSeconds))
        #expect(!LoaderRate().wasLimit(of: 0) && LoaderRate().picturesPerSecond == 0)
        // A single batch, which nobody could have made before, is never waited for.
        let single = Loader(BatchMaker(dataset, normalization: raw, options: .evaluation(batchSize: 10)), epochs: 1)
        #expect(single.next()?.count == 10 && single.rate.waitingSeconds == 0)
    }

    @Test func stopsWithItsOwner() {
        for _ in 0..<50 {
            let loader = Loader(
                BatchMaker(dataset, normalization: raw, options: .training(batchSize: 2, seed: 0)), epochs: 1_000_000, threads: 3)
            #expect(loader.next()?.count == 2)
        }
    }

    @Test func drawsUniformly() {
        var random = CounterGenerator(seed: 1, .samples, 0)
        var counts = [Int](repeating: 0, count: 7)
        for _ in 0..<70_000 { counts[random.below(7)] += 1 }
        #expect(counts.allSatisfy { abs($0 - 10_000) < 400 })
        var first = CounterGenerator(seed: 1, .samples, 0, 1), second = CounterGenerator(seed: 1, .samples, 1, 0)
        #expect(first.next() != second.next())
    }
}
