import Interchange

/// Pictures side by side, each with a line or more of text below, for looking at.
public struct PictureSheet {
    private let extents: ImageExtents
    private let columns: Int
    private let scale: Int
    private let cellWidth: Int
    private let cellHeight: Int
    private(set) var image: Image

    /// Small pictures are enlarged until a short label fits below.
    public static let labelWidth = 56
    private static let gap = 2
    /// The longest side that PNG files are commonly read with.
    private static let longestSide = 1_000_000

    /// Makes an empty sheet for `count` pictures, `columns` a row, with so many lines of text below each; throws where it would be too large.
    /// `name` says of what, for the error. Pictures are enlarged until they are `leastWidth` pixels wide.
    public init(
        _ extents: ImageExtents, count: Int, columns: Int, lines: Int = 1, leastWidth: Int = labelWidth, name: String
    ) throws(InterchangeError) {
        precondition(count > 0 && columns > 0 && lines > 0, "no sheet of \(count) pictures, \(columns) a row")
        self.extents = extents
        self.columns = min(columns, count)
        scale = max(1, (leastWidth + extents.width - 1) / extents.width)
        cellWidth = extents.width * scale + Self.gap
        cellHeight = extents.height * scale + lines * Image.textHeight + 2 * Self.gap
        let (width, height) = (self.columns * cellWidth, (count + self.columns - 1) / self.columns * cellHeight)
        let (area, overflow) = width.multipliedReportingOverflow(by: height * extents.channels)
        guard width <= Self.longestSide, height <= Self.longestSide else {
            throw InterchangeError(
                name, "a sheet of \(count) pictures has \(width) x \(height) pixels", repair: "draw fewer with --count, or change --columns"
            )
        }
        // The picture, and the file that is made of it.
        try MachineMemory.require(overflow ? .max : 2 * area, for: "the sheet", path: name, repair: "draw fewer pictures with --count")
        image = Image(width: width, height: height, channels: extents.channels)
    }

    /// Draws a picture of the sheet's extents, with its lines of text.
    public mutating func draw(_ picture: Image, label: String, at place: Int) {
        let (x, y) = (place % columns * cellWidth, place / columns * cellHeight)
        var enlarged = Image(width: picture.width * scale, height: picture.height * scale, channels: picture.channels)
        for row in 0..<enlarged.height {
            for column in 0..<enlarged.width {
                for channel in 0..<picture.channels { enlarged[column, row, channel] = picture[column / scale, row / scale, channel] }
            }
        }
        image.paste(enlarged, x: x, y: y)
        let letters = cellWidth / Image.characterWidth
        for (line, label) in label.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let text = label.count <= letters ? String(label) : String(label.prefix(letters - 2)) + ".."
            image.write(text, x: x, y: y + enlarged.height + Self.gap + line * Image.textHeight)
        }
    }

    /// Writes the sheet as a PNG file.
    public func write(to path: String) throws(InterchangeError) { try image.writePNG(to: path) }
}

extension PixelNormalization {
    /// The picture that values of a batch came from, to the nearest of 256 values.
    public func image(_ values: UnsafeBufferPointer<Float>, _ extents: ImageExtents) -> Image {
        let area = extents.height * extents.width
        let pixels = (0..<extents.count).map { index in
            let channel = order.channel(index % extents.channels, of: extents.channels)
            let value = values[channel * area + index / extents.channels] * deviation[channel] + mean[channel]
            return value.isFinite ? UInt8(min(max(value * 255, 0), 255).rounded()) : 0
        }
        return Image(width: extents.width, height: extents.height, channels: extents.channels, pixels: pixels)
    }
}
