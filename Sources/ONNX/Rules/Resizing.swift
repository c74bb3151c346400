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
            let axes = try Array(scope.shape(0).dimensions.indices)
            return try scope.result(resized(scope, sampling, ResizedAxis.scaled(scope, axes, scales), nil))
        },
    ]

    private static func resize(_ scope: NodeScope) throws(ImportFault) -> Value {
        let rank = try scope.rank(0)
        let isOld = scope.set < 11
        let places = try scope.axes(input: .max, rank: rank) ?? Array(0..<rank)
        guard Set(places).count == places.count else { throw .malformed("an axis is named twice") }
        // Exporters give scales without elements where there are sizes.
        let hasSizes = !isOld && scope.isGiven(3)
        var axes =
            try hasSizes
            ? ResizedAxis.sized(scope, places) : ResizedAxis.scaled(scope, places, scope.known(isOld ? 1 : 2).doubles)
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
            for index in places.indices { axes[index].region = (region[index], region[places.count + index]) }
            outside = scope.shortNumber("extrapolation_value", default: 0)
        }
        return try resized(scope, sampling, axes, outside)
    }

    /// By the operators of the language where they mean the same, else by positions, or a product with a matrix of factors, along each axis.
    ///
    /// - Parameter outside: what lies outside of the source, where that is not its border.
    private static func resized(
        _ scope: NodeScope, _ sampling: Resampling, _ axes: [ResizedAxis], _ outside: Double?
    ) throws(ImportFault) -> Value {
        let x = try scope.value(0)
        let changed = axes.filter { !$0.isKept }
        if changed.isEmpty { return x }
        // Means of integers would be fractions.
        if case .nearest = sampling.filter {} else { try scope.requireFloating(0..<1) }
        var numbers: [Int: Resampling.Axis] = [:]
        for axis in changed { numbers[axis.place] = try axis.numbers() }
        guard numbers.count == changed.count else {
            if outside == nil, let open = try ofOpenSizes(scope, x, sampling, changed) { return open }
            throw try scope.needsNumbers(0, changed.flatMap { [$0.extent] + ($0.size.map { [$0] } ?? []) })
        }
        if outside == nil, let simple = try named(scope, x, sampling, numbers) { return simple }
        let rank = scope.type(of: x).rank
        var result = x
        var inside: [Int: [Float]] = [:]
        for (place, axis) in numbers.sorted(by: { $0.key < $1.key }) {
            guard axis.extent * axis.result <= ConstantTensor.maximumCount else {
                throw .unsupported("resizing an axis of \(axis.extent) to \(axis.result)")
            }
            if case .nearest = sampling.filter {
                // Taken one by one: a product with zeros would spread what is not finite.
                let positions = sampling.nearestPositions(axis)
                inside[place] = positions.map { $0 == nil ? 0 : 1 }
                var shape = [Int](repeating: 1, count: rank)
                shape[place] = axis.result
                let own = try scope.importer.constant(positions.map { Float($0 ?? -1) }, Shape(shape))
                result = try scope.apply(.gather, [result, own], ["axis": .integer(place)])
                continue
            }
            let factors = sampling.factors(axis)
            inside[place] = factors.isInside.map { $0 ? 1 : 0 }
            result = try filtered(scope, result, place, factors.matrix, axis)
        }
        guard let outside, inside.values.contains(where: { $0.contains(0) }) else { return result }
        var mask: Value?
        for (place, factors) in inside.sorted(by: { $0.key < $1.key }) {
            var shape = [Int](repeating: 1, count: rank)
            shape[place] = factors.count
            let own = try scope.importer.constant(factors, Shape(shape))
            mask = try mask.map { (other) throws(ImportFault) in try scope.apply(.multiply, [other, own]) } ?? own
        }
        return try scope.apply(.choose, [mask ?? result, result, scope.constant(outside)])
    }

    /// A product with a matrix `[result, extent]` along one axis. Zeros are among its factors, so that what is not finite spreads; elements taken
    /// one by one would not, in thirty times the time.
    private static func filtered(
        _ scope: NodeScope, _ x: Value, _ axis: Int, _ matrix: [Float], _ sizes: Resampling.Axis
    ) throws(ImportFault) -> Value {
        let rank = scope.type(of: x).rank
        let factors = try scope.importer.constant(matrix, [.fixed(sizes.result), .fixed(sizes.extent)])
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
        _ scope: NodeScope, _ x: Value, _ sampling: Resampling, _ axes: [Int: Resampling.Axis]
    ) throws(ImportFault) -> Value? {
        let shape = scope.type(of: x).shape
        guard (3...5).contains(shape.rank), axes.keys.allSatisfy({ $0 >= 2 }), !sampling.excludesOutside else { return nil }
        if case .nearest = sampling.filter {
            // The same elements, whatever the rule is called.
            func repeats(_ axis: Resampling.Axis) -> Bool {
                guard axis.result % axis.extent == 0, axis.scale == Double(axis.result / axis.extent) else { return false }
                let factor = axis.result / axis.extent
                // Larger factors are none of the language's.
                guard factor <= 1 << 20, axis.result <= 1 << 20 else { return false }
                return sampling.nearestPositions(axis).enumerated().allSatisfy { $1 == $0 / factor }
            }
            guard axes.values.allSatisfy(repeats) else { return nil }
            let factors = (2..<shape.rank).map { axes[$0].map { $0.result / $0.extent } ?? 1 }
            return try scope.apply(.upsample, [x], ["scale": .integers(factors)])
        }
        guard axes.values.allSatisfy({ $0.scale == Double($0.result) / Double($0.extent) }) else { return nil }
        let isLong = axes.values.allSatisfy { $0.result > 1 }
        let sizes = (2..<shape.rank).map { axes[$0].map { .fixed($0.result) } ?? shape[$0] }
        return try filtered(scope, x, sampling, isLong: isLong, ["size": Self.sizes(sizes)])
    }

    /// What the language has a name for, of images whose height or width are no numbers yet; nil where only numbers say what is sampled.
    private static func ofOpenSizes(
        _ scope: NodeScope, _ x: Value, _ sampling: Resampling, _ axes: [ResizedAxis]
    ) throws(ImportFault) -> Value? {
        let shape = scope.type(of: x).shape
        guard (3...5).contains(shape.rank), axes.allSatisfy({ $0.place >= 2 }), !sampling.excludesOutside else { return nil }
        let factors = axes.compactMap(\.factor)
        let areWhole = factors.count == axes.count && factors.allSatisfy { $0 == $0.rounded() && 1...1024 ~= $0 }
        if case .nearest = sampling.filter {
            // Where results lie between these depends on the factor alone, so that a short axis tells it of all.
            let ofFactor = ["asymmetric", "half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "tf_half_pixel_for_nn"]
            func repeats(_ factor: Double) -> Bool {
                let axis = Resampling.Axis(extent: 4, result: 4 * Int(factor), scale: factor)
                return sampling.nearestPositions(axis).enumerated().allSatisfy { $1 == $0 / Int(factor) }
            }
            if areWhole, ofFactor.contains(sampling.coordinates), factors.allSatisfy(repeats) {
                let scales = (2..<shape.rank).map { place in axes.first { $0.place == place }?.factor.map { Int($0) } ?? 1 }
                return try scope.apply(.upsample, [x], ["scale": .integers(scales)])
            }
        }
        // One pixel as the result is placed otherwise by some coordinates; what becomes larger by whole factors is one only of one.
        let isLong = areWhole || sampling.coordinates == "align_corners" && factors.isEmpty
        let isScaled = axes.count == 2 && factors.count == 2 && factors[0] == factors[1] && axes.allSatisfy { $0.size == nil }
        if isScaled { return try filtered(scope, x, sampling, isLong: isLong, ["scale": .number(factors[0])]) }
        guard axes.allSatisfy({ $0.factor == nil }) else { return nil }
        let sizes = (2..<shape.rank).map { place in axes.first { $0.place == place }?.size ?? shape[place] }
        return try filtered(scope, x, sampling, isLong: isLong, ["size": Self.sizes(sizes)])
    }

    private static func sizes(_ dimensions: [Extent]) -> Attribute {
        Shape(dimensions).extents.map(Attribute.integers) ?? .shape(Shape(dimensions))
    }

    /// An image through one of PyTorch's filters, at positions that follow from the sizes; nil where those are others.
    ///
    /// - Parameter isLong: whether no axis that is changed becomes one position, which some coordinates place otherwise.
    private static func filtered(
        _ scope: NodeScope, _ x: Value, _ sampling: Resampling, isLong: Bool, _ size: Attributes
    ) throws(ImportFault) -> Value? {
        guard scope.type(of: x).rank == 4, !sampling.isAntialiased else { return nil }
        let mode: String
        switch sampling.filter {
        case .nearest:
            let names = ["asymmetric, floor": "nearest", "half_pixel, round_prefer_ceil": "nearest_exact"]
            guard let name = names["\(sampling.coordinates), \(sampling.rounding)"] else { return nil }
            return try scope.apply(.resize, [x], size.with(["mode": .text(name)]))
        case .linear: mode = "bilinear"
        case .cubic(-0.75): mode = "bicubic"
        default: return nil
        }
        let coordinates: String
        switch sampling.coordinates {
        case "half_pixel": coordinates = "half_pixel"
        case "pytorch_half_pixel" where isLong: coordinates = "half_pixel"
        case "align_corners" where isLong: coordinates = "align_corners"
        case "asymmetric": coordinates = "asymmetric"
        default: return nil
        }
        return try scope.apply(.resize, [x], size.with(["mode": .text(mode), "coordinates": .text(coordinates)]))
    }
}
