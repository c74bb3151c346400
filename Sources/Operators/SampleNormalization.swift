import Graph

/// Normalizations by statistics of each image alone: the same in training and inference, and for any batch.
///
/// All subtract a mean and divide by the root of a biased variance plus `epsilon`; they differ in what the two are taken over.
extension Operator {
    /// Layer normalization (Ba, Kiros & Hinton, arXiv 1607.06450). The weight has the extents of the axes, as PyTorch's `LayerNorm` of
    /// that `normalized_shape`; with axis 1 alone it is the normalization of each pixel over its channels of ConvNeXt (arXiv 2201.03545).
    public static let layerNormalization: Operator = Operator(
        "layer_norm", "Normalizes each image, or each pixel over its channels, then scales and shifts it.",
        inputs: affineInputs("one scale a position of the axes", "one shift a position of the axes"),
        parameters: [
            OperatorParameter(
                "axes", .integers, default: .integers([]), "the axes to normalize over, all but the batch if left out; 1 for each pixel"),
            epsilonParameter, affineParameter(true),
        ],
        weights: { (check) throws(TypeError) in try check.affineWeights(check.layerNormalization()) },
        geometry: Checker.layerNormalization, type: \.type, doubt: { normalization, check in check.doubt(normalization) },
        lowering: { normalization, _ in
            .composite { context in
                let (shape, axes) = (normalization.type.shape, normalization.axes)
                // A vector along the channels is repeated as it is; others get an extent of 1 along the axes that they lack.
                let extents = Shape((0..<shape.rank).map { axes.contains($0) ? shape[$0] : 1 })
                let weights = context.operands.dropFirst().map { weight in
                    axes == [1]
                        ? weight : context.builder.apply(reshape, weight, attributes: ["shape": .shape(extents)])
                }
                return normalize(context, weights: weights) { builder, value, average in
                    average(builder, value, ["axes": .integers(axes), "keep": .boolean(true)])
                }
            }
        },
        gradient: .derived,
        onnx: [
            ONNXForm(
                "LayerNormalization", [.lastAxes, .named("epsilon", of: "epsilon", default: .number(1e-5))],
                fixed: ["affine": .boolean(true)],
                since: 17)
        ],
        examples: [
            OperatorExample("each image", [.f32(2, 5, 3, 4), .f32(5, 3, 4), .f32(5, 3, 4)]),
            OperatorExample(
                "each pixel over its channels", [.f32(2, 20, 3, 2), .f32(20), .f32(20)], ["axes": .integer(1), "epsilon": .number(1e-6)]),
            OperatorExample("rows", [.f32(3, 7), .f32(7), .f32(7)]),
            OperatorExample("columns, bare", [.f32(2, 3, 2, 5)], ["axes": .integer(-1), "affine": .boolean(false)]),
            OperatorExample("planes", [.f32(2, 3, 4, 5), .f32(4, 5), .f32(4, 5)], ["axes": .integers([2, 3])]),
        ])

    /// Group normalization (Wu & He, arXiv 1803.08494): over each image's groups of neighbouring channels.
    public static let groupNormalization: Operator = Operator(
        "group_norm", "Normalizes groups of channels of each image, then scales and shifts each channel.",
        inputs: affineInputs("one scale a channel", "one shift a channel"),
        parameters: [
            OperatorParameter("groups", .integer, "the number of groups that the channels are divided into"), epsilonParameter,
            affineParameter(true),
        ],
        weights: { (check) throws(TypeError) in try check.affineWeights(check.groupNormalization()) },
        geometry: Checker.groupNormalization, type: \.type, doubt: { normalization, check in check.doubt(normalization) },
        lowering: { _, signature in
            .composite { context in
                let groups = signature.attributes.integer("groups")
                return normalize(context, weights: Array(context.operands.dropFirst())) { groupMean($0, $1, groups: groups, by: $2) }
            }
        },
        gradient: .derived,
        onnx: [
            ONNXForm(
                "GroupNormalization",
                [.named("num_groups", of: "groups", default: .integer(1)), .named("epsilon", of: "epsilon", default: .number(1e-5))],
                fixed: ["affine": .boolean(true)], since: 21)
        ],
        examples: [
            OperatorExample("three groups", [.f32(2, 6, 3, 4), .f32(6), .f32(6)], ["groups": .integer(3)]),
            OperatorExample("20 channels in one group", [.f32(2, 20, 2, 2), .f32(20), .f32(20)], ["groups": .integer(1)]),
            OperatorExample(
                "rows, bare", [.f32(3, 8)], ["groups": .integer(2), "epsilon": .number(0.01), "affine": .boolean(false)]),
        ])

    /// Instance normalization (Ulyanov, Vedaldi & Lempitsky, arXiv 1607.08022): over each channel of each image. Without weights unless
    /// asked for, as in PyTorch.
    public static let instanceNormalization: Operator = Operator(
        "instance_norm", "Normalizes each channel of each image.",
        inputs: affineInputs("one scale a channel, if affine", "one shift a channel, if affine"),
        parameters: [epsilonParameter, affineParameter(false)],
        weights: { (check) throws(TypeError) in try check.affineWeights(check.instanceNormalization()) },
        geometry: Checker.instanceNormalization, type: \.type, doubt: { normalization, check in check.doubt(normalization) },
        lowering: { normalization, _ in
            .composite { context in
                normalize(context, weights: Array(context.operands.dropFirst())) { builder, value, average in
                    average(builder, value, ["axes": .integers(normalization.axes), "keep": .boolean(true)])
                }
            }
        },
        gradient: .derived,
        onnx: [
            ONNXForm(
                "InstanceNormalization", [.named("epsilon", of: "epsilon", default: .number(1e-5))], fixed: ["affine": .boolean(true)])
        ],
        examples: [
            OperatorExample("an image", [.f32(2, 5, 3, 4)]),
            OperatorExample("scaled and shifted", [.f32(2, 20, 2, 3), .f32(20), .f32(20)], ["affine": .boolean(true)]),
        ])

    private static func affineInputs(_ scale: String, _ shift: String) -> [OperatorInput] {
        [
            OperatorInput("x", "the tensor [N, C, …]"), OperatorInput("weight", .weight, onlyIf: "affine", scale),
            OperatorInput("bias", .weight, onlyIf: "affine", shift),
        ]
    }

    private static func affineParameter(_ isAffine: Bool) -> OperatorParameter {
        OperatorParameter("affine", .boolean, default: .boolean(isAffine), "whether learned values scale and shift the result")
    }

    private static func planeAxes(_ builder: GraphBuilder, _ value: Value) -> [Int] { Array(2..<builder.type(of: value).rank) }

    /// A mean over axes, of the distances from the mean squared or of the elements themselves (`shiftedMean`).
    private typealias Average = (GraphBuilder, Value, Attributes) -> Value

    /// `(x - mean) / sqrt(variance + epsilon) * weight + bias`, the mean and variance by `statistic`, whose result has the rank of `x`.
    ///
    /// No gradient flows from the variance through the mean: the distances from it sum to zero.
    private static func normalize(
        _ context: Decomposition, weights: [Value], by statistic: (GraphBuilder, Value, Average) -> Value
    ) -> Value {
        let builder = context.builder
        let x = context.operands[0]
        func map(_ name: String, _ parameters: [String], _ body: Scalar, _ operands: [Value]) -> Value {
            builder.apply(Operator.map, operands, ["function": .function(ScalarFunction(name, parameters, body))])
        }
        let distance: Scalar = .argument(0) - .argument(1)
        let mean = statistic(builder, x, shiftedMean)
        let squares = map("squared_distance", ["x", "mean"], distance * distance, [x, builder.apply(detach, mean)])
        let variance = statistic(builder, squares) { $0.apply(Operator.mean, $1, attributes: $2) }
        let spread = Scalar.squareRoot(.argument(2) + .constant(context.signature.attributes.number("epsilon")))
        guard !weights.isEmpty else {
            return map("normalize", ["x", "mean", "variance"], distance * (1 / spread), [x, mean, variance])
        }
        let scaled = distance * (.argument(3) / spread) + .argument(4)
        return map("normalize", ["x", "mean", "variance", "weight", "bias"], scaled, [x, mean, variance] + weights)
    }

    /// The mean of each image's groups of channels, repeated to `[N, C, 1, …]`: first of planes, which keeps the channels where they are.
    private static func groupMean(_ builder: GraphBuilder, _ value: Value, groups: Int, by average: Average) -> Value {
        let axes = planeAxes(builder, value)
        let planes =
            axes.isEmpty
            ? value : average(builder, value, ["axes": .integers(axes), "keep": .boolean(true)])
        let shape = builder.type(of: planes).shape
        guard let channels = shape[1].value, groups < channels else { return planes }
        let divided = Shape([shape[0], .fixed(groups), .fixed(channels / groups)])
        let rows = builder.apply(reshape, planes, attributes: ["shape": .shape(divided)])
        let means = average(builder, rows, ["axes": .integers([2]), "keep": .boolean(true)])
        let repeated = builder.apply(broadcast, means, attributes: ["shape": .shape(divided)])
        return builder.apply(reshape, repeated, attributes: ["shape": .shape(shape)])
    }
}

/// What is normalized, and over what.
private struct SampleNormalization {
    /// The operand's and the result's type.
    var type: TensorType
    /// The type of the scale and of the shift.
    var weight: TensorType
    /// The axes that a mean and a variance are taken over, ascending; groups of channels besides.
    var axes: [Int]
    /// Whether they are taken over the axes alone, not over several channels.
    var isOverAxesAlone = true

    /// Whether each mean is that of one value.
    var isOfSingleValues: Bool { isOverAxesAlone && axes.allSatisfy { type.shape[$0] == 1 } }
}

extension Checker {
    /// The declarations of a scale and a shift, if they are wanted.
    fileprivate func affineWeights(_ normalization: SampleNormalization) -> [WeightDeclaration] {
        guard signature.attributes.boolean("affine") else { return [] }
        return [WeightDeclaration("weight", normalization.weight, .ones), WeightDeclaration("bias", normalization.weight, .zeros)]
    }

    /// A warning where each statistic is taken over one value.
    fileprivate func doubt(_ normalization: SampleNormalization) -> TypeError? {
        guard normalization.isOfSingleValues else { return nil }
        return error(
            "normalizes single values of \(normalization.type): each is its own mean, so that the result does not depend on them",
            repair: "normalize over more values, or leave it out", operand: 0)
    }

    /// A normalization with a scale and a shift of type `weight`, once the operands are known to be of it where there are some.
    private func normalization(
        _ weight: TensorType, over axes: [Int], isOverAxesAlone: Bool = true
    ) throws(TypeError) -> SampleNormalization {
        for (index, role) in ["weight", "bias"].enumerated() where signature.operands.count == 3 {
            try require(index + 1, is: weight, role: role)
        }
        _ = try epsilon()
        return SampleNormalization(type: signature.operands[0], weight: weight, axes: axes, isOverAxesAlone: isOverAxesAlone)
    }

    private var planeAxes: [Int] { Array(2..<signature.operands[0].rank) }

    fileprivate func layerNormalization() throws(TypeError) -> SampleNormalization {
        _ = try channelVector()
        let shape = signature.operands[0].shape
        let axes = signature.attributes.integers("axes").isEmpty ? Array(1..<shape.rank) : try self.axes(rank: shape.rank)
        guard axes[0] > 0 else {
            throw error("cannot normalize over axis 0, the batch", repair: "batchnorm does", parameter: "axes")
        }
        var extents: [Dimension] = []
        for axis in axes { extents.append(.fixed(try extent(shape, axis))) }
        return try normalization(TensorType(.f32, Shape(extents)), over: axes)
    }

    fileprivate func groupNormalization() throws(TypeError) -> SampleNormalization {
        let type = try channelVector()
        let groups = try positive("groups")
        let channels = try extent(type.shape, 0)
        guard channels % groups == 0 else {
            throw error("cannot divide \(channels) channels into \(groups) groups", parameter: "groups")
        }
        return try normalization(type, over: planeAxes, isOverAxesAlone: groups == channels)
    }

    fileprivate func instanceNormalization() throws(TypeError) -> SampleNormalization {
        let type = try channelVector()
        guard signature.operands[0].rank >= 3 else {
            throw error(
                "normalizes each channel's plane, and \(signature.operands[0]) has none", repair: "layer_norm normalizes rows", operand: 0)
        }
        return try normalization(type, over: planeAxes)
    }
}
