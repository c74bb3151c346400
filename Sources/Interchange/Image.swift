internal import CPixels
import Graph

/// A picture in memory: interleaved 8-bit pixels, row by row from the top, grey (one channel) or RGB (three).
public struct Image: Equatable, Sendable {
    public let width: Int
    public let height: Int
    /// 1 (grey) or 3 (red, green, blue).
    public let channels: Int
    /// `height * width * channels` values.
    public internal(set) var pixels: [UInt8]

    /// The most pixels a picture file may unpack to.
    public static let largestPixelCount = 1 << 26
    /// The most pixels in a row or column of a picture file: readers hold rows as they are stored.
    public static let largestSide = 1 << 20

    /// Wraps pixels of the given extents, which must agree with their number.
    public init(width: Int, height: Int, channels: Int, pixels: [UInt8]) {
        precondition(width > 0 && height > 0 && (channels == 1 || channels == 3), "no picture of \(width) x \(height) x \(channels)")
        precondition(pixels.count == width * height * channels, "\(pixels.count) values are not \(width) x \(height) x \(channels)")
        self.width = width
        self.height = height
        self.channels = channels
        self.pixels = pixels
    }

    /// Makes a picture of one value.
    public init(width: Int, height: Int, channels: Int, filledWith value: UInt8 = 0) {
        self.init(width: width, height: height, channels: channels, pixels: [UInt8](repeating: value, count: width * height * channels))
    }

    /// The value of one channel of one pixel.
    public subscript(x: Int, y: Int, channel: Int = 0) -> UInt8 {
        get { pixels[(y * width + x) * channels + channel] }
        set { pixels[(y * width + x) * channels + channel] = newValue }
    }

    /// The picture with one channel: luma after ITU-R 601, rounded as Pillow does.
    public func grey() -> Image {
        if channels == 1 { return self }
        let values = [UInt8](unsafeUninitializedCapacity: width * height) { output, count in
            pixels.withUnsafeBufferPointer { pixels in
                for index in output.indices {
                    let red = UInt32(pixels[3 * index]), green = UInt32(pixels[3 * index + 1]), blue = UInt32(pixels[3 * index + 2])
                    output[index] = UInt8(truncatingIfNeeded: (red &* 19595 &+ green &* 38470 &+ blue &* 7471 &+ 0x8000) >> 16)
                }
            }
            count = output.count
        }
        return Image(width: width, height: height, channels: 1, pixels: values)
    }

    /// The picture with three channels; a grey one has its value in each.
    public func rgb() -> Image {
        if channels == 3 { return self }
        var values: [UInt8] = []
        values.reserveCapacity(3 * pixels.count)
        for value in pixels { values.append(contentsOf: repeatElement(value, count: 3)) }
        return Image(width: width, height: height, channels: 3, pixels: values)
    }

    /// The picture with 1 or 3 channels.
    public func converted(channels: Int) -> Image { channels == 1 ? grey() : rgb() }

    /// Cuts out the rectangle with this upper left corner, which must lie inside.
    public func cropped(x: Int, y: Int, width: Int, height: Int) -> Image {
        precondition(x >= 0 && y >= 0 && x <= self.width - width && y <= self.height - height, "the crop reaches outside the picture")
        var values: [UInt8] = []
        values.reserveCapacity(width * height * channels)
        for row in y..<y + height {
            let begin = (row * self.width + x) * channels
            values += pixels[begin..<begin + width * channels]
        }
        return Image(width: width, height: height, channels: channels, pixels: values)
    }

    /// Copies another picture into this one with its upper left corner there; what reaches outside is left out.
    public mutating func paste(_ other: Image, x: Int, y: Int) {
        let other = other.converted(channels: channels)
        for row in 0..<other.height where (0..<height).contains(y + row) {
            for column in 0..<other.width where (0..<width).contains(x + column) {
                for channel in 0..<channels { self[x + column, y + row, channel] = other[column, row, channel] }
            }
        }
    }

    /// The values as f32 from 0 to 1, channel after channel (CHW).
    public func planes() -> [Float] {
        let area = width * height
        return [Float](unsafeUninitializedCapacity: channels * area) { output, count in
            store(into: output, table: (0..<channels).flatMap { _ in (0..<256).map { Float($0) / 255 } })
            count = output.count
        }
    }

    /// Stores what a table has for the values, channel after channel (CHW), in as many places.
    ///
    /// - Parameters:
    ///   - table: 256 results of each channel of the target, channel after channel.
    ///   - order: that of the target's channels.
    public func store(
        into target: UnsafeMutableBufferPointer<Float>, table: [Float], order: PicturePreparation.ChannelOrder = .rgb
    ) {
        let area = width * height
        precondition(target.count == channels * area && table.count == channels * 256, "no room for \(width) x \(height) x \(channels)")
        pixels.withUnsafeBufferPointer { pixels in
            table.withUnsafeBufferPointer { table in
                guard let target = target.baseAddress, let pixels = pixels.baseAddress, let table = table.baseAddress else { return }
                for channel in 0..<channels {
                    braid_lookup_channel(
                        pixels, area, channels, order.channel(channel, of: channels), table + channel * 256, target + channel * area)
                }
            }
        }
    }
}
