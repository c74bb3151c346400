import Foundation
import Graph
import Interchange
import Operators

extension ImportRule {
    /// Pools of signals, images and volumes.
    static let pooling: [ImportRule] = [
        ImportRule("MaxPool", maximum),
        ImportRule("AveragePool", average),
        ImportRule("LpPool", power),
        ImportRule("GlobalLpPool") { (scope) throws(ImportFault) in
            let rank = try scope.rank(0)
            guard rank >= 3 else { throw .malformed("a pool of \(try scope.shape(0))") }
            let axes = Attribute.integers(Array(2..<rank))
            let p = try scope.power()
            return try scope.result(scope.apply(.norm, [scope.value(0)], ["axes": axes, "keep": .boolean(true), "p": .number(p)]))
        },
    ]

    private static func window(_ scope: NodeScope) throws(ImportFault) -> SlidingWindow {
        let rank = try scope.rank(0)
        guard let kernel = try scope.integers("kernel_shape"), rank >= 3, kernel.count == rank - 2 else {
            throw .malformed("'kernel_shape' does not go with \(try scope.shape(0))")
        }
        return try SlidingWindow(scope, kernel: kernel) { () throws(ImportFault) in try scope.extents(0, from: 2) }
    }

    private static func maximum(_ scope: NodeScope) throws(ImportFault) -> [ImportedValue] {
        try scope.requireFloating(orNarrow: true)
        let pooled = try scope.read(.maxPool)
        guard scope.node.output.count > 1, !scope.node.output[1].isEmpty else { return pooled }
        guard case .computed(let value, _)? = pooled.first else { return pooled }
        let taps = try scope.apply(.maxPoolPosition, [scope.value(0)], scope.attributes(of: value))
        return try pooled + [.computed(places(scope, window(scope), taps), .i64)]
    }

    /// The number of each window's largest element in the whole tensor, by the tap that holds it.
    private static func places(_ scope: NodeScope, _ window: SlidingWindow, _ tap: Value) throws(ImportFault) -> Value {
        let extents = try scope.extents(0)
        guard window.axes == 2, let result = scope.type(of: tap).shape.extents, !window.isSame else {
            throw .unsupported("the positions that max pooling of \(try scope.shape(0)) finds, other than of pictures of known sizes")
        }
        guard Shape(extents.map(Extent.fixed)).elementTally.value.map({ $0 <= 1 << 24 }) ?? false,
            Shape(result.map(Extent.fixed)).elementTally.value.map({ $0 <= ConstantTensor.maximumCount }) ?? false
        else {
            throw .unsupported("positions in a tensor of more than 2^24 elements")
        }
        let (height, width) = (extents[2], extents[3])
        let isColumnMajor = try scope.boolean("storage_order", default: false)
        let steps = isColumnMajor ? (1, height) : (width, 1)
        var first: [Float] = []
        for plane in 0..<result[0] * result[1] {
            for y in 0..<result[2] {
                for x in 0..<result[3] {
                    let place = (y * window.strides[0] - window.pads[0], x * window.strides[1] - window.pads[1])
                    first.append(Float(plane * height * width + place.0 * steps.0 + place.1 * steps.1))
                }
            }
        }
        let row = Scalar.unary(.floor, .argument(0) / .constant(Double(window.kernel[1])))
        let column = Scalar.argument(0) - row * .constant(Double(window.kernel[1]))
        let place =
            Scalar.argument(1) + row * .constant(Double(window.dilations[0] * steps.0)) + column
            * .constant(Double(window.dilations[1] * steps.1))
        return try scope.map(
            ScalarFunction("place", ["tap", "first"], place), [tap, scope.importer.constant(first, Shape(result))])
    }

    /// The language has no average pool with dilations: there the sums are divided by the numbers of elements.
    private static func average(_ scope: NodeScope) throws(ImportFault) -> [ImportedValue] {
        var window = try self.window(scope)
        if window.dilations.allSatisfy({ $0 == 1 }) { return try scope.read(.averagePool) }
        let ceil = try scope.boolean("ceil_mode", default: false)
        let includesPads = try scope.boolean("count_include_pad", default: false)
        let x = try scope.value(0)
        let extents = try scope.extents(0, from: 2)
        window = window.padded(for: extents)
        var result = try sums(scope, window, x, ceil: ceil)
        for axis in 0..<window.axes {
            let extent = extents[axis]
            let count = window.count(axis, extent: extent, ceil: ceil)
            guard 1...ConstantTensor.maximumCount ~= count else {
                throw .malformed("\(count) windows of \(window.kernel) along the axis \(axis + 2) of \(try scope.shape(0))")
            }
            let counts = (0..<count).map { window.taps(axis, of: $0, extent: extent, includesPads: includesPads) }
            var shape = [Int](repeating: 1, count: window.axes + 2)
            shape[axis + 2] = counts.count
            result = try scope.apply(
                .divide, [result, scope.importer.constant(counts.map { Float(max($0, 1)) }, Shape(shape))])
        }
        return try scope.result(result)
    }

    /// The sum of each window, as a convolution of each channel with ones.
    private static func sums(_ scope: NodeScope, _ window: SlidingWindow, _ x: Value, ceil: Bool) throws(ImportFault) -> Value {
        let extents = try scope.extents(0, from: 1)
        let channels = extents[0]
        let window = window.padded(for: Array(extents.dropFirst()))
        var pads = window.pads
        for axis in 0..<window.axes {
            let extent = extents[axis + 1]
            let count = window.count(axis, extent: extent, ceil: ceil)
            // The convolution says why.
            if count < 1 { continue }
            pads[window.axes + axis] = max(0, (count - 1) * window.strides[axis] + window.reach(axis) - extent - pads[axis])
        }
        let shape = [channels, 1] + window.kernel
        guard window.kernel.reduce(1, { min($0 * $1, 1 << 30) }) * min(channels, 1 << 30) <= ConstantTensor.maximumCount else {
            throw .unsupported("windows of \(window.kernel) with dilations")
        }
        let ones = try scope.importer.constant([Float](repeating: 1, count: shape.reduce(1, *)), Shape(shape))
        return try scope.apply(
            .convolution, [x, ones],
            [
                "channels": .integer(channels), "kernel": SlidingWindow.pair(window.kernel), "stride": SlidingWindow.pair(window.strides),
                "dilation": SlidingWindow.pair(window.dilations), "pad": .integers(pads), "groups": .integer(channels),
                "bias": .boolean(false),
            ])
    }

    private static func power(_ scope: NodeScope) throws(ImportFault) -> [ImportedValue] {
        let window = try window(scope)
        let ceil = try scope.boolean("ceil_mode", default: false)
        if window.axes == 2, window.dilations == [1, 1] {
            // The language's pool scales the sum of a last window that does not fit, as PyTorch's does.
            var fits = true
            if ceil { fits = window.fits(try scope.extents(0, from: 2)) }
            if fits { return try scope.read(.powerPool) }
        }
        let p = try scope.power()
        let powers = try scope.apply(.power, [scope.map(ModelActivations.function("abs(x)"), [scope.value(0)]), scope.constant(p)])
        return try scope.result(scope.apply(.power, [sums(scope, window, powers, ceil: ceil), scope.constant(1 / p)]))
    }
}
