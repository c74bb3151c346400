import Graph
import Interchange

/// An array of pictures as 8-bit values, channel after channel (NCHW).
struct DatasetArray {
    let count: Int
    let extents: ImageExtents
    let pixels: [UInt8]

    /// Takes an array [N, H, W], [N, H, W, C] or [N, C, H, W] of 1 or 3 channels.
    ///
    /// Values are 0...255, or fractions 0...1, which are rounded to 8 bits. Which axis has the channels follows from `wanted`, where it fits
    /// only one way, else from which of them is 1 or 3; where both are, channels come last. Throws where the array holds no pictures.
    /// - Parameter place: how errors name the array.
    init(_ tensor: HostTensor, place: String, extents wanted: ImageExtents?) throws(InterchangeError) {
        let shape = tensor.shape
        func fail(_ message: String, _ repair: String) -> InterchangeError { InterchangeError(place, message, repair: repair) }
        guard shape.count == 3 || shape.count == 4 else {
            throw fail("the array is \(tensor.element) \(shape), not pictures", "save pictures as [N, H, W, C] or [N, C, H, W]")
        }
        guard !shape.contains(0) else { throw fail("the array \(shape) holds no picture", "save some pictures") }
        let last = shape.count == 3 ? nil : ImageExtents(channels: shape[3], height: shape[1], width: shape[2])
        let first =
            shape.count == 3
            ? ImageExtents(channels: 1, height: shape[1], width: shape[2])
            : ImageExtents(channels: shape[1], height: shape[2], width: shape[3])
        let possible = [last, first].compactMap { $0 }.filter { $0.channels == 1 || $0.channels == 3 }
        guard let chosen = possible.first(where: { $0 == wanted }) ?? possible.first else {
            throw fail("the array is \(tensor.element) \(shape), of neither 1 nor 3 channels", "save grey or RGB pictures: [N, H, W, C]")
        }
        count = shape[0]
        extents = chosen
        let values = try Self.bytes(tensor, place: place)
        pixels = chosen == last && chosen.channels > 1 ? Self.channelsFirst(values, extents: chosen) : values
    }

    private static func bytes(_ tensor: HostTensor, place: String) throws(InterchangeError) -> [UInt8] {
        func fail(_ index: Int, _ value: String) -> InterchangeError {
            InterchangeError(
                place, .entry("value \(index)"), "\(value) is no pixel",
                repair: "save values from 0 to 255, or from 0 to 1, before they are normalized")
        }
        switch tensor.element {
        case .u8: return tensor.bytes
        case .bool: return tensor.bytes.map { $0 == 0 ? 0 : 255 }
        case .f64, .f32, .f16, .bf16, .f8e4m3, .f8e5m2, .f8e8m0:
            let floats = tensor.floats
            if let wrong = floats.firstIndex(where: { !($0 >= 0 && $0 <= 255) }) { throw fail(wrong, "\(floats[wrong])") }
            let scale: Float = floats.contains { $0 > 1 } ? 1 : 255
            return floats.map { UInt8(($0 * scale).rounded()) }
        case .i8, .i16, .i32, .i64, .u16, .u32, .u64:
            guard let integers = tensor.integers else { throw fail(0, "a number above \(Int64.max)") }
            if let wrong = integers.firstIndex(where: { !(0...255).contains($0) }) { throw fail(wrong, "\(integers[wrong])") }
            return integers.map { UInt8($0) }
        }
    }

    /// Reorders NHWC to NCHW.
    private static func channelsFirst(_ values: [UInt8], extents: ImageExtents) -> [UInt8] {
        let (area, channels, size) = (extents.height * extents.width, extents.channels, extents.count)
        return [UInt8](unsafeUninitializedCapacity: values.count) { target, initialized in
            for start in stride(from: 0, to: values.count, by: size) {
                for channel in 0..<channels {
                    for pixel in 0..<area { target[start + channel * area + pixel] = values[start + pixel * channels + channel] }
                }
            }
            initialized = values.count
        }
    }
}
