/// The values of a picture, channel after channel and row after row, that another is interpolated from.
enum PictureSource {
    /// 8-bit values, and what they stand for: 256 numbers a channel.
    case bytes(UnsafePointer<UInt8>, table: UnsafePointer<Float>)
    case values(UnsafePointer<Float>)

    /// What black is in a channel.
    func black(_ channel: Int) -> Float {
        switch self {
        case .bytes(_, let table): table[channel * 256]
        case .values: 0
        }
    }

    /// Writes `count` values of a channel, from `start` on.
    @inline(__always)
    func copy(_ channel: Int, from start: Int, step: Int, count: Int, to target: UnsafeMutablePointer<Float>) {
        switch self {
        case .bytes(let pixels, let table):
            let table = table + channel * 256
            if step == 1 {
                let source = pixels + start
                for index in 0..<count { target[index] = table[Int(source[index])] }
            } else {
                for index in 0..<count { target[index] = table[Int(pixels[start &- index])] }
            }
        case .values(let values):
            if step == 1 {
                target.update(from: values + start, count: count)
            } else {
                for index in 0..<count { target[index] = values[start &- index] }
            }
        }
    }
}
