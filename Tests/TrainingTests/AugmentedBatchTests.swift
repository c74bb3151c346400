import Graph
import Interchange
import Recipes
import Testing

@testable import Training

/// Batches whose pictures are changed at random, and mixed.
@Suite struct AugmentedBatchTests {
    /// 10 pictures of 2 x 3 x 4, each of values of its own.
    private let small = Dataset(
        name: "test", isSynthetic: true, classNames: (0..<10).map(String.init), extents: ImageExtents(channels: 2, height: 3, width: 4),
        pixels: (0..<240).map { UInt8($0 + 1) }, labels: (0..<10).map { $0 })
    private let raw = PixelNormalization(mean: [0, 0], deviation: [1 / 255, 1 / 255])

    /// 6 pictures of 3 x 20 x 24.
    private let colored = Dataset(
        name: "colored", isSynthetic: true, classNames: (0..<6).map(String.init), extents: ImageExtents(channels: 3, height: 20, width: 24),
        pixels: (0..<8640).map { UInt8(truncatingIfNeeded: $0 * 7 + $0 / 24 * 13 + $0 / 480 * 29 + $0 % 24 * ($0 / 24 % 20) * 3) },
        labels: (0..<6).map { $0 })
    private let scale = PixelNormalization(mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225])

    private struct Copy: Equatable {
        var position: BatchPosition
        var images: [Float]
        var labels: [Int32]
        var partnerLabels: [Int32]?
        var weights: [Float]?
    }

    private func copies(
        _ list: [Chosen<Augmentation>], of dataset: Dataset, _ normalization: PixelNormalization, size: Int = 3, seed: UInt64 = 7,
        isShuffled: Bool = true, epochs: Int = 4, threads: Int = 1
    ) -> [Copy] {
        let options = BatchOptions(batchSize: size, seed: seed, isShuffled: isShuffled, augmentations: list, lastBatch: .dropped)
        let loader = Loader(BatchMaker(dataset, normalization: normalization, options: options), epochs: epochs, threads: threads)
        var copies: [Copy] = []
        while let batch = loader.next() {
            copies.append(
                Copy(
                    position: batch.position, images: Array(batch.images), labels: Array(batch.labels),
                    partnerLabels: batch.mixing.map { Array($0.partnerLabels) }, weights: batch.mixing.map { Array($0.weights) }))
        }
        return copies
    }

    /// Pictures are augmented as they are seen, whatever the order in which a network takes their channels.
    @Test func channelsAreReversedAtLast() {
        let list = [Augmentation.colorJitter(["saturation": 0.5, "hue": 0.1]), Augmentation.flip(), Augmentation.crop(["scale": 0.3])]
        let reversed = copies(list, of: colored, scale.ordered(.bgr))
        let area = 20 * 24
        for (copy, other) in zip(copies(list, of: colored, scale), reversed) {
            let planes = stride(from: 0, to: copy.images.count, by: area).map { Array(copy.images[$0..<$0 + area]) }
            var expected: [Float] = []
            for index in planes.indices { expected += planes[index / 3 * 3 + 2 - index % 3] }
            #expect(other.images == expected && other.labels == copy.labels)
            #expect(picture(copy, scale) == picture(other, scale.ordered(.bgr)))
        }
        #expect(reversed.count == 8)
    }

    /// The first picture of a batch.
    private func picture(_ copy: Copy, _ normalization: PixelNormalization) -> Image {
        copy.images.withUnsafeBufferPointer { values in
            normalization.image(UnsafeBufferPointer(rebasing: values[..<colored.extents.count]), colored.extents)
        }
    }

    /// Trainings are reproducible across versions: these digests are of version 0.1, whose augmentations were these three.
    @Test func keepsItsBits() {
        let (shift, flip) = (Augmentation.shift(["pixels": 3]), Augmentation.flip())
        let (crop, part) = (Augmentation.crop(), Augmentation.crop(["scale": 0.3]))
        let known: [([Chosen<Augmentation>], UInt64)] = [
            ([], 0x9d86_e34c_4a15_6525), ([shift], 0x9410_90f0_84bb_b3db), ([flip], 0xe38b_0a6d_ef30_95e1),
            ([shift, flip], 0x95c6_0e31_7d25_ee33),
            ([crop], 0x3320_3f0e_be33_b474), ([crop, flip], 0xbbf2_d901_c051_8012),
            ([part, Augmentation.shift(["pixels": 5]), flip], 0x85ba_6339_056e_a708),
        ]
        for (list, expected) in known {
            var digest: UInt64 = 0xcbf2_9ce4_8422_2325
            for copy in copies(list, of: colored, scale) {
                for value in copy.images { digest = (digest ^ UInt64(value.bitPattern)) &* 0x100_0000_01b3 }
                for value in copy.labels { digest = (digest ^ UInt64(UInt32(bitPattern: value))) &* 0x100_0000_01b3 }
            }
            #expect(digest == expected, "\(list) 0x\(String(digest, radix: 16))")
        }
    }

    @Test func mirrorsEverySecondPicture() {
        var mirrored = 0
        for copy in copies([Augmentation.flip()], of: small, raw, size: 10, seed: 4, isShuffled: false, epochs: 20) {
            for sample in 0..<10 {
                let row = copy.images[sample * 24..<sample * 24 + 4].map { Int($0.rounded()) }
                let plain = (1...4).map { sample * 24 + $0 }
                #expect(row == plain || row == plain.reversed())
                mirrored += row == plain ? 0 : 1
            }
        }
        #expect((60...140).contains(mirrored))
    }

    @Test func movesPictures() {
        var seen: Set<[Int]> = []
        for copy in copies([Augmentation.shift(["pixels": 5])], of: small, raw, size: 10, seed: 3, isShuffled: false, epochs: 40) {
            for sample in 0..<10 {
                let found = copy.images[sample * 24..<sample * 24 + 24].map { $0.rounded() }
                func moved(_ right: Int, _ down: Int) -> [Float] {
                    (0..<24).map { index in
                        let column = index % 4 - right, row = index / 4 % 3 - down
                        let isInside = (0..<4).contains(column) && (0..<3).contains(row)
                        return isInside ? Float(sample * 24 + index / 12 * 12 + row * 4 + column + 1) : 0
                    }
                }
                let moves = (-5...5).flatMap { right in (-5...5).map { [right, $0] } }.filter { moved($0[0], $0[1]) == found }
                #expect(!moves.isEmpty, "picture \(sample) is no moved one")
                // Those that moved out of sight all look alike.
                if moves.count == 1 { seen.insert(moves[0]) }
            }
        }
        #expect(Set(seen.map { $0[0] }) == Set(-3...3) && Set(seen.map { $0[1] }) == Set(-2...2))
    }

    /// Cuts out rectangles and enlarges them; with moves and mirroring, the same crop comes moved and mirrored.
    @Test func cropsPictures() {
        let (height, width) = (40, 60)
        // A plane that rises by 2 a column and 3 a row: interpolation gives its value at any point.
        let plane = Dataset(
            name: "plane", isSynthetic: true, classNames: ["a"], extents: ImageExtents(channels: 1, height: height, width: width),
            pixels: (0..<height * width).map { UInt8($0 / width * 3 + $0 % width * 2) }, labels: [0])
        let raw = PixelNormalization(mean: [0], deviation: [1 / 255])
        let crop = Augmentation.crop(["scale": 0.25])
        let whole = copies([crop], of: plane, raw, size: 1, seed: 9, epochs: 60)
        var corners: Set<[Float]> = []
        for copy in whole {
            func value(_ row: Int, _ column: Int) -> Double { Double(copy.images[row * width + column]) }
            // Along each axis a straight line, but for the half pixel at both ends; where they begin and how steep they are say what was cut out.
            let (middle, rise, climb) = (value(20, 30), value(20, 31) - value(20, 30), value(21, 30) - value(20, 30))
            #expect(rise > 0.5 && rise <= 2.001 && climb > 0.7 && climb <= 3.001)
            let (wide, high) = (rise / 2 * Double(width), climb / 3 * Double(height))
            #expect(wide * high > 0.24 * 2400 && ((0.7...1.4).contains(wide / high) || wide * high > 2399))
            for row in stride(from: 3, to: height - 3, by: 6) {
                for column in stride(from: 3, to: width - 3, by: 7) {
                    #expect(abs(value(row, column) - middle - Double(column - 30) * rise - Double(row - 20) * climb) < 1e-2)
                }
            }
            corners.insert([copy.images[0], copy.images[height * width - 1]])
        }
        #expect(corners.count > 50)
        let shift = Augmentation.shift(["pixels": 4])
        let moved = copies([crop, shift], of: plane, raw, size: 1, seed: 9, epochs: 60)
        let changed = copies([crop, shift, Augmentation.flip()], of: plane, raw, size: 1, seed: 9, epochs: 60)
        for (before, after) in zip(moved, changed) {
            let rows = (0..<height).map { Array(before.images[$0 * width..<($0 + 1) * width]) }
            #expect(after.images == rows.flatMap { $0 } || after.images == rows.flatMap { $0.reversed() })
        }
        for (before, after) in zip(whole, moved) {
            /// Whether all that can be seen in both stands so far off.
            func isMoved(_ right: Int, _ down: Int) -> Bool {
                for row in 4..<height - 4 {
                    for column in 4..<width - 4 {
                        let (old, new) = (row * width + column, (row + down) * width + column + right)
                        if after.images[new] != before.images[old] { return false }
                    }
                }
                return true
            }
            let isFound = (-4...4).contains { right in (-4...4).contains { isMoved(right, $0) } }
            #expect(isFound)
        }
    }

    private var heavy: [Chosen<Augmentation>] {
        [
            Augmentation.crop(), Augmentation.rotation(["degrees": 20]), Augmentation.flip(),
            Augmentation.colorJitter(["brightness": 0.4, "contrast": 0.4, "saturation": 0.4, "hue": 0.1]),
            Augmentation.blur(["probability": 0.5]),
            Augmentation.randAugment(), Augmentation.affine(["translate": 0.1, "shear": 5]), Augmentation.randomErasing(["noise": true]),
            Augmentation.cutout(["size": 5]), Augmentation.mixup(["probability": 0.5]), Augmentation.cutmix(),
        ]
    }

    @Test func isTheSameForAnyThreads() {
        let all = copies(heavy, of: colored, scale, epochs: 6)
        #expect(all.count == 12 && all.contains { $0.weights == nil } && all.contains { $0.weights != nil })
        for threads in [2, 5] { #expect(copies(heavy, of: colored, scale, epochs: 6, threads: threads) == all) }
        #expect(copies(heavy, of: colored, scale, seed: 8, epochs: 6) != all)
        for copy in all { #expect(copy.images.allSatisfy { abs($0) < 8 }) }
    }

    /// The pictures of a mixed batch are those of the unmixed one and of partners with the labels that are told.
    @Test func mixesPicturesAndLabels() throws {
        let plain = copies([Augmentation.flip()], of: small, raw, size: 5)
        let blended = copies([Augmentation.flip(), Augmentation.mixup(["alpha": 1])], of: small, raw, size: 5)
        let pasted = copies([Augmentation.flip(), Augmentation.cutmix()], of: small, raw, size: 5)
        #expect(plain.allSatisfy { $0.weights == nil && $0.partnerLabels == nil })
        var shares: Set<Float> = []
        for (before, (blend, paste)) in zip(plain, zip(blended, pasted)) {
            for after in [blend, paste] {
                let (partners, weights) = (try #require(after.partnerLabels), try #require(after.weights))
                #expect(after.labels == before.labels && partners.sorted() == before.labels.sorted() && Set(weights).count == 1)
                let weight = weights[0]
                shares.insert(weight)
                for place in 0..<5 {
                    let partner = try #require(before.labels.firstIndex(of: partners[place]))
                    var own: Float = 0
                    for index in 0..<24 {
                        let (value, other) = (before.images[place * 24 + index], before.images[partner * 24 + index])
                        let found = after.images[place * 24 + index]
                        if after == blend {
                            let expected = weight * value + (1 - weight) * other
                            #expect(abs(found - expected) < 1e-3)
                        } else {
                            #expect(found == value || found == other)
                            own += found == value ? 1 : 0
                        }
                    }
                    if after == paste, partner != place { #expect(abs(own / 24 - weight) < 1e-6) }
                }
            }
        }
        #expect(shares.count > 8)
    }

    /// A label of classes cannot tell two of them.
    @Test func refusesMixedClasses() throws {
        var toy = ToyTraining()
        toy.augmentations = [Augmentation.mixup()]
        do {
            _ = try toy.start()
            Issue.record("a training with classes as labels mixed them")
        } catch let error as TrainingError {
            #expect(error.message == "`mixup` mixes classes, and the label 'label' is of one class a picture")
            #expect(error.repair == "declare it as f32[N, 2], or leave out `mixup`")
        }
        // And what needs colours says so before the training starts.
        toy.augmentations = [Augmentation.grayscale()]
        #expect(throws: TrainingError("`grayscale` changes colours, but the pictures have 1 channel", repair: "leave out `grayscale`")) {
            _ = try toy.start()
        }
    }
}
