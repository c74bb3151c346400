import Graph

extension Operator {
    /// The operator, which slides something over images, with volumes `[N, C, D, H, W]` taken too: what a use says of its result's depth is what
    /// the operator says of an image as high and one wide, and of the result's height and width what it says of a plane.
    ///
    /// - Parameter write: writes a use of volumes with uses of images; `weights` are those of the row itself.
    func takingVolumes(
        _ examples: [OperatorExample], write: @escaping @Sendable (VolumeUse) -> Value
    ) -> Operator {
        let image = self
        return Operator(
            name, summary, inputs: inputs.map { $0.saying(", of volumes", ["H, W": "D, H, W", "kh, kw": "kd, kh, kw"]) },
            parameters: parameters, isInLanguage: isInLanguage, isRandom: isRandom, results: results,
            weights: { (signature) throws(TypeError) in
                guard signature.operands.first?.rank == 5 else { return try image.weights(signature) }
                let (planes, depths) = try image.parts(of: signature)
                let weights = try (planes: image.weights(planes), depths: image.weights(depths))
                return zip(weights.planes, weights.depths).map { plane, depth in
                    var plane = plane
                    if plane.type.rank == 4 { plane.type.shape.dimensions.insert(depth.type.shape[2], at: 2) }
                    return plane
                }
            },
            inferType: { (signature) throws(TypeError) in
                guard signature.operands.first?.rank == 5 else { return try image.inferType(signature) }
                return try image.volume(signature)
            },
            doubt: { signature in
                guard signature.operands.first?.rank == 5 else { return image.doubt(signature) }
                let (planes, depths) = unfailing { () throws(TypeError) in try image.parts(of: signature) }
                return image.doubt(planes) ?? image.doubt(depths)
            },
            trainingFault: image.trainingFault,
            lowering: { signature in
                guard signature.operands.first?.rank == 5 else { return image.lowering(signature) }
                return .composite { context in
                    write(unfailing { () throws(TypeError) in try VolumeUse(image, context) })
                }
            },
            gradient: gradient, onnx: onnx, examples: self.examples + examples)
    }

    /// The most planes of the kernel of a convolution, each of which becomes a convolution of its own.
    private static let mostPlanes = 64

    /// The type of the result of a use of volumes.
    fileprivate func volume(_ signature: Signature) throws(TypeError) -> TensorType {
        let (planes, depths) = try parts(of: signature)
        let plane = try TypeError.renamingAxes({ $0 < 2 ? $0 : $0 + 1 }) { () throws(TypeError) in try inferType(planes) }
        let depth = try TypeError.renamingAxes({ $0 > 2 ? nil : $0 }) { () throws(TypeError) in try inferType(depths) }
        let check = Checker(name, accepted: signature)
        for (index, type) in signature.operands.enumerated() { try check.checkSound(type.shape, operand: index) }
        let shape = signature.operands[0].shape
        if signature.attributes["channels"] != nil {
            let taps = depths.attributes.integers("kernel")[0]
            guard taps <= Self.mostPlanes else {
                throw check.error(
                    "has a kernel of \(taps) planes, more than \(Self.mostPlanes)", repair: "take a smaller kernel", parameter: "kernel")
            }
        }
        // Planes are put side by side with what lies around them, as channels and as rows of one image.
        func extent(_ axis: Int, _ part: TensorType, _ place: Int, _ attributes: Attributes) throws(TypeError) -> Double {
            let around = ["kernel", "stride", "dilation", "pad"].map { name -> Double in
                guard case .integers(let values)? = attributes[name] else { return 1 }
                return Double(values.reduce(1, Swift.max))
            }
            let margin = around[0] * around[2] + around[1] + 2 * around[3]
            return try Double(Swift.max(check.extent(shape, axis), check.extent(part.shape, place))) + margin
        }
        let (deep, height) = try (extent(2, depth, 2, depths.attributes), extent(3, plane, 2, planes.attributes))
        let channels = try Double(Swift.max(check.extent(shape, 1), check.extent(plane.shape, 1)))
        let width = try Double(Swift.max(check.extent(shape, 4), check.extent(plane.shape, 3)))
        guard channels * deep < Double(Checker.largestExtent), deep * height < Double(Checker.largestExtent),
            channels * deep * height * width < Double(Checker.largestElementCount)
        else {
            throw check.error("cannot put the planes of \(signature.operands[0]) side by side: they are too many or too large", operand: 0)
        }
        var result = plane.shape.dimensions
        result.insert(depth.shape[2], at: 2)
        return try check.result(result)
    }

    /// The use of planes, and that of columns one wide along the depth, that a use of volumes consists of.
    fileprivate func parts(of signature: Signature) throws(TypeError) -> (planes: Signature, depths: Signature) {
        var (plane, depth) = (signature, signature)
        for parameter in parameters {
            guard case .integers(let values)? = signature.attributes[parameter.name] else { continue }
            let name = parameter.name
            func fault(_ repair: String) -> TypeError {
                TypeError(
                    "'\(self.name)' cannot use \(values.count) numbers as '\(name)' of a volume f32[N, C, D, H, W]", repair: repair,
                    parameter: name)
            }
            switch parameter.kind {
            case .pair:
                guard values.count == 3 || values[0] == values[1] else { throw fault("give one, or three (depth, height, width)") }
                plane.attributes[name] = .integers(Array(values.suffix(2)))
                depth.attributes[name] = .integers([values[0], name == "output_pad" ? 0 : 1])
            case .padding:
                switch values.count {
                case 1: depth.attributes[name] = .integers([values[0], 0])
                case 3:
                    plane.attributes[name] = .integers(Array(values.suffix(2)))
                    depth.attributes[name] = .integers([values[0], 0])
                case 6:
                    plane.attributes[name] = .integers([values[1], values[2], values[4], values[5]])
                    depth.attributes[name] = .integers([values[0], 0, values[3], 0])
                default: throw fault("give one, three (depth, height, width) or six (front, top, left, back, bottom, right)")
                }
            case .integers where name == "stride" && !values.isEmpty:
                guard values.count == 1 || values.count == 3 else { throw fault("give one, or three (depth, height, width)") }
                plane.attributes[name] = .integers(Array(values.suffix(2)))
                depth.attributes[name] = .integers([values[0], 1])
            default: break
            }
        }
        for (index, type) in signature.operands.enumerated() where type.rank == 5 {
            plane.operands[index].shape.dimensions.remove(at: 2)
            depth.operands[index].shape.dimensions = Array(type.shape.dimensions.prefix(3)) + [1]
        }
        return (plane, depth)
    }
}

/// A use of volumes that is written with images.
struct VolumeUse {
    /// The row, which takes images.
    let row: Operator
    let context: Decomposition
    /// The uses of planes and of columns along the depth.
    let planes: Signature
    let depths: Signature
    let result: Shape

    fileprivate init(_ row: Operator, _ context: Decomposition) throws(TypeError) {
        self.row = row
        self.context = context
        (planes, depths) = try row.parts(of: context.signature)
        result = try row.volume(context.signature).shape
    }

    var builder: GraphBuilder { context.builder }
    var x: Value { context.operands[0] }
    var shape: Shape { context.signature.operands[0].shape }
    var attributes: Attributes { context.signature.attributes }

    func reshaped(_ value: Value, _ dimensions: [Dimension]) -> Value {
        builder.apply(Operator.reshape, value, attributes: ["shape": .shape(Shape(dimensions))])
    }

    /// `count` positions along an axis, each `step` from the one before it.
    func cut(_ value: Value, axis: Int, from start: Int, count: Int, step: Int = 1) -> Value {
        if start == 0, step == 1, builder.type(of: value).shape[axis] == .fixed(count) { return value }
        return builder.apply(
            Operator.slice, value,
            attributes: ["axis": .integer(axis), "start": .integer(start), "count": .integer(count), "step": .integer(step)])
    }

    /// The value between zeros along an axis.
    func padded(_ value: Value, axis: Int, from start: Int, size: Int, step: Int = 1) -> Value {
        if builder.type(of: value).shape[axis] == .fixed(size) { return value }
        return builder.apply(
            Operator.padSlice, value,
            attributes: ["axis": .integer(axis), "start": .integer(start), "size": .integer(size), "step": .integer(step)])
    }

    /// A use that is one of each plane alone and then one along the depth.
    var separated: Value { separated { builder.apply(row, [$0], depths.attributes) } }

    /// What is taken of each plane alone and then along the depth: planes as further channels, then as rows.
    func separated(along depth: (Value) -> Value) -> Value {
        let plane = builder.apply(
            row, [reshaped(x, [shape[0], .fixed(shape.number(1) * shape.number(2)), shape[3], shape[4]])], planes.attributes)
        let area = Dimension.fixed(result.number(3) * result.number(4))
        return reshaped(depth(reshaped(plane, [shape[0], shape[1], shape[2], area])), result.dimensions)
    }
}

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
