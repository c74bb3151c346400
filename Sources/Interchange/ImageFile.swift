import Foundation
internal import CJPEG
internal import CPNG

extension Image {
    /// The largest picture file that is read, in bytes.
    public static let largestFile = 1 << 30

    /// Reads a PNG or JPEG file (told apart by their first bytes) as 8-bit grey or RGB, as the file is; transparency is dropped.
    ///
    /// Throws where the file is damaged, cut off, of another format, or unpacks to more than `largestPixelCount` pixels.
    public init(path: String) throws(InterchangeError) {
        try self.init(data: try InputFile.read(path, maximum: Self.largestFile), path: path)
    }

    /// Decodes a picture file that is in memory already; `path` names it in errors.
    public init(data: Data, path: String) throws(InterchangeError) {
        if data.starts(with: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]) {
            self = try Image.decodePNG(data, path: path)
        } else if data.starts(with: [0xff, 0xd8]) {
            self = try Image.decodeJPEG(data, path: path)
        } else {
            throw InterchangeError(path, .byte(0), "this is neither a PNG nor a JPEG file", repair: "convert it to one of them")
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

    private static func decodePNG(_ data: Data, path: String) throws(InterchangeError) -> Image {
        let damaged = { (message: String) in
            InterchangeError(path, "the PNG data cannot be decoded (\(message))", repair: "fetch or save the picture again")
        }
        var header = png_image()
        header.version = png_uint_32(PNG_IMAGE_VERSION)
        defer { png_image_free(&header) }
        // libpng reads from this copy until the picture is finished.
        let bytes = [UInt8](data)
        let result = bytes.withUnsafeBytes { source -> Result<Image, InterchangeError> in
            guard png_image_begin_read_from_memory(&header, source.baseAddress, source.count) != 0 else {
                return .failure(damaged(message(of: header)))
            }
            let width = Int(header.width), height = Int(header.height)
            guard width <= largestPixelCount / height else { return .failure(tooLarge(width, height, path: path)) }
            // Samples of 16 bits are sRGB-encoded like those of 8, unless the file says otherwise.
            header.flags |= png_uint_32(PNG_IMAGE_FLAG_16BIT_sRGB)
            let channels = header.format & png_uint_32(PNG_FORMAT_FLAG_COLOR) != 0 ? 3 : 1
            let hasAlpha = header.format & png_uint_32(PNG_FORMAT_FLAG_ALPHA) != 0
            header.format = png_uint_32((channels == 3 ? PNG_FORMAT_FLAG_COLOR : 0) | (hasAlpha ? PNG_FORMAT_FLAG_ALPHA : 0))
            let stored = channels + (hasAlpha ? 1 : 0)
            var pixels = [UInt8](repeating: 0, count: width * height * stored)
            guard png_image_finish_read(&header, nil, &pixels, png_int_32(width * stored), nil) != 0 else {
                return .failure(damaged(message(of: header)))
            }
            if hasAlpha {
                pixels = (0..<width * height * channels).map { pixels[$0 / channels * stored + $0 % channels] }
            }
            return .success(Image(width: width, height: height, channels: channels, pixels: pixels))
        }
        return try result.get()
    }

    private static func decodeJPEG(_ data: Data, path: String) throws(InterchangeError) -> Image {
        var message = [CChar](repeating: 0, count: 256)
        var pixels: UnsafeMutablePointer<UInt8>?
        var width: Int32 = 0
        var height: Int32 = 0
        var channels: Int32 = 0
        let status = data.withUnsafeBytes { source in
            let start = source.baseAddress?.assumingMemoryBound(to: UInt8.self)
            return braid_jpeg_decode(
                start, source.count, largestPixelCount, &pixels, &width, &height, &channels, &message, message.count)
        }
        guard status == 0, let pixels else {
            let text = String(decoding: message.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            throw InterchangeError(path, "the JPEG data cannot be decoded (\(text))", repair: "save the picture again, as RGB or grey")
        }
        defer { free(pixels) }
        let count = Int(width) * Int(height) * Int(channels)
        return Image(
            width: Int(width), height: Int(height), channels: Int(channels),
            pixels: [UInt8](UnsafeBufferPointer(start: pixels, count: count)))
    }

    private static func tooLarge(_ width: Int, _ height: Int, path: String) -> InterchangeError {
        InterchangeError(
            path, "the picture has \(width) x \(height) pixels, more than the \(largestPixelCount) allowed", repair: "shrink it first")
    }

    private static func message(of header: png_image) -> String {
        withUnsafeBytes(of: header.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
