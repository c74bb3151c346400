import Foundation
import Interchange

/// The channels, rows and columns of a picture, in this order.
public struct ImageExtents: Equatable, Sendable, CustomStringConvertible {
    public var channels: Int
    public var height: Int
    public var width: Int

    public init(channels: Int, height: Int, width: Int) {
        self.channels = channels
        self.height = height
        self.width = width
    }

    /// The number of values of one picture.
    public var count: Int { channels * height * width }

    public var description: String { "\(channels) x \(height) x \(width)" }
}

/// Labelled pictures of one size, in memory.
public struct Dataset: Sendable {
    /// The pictures to learn from and those to judge by; no picture is in both.
    public enum Part: Sendable {
        case training
        case heldOut
    }

    /// What the data are, as people should read it: a synthetic data set says so.
    public let name: String
    /// Whether the pictures are drawn by code.
    public let isSynthetic: Bool
    /// The names of the classes; a label is an index into them.
    public let classNames: [String]
    public let extents: ImageExtents
    /// 8-bit values, picture after picture, each channel after channel and row after row (NCHW).
    public let pixels: [UInt8]
    /// The class of each picture, from 0 up to but without `classNames.count`.
    public let labels: [Int32]

    /// Wraps pictures; the number of values must be `labels.count * extents.count`, and every label must be a class.
    public init(name: String, isSynthetic: Bool, classNames: [String], extents: ImageExtents, pixels: [UInt8], labels: [Int32]) {
        precondition(pixels.count == labels.count * extents.count, "\(pixels.count) values are not \(labels.count) x \(extents)")
        precondition(labels.allSatisfy { classNames.indices.contains(Int($0)) }, "a label is none of the \(classNames.count) classes")
        self.name = name
        self.isSynthetic = isSynthetic
        self.classNames = classNames
        self.extents = extents
        self.pixels = pixels
        self.labels = labels
    }

    /// The number of pictures.
    public var count: Int { labels.count }

    /// The first `count` pictures, or all where there are fewer.
    public func prefix(_ count: Int) -> Dataset {
        let kept = min(count, self.count)
        return Dataset(
            name: name, isSynthetic: isSynthetic, classNames: classNames, extents: extents,
            pixels: Array(pixels[..<(kept * extents.count)]), labels: Array(labels[..<kept]))
    }

    /// Returns picture `index` for looking at.
    public func image(_ index: Int) -> Image {
        let start = index * extents.count, area = extents.height * extents.width
        let interleaved = (0..<extents.count).map { pixels[start + $0 % extents.channels * area + $0 / extents.channels] }
        return Image(width: extents.width, height: extents.height, channels: extents.channels, pixels: interleaved)
    }

    /// Returns the pictures of `indices` side by side, `columns` a row, for looking at.
    public func contactSheet(_ indices: Range<Int>, columns: Int) -> Image {
        let rows = (indices.count + columns - 1) / columns
        var sheet = Image(width: columns * extents.width, height: max(1, rows) * extents.height, channels: extents.channels)
        for (place, index) in indices.enumerated() {
            sheet.paste(image(index), x: place % columns * extents.width, y: place / columns * extents.height)
        }
        return sheet
    }
}

/// The map from 8-bit values to what a network reads: `(value / 255 - mean) / deviation`, channel by channel.
public struct Normalization: Equatable, Sendable {
    /// One number a channel, from 0 to 1.
    public let mean: [Float]
    /// One positive number a channel.
    public let deviation: [Float]

    /// Takes the statistics of other data; there must be as many deviations as means, all positive.
    public init(mean: [Float], deviation: [Float]) {
        precondition(mean.count == deviation.count && deviation.allSatisfy { $0 > 0 }, "no normalization: \(mean), \(deviation)")
        self.mean = mean
        self.deviation = deviation
    }

    /// Measures a data set, its training part as a rule: the result has mean 0 and deviation 1 in every channel.
    ///
    /// The sums are integers, so that the result does not depend on their order. A constant channel gets deviation 1/255.
    public init(of dataset: Dataset) {
        let channels = dataset.extents.channels, area = dataset.extents.height * dataset.extents.width
        var sums = [Int](repeating: 0, count: channels), squares = sums
        dataset.pixels.withUnsafeBufferPointer { pixels in
            for start in stride(from: 0, to: pixels.count, by: max(1, area)) {
                var sum = 0, square = 0
                for value in pixels[start..<start + area] {
                    sum += Int(value)
                    square += Int(value) * Int(value)
                }
                sums[start / area % channels] += sum
                squares[start / area % channels] += square
            }
        }
        let count = Double(max(1, dataset.count * area))
        mean = sums.map { Float(Double($0) / count / 255) }
        deviation = zip(sums, squares).map { sum, square in
            let mean = Double(sum) / count
            let variance = max(Double(square) / count - mean * mean, 1)
            return Float(variance.squareRoot() / 255)
        }
    }

    /// What a checkpoint's metadata keep, so that a network is later run on values like those it learned from.
    public var metadata: [String: String] {
        let join = { (values: [Float]) in values.map { "\($0)" }.joined(separator: " ") }
        return ["normalization.mean": join(mean), "normalization.deviation": join(deviation)]
    }

    /// Reads a checkpoint's metadata; nil where they hold no normalization.
    public init?(metadata: [String: String]) {
        let read = { (key: String) in metadata[key]?.split(separator: " ").map { Float($0) } ?? [] }
        let mean = read("normalization.mean"), deviation = read("normalization.deviation")
        let isComplete = !mean.isEmpty && mean.count == deviation.count && !mean.contains(nil) && !deviation.contains(nil)
        guard isComplete, deviation.allSatisfy({ ($0 ?? 0) > 0 }) else { return nil }
        self.init(mean: mean.compactMap { $0 }, deviation: deviation.compactMap { $0 })
    }

    /// The 256 results of each channel, channel after channel.
    public var table: [Float] {
        zip(mean, deviation).flatMap { mean, deviation in (0..<256).map { (Float($0) / 255 - mean) / deviation } }
    }
}
