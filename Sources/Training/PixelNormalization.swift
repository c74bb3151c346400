import Foundation
import Graph
import Interchange
import Recipes

/// The map from 8-bit values to what a network reads: `(value / 255 - mean) / deviation`, channel by channel of the network's input.
public struct PixelNormalization: Equatable, Sendable {
    /// One number a channel, from 0 to 1.
    public let mean: [Float]
    /// One positive number a channel.
    public let deviation: [Float]
    /// The order of these channels; files have theirs as red, green, blue.
    public let order: PicturePreparation.ChannelOrder

    /// Takes the statistics of other data; they must be usable.
    public init(mean: [Float], deviation: [Float], order: PicturePreparation.ChannelOrder = .rgb) {
        precondition(Self.isUsable(mean: mean, deviation: deviation), "no normalization: \(mean), \(deviation)")
        self.mean = mean
        self.deviation = deviation
        self.order = order
    }

    /// The same of channels in the other order.
    public func ordered(_ order: PicturePreparation.ChannelOrder) -> PixelNormalization {
        if order == self.order { return self }
        return PixelNormalization(mean: mean.reversed(), deviation: deviation.reversed(), order: order)
    }

    /// Measures a data set, its training part as a rule: the result has mean 0 and deviation 1 in every channel.
    ///
    /// The sums are integers, so that the result does not depend on their order. A constant channel gets deviation 1/255.
    public init(of dataset: Dataset) {
        let area = dataset.extents.height * dataset.extents.width
        var sums = PixelSums(channels: dataset.extents.channels)
        dataset.pixels.withUnsafeBufferPointer { pixels in
            for start in stride(from: 0, to: pixels.count, by: max(1, dataset.extents.count)) {
                let picture = UnsafeBufferPointer(rebasing: pixels[start..<start + dataset.extents.count])
                sums.add(picture, channelStride: area, pixelStride: 1)
            }
        }
        self = sums.normalization
    }

    /// What a checkpoint's metadata keep, so that a network is later run on values like those it learned from.
    public var metadata: [String: String] {
        let join = { (values: [Float]) in values.map { "\($0)" }.joined(separator: " ") }
        var metadata = [Self.meanKey: join(mean), Self.deviationKey: join(deviation)]
        if order != .rgb { metadata[Self.orderKey] = order.rawValue }
        return metadata
    }

    private static let (meanKey, deviationKey) = ("normalization.mean", "normalization.deviation")
    private static let orderKey = "normalization.channel_order"

    /// Reads what the metadata of weights or of a checkpoint remember; nil where they hold no normalization.
    ///
    /// Throws where they hold one that cannot be: numbers that are none, deviations that are not above 0, or so small that no picture's
    /// values were ever divided by them.
    public static func remembered(in metadata: [String: String], path: String) throws(InterchangeError) -> PixelNormalization? {
        if metadata[meanKey] == nil, metadata[deviationKey] == nil { return nil }
        let repair =
            "copy the file again; or write the `normalize` of its training into it anew, as mean 0.5 and deviation 0.25 for example"
        func numbers(_ key: String) throws(InterchangeError) -> [Float] {
            guard let text = metadata[key] else {
                throw InterchangeError(path, .entry(key), "this is missing in the metadata", repair: repair)
            }
            let numbers = text.split(separator: " ").map { Float($0) ?? .nan }
            // What is quoted may be anything.
            let quoted = String(text.prefix(60))
            guard !numbers.isEmpty, numbers.allSatisfy(\.isFinite) else {
                throw InterchangeError(path, .entry(key), "\"\(quoted)\" are no numbers to normalize pictures with", repair: repair)
            }
            return numbers
        }
        let (mean, deviation) = (try numbers(meanKey), try numbers(deviationKey))
        guard isUsable(mean: mean, deviation: deviation) else {
            throw InterchangeError(
                path, .entry(deviationKey),
                "pictures cannot be normalized with a mean of \(list(mean)) and a deviation of \(list(deviation))",
                repair: repair)
        }
        let order = metadata[orderKey].map { PicturePreparation.ChannelOrder(rawValue: $0) } ?? .rgb
        guard let order, order == .rgb || mean.count == 3 else {
            throw InterchangeError(
                path, .entry(orderKey), "this is no order of \(mean.count) channels: \"\(metadata[orderKey]?.prefix(60) ?? "")\"",
                repair: repair)
        }
        return PixelNormalization(mean: mean, deviation: deviation, order: order)
    }

    private static func list(_ numbers: [Float]) -> String {
        numbers.prefix(4).map { "\($0)" }.joined(separator: " ") + (numbers.count > 4 ? " …" : "")
    }

    /// Whether pictures can be normalized so: one deviation above 0 a mean, and no value beyond a million, for such a network computes nothing.
    public static func isUsable(mean: [Float], deviation: [Float]) -> Bool {
        mean.count == deviation.count
            && zip(mean, deviation).allSatisfy { mean, deviation in
                deviation > 0 && abs(mean / deviation) <= 1e6 && abs((1 - mean) / deviation) <= 1e6
            }
    }

    /// The 256 results of each channel, channel after channel.
    public var table: [Float] {
        zip(mean, deviation).flatMap { mean, deviation in (0..<256).map { (Float($0) / 255 - mean) / deviation } }
    }
}

extension PicturePreparation {
    /// What becomes of the pictures of a training: as the preparation says, else as the recipe does, else so that their mean is 0 and their
    /// deviation 1.
    ///
    /// Throws where the numbers of channels differ.
    public func normalization(_ recipe: TrainingRecipe?, of dataset: Dataset) throws(TrainingError) -> PixelNormalization {
        guard let given = normalization ?? recipe?.normalization else { return PixelNormalization(of: dataset).ordered(order) }
        return try given.values(channels: dataset.extents.channels, order: order)
    }
}

extension PixelScale {
    /// The normalization for pictures of so many channels in an order; throws where the numbers of channels differ.
    public func values(channels: Int, order: PicturePreparation.ChannelOrder = .rgb) throws(TrainingError) -> PixelNormalization {
        guard mean.count == 1 || mean.count == channels, mean.count == deviation.count else {
            throw TrainingError(
                "the recipe normalizes \(mean.count) channels, but the pictures have \(channels)",
                repair: "give one mean and deviation, or one a channel")
        }
        let spread = { (values: [Double]) in (0..<channels).map { Float(values[values.count == 1 ? 0 : $0]) } }
        let (means, deviations) = (spread(mean), spread(deviation))
        guard PixelNormalization.isUsable(mean: means, deviation: deviations) else {
            throw TrainingError(
                "pictures cannot be normalized with mean \(mean) and std \(deviation): values beyond a million would come out",
                repair: "give the mean and deviation of pixels from 0 to 1, such as `mean: 0.1307, std: 0.3081`")
        }
        return PixelNormalization(mean: means, deviation: deviations, order: order)
    }
}
