import Graph
import Recipes
import Testing

@testable import Training

/// Pairs and triplets of pictures that networks compare.
@Suite struct PictureTupleTests {
    /// 12 pictures of 2 x 2, whose pixels are their number: 1 of class 0, 5 of class 1, 6 of class 2, in turn.
    private let dataset = Dataset(
        name: "test", isSynthetic: true, classNames: ["a", "b", "c", "d"], extents: ImageExtents(channels: 1, height: 2, width: 2),
        pixels: (0..<48).map { UInt8($0 / 4) }, labels: [0, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 2])
    private let raw = PixelNormalization(mean: [0], deviation: [1 / 255])

    private struct Row: Equatable {
        var pictures: [Int]
        var labels: [Int32]
        var same: Float?
    }

    /// The rows of some epochs, by their numbers.
    private func rows(_ options: BatchOptions, epochs: Int = 1, from start: BatchPosition = BatchPosition(), threads: Int = 1) -> [[Row]] {
        let loader = Loader(BatchMaker(dataset, normalization: raw, options: options), from: start, epochs: epochs, threads: threads)
        var rows = [[Row]](repeating: [], count: epochs)
        while let batch = loader.next() {
            for place in 0..<batch.count {
                let images = [batch.images] + batch.partners.map(\.images)
                rows[batch.position.epoch].append(
                    Row(
                        pictures: images.map { Int($0[place * 4].rounded()) },
                        labels: [batch.labels[place]] + batch.partners.map { $0.labels[place] },
                        same: batch.numbers.isEmpty ? nil : batch.numbers[place]))
            }
        }
        return rows
    }

    private func options(_ tuple: PictureTuple, size: Int = 4, seed: UInt64 = 3) -> BatchOptions {
        var options = BatchOptions.training(batchSize: size, seed: seed)
        options.tuple = tuple
        if tuple == .pair { options.targets = [.numbers(1)] }
        return options
    }

    @Test func halfOfThePairsAreOfOneClass() {
        let epochs = rows(options(.pair), epochs: 200)
        var same = 0
        var seen: Set<[Int]> = []
        for row in epochs.joined() {
            #expect(row.labels == row.pictures.map { dataset.labels[$0] })
            #expect(row.same == (row.labels[0] == row.labels[1] ? 1 : 0))
            // A picture is only compared with itself where its class has no other.
            #expect(row.pictures[0] != row.pictures[1] || row.labels[0] == 0)
            same += row.labels[0] == row.labels[1] ? 1 : 0
            seen.insert(row.pictures)
        }
        #expect((1100...1300).contains(same), "\(same) of 2400")
        // Every pair there is: each with each, but for the diagonal outside of the first class.
        #expect(seen.count == 12 * 12 - 11)
        #expect(epochs.allSatisfy { Set($0.map { $0.pictures[0] }).count == 12 })
        #expect(epochs[0].sorted { $0.pictures[0] < $1.pictures[0] } != epochs[1].sorted { $0.pictures[0] < $1.pictures[0] })
    }

    @Test func tripletsAreAnAnchorOneLikeItAndOneUnlikeIt() {
        var seen: Set<[Int]> = []
        for row in rows(options(.triplet), epochs: 400).joined() {
            #expect(row.labels == row.pictures.map { dataset.labels[$0] } && row.same == nil)
            #expect(row.labels[0] == row.labels[1] && row.labels[0] != row.labels[2])
            #expect(row.pictures[0] != row.pictures[1] || row.labels[0] == 0)
            seen.insert(row.pictures)
        }
        // 1 x 1 x 11, 5 x 4 x 7 and 6 x 5 x 6.
        #expect(seen.count == 11 + 140 + 180)
    }

    /// What a picture is compared with follows from (seed, epoch, picture): not from threads, nor from where it stands in which batch.
    @Test(arguments: [PictureTuple.pair, .triplet]) func dependOnThePictureAlone(tuple: PictureTuple) {
        let whole = rows(options(tuple), epochs: 3)
        #expect(rows(options(tuple), epochs: 3, threads: 3) == whole)
        let rest = rows(options(tuple), epochs: 3, from: BatchPosition(epoch: 1, batch: 2))
        #expect(rest[1] == Array(whole[1][8...]) && rest[2] == whole[2])
        func sorted(_ rows: [Row]) -> [Row] { rows.sorted { $0.pictures[0] < $1.pictures[0] } }
        #expect(rows(options(tuple, size: 3), epochs: 3).map(sorted) == whole.map(sorted))
        #expect(rows(options(tuple, seed: 4), epochs: 3).map(sorted) != whole.map(sorted))

        // What is left behind whole batches is evaluated by itself, with partners of all of the data.
        var evaluation = BatchOptions.evaluation(batchSize: 5)
        (evaluation.tuple, evaluation.targets) = (tuple, tuple == .pair ? [.numbers(1)] : [])
        let all = rows(evaluation)[0]
        (evaluation.batchSize, evaluation.range) = (2, 10..<12)
        #expect(rows(evaluation)[0] == Array(all[10...]) && all.map { $0.pictures[0] } == Array(0..<12))
    }

    /// Every picture of a row is augmented on its own, also where it is the same twice.
    @Test func picturesAreAugmentedApart() {
        let dataset = Dataset(
            name: "test", isSynthetic: true, classNames: ["a", "b"], extents: ImageExtents(channels: 1, height: 1, width: 4),
            pixels: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], labels: [0, 1, 1])
        var options = options(.triplet, size: 1)
        options.augmentations = [Augmentation.flip()]
        let loader = Loader(BatchMaker(dataset, normalization: raw, options: options), epochs: 200)
        var seen: [[Bool]: Int] = [:]
        while let batch = loader.next() {
            seen[([batch.images] + batch.partners.map(\.images)).map { $0[0] < $0[3] }, default: 0] += 1
        }
        #expect(seen.count == 8 && seen.values.allSatisfy { (50...100).contains($0) }, "\(seen)")
    }

    @Test func dataMustHavePairs() throws {
        func failure(_ labels: [Int32], _ tuple: PictureTuple) -> String? {
            let dataset = Dataset(
                name: "test", isSynthetic: true, classNames: ["a", "b", "c"], extents: ImageExtents(channels: 1, height: 1, width: 1),
                pixels: labels.map { UInt8($0) }, labels: labels)
            do { try tuple.require(dataset, .heldOut) } catch { return error.message }
            return nil
        }
        for tuple in [PictureTuple.pair, .triplet] {
            let what = tuple == .pair ? "pairs" : "triplets"
            #expect(
                failure([1, 1, 1], tuple)
                    == "all held-out pictures of test are of the class 'b', and \(what) of pictures take several classes")
            #expect(failure([], tuple) == "test has no held-out pictures, and \(what) of pictures take several classes")
            #expect(
                failure([0, 1, 2], tuple)
                    == "no class of test has two held-out pictures, and \(what) of pictures take two of the same class")
            #expect(failure([0, 2, 2], tuple) == nil)
        }
        #expect(failure([1], .single) == nil)
    }
}
