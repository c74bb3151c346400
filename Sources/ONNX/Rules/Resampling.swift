import Foundation
import Graph

/// How a resized axis is sampled, as ONNX's `Resize` describes it: where each result lies in the source, and what it takes of its neighbours.
struct Resampling {
    enum Filter { case nearest, linear, cubic(Double) }

    var filter: Filter
    /// `coordinate_transformation_mode`.
    var coordinates: String
    /// `nearest_mode`.
    var rounding: String
    var isAntialiased: Bool
    var excludesOutside: Bool

    /// One axis: how long it is and becomes, how many times as long (which the length is rounded down from), and the part of it that is taken.
    struct Axis {
        var extent: Int
        var result: Int
        var scale: Double
        var region: (start: Double, end: Double) = (0, 1)
    }

    /// The factors `[result, extent]` of an axis, and which results lie inside of the source; those of others are 0.
    func factors(_ axis: Axis) -> (matrix: [Float], isInside: [Bool]) {
        var matrix: [Float] = []
        matrix.reserveCapacity(axis.result * axis.extent)
        var isInside: [Bool] = []
        var row = [Double](repeating: 0, count: axis.extent)
        for index in 0..<axis.result {
            for position in row.indices { row[position] = 0 }
            let place = place(index, axis)
            isInside.append(place != nil)
            for tap in place.map({ taps($0, axis) }) ?? [] {
                if excludesOutside, !(0..<axis.extent).contains(tap.position) { continue }
                row[min(max(tap.position, 0), axis.extent - 1)] += tap.factor
            }
            let sum = row.reduce(0, +)
            let divisor = excludesOutside && sum != 0 ? sum : 1
            for factor in row { matrix.append(Float(factor / divisor)) }
        }
        return (matrix, isInside)
    }

    /// The element that each result is; nil where it lies outside of the source.
    func nearestPositions(_ axis: Axis) -> [Int?] {
        (0..<axis.result).map { index in place(index, axis).map { min(max(nearest($0), 0), axis.extent - 1) } }
    }

    /// Where a result lies among the positions of the source, as exporters' own programs compute it: in f32, in which 1 / 0.2 is 5, so that
    /// the nearest pixel is theirs. Halves that are rounded are what the lengths make them, which f32 misses.
    private func place(_ index: Int, _ axis: Axis) -> Double? {
        let (x, extent) = (Double(index), Double(axis.extent))
        // A scale of f32 stands for the fraction that makes a whole length, where one is as near as that.
        var length = axis.scale * extent
        if abs(length - Double(axis.result)) <= 1e-6 * extent { length = Double(axis.result) }
        let isExact = isRounded && length == Double(axis.result)
        /// What the source has at a place of the result.
        func source(_ place: Double) -> Double { isExact ? place * extent / length : Double(Float(place) / Float(axis.scale)) }
        let halfPixel = isExact ? source(x + 0.5) - 0.5 : Double(Float(x + 0.5) / Float(axis.scale) - 0.5)
        switch coordinates {
        case "align_corners": return length == 1 ? 0 : x * (extent - 1) / (length - 1)
        case "asymmetric": return source(x)
        case "pytorch_half_pixel": return axis.result == 1 ? 0 : halfPixel
        case "half_pixel_symmetric":
            return extent / 2 * (1 - Double(axis.result) / length) + halfPixel
        case "tf_half_pixel_for_nn": return source(x + 0.5)
        case "tf_crop_and_resize":
            let size = axis.region.end - axis.region.start
            let offset = axis.result == 1 ? size * (extent - 1) / 2 : x * size * (extent - 1) / (Double(axis.result) - 1)
            let place = axis.region.start * (extent - 1) + offset
            return place < 0 || place > extent - 1 ? nil : place
        default: return halfPixel
        }
    }

    /// Whether places are rounded to the nearest position, and not to the one before or behind.
    private var isRounded: Bool {
        guard case .nearest = filter else { return false }
        return rounding != "floor" && rounding != "ceil"
    }

    /// The neighbours that count, and how much: those around `place`, of which an integer one is the right.
    private func taps(_ place: Double, _ axis: Axis) -> [(position: Int, factor: Double)] {
        let left = Int(place.rounded(.up)) - 1
        let ratio = place - Double(left)
        let scale = min(axis.scale, 1)
        switch filter {
        case .nearest: return [(nearest(place), 1)]
        case .linear where isAntialiased:
            return spread(left, ratio, Int((-1 / scale).rounded(.down)) + 1, scale) { max(0, 1 - abs($0)) }
        case .linear: return [(left, 1 - ratio), (left + 1, ratio)]
        case .cubic(let a) where isAntialiased:
            return spread(left, ratio, Int((-2 / scale).rounded(.down)) + 1, scale) { Self.cubic($0, a) }
        case .cubic(let a): return (-1...2).map { (left + $0, Self.cubic(Double($0) - ratio, a)) }
        }
    }

    /// A filter that grows with what it shrinks, its factors of sum 1.
    private func spread(
        _ left: Int, _ ratio: Double, _ first: Int, _ scale: Double, _ filter: (Double) -> Double
    ) -> [(position: Int, factor: Double)] {
        let offsets = Array(first..<2 - first)
        let factors = offsets.map { filter(scale * (Double($0) - ratio)) }
        let sum = factors.reduce(0, +)
        return zip(offsets, factors).map { (left + $0, $1 / sum) }
    }

    /// Keys' cubic convolution (1981), with its parameter a.
    private static func cubic(_ distance: Double, _ a: Double) -> Double {
        let x = abs(distance)
        if x <= 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
        return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0
    }

    private func nearest(_ place: Double) -> Int {
        switch rounding {
        case "floor": Int(place.rounded(.down))
        case "ceil": Int(place.rounded(.up))
        case "round_prefer_ceil": Int((place + 0.5).rounded(.down))
        default: Int((place - 0.5).rounded(.up))
        }
    }
}
