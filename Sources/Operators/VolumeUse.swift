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
                return try image.volumeWeights(signature)
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

    /// The weights of a use of volumes.
    private func volumeWeights(_ signature: Signature) throws(TypeError) -> [WeightDeclaration] {
        let (planes, depths) = try parts(of: signature)
        return try zip(weights(planes), weights(depths)).map { plane, depth in
            var plane = plane
            if plane.type.rank == 4 { plane.type.shape.dimensions.insert(depth.type.shape[2], at: 2) }
            return plane
        }
    }

    /// The type of the result of a use of volumes.
    fileprivate func volume(_ signature: Signature) throws(TypeError) -> TensorType {
        let (planes, depths) = try parts(of: signature)
        let plane = try TypeError.renamingAxes({ $0 < 2 ? $0 : $0 + 1 }) { () throws(TypeError) in try inferType(planes) }
        let depth = try TypeError.renamingAxes({ $0 > 2 ? nil : $0 }) { () throws(TypeError) in try inferType(depths) }
        let check = Checker(name, accepted: signature)
        for (index, type) in signature.operands.enumerated() { try check.checkSound(type.shape, operand: index) }
        if signature.attributes["channels"] != nil {
            let taps = depths.attributes.integers("kernel")[0]
            guard taps <= Self.mostPlanes else {
                throw check.error(
                    "has a kernel of \(taps) planes, more than \(Self.mostPlanes)", repair: "take a smaller kernel", parameter: "kernel")
            }
        }
        try requireRanks(of: volumeWeights(signature), in: signature)
        try checkSideBySide(check, planes: (planes.attributes, plane), depths: (depths.attributes, depth))
        var result = plane.shape.dimensions
        result.insert(depth.shape[2], at: 2)
        return try check.result(result)
    }

    /// Planes are put side by side with what lies around them, as channels and as rows of one image, which has to be a sound one.
    private func checkSideBySide(
        _ check: Checker, planes: (attributes: Attributes, type: TensorType), depths: (attributes: Attributes, type: TensorType)
    ) throws(TypeError) {
        let shape = check.signature.operands[0].shape
        /// The larger extent of the operand and the result, and what may lie around it.
        func extent(_ axis: Int, _ part: (attributes: Attributes, type: TensorType)) throws(TypeError) -> (own: Double, around: Double) {
            func number(_ name: String) -> Double {
                guard case .integers(let values)? = part.attributes[name] else { return 1 }
                return Double(values.count == 4 ? Swift.max(values[0], values[2]) : values.first ?? 1)
            }
            let own = try Double(Swift.max(check.extent(shape, axis), check.extent(part.type.shape, 2)))
            return (own, number("kernel") * number("dilation") + number("stride") + 2 * number("pad"))
        }
        let (deep, height) = try (extent(2, depths), extent(3, planes))
        let channels = try Double(Swift.max(check.extent(shape, 1), check.extent(planes.type.shape, 1)))
        let width = try Double(Swift.max(check.extent(shape, 4), check.extent(planes.type.shape, 3)))
        let (rows, own) = ((deep.own + deep.around) * (height.own + height.around), deep.own * height.own)
        // A convolution has as many zeros between planes, and beside them, as a window reaches over.
        var reach = 1
        if check.signature.attributes["channels"] != nil {
            let (kernel, dilation) = (planes.attributes.integers("kernel"), planes.attributes.integers("dilation"))
            reach += zip(kernel, dilation).map { ($0 - 1) * $1 }.reduce(0, Swift.max)
            guard channels * rows * width < Self.manyElements || rows < Self.mostRowsOfEach * own else {
                throw check.error(
                    "cannot put the planes of \(check.signature.operands[0]) side by side: nearly all rows would be zeros between them",
                    repair: "take a smaller dilation, stride or padding", operand: 0)
            }
        }
        guard channels * (deep.own + deep.around) < Double(Checker.largestExtent), rows < Double(Checker.largestExtent),
            channels * rows * width < Double(Checker.largestElementCount), reach <= Checker.largestParameter
        else {
            throw check.error(
                "cannot put the planes of \(check.signature.operands[0]) side by side: they are too many or too large", operand: 0)
        }
    }

    /// The elements of an image of 64 MiB, and how many rows there may be beyond it for each of a volume.
    private static let manyElements = 16_777_216.0
    private static let mostRowsOfEach = 64.0

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
