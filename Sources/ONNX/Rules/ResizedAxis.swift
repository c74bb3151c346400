import Graph

/// An axis that a node of `Resize` or `Upsample` names, and what it becomes: a size, or a number of times as long.
struct ResizedAxis {
    let place: Int
    let extent: Dimension
    /// What results are placed by; where none is given, that of the size.
    var factor: Double?
    /// Where none is given, the extent times the factor, rounded down.
    var size: Dimension?
    /// The part of the axis that is taken.
    var region: (start: Double, end: Double) = (0, 1)

    /// Whether the axis stays as it is, for any extent.
    var isKept: Bool { factor ?? 1 == 1 && size ?? extent == extent && region == (0, 1) }

    /// The axis as it is sampled; nil where its sizes are no numbers yet.
    func numbers() throws(ImportFault) -> Resampling.Axis? {
        guard let extent = extent.value else { return nil }
        // Nothing can be taken from an axis without elements.
        guard extent >= 1 else { throw .malformed("an axis of 0 that is resized") }
        let result: Double
        if let size {
            guard let number = size.value else { return nil }
            result = Double(number)
        } else {
            result = (Double(extent) * (factor ?? 1)).rounded(.down)
            guard result >= 1 else { throw .unsupported("an axis of \(extent) times \(factor ?? 1), of which nothing is left") }
            guard result <= 0x1p24 else { throw .malformed("an axis of \(extent) times \(factor ?? 1)") }
        }
        return Resampling.Axis(extent: extent, result: Int(result), scale: factor ?? result / Double(extent), region: region)
    }

    /// Axes that become a number of times as long.
    static func scaled(_ scope: NodeScope, _ places: [Int], _ scales: [Double]) throws(ImportFault) -> [ResizedAxis] {
        let shape = try scope.shape(0)
        guard scales.count == places.count, scales.allSatisfy({ $0 > 0 && $0.isFinite }) else {
            throw .malformed("scales \(scales) of \(places.count) axes of \(shape)")
        }
        return zip(places, scales).map { ResizedAxis(place: $0, extent: shape[$0], factor: $1) }
    }

    /// Axes that become as long as the node's last input says, which may be the largest or smallest of one aspect that fit.
    static func sized(_ scope: NodeScope, _ places: [Int]) throws(ImportFault) -> [ResizedAxis] {
        let (shape, sizes) = (try scope.shape(0), try scope.sizes(3))
        guard sizes.count == places.count, sizes.allSatisfy({ 1...(1 << 24) ~= $0.value ?? 1 }) else {
            throw .malformed("sizes \(Shape(sizes)) of \(places.count) axes")
        }
        let axes = zip(places, sizes).map { place, size in
            ResizedAxis(place: place, extent: shape[place], size: scope.isBatch(size, at: place, of: shape) ? shape[place] : size)
        }
        let policy = scope.text("keep_aspect_ratio_policy", default: "stretch")
        if policy == "stretch" { return axes }
        var ratios: [Double] = []
        for axis in axes {
            if axis.isKept {
                ratios.append(1)
            } else if let extent = axis.extent.value, let size = axis.size?.value {
                ratios.append(Double(size) / Double(extent))
            } else {
                throw try scope.needsNumbers(0, [axis.extent] + (axis.size.map { [$0] } ?? []))
            }
        }
        let common = (policy == "not_larger" ? ratios.min() : ratios.max()) ?? 1
        return try axes.map { (axis) throws(ImportFault) in
            if common == 1 { return ResizedAxis(place: axis.place, extent: axis.extent) }
            guard let extent = axis.extent.value else { throw try scope.needsNumbers(0, [axis.extent]) }
            let result = (common * Double(extent) + 0.5).rounded(.down)
            guard result >= 1, result <= 0x1p24 else { throw .malformed("an axis of \(extent) becomes one of \(result)") }
            return ResizedAxis(place: axis.place, extent: axis.extent, factor: common, size: .fixed(Int(result)))
        }
    }
}
