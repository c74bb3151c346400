import Graph

extension Image {
    /// Resizes the whole picture; the filter widens when shrinking (antialiasing), but that of `nearest`.
    ///
    /// The result equals that of Pillow's `resize` up to version 12 bit for bit: the same fixed-point weights, rows before columns. Where it
    /// shrinks the height much more than the width, version 13 goes the other way round, which changes values by 1 of 255.
    public func resized(width: Int, height: Int, _ interpolation: PicturePreparation.Interpolation = .bilinear) -> Image {
        resized(width: width, height: height, columns: 0..<width, rows: 0..<height, interpolation)
    }

    /// A part of the picture that `resized(width:height:)` gives. Only what it needs is computed, so that a narrow picture, which becomes
    /// very long, takes no more memory than another.
    func resized(
        width: Int, height: Int, columns: Range<Int>, rows: Range<Int>, _ interpolation: PicturePreparation.Interpolation
    ) -> Image {
        precondition(columns.lowerBound >= 0 && columns.upperBound <= width && !columns.isEmpty, "no columns \(columns) of \(width)")
        precondition(rows.lowerBound >= 0 && rows.upperBound <= height && !rows.isEmpty, "no rows \(rows) of \(height)")
        if width == self.width, height == self.height {
            return cropped(x: columns.lowerBound, y: rows.lowerBound, width: columns.count, height: rows.count)
        }
        let vertical = ResizeFilter(from: self.height, to: height, rows, interpolation)
        let horizontal = ResizeFilter(from: self.width, to: width, columns, interpolation)
        return resizedHorizontally(horizontal, rows: vertical.sources).resizedVertically(vertical)
    }

    /// The rows of the range alone, each resized.
    private func resizedHorizontally(_ filter: ResizeFilter, rows: Range<Int>) -> Image {
        let target = filter.windows.count
        let values = [UInt8](unsafeUninitializedCapacity: target * rows.count * channels) { output, count in
            pixels.withUnsafeBufferPointer { pixels in
                for (place, row) in rows.enumerated() {
                    let source = UnsafeBufferPointer(rebasing: pixels[row * width * channels..<(row + 1) * width * channels])
                    let result = UnsafeMutableBufferPointer(
                        rebasing: output[place * target * channels..<(place + 1) * target * channels])
                    if channels == 3 { filter.apply(toColours: source, result) } else { filter.apply(toGreys: source, result) }
                }
            }
            count = output.count
        }
        return Image(width: target, height: rows.count, channels: channels, pixels: values)
    }

    /// Resizes the columns of a picture whose rows are the `sources` of the filter.
    private func resizedVertically(_ filter: ResizeFilter) -> Image {
        let stride = width * channels
        let values = [UInt8](unsafeUninitializedCapacity: filter.windows.count * stride) { output, count in
            withUnsafeTemporaryAllocation(of: Int32.self, capacity: stride) { sums in
                pixels.withUnsafeBufferPointer { pixels in
                    for (place, window) in filter.windows.enumerated() {
                        let first = (window.first - filter.sources.lowerBound) * stride
                        let rows = UnsafeBufferPointer(rebasing: pixels[first..<first + window.count * stride])
                        let result = UnsafeMutableBufferPointer(rebasing: output[place * stride..<(place + 1) * stride])
                        filter.apply(toRows: rows, window, sums, result)
                    }
                }
            }
            count = output.count
        }
        return Image(width: width, height: filter.windows.count, channels: channels, pixels: values)
    }
}

/// The weights of a filter along one axis, in fixed point.
private struct ResizeFilter {
    /// What one target pixel sums: `count` source pixels from `first` on, with the weights from `weights` on.
    struct Window {
        var first: Int
        var count: Int
        var weights: Int
    }

    /// Pillow's precision: 8 bits of pixel and 2 of head room in 32.
    static let fractionBits: Int32 = 22
    static let half: Int32 = 1 << (fractionBits - 1)

    private(set) var windows: [Window] = []
    private(set) var weights: [Int32] = []
    /// The source pixels that are read.
    private(set) var sources = 0..<0

    /// Prepares the target pixels of a range, which is not empty.
    init(from source: Int, to target: Int, _ range: Range<Int>, _ interpolation: PicturePreparation.Interpolation) {
        let scale = Double(source) / Double(target)
        switch interpolation {
        case .nearest: chooseNearest(from: source, to: target, range)
        case .bilinear: weigh(source, scale, range, support: 1, Self.triangle)
        case .bicubic: weigh(source, scale, range, support: 2, Self.cubic)
        }
        let first = windows.map(\.first).min() ?? 0
        let last = windows.map { $0.first + $0.count }.max() ?? 0
        sources = first..<last
    }

    /// One source pixel for each target pixel. Pillow adds up the scale from pixel to pixel, and so do we, for the same roundings.
    private mutating func chooseNearest(from source: Int, to target: Int, _ range: Range<Int>) {
        let scale = Double(source) / Double(target)
        weights = [1 << Self.fractionBits]
        var place = scale * 0.5
        // No picture of Pillow's is so long that this would not be what it computes.
        let isCounted = range.upperBound <= 1 << 24
        if isCounted { for _ in 0..<range.lowerBound { place += scale } }
        for index in range {
            let position = isCounted ? place : (Double(index) + 0.5) * scale
            windows.append(Window(first: min(Int(position), source - 1), count: 1, weights: 0))
            place += scale
        }
    }

    private mutating func weigh(_ source: Int, _ scale: Double, _ range: Range<Int>, support radius: Double, _ filter: (Double) -> Double) {
        let widening = max(scale, 1)
        let support = radius * widening
        let narrowing = 1 / widening
        for index in range {
            let center = (Double(index) + 0.5) * scale
            let first = max(0, Int(center - support + 0.5))
            let last = min(source, Int(center + support + 0.5))
            let taps = (first..<last).map { tap in filter((Double(tap) - center + 0.5) * narrowing) }
            let sum = taps.reduce(0, +)
            windows.append(Window(first: first, count: taps.count, weights: weights.count))
            weights += taps.map { tap in
                let weight = tap / sum * Double(1 << Self.fractionBits)
                return Int32(weight < 0 ? weight - 0.5 : weight + 0.5)
            }
        }
    }

    private static func triangle(_ distance: Double) -> Double { max(0, 1 - abs(distance)) }

    private static func cubic(_ distance: Double) -> Double {
        let x = abs(distance)
        let a = -0.5
        if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
        return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0
    }

    // MARK: Sums

    // Absolute weights add up to less than 2 (a cubic's to 1.25), so that no sum of pixels leaves 32 bits; loops that need not look out for it,
    // and read no arrays that another could change, are made vectors of by the compiler.

    @inline(__always)
    private static func clamp(_ sum: Int32) -> UInt8 { UInt8(truncatingIfNeeded: min(max(sum >> fractionBits, 0), 255)) }

    /// Resizes a row of pixels of three channels.
    func apply(toColours source: UnsafeBufferPointer<UInt8>, _ result: UnsafeMutableBufferPointer<UInt8>) {
        guard let pixels = source.baseAddress, let output = result.baseAddress else { return }
        weights.withUnsafeBufferPointer { weights in
            windows.withUnsafeBufferPointer { windows in
                for place in windows.indices {
                    let window = windows[place]
                    let pixel = pixels + 3 * window.first
                    var (red, green, blue) = (Self.half, Self.half, Self.half)
                    for tap in 0..<window.count {
                        let weight = weights[window.weights &+ tap]
                        red &+= Int32(pixel[3 &* tap]) &* weight
                        green &+= Int32(pixel[3 &* tap &+ 1]) &* weight
                        blue &+= Int32(pixel[3 &* tap &+ 2]) &* weight
                    }
                    output[3 &* place] = Self.clamp(red)
                    output[3 &* place &+ 1] = Self.clamp(green)
                    output[3 &* place &+ 2] = Self.clamp(blue)
                }
            }
        }
    }

    /// Resizes a row of pixels of one channel.
    func apply(toGreys source: UnsafeBufferPointer<UInt8>, _ result: UnsafeMutableBufferPointer<UInt8>) {
        guard let pixels = source.baseAddress, let output = result.baseAddress else { return }
        weights.withUnsafeBufferPointer { weights in
            windows.withUnsafeBufferPointer { windows in
                for place in windows.indices {
                    let window = windows[place]
                    var sum = Self.half
                    for tap in 0..<window.count { sum &+= Int32(pixels[window.first &+ tap]) &* weights[window.weights &+ tap] }
                    output[place] = Self.clamp(sum)
                }
            }
        }
    }

    /// Makes one row of the rows of a window.
    ///
    /// - Parameter sums: as many as the row has values.
    func apply(
        toRows source: UnsafeBufferPointer<UInt8>, _ window: Window, _ sums: UnsafeMutableBufferPointer<Int32>,
        _ result: UnsafeMutableBufferPointer<UInt8>
    ) {
        guard let rows = source.baseAddress, let output = result.baseAddress, let sums = sums.baseAddress else { return }
        let stride = result.count
        for column in 0..<stride { sums[column] = Self.half }
        for tap in 0..<window.count {
            let weight = weights[window.weights + tap]
            let row = rows + tap * stride
            for column in 0..<stride { sums[column] &+= Int32(row[column]) &* weight }
        }
        for column in 0..<stride { output[column] = Self.clamp(sums[column]) }
    }
}
