import Foundation
internal import CJPEG
internal import CPNG

/// `braid_png_open` or `braid_jpeg_open`; their headers say what they return.
private typealias Opening = (
    UnsafePointer<UInt8>?, Int, Int, Int, UnsafeMutablePointer<OpaquePointer?>?, UnsafeMutablePointer<Int32>?,
    UnsafeMutablePointer<Int32>?, UnsafeMutablePointer<Int32>?, UnsafeMutablePointer<CChar>?, Int
) -> Int32
/// `braid_png_read` or `braid_jpeg_read`.
private typealias Reading = (OpaquePointer?, UnsafeMutablePointer<UInt8>?, UnsafeMutablePointer<CChar>?, Int) -> Int32

extension Image {
    /// The largest picture file that is read, in bytes.
    public static let largestFile = 1 << 30

    /// Reads a picture file of one of `ImageFormat`, told by its first bytes, as 8-bit grey or RGB, as the file is; transparency is dropped.
    ///
    /// The values are those that are stored, as Pillow, OpenCV and TensorFlow give them: colour profiles and a PNG's gamma do not change
    /// them. Samples of 16 bits are rounded to 8, and the four inks of a CMYK JPEG become RGB as Pillow's `convert("RGB")` has it.
    /// - Parameter isTurned: whether the picture is turned as its EXIF orientation says.
    ///
    /// Throws where the file is damaged, cut off, of another format, an animation, or unpacks to more than `largestPixelCount` pixels,
    /// or to more than `largestSide` on one side.
    public init(path: String, isTurned: Bool = false) throws(InterchangeError) {
        try self.init(data: try InputFile.read(path, maximum: Self.largestFile), path: path, isTurned: isTurned)
    }

    /// Decodes a picture file that is in memory already; `path` names it in errors.
    public init(data: Data, path: String, isTurned: Bool = false) throws(InterchangeError) {
        guard let format = ImageFormat(of: data) else {
            throw InterchangeError(
                path, .byte(0), "this is no picture in one of the formats \(ImageFormat.names)", repair: "convert it to one of them")
        }
        let image =
            switch format {
            case .png:
                try Image.decode(data, braid_png_open, braid_png_read, path: path, format, repair: "fetch or save the picture again")
            case .jpeg:
                try Image.decode(
                    data, braid_jpeg_open, braid_jpeg_read, path: path, format,
                    repair: "save the picture again, as RGB, CMYK or grey")
            case .webp: try Image.decodeWebP(data, path: path)
            case .netpbm: try Image.decodeNetpbm(data, path: path)
            }
        self = isTurned ? image.turned(ImageOrientation(of: data)) : image
    }

    /// Throws where a picture is of more pixels than `largestPixelCount`, or of more than `largestSide` on one side.
    static func requirePixelCount(_ width: Int, _ height: Int, path: String) throws(InterchangeError) {
        let (count, overflow) = width.multipliedReportingOverflow(by: height)
        if overflow || count > largestPixelCount {
            let text = "the picture has \(width) x \(height) pixels, more than the \(largestPixelCount) allowed"
            throw InterchangeError(path, text, repair: "shrink it first")
        }
        if max(width, height) > largestSide {
            let text = "the picture has \(width) x \(height) pixels, more than the \(largestSide) allowed on one side"
            throw InterchangeError(path, text, repair: "cut it into pieces first")
        }
    }

    /// Writes the picture as a PNG file, atomically.
    public func writePNG(to path: String) throws(InterchangeError) { try AtomicFile.write(encodedPNG(), to: path) }

    /// Returns the bytes of a PNG file.
    public func encodedPNG() -> [UInt8] {
        var header = png_image()
        header.version = png_uint_32(PNG_IMAGE_VERSION)
        header.width = png_uint_32(width)
        header.height = png_uint_32(height)
        header.format = png_uint_32(channels == 1 ? 0 : PNG_FORMAT_FLAG_COLOR)
        // The bound that png.h documents for PNG_IMAGE_PNG_SIZE_MAX: rows with a filter byte, deflate's and the chunks' overhead.
        let rows = (width * channels + 1) * height
        let bound = rows + (rows >> 12) + (rows >> 14) + (rows >> 25) + 4096 + 12 * (rows / 8192 + 1)
        return [UInt8](unsafeUninitializedCapacity: bound) { output, count in
            var size = png_alloc_size_t(bound)
            let stride = png_int_32(width * channels)
            let written = png_image_write_to_memory(&header, output.baseAddress, &size, 0, pixels, stride, nil)
            precondition(written != 0, "libpng cannot encode \(width) x \(height) x \(channels): \(Image.message(of: header))")
            count = Int(size)
        }
    }

    /// Runs one of the two decoders of C, which have the same form, over the bytes of a file.
    private static func decode(
        _ data: Data, _ open: Opening, _ read: Reading, path: String, _ format: ImageFormat, repair: String
    ) throws(InterchangeError) -> Image {
        var message = [CChar](repeating: 0, count: 256)
        var (width, height, channels): (Int32, Int32, Int32) = (0, 0, 0)
        var pixels: [UInt8] = []
        let status = data.withUnsafeBytes { source in
            var file: OpaquePointer?
            let start = source.baseAddress?.assumingMemoryBound(to: UInt8.self)
            let status = open(
                start, source.count, largestPixelCount, largestSide, &file, &width, &height, &channels, &message, message.count)
            if status != 0 { return status }
            var result: Int32 = 0
            let size = Int(width) * Int(height) * Int(channels)
            pixels = [UInt8](unsafeUninitializedCapacity: size) { output, count in
                result = read(file, output.baseAddress, &message, message.count)
                count = result == 0 ? size : 0
            }
            return result
        }
        if status == 2 { try requirePixelCount(Int(width), Int(height), path: path) }
        guard status == 0 else {
            let text = String(decoding: message.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            throw InterchangeError(path, "the \(format.name) data cannot be decoded (\(text))", repair: repair)
        }
        return Image(width: Int(width), height: Int(height), channels: Int(channels), pixels: pixels)
    }

    private static func message(of header: png_image) -> String {
        withUnsafeBytes(of: header.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
