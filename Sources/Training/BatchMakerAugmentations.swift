import Foundation

/// A rectangle of a picture, in pixels.
public struct Crop: Equatable, Sendable {
    public var top: Int
    public var left: Int
    public var height: Int
    public var width: Int
}

/// The random changes of pictures; each depends on (seed, epoch, sample) alone.
extension BatchMaker {
    /// Whether a picture is mirrored in an epoch.
    public func isMirrored(_ sample: Int, epoch: Int) -> Bool {
        if !options.isFlipped { return false }
        var random = CounterGenerator(seed: options.seed, .flip, epoch, sample)
        return random.below(2) == 1
    }

    /// How far a picture moves in an epoch, to the right and down.
    public func shift(_ sample: Int, epoch: Int) -> (right: Int, down: Int) {
        if options.maximumShift == 0 { return (0, 0) }
        var random = CounterGenerator(seed: options.seed, .shift, epoch, sample)
        let choices = 2 * options.maximumShift + 1
        let right = random.below(choices) - options.maximumShift
        return (right, random.below(choices) - options.maximumShift)
    }

    /// What of a picture is seen in an epoch; nil where pictures are not cropped.
    ///
    /// The part of the area is uniform in `minimumCrop`...1, the logarithm of the aspect uniform between those of 3:4 and 4:3. Where ten
    /// rectangles in a row do not fit into the picture, the whole of it is seen.
    public func crop(_ sample: Int, epoch: Int) -> Crop? {
        guard let least = options.minimumCrop else { return nil }
        let (height, width) = (dataset.extents.height, dataset.extents.width)
        var random = CounterGenerator(seed: options.seed, .crop, epoch, sample)
        let widest = log(4.0 / 3)
        for _ in 0..<10 {
            let area = Double(height * width) * (least + (1 - least) * Double(random.unit()))
            let aspect = exp(widest * (2 * Double(random.unit()) - 1))
            let (wide, high) = (Int((area * aspect).squareRoot().rounded()), Int((area / aspect).squareRoot().rounded()))
            guard (1...width).contains(wide), (1...height).contains(high) else { continue }
            let top = random.below(height - high + 1)
            return Crop(top: top, left: random.below(width - wide + 1), height: high, width: wide)
        }
        return Crop(top: 0, left: 0, height: height, width: width)
    }

    /// Writes a part of a picture, enlarged to the picture's size by bilinear interpolation between the centres of pixels; then it is
    /// moved and mirrored.
    func fill(_ sample: Int, _ crop: Crop, epoch: Int, into values: UnsafeMutableBufferPointer<Float>) {
        let (height, width) = (dataset.extents.height, dataset.extents.width)
        let (right, down) = shift(sample, epoch: epoch)
        let mirrors = isMirrored(sample, epoch: epoch)
        let rows = (0..<height).map { Sampling($0 - down, of: height, from: crop.top, crop.height) }
        let columns = (0..<width).map { Sampling($0 - right, of: width, from: crop.left, crop.width) }
        dataset.pixels.withUnsafeBufferPointer { pixels in
            for channel in 0..<dataset.extents.channels {
                let source = sample * dataset.extents.count + channel * height * width
                func pixel(_ row: Int, _ column: Int) -> Float { table[channel * 256 + Int(pixels[source + row * width + column])] }
                for (row, vertical) in rows.enumerated() {
                    let target = (channel * height + row) * width
                    for (column, horizontal) in columns.enumerated() {
                        guard vertical.isInside, horizontal.isInside else {
                            values[target + column] = table[channel * 256]
                            continue
                        }
                        func blend(_ row: Int) -> Float {
                            let (first, second) = (pixel(row, horizontal.first), pixel(row, horizontal.second))
                            return first + horizontal.part * (second - first)
                        }
                        let upper = blend(vertical.first)
                        values[target + column] = upper + vertical.part * (blend(vertical.second) - upper)
                    }
                    if mirrors { Self.reverse(UnsafeMutableBufferPointer(rebasing: values[target..<target + width])) }
                }
            }
        }
    }

    /// Mirrors a row.
    static func reverse(_ row: UnsafeMutableBufferPointer<Float>) {
        for column in 0..<row.count / 2 { row.swapAt(column, row.count - 1 - column) }
    }
}

/// Where a position along one axis of the enlarged picture comes from: a point between two pixels of the crop.
private struct Sampling {
    let isInside: Bool
    let first: Int
    let second: Int
    /// How far the point lies from `first` to `second`, 0 to 1.
    let part: Float

    init(_ position: Int, of extent: Int, from start: Int, _ count: Int) {
        isInside = (0..<extent).contains(position)
        let point = (Double(position) + 0.5) * Double(count) / Double(extent) - 0.5
        let inner = min(max(point, 0), Double(count - 1))
        first = start + Int(inner)
        second = start + min(Int(inner) + 1, count - 1)
        part = Float(inner - inner.rounded(.down))
    }
}
