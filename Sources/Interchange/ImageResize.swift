extension Image {
    /// Resizes with a triangle filter that widens when shrinking (bilinear, antialiased).
    ///
    /// The result equals Pillow's `resize(…, BILINEAR)` bit for bit: the same fixed-point weights, rows before columns.
    public func resized(width: Int, height: Int) -> Image {
        precondition(width > 0 && height > 0, "no picture of \(width) x \(height)")
        var result = self
        if width != self.width { result = result.resizedHorizontally(ResizeFilter(from: self.width, to: width)) }
        if height != self.height { result = result.resizedVertically(ResizeFilter(from: self.height, to: height)) }
        return result
    }

    /// Resizes so that the shorter side has `size` pixels and the proportions stay, as torchvision's `Resize(size)`.
    public func resized(shorterSide size: Int) -> Image {
        width <= height
            ? resized(width: size, height: max(1, size * height / width)) : resized(width: max(1, size * width / height), height: size)
    }

    /// Resizes so that the picture covers `width` x `height`, then crops the middle: no distortion, no border.
    public func covering(width: Int, height: Int) -> Image {
        // Comparing products avoids rounding the two ratios.
        let fillsWidth = self.width * height <= self.height * width
        let scaled =
            fillsWidth
            ? resized(width: width, height: max(height, (self.height * width + self.width / 2) / self.width))
            : resized(width: max(width, (self.width * height + self.height / 2) / self.height), height: height)
        return scaled.centerCropped(width: width, height: height)
    }

    private func resizedHorizontally(_ filter: ResizeFilter) -> Image {
        let target = filter.windows.count
        let values = [UInt8](unsafeUninitializedCapacity: target * height * channels) { output, count in
            for row in 0..<height {
                for window in filter.windows {
                    for channel in 0..<channels {
                        let first = (row * width + window.first) * channels + channel
                        var sum = ResizeFilter.half
                        for tap in 0..<window.count {
                            sum += Int(pixels[first + tap * channels]) * filter.weights[window.weights + tap]
                        }
                        output[count] = ResizeFilter.clamp(sum)
                        count += 1
                    }
                }
            }
        }
        return Image(width: target, height: height, channels: channels, pixels: values)
    }

    private func resizedVertically(_ filter: ResizeFilter) -> Image {
        let stride = width * channels
        let values = [UInt8](unsafeUninitializedCapacity: filter.windows.count * stride) { output, count in
            for window in filter.windows {
                for column in 0..<stride {
                    var sum = ResizeFilter.half
                    for tap in 0..<window.count {
                        sum += Int(pixels[(window.first + tap) * stride + column]) * filter.weights[window.weights + tap]
                    }
                    output[count] = ResizeFilter.clamp(sum)
                    count += 1
                }
            }
        }
        return Image(width: width, height: filter.windows.count, channels: channels, pixels: values)
    }
}

/// The weights of a triangle filter along one axis, in fixed point.
private struct ResizeFilter {
    /// What one target pixel sums: `count` source pixels from `first` on, with the weights from `weights` on.
    struct Window {
        var first: Int
        var count: Int
        var weights: Int
    }

    /// Pillow's precision: 8 bits of pixel and 2 of head room in 32.
    static let fractionBits = 22
    static let half = 1 << (fractionBits - 1)

    private(set) var windows: [Window] = []
    private(set) var weights: [Int] = []

    init(from source: Int, to target: Int) {
        let scale = Double(source) / Double(target)
        let support = max(scale, 1)
        for index in 0..<target {
            let center = (Double(index) + 0.5) * scale
            let first = max(0, Int(center - support + 0.5))
            let last = min(source, Int(center + support + 0.5))
            let taps = (first..<last).map { tap in max(0, 1 - abs((Double(tap) - center + 0.5) / support)) }
            let sum = taps.reduce(0, +)
            windows.append(Window(first: first, count: taps.count, weights: weights.count))
            weights += taps.map { Int(0.5 + $0 / sum * Double(1 << Self.fractionBits)) }
        }
    }

    static func clamp(_ sum: Int) -> UInt8 { UInt8(clamping: sum >> fractionBits) }
}
