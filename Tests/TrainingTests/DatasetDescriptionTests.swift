import Foundation
import Graph
import Interchange
import Testing
import Training

@Suite struct DatasetDescriptionTests {
    private let folder = DatasetTestFolder()

    /// A PNG file that says how it lies, in a chunk behind its header.
    private func lying(_ image: Image, orientation: UInt8) -> [UInt8] {
        let tiff: [UInt8] = [0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0]
        var bytes = image.encodedPNG()
        bytes.insert(contentsOf: [0, 0, 0, UInt8(tiff.count)] + Array("eXIf".utf8) + tiff + [0, 0, 0, 0], at: 33)
        return bytes
    }

    @Test func describesFilesOfManySizes() throws {
        let colour = Image(width: 2, height: 3, channels: 3, pixels: [UInt8](repeating: 0, count: 15) + [255, 51, 0])
        try folder.write(lying(colour, orientation: 6), to: "train/a/1.png")
        try folder.write(Image(width: 4, height: 1, channels: 1, filledWith: 102).encodedPNG(), to: "train/b/1.png")
        try folder.write(Image(width: 4, height: 1, channels: 1, filledWith: 102).encodedPNG(), to: "train/b/2.png")
        try folder.write(Data([0xff, 0xd8]), to: "train/b/cut.jpg")
        try folder.write(Image(width: 5, height: 5, channels: 1).encodedPNG(), to: "val/b/1.png")
        let specification = DatasetSpecification.folder(folder.path)
        let training = try specification.describe(.training)
        #expect(training.classNames == ["a", "b"] && training.classCounts == [1, 2] && training.count == 3)
        #expect(training.smallest == ImageExtents(channels: 3, height: 1, width: 2))
        #expect(training.largest == ImageExtents(channels: 3, height: 3, width: 4))
        #expect(training.lyingCount == 1 && !training.isUniform)
        #expect(training.broken.count == 1 && training.broken[0].path.hasSuffix("train/b/cut.jpg"))
        // 14 pixels: five of 0 and one of 1, 0.2 and 0, and eight of 0.4.
        for (channel, last) in [1, 0.2, 0].enumerated() {
            let mean = (last + 8 * 0.4) / 14
            let variance = (last * last + 8 * 0.16) / 14 - mean * mean
            #expect(abs(Double(training.normalization.mean[channel]) - mean) < 1e-6)
            #expect(abs(Double(training.normalization.deviation[channel]) - variance.squareRoot()) < 1e-6)
        }
        let heldOut = try specification.describe(.heldOut)
        #expect(heldOut.classCounts == [0, 1] && heldOut.isUniform && heldOut.normalization.mean == [0])
        try folder.write(Data(), to: "val/b/1.png")
        checkDatasetFailure("none of the pictures can be read") { _ = try specification.describe(.heldOut) }
        checkDatasetFailure("the data have a held-out part already") {
            _ = try specification.describe(.training, options: DatasetOptions(split: DatasetSplit(share: 0.1, seed: 0)))
        }
    }

    @Test func describesPicturesInMemory() throws {
        let digits = try DatasetSpecification.digits.describe(.heldOut)
        #expect(digits.classCounts == [Int](repeating: 200, count: 10) && digits.largest.count == 784 && digits.lyingCount == 0)
        #expect(digits.normalization == PixelNormalization(of: try DatasetSpecification.digits.open(.heldOut)))
    }

    /// A training turns pictures as EXIF says where the input's preparation asks for it, and leaves them as they are otherwise.
    @Test func turnsPicturesOfAFolder() throws {
        let image = Image(width: 2, height: 1, channels: 1, pixels: [10, 20])
        for part in ["train", "val"] { try folder.write(lying(image, orientation: 6), to: "\(part)/a/1.png") }
        let specification = DatasetSpecification.folder(folder.path)
        #expect(try specification.open(.training).extents == ImageExtents(channels: 1, height: 1, width: 2))
        for part in [Dataset.Part.training, .heldOut] {
            let turned = try specification.open(part, preparation: PicturePreparation(appliesOrientation: true))
            #expect(turned.extents == ImageExtents(channels: 1, height: 2, width: 1) && turned.pixels == [10, 20])
        }
    }

    @Test func drawsSheets() throws {
        let extents = ImageExtents(channels: 1, height: 28, width: 28)
        var sheet = try PictureSheet(extents, count: 3, columns: 2, name: "digits")
        for place in 0..<3 {
            sheet.draw(Image(width: 28, height: 28, channels: 1, filledWith: UInt8(100 + place)), label: "a very long label", at: place)
        }
        try sheet.write(to: "\(folder.path)/sheet.png")
        let image = try Image(path: "\(folder.path)/sheet.png")
        // Each picture twice as large, with a line of text and gaps below.
        #expect(image.width == 2 * 58 && image.height == 2 * (56 + 8 + 4))
        #expect(
            (image[0, 0], image[55, 55], image[58, 0], image[113, 55], image[55, 68 + 55], image[58, 68]) == (100, 100, 101, 101, 102, 0))
        #expect((58..<66).contains { y in (0..<58).contains { image[$0, y] == 255 } })
        checkDatasetFailure("pixels; draw fewer with --count, or change --columns") {
            _ = try PictureSheet(ImageExtents(channels: 1, height: 500, width: 500), count: 10_000, columns: 1, name: "x")
        }
        checkDatasetFailure("of memory, and there are") {
            _ = try PictureSheet(ImageExtents(channels: 3, height: 999_000, width: 999_000), count: 1, columns: 1, name: "x")
        }
    }

    /// A batch's values become the pictures that they came from.
    @Test func undoesNormalization() {
        let normalization = PixelNormalization(mean: [0.3, 0.5, 0.9], deviation: [0.2, 0.01, 2])
        let extents = ImageExtents(channels: 3, height: 8, width: 32)
        let dataset = Dataset(
            name: "all", isSynthetic: true, classNames: ["a"], extents: extents, pixels: (0..<768).map { UInt8($0 % 256) }, labels: [0])
        let loader = Loader(BatchMaker(dataset, normalization: normalization, options: .evaluation(batchSize: 1)), epochs: 1)
        #expect(loader.next().map { normalization.image($0.images, extents) } == dataset.image(0))
        let wild: [Float] = [.nan, .infinity, -.infinity, 1e30, -1e30, 0]
        let image = wild.withUnsafeBufferPointer {
            PixelNormalization(mean: [0.5], deviation: [1]).image($0, ImageExtents(channels: 1, height: 1, width: 6))
        }
        #expect(image.pixels == [0, 0, 0, 255, 0, 128])
    }
}
