import Foundation
import Graph
import Interchange
import Operators

extension ImportRule {
    /// Other sizes of images.
    static let resizing: [ImportRule] = [
        ImportRule("Resize") { (scope) throws(ImportFault) in try scope.result(resize(scope)) },
        ImportRule("Upsample") { (scope) throws(ImportFault) in
            let scales = try scope.set < 9 ? scope.numbers("scales") ?? [] : scope.known(1).doubles
            let mode = scope.text("mode", default: "nearest")
            let sampling = Resampling(
                filter: mode == "nearest" ? .nearest : .linear, coordinates: "asymmetric", rounding: "floor", isAntialiased: false,
                excludesOutside: false)
            return try scope.result(resized(scope, sampling, axes(scope, scales: scales), nil))
        },
    ]

    private static func axes(_ scope: NodeScope, scales: [Double]) throws(ImportFault) -> [Resampling.Axis] {
        let extents = try scope.extents(0)
        guard scales.count == extents.count, scales.allSatisfy({ $0 > 0 && $0.isFinite }) else {
            throw .malformed("scales \(scales) of \(extents)")
        }
        return try zip(extents, scales).map { (extent, scale) throws(ImportFault) in
            let result = (Double(extent) * scale).rounded(.down)
            guard result >= 1, result <= 16_777_216 else { throw .malformed("an axis of \(extent) times \(scale)") }
            return Resampling.Axis(extent: extent, result: Int(result), scale: scale)
        }
    }

    private static func resize(_ scope: NodeScope) throws(ImportFault) -> Value {
        let extents = try scope.extents(0)
        let isOld = scope.set < 11
        let places = try scope.axes(input: .max, rank: extents.count) ?? Array(extents.indices)
        var axes = extents.map { Resampling.Axis(extent: $0, result: $0, scale: 1) }
        let scalesInput = isOld ? 1 : 2
        // Exporters give scales without elements where there are sizes.
        let hasSizes = !isOld && scope.isGiven(3)
        if hasSizes {
            try setSizes(scope, places, &axes)
        } else {
            var scales = extents.map { _ in 1.0 }
            let given = try scope.known(scalesInput).doubles
            guard given.count == places.count else { throw .malformed("\(given.count) scales of \(places.count) axes") }
            for (axis, scale) in zip(places, given) { scales[axis] = scale }
            axes = try self.axes(scope, scales: scales)
        }
        var sampling = Resampling(
            filter: .nearest, coordinates: isOld ? "asymmetric" : scope.text("coordinate_transformation_mode", default: "half_pixel"),
            rounding: isOld ? "floor" : scope.text("nearest_mode", default: "round_prefer_floor"),
            isAntialiased: try scope.boolean("antialias", default: false),
            excludesOutside: try scope.boolean("exclude_outside", default: false))
        switch scope.text("mode", default: "nearest") {
        case "nearest": break
        case "linear": sampling.filter = .linear
        case "cubic": sampling.filter = .cubic(scope.shortNumber("cubic_coeff_a", default: -0.75))
        case let other: throw .unsupported("resizing in the mode '\(other)'")
        }
        let known = [
            "half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", "half_pixel_symmetric", "tf_half_pixel_for_nn",
            "tf_crop_and_resize",
        ]
        guard known.contains(sampling.coordinates) else { throw .unsupported("resizing with the coordinates '\(sampling.coordinates)'") }
        var outside: Double?
        if sampling.coordinates == "tf_crop_and_resize" {
            let region = try scope.known(1).doubles
            guard region.count == 2 * places.count, region.allSatisfy({ abs($0) <= 0x1p24 }) else {
                throw .malformed("the region \(region) of \(places.count) axes")
            }
            for (index, axis) in places.enumerated() { axes[axis].region = (region[index], region[places.count + index]) }
            outside = scope.shortNumber("extrapolation_value", default: 0)
        }
        return try resized(scope, sampling, axes, outside)
    }

    /// The sizes of the result, which may be the largest or smallest of one shape that fit.
    private static func setSizes(_ scope: NodeScope, _ places: [Int], _ axes: inout [Resampling.Axis]) throws(ImportFault) {
        let sizes = try scope.integers(3)
        guard sizes.count == places.count, sizes.allSatisfy({ $0 > 0 && $0 <= 1 << 24 }) else {
            throw .malformed("sizes \(sizes) of \(places.count) axes")
        }
        let ratios = zip(places, sizes).map { Double($1) / Double(axes[$0].extent) }
        let policy = scope.text("keep_aspect_ratio_policy", default: "stretch")
        let common = policy == "stretch" ? nil : policy == "not_larger" ? ratios.min() : ratios.max()
        for (index, axis) in places.enumerated() {
            let result = common.map { ($0 * Double(axes[axis].extent) + 0.5).rounded(.down) } ?? Double(sizes[index])
            guard result >= 1, result <= 0x1p24 else { throw .malformed("an axis of \(axes[axis].extent) becomes one of \(result)") }
            axes[axis].scale = common ?? ratios[index]
            axes[axis].result = Int(result)
        }
    }

    /// By the operators of the language where they mean the same, else by a product with a matrix of factors along each axis.
    ///
    /// - Parameter outside: what lies outside of the source, where that is not its border.
    private static func resized(
        _ scope: NodeScope, _ sampling: Resampling, _ axes: [Resampling.Axis], _ outside: Double?
    ) throws(ImportFault) -> Value {
        let x = try scope.value(0)
        let changed = axes.indices.filter { axes[$0].extent != axes[$0].result || axes[$0].scale != 1 || outside != nil }
        if changed.isEmpty { return x }
        if let simple = try named(scope, x, sampling, axes, changed), outside == nil { return simple }
        var result = x
        var inside = axes.map { _ in [Float]() }
        for axis in changed {
            guard axes[axis].extent * axes[axis].result <= ConstantTensor.maximumCount else {
                throw .unsupported("resizing an axis of \(axes[axis].extent) to \(axes[axis].result)")
            }
            let factors = sampling.factors(axes[axis])
            inside[axis] = factors.map { $0 == nil ? 0 : 1 }
            let matrix = factors.flatMap { ($0 ?? [Double](repeating: 0, count: axes[axis].extent)).map(Float.init) }
            result = try filtered(scope, result, axis, matrix, axes[axis])
        }
        guard let outside, inside.contains(where: { $0.contains(0) }) else { return result }
        var mask: Value?
        for axis in changed {
            var shape = [Int](repeating: 1, count: axes.count)
            shape[axis] = axes[axis].result
            let own = scope.builder.tensor(ConstantTensor(inside[axis]), Shape(shape))
            mask = try mask.map { (other) throws(ImportFault) in try scope.apply(.multiply, [other, own]) } ?? own
        }
        return try scope.apply(.choose, [mask ?? result, result, scope.constant(outside)])
    }

    /// A product with a matrix `[result, extent]` along one axis.
    private static func filtered(
        _ scope: NodeScope, _ x: Value, _ axis: Int, _ matrix: [Float], _ sizes: Resampling.Axis
    ) throws(ImportFault) -> Value {
        let rank = scope.type(of: x).rank
        let factors = scope.builder.tensor(ConstantTensor(matrix), [.fixed(sizes.result), .fixed(sizes.extent)])
        if axis == rank - 1, rank >= 2 { return try scope.apply(.matrixProduct, [x, factors], ["transpose_b": .boolean(true)]) }
        var order = Array(0..<rank).filter { $0 != axis } + [axis]
        let last =
            rank == 1
            ? try scope.reshape(x, [1] + scope.type(of: x).shape.dimensions) : try scope.apply(.permute, [x], ["axes": .integers(order)])
        let product = try scope.apply(.matrixProduct, [last, factors], ["transpose_b": .boolean(true)])
        if rank == 1 { return try scope.reshape(product, [.fixed(sizes.result)]) }
        order = Array(0..<rank - 1)
        order.insert(rank - 1, at: axis)
        return try scope.apply(.permute, [product], ["axes": .integers(order)])
    }

    /// What the language has a name for: images that become larger by whole factors, and PyTorch's filters.
    private static func named(
        _ scope: NodeScope, _ x: Value, _ sampling: Resampling, _ axes: [Resampling.Axis], _ changed: [Int]
    ) throws(ImportFault) -> Value? {
        guard (3...5).contains(axes.count), changed.allSatisfy({ $0 >= 2 }), !sampling.excludesOutside else { return nil }
        let spatial = Array(axes[2...])
        let isWhole = spatial.allSatisfy { $0.result % $0.extent == 0 && $0.scale == Double($0.result / $0.extent) }
        if case .nearest = sampling.filter {
            let factors = spatial.map { max(1, $0.result / $0.extent) }
            // The same elements, whatever the rule is called.
            func repeats(_ axis: Resampling.Axis) -> Bool {
                let factor = axis.result / axis.extent
                return sampling.nearestPositions(axis).enumerated().allSatisfy { $1 == $0 / factor }
            }
            guard isWhole, spatial.allSatisfy(repeats) else { return nil }
            return try scope.apply(.upsample, [x], ["scale": .integers(factors)])
        }
        guard axes.count == 4, spatial.allSatisfy({ $0.scale == Double($0.result) / Double($0.extent) }) else { return nil }
        let mode: String
        switch sampling.filter {
        case .linear: mode = "bilinear"
        case .cubic(-0.75) where !sampling.isAntialiased: mode = "bicubic"
        default: return nil
        }
        let coordinates: String
        switch sampling.coordinates {
        case "half_pixel": coordinates = "half_pixel"
        case "pytorch_half_pixel" where spatial.allSatisfy({ $0.result > 1 }): coordinates = "half_pixel"
        case "align_corners" where !sampling.isAntialiased && spatial.allSatisfy({ $0.result > 1 }): coordinates = "align_corners"
        case "asymmetric" where !sampling.isAntialiased: coordinates = "asymmetric"
        default: return nil
        }
        if sampling.isAntialiased { return nil }
        return try scope.apply(
            .resize, [x], ["size": .integers(spatial.map(\.result)), "mode": .text(mode), "coordinates": .text(coordinates)])
    }
}
