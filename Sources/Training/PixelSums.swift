/// What the mean and deviation of pixels follow from; integers, so that the result does not depend on their order.
struct PixelSums: Sendable {
    private(set) var sums: [Int]
    private(set) var squares: [Int]
    /// Values a channel.
    private(set) var count = 0

    init(channels: Int) {
        sums = [Int](repeating: 0, count: channels)
        squares = sums
    }

    /// Repeats the sums of one channel in each of so many.
    init(repeating other: PixelSums, channels: Int) {
        sums = [Int](repeating: other.sums[0], count: channels)
        squares = [Int](repeating: other.squares[0], count: channels)
        count = other.count
    }

    /// Adds a picture, whose channels and pixels lie so many values apart.
    mutating func add(_ pixels: UnsafeBufferPointer<UInt8>, channelStride: Int, pixelStride: Int) {
        let area = pixels.count / sums.count
        for channel in sums.indices {
            var sum = 0, square = 0
            for pixel in 0..<area {
                let value = Int(pixels[channel * channelStride + pixel * pixelStride])
                sum += value
                square += value * value
            }
            sums[channel] += sum
            squares[channel] += square
        }
        count += area
    }

    mutating func add(_ other: PixelSums) {
        for channel in sums.indices {
            sums[channel] += other.sums[channel]
            squares[channel] += other.squares[channel]
        }
        count += other.count
    }

    /// The normalization to mean 0 and deviation 1 in every channel; a constant channel gets deviation 1/255.
    var normalization: PixelNormalization {
        let count = Double(max(1, count))
        let deviation = zip(sums, squares).map { sum, square in
            let mean = Double(sum) / count
            let variance = max(Double(square) / count - mean * mean, 1)
            return Float(variance.squareRoot() / 255)
        }
        return PixelNormalization(mean: sums.map { Float(Double($0) / count / 255) }, deviation: deviation)
    }
}
