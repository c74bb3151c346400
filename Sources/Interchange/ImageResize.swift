internal import CPixels
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
                let source = pixels.baseAddress! + rows.lowerBound * width * channels
                braid_resize_columns(source, rows.count, width, channels, filter.windows, target, filter.weights, output.baseAddress!)
            }
            count = output.count
        }
        return Image(width: target, height: rows.count, channels: channels, pixels: values)
    }

    /// Resizes the columns of a picture whose rows are the `sources` of the filter.
    private func resizedVertically(_ filter: ResizeFilter) -> Image {
        let (stride, target) = (width * channels, filter.windows.count)
        let values = [UInt8](unsafeUninitializedCapacity: target * stride) { output, count in
            braid_resize_rows(
                pixels, stride, filter.sources.lowerBound, filter.windows, target, filter.weights, output.baseAddress!)
            count = output.count
        }
        return Image(width: width, height: target, channels: channels, pixels: values)
    }
}

/// The weights of a filter along one axis, in fixed point.
private struct ResizeFilter {
    private static let fractionBits = Int32(braid_resize_fraction_bits)

    /// What each target pixel sums.
    private(set) var windows: [braid_resize_window] = []
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
            windows.append(braid_resize_window(first: min(Int(position), source - 1), count: 1, weights: 0))
            place += scale
        }
    }

    private mutating func weigh(_ source: Int, _ scale: Double, _ range: Range<Int>, support radius: Double, _ filter: (Double) -> Double) {
        let widening = max(scale, 1)
        let support = radius * widening
        let narrowing = 1 / widening
        windows.reserveCapacity(range.count)
        weights.reserveCapacity(range.count * min(source, Int(2 * support) + 2))
        var taps: [Double] = []
        for index in range {
            let center = (Double(index) + 0.5) * scale
            let first = max(0, Int(center - support + 0.5))
            let last = min(source, Int(center + support + 0.5))
            taps.removeAll(keepingCapacity: true)
            var sum = 0.0
            for tap in first..<last {
                let weight = filter((Double(tap) - center + 0.5) * narrowing)
                taps.append(weight)
                sum += weight
            }
            windows.append(braid_resize_window(first: first, count: taps.count, weights: weights.count))
            for tap in taps {
                let weight = tap / sum * Double(1 << Self.fractionBits)
                weights.append(Int32(weight < 0 ? weight - 0.5 : weight + 0.5))
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
}
