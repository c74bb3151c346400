import Graph

extension Operator {
    /// As `torch.nn.functional.interpolate` has it, an axis after the other: every filter is a product of one for rows and one for columns.
    public static let resize: Operator = Operator(
        "resize", "Resizes images.",
        inputs: [OperatorInput("x", "the image [N, C, H, W]")],
        parameters: [
            OperatorParameter(
                "size", .extents, default: .integers([]), "the result's height and width, or one number for both; or else `scale`"),
            OperatorParameter(
                "scale", .number, default: .number(0), "how many times as high and wide, rounded down; or else `size`"),
            OperatorParameter(
                "mode", .text, default: .text("bilinear"),
                "\"nearest\", \"nearest_exact\", \"bilinear\", \"bicubic\" or \"area\", as PyTorch has them"),
            OperatorParameter(
                "coordinates", .text, default: .text("half_pixel"),
                "where pixels of the result lie, as ONNX calls it, for the bilinear and the bicubic mode: \"half_pixel\", \"align_corners\" or "
                    + "\"asymmetric\""),
            OperatorParameter(
                "antialias", .boolean, default: .boolean(false),
                "whether the bilinear and the bicubic filter grow with what they shrink, as Pillow's do"),
        ],
        geometry: Checker.resizing, type: \.type,
        lowering: { resizing, _ in .composite { resizing.value($0.builder, $0.operands[0]) } },
        gradient: .derived,
        onnx: [.byRule("Resize")],
        examples: [
            OperatorExample("twice as large", [.f32(2, 5, 3, 4)], ["scale": .number(2)]),
            OperatorExample("nearest", [.f32(1, 20, 4, 3)], ["size": .integers([7, 2]), "mode": .text("nearest")]),
            OperatorExample("nearest to the middle", [.f32(1, 3, 4, 3)], ["size": .integers([6, 5]), "mode": .text("nearest_exact")]),
            OperatorExample(
                "aligned corners", [.f32(1, 3, 3, 5)], ["size": .integers([5, 3]), "coordinates": .text("align_corners")]),
            OperatorExample("bicubic", [.f32(1, 3, 4, 5)], ["size": .integers([6, 4]), "mode": .text("bicubic")]),
            OperatorExample("antialiased", [.f32(1, 5, 7, 6)], ["size": .integer(3), "antialias": .boolean(true)]),
            OperatorExample(
                "bicubic, antialiased", [.f32(1, 3, 7, 6)],
                ["size": .integers([4, 9]), "mode": .text("bicubic"), "antialias": .boolean(true)]),
            OperatorExample("area", [.f32(1, 3, 7, 6)], ["size": .integers([3, 2]), "mode": .text("area")]),
            OperatorExample(
                "one pixel, and to one", [.f32(1, 3, 1, 6)], ["size": .integers([4, 1]), "coordinates": .text("align_corners")]),
        ])
}

/// How an image is resized.
private struct Resizing {
    enum Mode: String { case nearest, exact = "nearest_exact", bilinear, bicubic, area }
    enum Coordinates: String {
        case halfPixel = "half_pixel"
        case alignedCorners = "align_corners"
        case asymmetric
    }

    var image: Shape
    /// The result's height and width; numbers, as those of the image, once all sizes are known.
    var size: Area
    /// The factor that was asked for, in place of a size.
    var scale: (numerator: Int, denominator: Int)?
    var mode: Mode
    var coordinates: Coordinates
    var isAntialiased: Bool

    var type: TensorType {
        TensorType(.f32, Shape([image[0], image[1], size.vertical, size.horizontal]))
    }

    func value(_ builder: GraphBuilder, _ x: Value) -> Value {
        let (rows, columns) = (size.vertical.number, size.horizontal.number)
        if mode == .area { return builder.apply(.adaptiveAveragePool, x, attributes: ["size": .integers([rows, columns])]) }
        // The smaller of both tensors is made on the way.
        let order = rows * image.number(3) <= image.number(2) * columns ? [2, 3] : [3, 2]
        return order.reduce(x) { resized(builder, $0, axis: $1) }
    }

    /// Axis 2 or 3 of the image as it will be read; nil where its one position is repeated or one of its positions taken.
    func resampling(axis: Int) -> Resampling? {
        let (from, to) = (image.number(axis), (axis == 2 ? size.vertical : size.horizontal).number)
        guard from > 1, coordinates != .alignedCorners || to > 1 else { return nil }
        var (step, parts) = scale.map { ($0.denominator, $0.numerator) } ?? (from, to)
        if coordinates == .alignedCorners { (step, parts) = (from - 1, to - 1) }
        let divisor = Self.greatestCommonDivisor(step, parts)
        let filter: Resampling.Filter
        switch mode {
        case .nearest, .exact, .area: filter = .nearest
        case .bilinear: filter = isAntialiased ? .antialiasedLinear : .linear
        case .bicubic: filter = isAntialiased ? .antialiasedCubic : .cubic
        }
        var shift = coordinates == .halfPixel ? Pair(1, 1) : Pair(0, 0)
        if filter == .nearest { shift = Pair(mode == .exact ? 1 : 0, 0) }
        // Read between two copies of the outermost positions on both sides.
        if filter == .cubic { shift.horizontal -= 4 }
        return Resampling(
            operand: [], axis: axis, source: filter == .cubic ? from + 4 : from, result: to, step: step / divisor, parts: parts / divisor,
            shift: shift, filter: filter)
    }

    private func resized(_ builder: GraphBuilder, _ x: Value, axis: Int) -> Value {
        var shape = builder.type(of: x).shape
        let to = (axis == 2 ? size.vertical : size.horizontal).number
        guard let resampling = resampling(axis: axis) else {
            if shape.number(axis) > 1 {
                return builder.apply(.slice, x, attributes: ["axis": .integer(axis), "start": .integer(0), "count": .integer(1)])
            }
            shape[axis] = .fixed(to)
            return builder.apply(.broadcast, x, attributes: ["shape": .shape(shape)])
        }
        if resampling.step == resampling.parts, to == shape.number(axis) { return x }
        let attributes: Attributes = [
            "axis": .integer(axis), "size": .integer(to), "ratio": .integers([resampling.step, resampling.parts]),
            "shift": resampling.shift.attribute, "filter": .text(resampling.filter.rawValue),
        ]
        switch resampling.filter {
        case .nearest, .linear: return builder.apply(.resample, [x], attributes)
        case .cubic:
            let sides = axis == 2 ? [2, 0, 2, 0] : [0, 2, 0, 2]
            let padded = builder.apply(.pad, x, attributes: ["pad": .integers(sides), "mode": .text("replicate")])
            return builder.apply(.resample, [padded], attributes)
        case .antialiasedLinear, .antialiasedCubic:
            // At the borders fewer weights are inside, and what they add up to is that of an image of ones.
            let line = Shape((0..<4).map { $0 == axis ? shape[$0] : 1 })
            let ones = builder.apply(.broadcast, builder.constant(1), attributes: ["shape": .shape(line)])
            return builder.apply(.divide, builder.apply(.resample, [x], attributes), builder.apply(.resample, [ones], attributes))
        }
    }

    private static func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int { b == 0 ? a : greatestCommonDivisor(b, a % b) }
}

extension Checker {
    fileprivate func resizing() throws(TypeError) -> Resizing {
        let image = try operand(0, rank: 4, form: "an image f32[N, C, H, W]")
        guard let mode = Resizing.Mode(rawValue: signature.attributes.text("mode")) else {
            throw error(
                "has no mode \(signature.attributes.text("mode").debugDescription)",
                repair: "there are \"nearest\", \"nearest_exact\", \"bilinear\", \"bicubic\" and \"area\"", parameter: "mode")
        }
        guard let coordinates = Resizing.Coordinates(rawValue: signature.attributes.text("coordinates")) else {
            throw error(
                "has no coordinates \(signature.attributes.text("coordinates").debugDescription)",
                repair: "there are \"half_pixel\", \"align_corners\" and \"asymmetric\"", parameter: "coordinates")
        }
        let isAntialiased = signature.attributes.boolean("antialias")
        guard mode == .bilinear || mode == .bicubic || (coordinates == .halfPixel && !isAntialiased) else {
            throw error("takes 'coordinates' and 'antialias' with the bilinear and the bicubic mode only", parameter: "mode")
        }
        guard coordinates == .halfPixel || !isAntialiased else {
            throw error("takes 'antialias' with half_pixel coordinates only", parameter: "coordinates")
        }
        let (size, scale) = try resizedSize(image)
        let resizing = Resizing(
            image: image, size: size, scale: scale, mode: mode, coordinates: coordinates, isAntialiased: isAntialiased)
        // What the bicubic mode reads has two rows and columns more on each side.
        if mode != .area {
            try checkSound(Shape([image[0], image[1]] + (2...3).map { Dimension(image[$0].expression + SizeExpression(4)) }), operand: 0)
        }
        // Sizes that a run decides are checked then.
        for (axis, result) in [(2, size.vertical), (3, size.horizontal)] {
            guard let from = image[axis].value, let to = result.value else { continue }
            if mode == .area {
                try checkBins(to, over: from, parameter: "size")
            } else if let resampling = resizing.resampling(axis: axis) {
                try checkExact(resampling, parameter: scale == nil ? "size" : "scale")
            }
        }
        return resizing
    }

    /// The size that the parameters `size` and `scale` ask for.
    private func resizedSize(_ image: Shape) throws(TypeError) -> (Area, scale: (numerator: Int, denominator: Int)?) {
        let (size, factor) = (signature.attributes.extents("size"), signature.attributes.number("scale"))
        guard size.isEmpty != (factor == 0) else { throw error("needs either 'size' or 'scale'", parameter: "size") }
        guard size.isEmpty else {
            guard size.count <= 2 else {
                throw error("cannot use a 'size' of \(size.count) numbers", repair: "give one or two", parameter: "size")
            }
            try check(size.compactMap(\.value), "size", atLeast: 1)
            return (Area(size[0], size[size.count - 1]), nil)
        }
        let limit = 1024.0
        guard factor >= 1 / limit, factor <= limit else {
            throw error("needs 'scale' to be from 1/1024 to 1024, not \(factor)", parameter: "scale")
        }
        guard
            let denominator = (1...Int(limit)).first(where: { abs((factor * Double($0)).rounded() / Double($0) - factor) <= 1e-12 * factor }
            )
        else {
            throw error(
                "cannot use a 'scale' of \(factor)", repair: "give a fraction with a denominator of at most 1024, or a 'size'",
                parameter: "scale")
        }
        let numerator = Int((factor * Double(denominator)).rounded())
        func scaled(_ extent: Dimension) -> Dimension {
            if let number = extent.value { return .fixed(number * numerator / denominator) }
            return Dimension((extent.expression * SizeExpression(numerator)).dividedRoundingDown(by: denominator))
        }
        let result = Area(scaled(image[2]), scaled(image[3]))
        guard [result.vertical, result.horizontal].allSatisfy({ $0.value ?? 1 >= 1 }) else {
            throw error("leaves nothing of an image of \(Area(image[2], image[3]))", parameter: "scale")
        }
        return (result, (numerator, denominator))
    }
}
