import CPixels
import Testing

/// The sums of `CPixels` by vectors are those of plain loops, and read nothing behind the picture.
@Suite struct ResizeSumsTests {
    /// Windows of `taps` or fewer pixels in a line of `extent`, one behind the other, and weights that add up to less than 2 by their amounts.
    private static func windows(
        _ count: Int, of extent: Int, taps: Int, _ random: inout some RandomNumberGenerator
    ) -> ([braid_resize_window], [Int32]) {
        var (windows, weights): ([braid_resize_window], [Int32]) = ([], [])
        for place in 0..<count {
            let size = min(extent, Int.random(in: 1...taps, using: &random))
            let first = min(place * extent / count, extent - size)
            windows.append(braid_resize_window(first: first, count: size, weights: weights.count))
            let most = Int32((1 << 23) / size - 1)
            weights += (0..<size).map { _ in Int32.random(in: -most / 4...most, using: &random) }
        }
        return (windows, weights)
    }

    private static func rounded(_ sum: Int64) -> UInt8 { UInt8(clamping: (sum + 1 << 21) >> 22) }

    @Test(arguments: [1, 3]) func columns(channels: Int) {
        var random = TestGenerator(state: 20)
        for _ in 0..<400 {
            let (width, rows, count) = (Int.random(in: 1...90), Int.random(in: 1...9), Int.random(in: 1...60))
            let (windows, weights) = Self.windows(count, of: width, taps: Int.random(in: 1...25), &random)
            let pixels = (0..<width * rows * channels).map { _ in UInt8.random(in: 0...255, using: &random) }
            var expected: [UInt8] = []
            for row in 0..<rows {
                for window in windows {
                    for channel in 0..<channels {
                        expected.append(
                            Self.rounded(
                                (0..<window.count).reduce(0) { sum, tap in
                                    let pixel = pixels[(row * width + window.first + tap) * channels + channel]
                                    return sum + Int64(pixel) * Int64(weights[window.weights + tap])
                                }))
                    }
                }
            }
            var result = [UInt8](repeating: 7, count: expected.count + 1)
            atTheEndOfMemory(pixels) { braid_resize_columns($0, rows, width, channels, windows, count, weights, &result) }
            #expect(result == expected + [7], "\(width) x \(rows) to \(count)")
        }
    }

    @Test func rows() {
        var random = TestGenerator(state: 20)
        for _ in 0..<400 {
            let (stride, rows, count) = (Int.random(in: 1...90), Int.random(in: 1...30), Int.random(in: 1...20))
            let (windows, weights) = Self.windows(count, of: rows, taps: Int.random(in: 1...12), &random)
            let first = windows.map(\.first).min()!
            let values = (0..<stride * (rows - first)).map { _ in UInt8.random(in: 0...255, using: &random) }
            let expected = windows.flatMap { window in
                (0..<stride).map { column in
                    Self.rounded(
                        (0..<window.count).reduce(0) { sum, tap in
                            let value = values[(window.first - first + tap) * stride + column]
                            return sum + Int64(value) * Int64(weights[window.weights + tap])
                        })
                }
            }
            var result = [UInt8](repeating: 7, count: expected.count + 1)
            atTheEndOfMemory(values) { braid_resize_rows($0, stride, first, windows, count, weights, &result) }
            #expect(result == expected + [7], "\(rows) rows of \(stride) to \(count)")
        }
    }
}
