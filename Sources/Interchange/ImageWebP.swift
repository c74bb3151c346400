internal import CWebP
import Foundation

extension Image {
    /// Decodes a WebP file in memory, lossy or lossless, as RGB, with libwebp; transparency is dropped.
    ///
    /// Throws where the file is damaged or cut off, an animation, or of more than `largestPixelCount` pixels, which its header says.
    static func decodeWebP(_ data: Data, path: String) throws(InterchangeError) -> Image {
        var features = WebPBitstreamFeatures()
        try check(data.withUnsafeBytes { WebPGetFeatures($0.bindMemory(to: UInt8.self).baseAddress, $0.count, &features) }, path)
        if features.has_animation != 0 {
            throw InterchangeError(
                path, "the WebP file is an animation", repair: "save one of its frames: webpmux -get frame 1 FILE -o FRAME.webp")
        }
        let (width, height) = (Int(features.width), Int(features.height))
        try requirePixelCount(width, height, path: path)
        var status = VP8_STATUS_OK
        let pixels = [UInt8](unsafeUninitializedCapacity: 3 * width * height) { output, count in
            var configuration = WebPDecoderConfig()
            guard WebPInitDecoderConfig(&configuration) != 0 else {
                // The library that is found is of another generation than the headers.
                status = VP8_STATUS_INVALID_PARAM
                return
            }
            configuration.output.colorspace = MODE_RGB
            configuration.output.is_external_memory = 1
            configuration.output.u.RGBA.rgba = output.baseAddress
            configuration.output.u.RGBA.stride = Int32(3 * width)
            configuration.output.u.RGBA.size = 3 * width * height
            status = data.withUnsafeBytes { WebPDecode($0.bindMemory(to: UInt8.self).baseAddress, $0.count, &configuration) }
            count = status == VP8_STATUS_OK ? 3 * width * height : 0
        }
        try check(status, path)
        return Image(width: width, height: height, channels: 3, pixels: pixels)
    }

    private static func check(_ status: VP8StatusCode, _ path: String) throws(InterchangeError) {
        let what: String
        switch status {
        case VP8_STATUS_OK: return
        case VP8_STATUS_NOT_ENOUGH_DATA, VP8_STATUS_SUSPENDED: what = "the file is cut off"
        case VP8_STATUS_OUT_OF_MEMORY: what = "out of memory"
        case VP8_STATUS_UNSUPPORTED_FEATURE: what = "it uses what the library does not know"
        case VP8_STATUS_INVALID_PARAM: what = "the library does not take the call"
        default: what = "the data are damaged"
        }
        throw InterchangeError(path, "the WebP data cannot be decoded (\(what))", repair: "fetch or save the picture again")
    }
}
