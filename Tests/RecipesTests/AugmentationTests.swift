import Graph
import Testing

@testable import Recipes

/// The rows of augmentations, and lists of them.
@Suite struct AugmentationTests {
    /// A picture of any size.
    static func pixels(_ channels: Int, _ height: Int, _ width: Int) -> [UInt8] {
        (0..<channels * height * width).map { index in
            let (channel, row, column) = (index / (height * width), index / width % height, index % width)
            return UInt8(truncatingIfNeeded: channel * 53 + row * 31 + column * 17 + column * row * 5)
        }
    }

    /// What a list makes of a picture, with a mean of 0.5 and a deviation of 0.25.
    static func result(
        _ list: [Chosen<Augmentation>], of pixels: [UInt8], _ extents: (channels: Int, height: Int, width: Int), seed: UInt64 = 1,
        epoch: Int = 0, sample: Int = 0
    ) -> [Float] {
        results(AugmentationPipeline(list), of: [pixels], extents, seed: seed, epoch: epoch, samples: [sample])[0]
    }

    /// The same for several pictures, one after the other in the same room.
    static func results(
        _ pipeline: AugmentationPipeline, of pictures: [[UInt8]], _ extents: (channels: Int, height: Int, width: Int), seed: UInt64 = 1,
        epoch: Int = 0, samples: [Int]
    ) -> [[Float]] {
        let (mean, deviation) = (
            [Float](repeating: 0.5, count: extents.channels), [Float](repeating: 0.25, count: extents.channels)
        )
        let table = (0..<256 * extents.channels).map { (Float($0 % 256) / 255 - 0.5) / 0.25 }
        var picture = AugmentedPicture(
            channels: extents.channels, height: extents.height, width: extents.width, mean: mean, deviation: deviation, table: table)
        var results: [[Float]] = []
        for (pixels, sample) in zip(pictures, samples) {
            var values = [Float](repeating: .nan, count: pixels.count)
            pixels.withUnsafeBufferPointer { pixels in
                values.withUnsafeMutableBufferPointer {
                    pipeline.make(
                        &picture, from: pixels.baseAddress!, seed: seed, epoch: epoch, sample: sample, into: $0.baseAddress!)
                }
            }
            results.append(values)
        }
        return results
    }

    @Test func streamsTellRowsApart() {
        let streams = Augmentation.all.map(\.stream)
        #expect(Set(streams).count == streams.count)
        for purpose in CounterGenerator.Purpose.allCases { #expect(!streams.contains(purpose.rawValue), "\(purpose)") }
        #expect(streams.filter { $0 < 32 } == [4, 5, 9])
    }

    /// Every parameter at both of its bounds, on pictures of all shapes: numbers come out, and all is within memory.
    @Test func bearsTheBoundsOfAllParameters() {
        for form in Augmentation.all {
            var choices = [Attributes()]
            for parameter in form.parameters where parameter.name != "probability" {
                let values: [Attribute] =
                    switch parameter.kind {
                    case .integer: [.integer(Int(parameter.range.lowerBound)), .integer(Int(parameter.range.upperBound))]
                    case .boolean: [.boolean(false), .boolean(true)]
                    default: [.number(parameter.range.lowerBound), .number(parameter.range.upperBound)]
                    }
                choices = choices.flatMap { choice in
                    values.map { value in
                        var choice = choice
                        choice[parameter.name] = value
                        return choice
                    }
                }
            }
            for var values in choices where form.problem(form(values).values) == nil {
                if form.parameters.contains(where: { $0.name == "probability" }) { values["probability"] = 1 }
                let list = [Chosen(form, values), Augmentation.flip(), Chosen(form, values)]
                for (channels, height, width) in [(1, 1, 1), (3, 1, 7), (3, 6, 1), (2, 3, 4), (4, 2, 2), (3, 9, 11)] {
                    let extents = (channels: channels, height: height, width: width)
                    let found = Self.result(list, of: Self.pixels(channels, height, width), extents, sample: 3)
                    #expect(found.allSatisfy { $0.isFinite }, "\(list) of \(extents)")
                    let mixture = AugmentationPipeline(list).mixture(
                        seed: 1, epoch: 0, batch: 0, count: 2, height: height, width: width)
                    #expect(mixture != nil || !form.mixesBatches)
                }
            }
        }
    }

    /// Each depends on (seed, epoch, picture) and its own place in the list, and on nothing else.
    @Test func dependsOnItsCountersAlone() {
        let extents = (channels: 3, height: 8, width: 9)
        let list = Augmentation.all.filter { !$0.mixesBatches }.map { form -> Chosen<Augmentation> in
            let needed: [String: Attributes] = [
                "shift": ["pixels": 2], "rotation": ["degrees": 20.0], "sharpness": ["amount": 0.5], "posterize": ["bits": 5],
                "cutout": ["size": 3],
            ]
            return form(needed[form.name] ?? [:])
        }
        let pictures = (0..<6).map { number in Self.pixels(3, 8, 9).map { $0 &+ UInt8(number) } }
        let pipeline = AugmentationPipeline(list)
        let together = Self.results(pipeline, of: pictures, extents, epoch: 2, samples: [0, 1, 2, 3, 4, 5])
        for sample in pictures.indices.reversed() {
            #expect(Self.result(list, of: pictures[sample], extents, epoch: 2, sample: sample) == together[sample])
        }
        #expect(Self.result(list, of: pictures[0], extents, epoch: 3, sample: 0) != together[0])
        #expect(Self.result(list, of: pictures[0], extents, seed: 2, epoch: 2, sample: 0) != together[0])
        #expect(Self.result(list, of: pictures[0], extents, epoch: 2, sample: 1) != together[0])
        // What stands before an augmentation does not change what it draws; the second of a kind draws for itself.
        func moves(_ list: [Chosen<Augmentation>]) -> [[Float]] {
            (0..<40).map { Self.result(list, of: pictures[0], extents, sample: $0) }
        }
        let (flip, never) = (Augmentation.flip(), Augmentation.verticalFlip(["probability": 0]))
        let plain = moves([])
        #expect(moves([never, flip]) == moves([flip]) && moves([never]) == plain)
        let (once, twice) = (moves([flip]), moves([flip, flip]))
        let flips = (0..<40).count { once[$0] != plain[$0] }
        #expect((10...30).contains(flips))
        // Twice mirrored by chances of their own: again every second one.
        #expect((10...30).contains((0..<40).count { twice[$0] != plain[$0] }))
        #expect(moves([Augmentation.flip(["probability": 1])]).allSatisfy { $0 != plain[0] })
    }

    @Test func saysWhatPicturesLack() {
        let jitter = Augmentation.colorJitter(["brightness": 0.2, "hue": 0.1])
        #expect(jitter.form.problem(jitter.values, channels: 3) == nil)
        #expect(
            jitter.form.problem(jitter.values, channels: 1)
                == FormProblem("`color_jitter` changes colours, but the pictures have 1 channel", repair: "leave out hue"))
        let bright = Augmentation.colorJitter(["brightness": 0.2])
        #expect(bright.form.problem(bright.values, channels: 1) == nil)
        #expect(Augmentation.grayscale.problem(Augmentation.grayscale().values, channels: 4)?.repair == "leave out `grayscale`")
        let affine = Augmentation.affine(["scale_from": 2, "scale_to": 1.5])
        #expect(affine.form.problem(affine.values)?.message == "`scale_from` is above `scale_to`")
    }

    @Test func drawsBetweenItsBounds() {
        // Shares of pictures, at the ends and between.
        for (probability, range) in [(0.0, 0...0), (0.1, 60...140), (0.9, 860...940), (1.0, 1000...1000)] {
            var random = CounterGenerator(seed: 3, .samples, 1)
            #expect(range.contains((0..<1000).count { _ in random.happens(probability) }))
        }
        var random = CounterGenerator(seed: 1, .samples, 0)
        for _ in 0..<200 {
            let rectangle = Augmentation.cropped(to: 0.25, 40, 60, &random)
            #expect(rectangle.rows.clamped(to: 0..<40) == rectangle.rows && rectangle.columns.clamped(to: 0..<60) == rectangle.columns)
            #expect((570...2400).contains(rectangle.area))
        }
        let normals = (0..<20_000).map { _ in random.normal() }
        let mean = normals.reduce(0, +) / 20_000
        #expect(abs(mean) < 0.03 && abs(normals.map { $0 * $0 }.reduce(0, +) / 20_000 - 1) < 0.05)
    }
}
