import Foundation

/// One value of a step, as TensorBoard shows it under a tag: a `Summary.Value` of tensorflow/core/framework/summary.proto.
public enum EventValue: Sendable {
    case number(tag: String, Double)
    case histogram(tag: String, Histogram)
    case picture(tag: String, Image)
    case text(tag: String, String)

    /// How often the values of a tensor lie in which range.
    public struct Histogram: Equatable, Sendable {
        public private(set) var low = 0.0
        public private(set) var high = 0.0
        public private(set) var count = 0
        public private(set) var sum = 0.0
        public private(set) var sumOfSquares = 0.0
        /// The upper ends of the bins, and what each holds.
        public private(set) var limits: [Double] = []
        public private(set) var counts: [Int] = []

        /// Counts values in bins of equal width between the least and the largest; those that are no finite numbers are left out.
        public init(_ values: [Float], bins: Int = 64) {
            precondition(bins > 0, "no histogram of \(bins) bins")
            var (low, high) = (Double.infinity, -Double.infinity)
            for value in values where value.isFinite {
                let value = Double(value)
                (low, high) = (min(low, value), max(high, value))
                count += 1
                sum += value
                sumOfSquares += value * value
            }
            guard count > 0 else { return }
            (self.low, self.high) = (low, high)
            guard high > low else {
                (limits, counts) = ([low], [count])
                return
            }
            let width = (high - low) / Double(bins)
            counts = [Int](repeating: 0, count: bins)
            for value in values where value.isFinite { counts[min(bins - 1, Int((Double(value) - low) / width))] += 1 }
            limits = (1...bins).map { $0 == bins ? high : low + Double($0) * width }
        }
    }

    /// `tag` is field 1; a number is `simple_value` (2), a picture `image` (4), a histogram `histo` (5), and a text a `tensor` (8) of strings
    /// with the `metadata` (9) of the plug-in that shows texts.
    var message: ProtobufMessage {
        var message = ProtobufMessage()
        switch self {
        case .number(let tag, let value):
            message.text(1, tag)
            message.float(2, Float(value))
        case .picture(let tag, let image):
            message.text(1, tag)
            var picture = ProtobufMessage()
            picture.integer(1, image.height)
            picture.integer(2, image.width)
            picture.integer(3, image.channels)
            picture.bytes(4, image.encodedPNG())
            message.message(4, picture)
        case .histogram(let tag, let histogram):
            message.text(1, tag)
            var values = ProtobufMessage()
            values.double(1, histogram.low)
            values.double(2, histogram.high)
            values.double(3, Double(histogram.count))
            values.double(4, histogram.sum)
            values.double(5, histogram.sumOfSquares)
            values.doubles(6, histogram.limits)
            values.doubles(7, histogram.counts.map(Double.init))
            message.message(5, values)
        case .text(let tag, let text):
            message.text(1, tag)
            var tensor = ProtobufMessage()
            // DT_STRING, and no axes.
            tensor.integer(1, 7)
            tensor.message(2, ProtobufMessage())
            tensor.text(8, text)
            message.message(8, tensor)
            var plugin = ProtobufMessage()
            plugin.text(1, "text")
            var metadata = ProtobufMessage()
            metadata.message(1, plugin)
            message.message(9, metadata)
        }
        return message
    }
}
