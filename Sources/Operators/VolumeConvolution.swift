import Graph

/// How one axis of a convolution of volumes is gone along.
private struct VolumeAxis {
    var input: Int
    var kernel: Int
    var stride: Int
    var dilation: Int
    var before: Int
    var after: Int
    /// How many positions a transposed convolution has more.
    var extra: Int
    var output: Int

    var reach: Int { (kernel - 1) * dilation + 1 }

    /// - Parameters:
    ///   - attributes: of a use of images, of whose axes this is number `axis`.
    init(_ attributes: Attributes, axis: Int, kernel: Int, input: Int, output: Int, isTransposed: Bool) {
        (self.input, self.kernel, self.output) = (input, kernel, output)
        stride = attributes.integers("stride")[axis]
        dilation = attributes.integers("dilation")[axis]
        extra = isTransposed ? attributes.integers("output_pad")[axis] : 0
        (before, after) = (0, 0)
        guard case .integers(let pad)? = attributes["pad"] else {
            // As many as the convolution, or the one that is transposed, has around it where its output is ceil(input / stride).
            let missing = isTransposed ? reach - stride : (output - 1) * stride + reach - input
            before = Swift.max(missing, 0) / 2
            after = Swift.max(missing, 0) - before
            if isTransposed { extra = Swift.max(stride - reach, 0) }
            return
        }
        before = pad.count == 4 ? pad[axis] : pad[Swift.min(axis, pad.count - 1)]
        after = pad.count == 4 ? pad[axis + 2] : before
    }
}

extension VolumeUse {
    private func axes(isTransposed: Bool) -> (depth: VolumeAxis, height: VolumeAxis, width: VolumeAxis) {
        let kernel = context.signature.operands[1].shape
        func axis(_ attributes: Attributes, _ number: Int, _ place: Int) -> VolumeAxis {
            VolumeAxis(
                attributes, axis: number, kernel: kernel.number(place), input: shape.number(place), output: result.number(place),
                isTransposed: isTransposed)
        }
        return (axis(depths.attributes, 0, 2), axis(planes.attributes, 0, 3), axis(planes.attributes, 1, 4))
    }

    /// The kernel of images that tap `tap` along the depth is.
    private func plane(ofWeight tap: Int) -> Value {
        let kernel = context.signature.operands[1].shape
        return reshaped(
            cut(context.operands[1], axis: 2, from: tap, count: 1), [kernel[0], kernel[1], kernel[3], kernel[4]])
    }

    private func withBias(_ value: Value) -> Value {
        attributes.boolean("bias") ? builder.apply(Operator.add, value, context.operands[2]) : value
    }

    private func total(_ values: [Value]) -> Value { values.dropFirst().reduce(values[0]) { builder.apply(Operator.add, $0, $1) } }

    /// A convolution: for each tap along the depth the planes that it meets, one below another with rows of zeros between them, convolved as
    /// one image.
    var convolution: Value {
        let (depth, height, width) = axes(isTransposed: false)
        let (rows, deep) = (height.input + height.before + height.after, depth.input + depth.before + depth.after)
        // Each plane begins where a window does.
        let pitch = (rows + height.stride - 1) / height.stride * height.stride
        let padded = self.padded(
            self.padded(x, axis: 2, from: depth.before, size: deep), axis: 3, from: height.before, size: pitch)
        let sliding = attributes.only("channels", "groups").with([
            "kernel": .integers([height.kernel, width.kernel]), "stride": .integers([height.stride, width.stride]),
            "dilation": .integers([height.dilation, width.dilation]), "bias": .boolean(false),
            "pad": .integers([0, width.before, Swift.max(0, height.reach - height.stride), width.after]),
        ])
        let sums = (0..<depth.kernel).map { tap in
            let met = cut(padded, axis: 2, from: tap * depth.dilation, count: depth.output, step: depth.stride)
            let image = reshaped(met, [shape[0], shape[1], .fixed(depth.output * pitch), shape[4]])
            return builder.apply(row, [image, plane(ofWeight: tap)], sliding)
        }
        let volumes = reshaped(total(sums), [shape[0], result[1], result[2], .fixed(pitch / height.stride), result[4]])
        return withBias(cut(volumes, axis: 3, from: 0, count: height.output))
    }

    /// A transposed convolution: each tap along the depth spreads all planes, which then lie as far apart as the stride says.
    var transposedConvolution: Value {
        let (depth, height, width) = axes(isTransposed: true)
        let full = Swift.max((height.input - 1) * height.stride + height.reach, height.before + height.output)
        let pitch = (full + height.stride - 1) / height.stride
        let image = reshaped(
            padded(x, axis: 3, from: 0, size: pitch), [shape[0], shape[1], .fixed(depth.input * pitch), shape[4]])
        let sliding = attributes.only("channels", "groups").with([
            "kernel": .integers([height.kernel, width.kernel]), "stride": .integers([height.stride, width.stride]),
            "dilation": .integers([height.dilation, width.dilation]), "bias": .boolean(false),
            "pad": .integers([0, width.before, Swift.max(0, height.reach - height.stride), width.after]),
            "output_pad": .integers([Swift.max(0, height.stride - height.reach), width.extra]),
        ])
        let deep = Swift.max((depth.input - 1) * depth.stride + depth.reach, depth.before + depth.output)
        let parts = (0..<depth.kernel).map { tap in
            let spread = builder.apply(row, [image, plane(ofWeight: tap)], sliding)
            let volumes = reshaped(spread, [shape[0], result[1], shape[2], .fixed(pitch * height.stride), result[4]])
            let rows = cut(volumes, axis: 3, from: height.before, count: height.output)
            return padded(rows, axis: 2, from: tap * depth.dilation, size: deep, step: depth.input == 1 ? 1 : depth.stride)
        }
        return withBias(cut(total(parts), axis: 2, from: depth.before, count: depth.output))
    }
}
