import Foundation
import Interchange

/// What one part of a data set holds.
public struct DatasetDescription: Sendable {
    public let classNames: [String]
    /// The pictures of each class.
    public let classCounts: [Int]
    /// The least and the most rows and columns; grey pictures among photos in colour count as these.
    public let smallest: ImageExtents
    public let largest: ImageExtents
    /// The mean and deviation of all pixels, from 0 to 1, channel by channel.
    public let normalization: PixelNormalization
    /// The pictures that lie on their side or head in their files, as EXIF says.
    public let lyingCount: Int
    /// What cannot be read.
    public let broken: [InterchangeError]

    public var count: Int { classCounts.reduce(0, +) }

    /// Whether all pictures have one size.
    public var isUniform: Bool { smallest == largest }

    /// Describes pictures in memory.
    init(_ dataset: Dataset) {
        classNames = dataset.classNames
        classCounts = Self.counts(dataset.labels, of: dataset.classNames.count)
        (smallest, largest) = (dataset.extents, dataset.extents)
        normalization = PixelNormalization(of: dataset)
        lyingCount = 0
        broken = dataset.skipped
    }

    /// Describes picture files, each as it is stored; throws where none can be read.
    init(_ pictures: DatasetPictures) throws(InterchangeError) {
        let readings = pictures.readings()
        let found = readings.compactMap { try? $0.get() }
        let failures = readings.compactMap { reading -> InterchangeError? in if case .failure(let error) = reading { error } else { nil } }
        broken = pictures.broken + failures
        guard let first = found.first else {
            throw InterchangeError(
                pictures.path, "none of the pictures can be read", repair: "repair or replace them", notes: broken.map(\.finding))
        }
        let channels = found.contains { $0.extents.channels == 3 } ? 3 : 1
        var (smallest, largest, sums, lyingCount) = (first.extents, first.extents, PixelSums(channels: channels), 0)
        (smallest.channels, largest.channels) = (channels, channels)
        var counts = [Int](repeating: 0, count: pictures.classNames.count)
        for reading in found {
            smallest.height = min(smallest.height, reading.extents.height)
            smallest.width = min(smallest.width, reading.extents.width)
            largest.height = max(largest.height, reading.extents.height)
            largest.width = max(largest.width, reading.extents.width)
            sums.add(reading.sums.spread(over: channels))
            lyingCount += reading.isUpright ? 0 : 1
            counts[Int(reading.label)] += 1
        }
        classNames = pictures.classNames.map(\.withoutControlCharacters)
        classCounts = counts
        (self.smallest, self.largest, self.lyingCount) = (smallest, largest, lyingCount)
        normalization = sums.normalization
    }

    private static func counts(_ labels: [Int32], of classes: Int) -> [Int] {
        var counts = [Int](repeating: 0, count: classes)
        for label in labels { counts[Int(label)] += 1 }
        return counts
    }
}

/// What one picture file holds.
private struct PictureReading: Sendable {
    var label: Int32
    var extents: ImageExtents
    var sums: PixelSums
    var isUpright: Bool
}

extension DatasetPictures {
    /// Reads every file once, on all cores, and keeps no pixels.
    fileprivate func readings() -> [Result<PictureReading, InterchangeError>] {
        let nothing = InterchangeError(path, "the picture was not read", repair: "try again")
        var readings = [Result<PictureReading, InterchangeError>](repeating: .failure(nothing), count: files.count)
        readings.withUnsafeMutableBufferPointer { readings in
            nonisolated(unsafe) let readings = readings
            DispatchQueue.concurrentPerform(iterations: files.count) { readings[$0] = reading(of: files[$0]) }
        }
        return readings
    }

    private func reading(of file: (path: String, label: Int32)) -> Result<PictureReading, InterchangeError> {
        do throws(InterchangeError) {
            let data = try InputFile.read(file.path, maximum: Image.largestFile)
            let image = try Image(data: data, path: file.path)
            var sums = PixelSums(channels: image.channels)
            image.pixels.withUnsafeBufferPointer { sums.add($0, channelStride: 1, pixelStride: image.channels) }
            let extents = ImageExtents(channels: image.channels, height: image.height, width: image.width)
            return .success(PictureReading(label: file.label, extents: extents, sums: sums, isUpright: Image.isUpright(data)))
        } catch { return .failure(error) }
    }
}

extension PixelSums {
    /// The sums of a grey picture in so many channels.
    fileprivate func spread(over channels: Int) -> PixelSums {
        sums.count == channels ? self : PixelSums(repeating: self, channels: channels)
    }
}
