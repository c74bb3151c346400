import Graph
import Operators
import TestSupport
import Testing

/// A use of an operator that does not fit.
private struct Mistake {
    let operation: Operator
    let operands: [TensorType]
    let attributes: Attributes

    init(_ operation: Operator, _ operands: [TensorType], _ attributes: Attributes = [:]) {
        (self.operation, self.operands, self.attributes) = (operation, operands, attributes)
    }

    init(_ name: String, _ operands: [TensorType], _ attributes: Attributes = [:]) {
        guard let operation = OperatorCatalog.standard[name] else { preconditionFailure("no operator is called '\(name)'") }
        self.init(operation, operands, attributes)
    }

    /// The call and what the operator says to it.
    var text: String {
        let given = attributes.values.sorted { $0.key < $1.key }.map { " \($0.key)=\(describe($0.value))" }.joined()
        let call = "\(operation.name)(\(operands.map(\.description).joined(separator: ", ")))\(given)"
        do {
            let type = try operation.inferType(Signature(operands, try operation.completing(attributes)))
            return "\(call)\n    ACCEPTED as \(type)\n"
        } catch {
            let place = [error.operand.map { "operand \($0)" }, error.parameter.map { "parameter \($0)" }].compactMap { $0 }
            return "\(call)\n    \(error.message)\n"
                + (error.repair.map { "    repair: \($0)\n" } ?? "") + (place.isEmpty ? "" : "    at: \(place.joined(separator: ", "))\n")
        }
    }

    private func describe(_ attribute: Attribute) -> String {
        switch attribute {
        case .integer(let value): "\(value)"
        case .number(let value): "\(value)"
        case .boolean(let value): "\(value)"
        case .integers(let values): "\(values)"
        case .numbers(let values): "\(values)"
        case .text(let text): text
        case .function(let function): function.name
        case .shape(let shape): "\(shape)"
        }
    }
}

private let batch = Dimension.symbol("N")
private func image(_ channels: Int, _ height: Int, _ width: Int) -> TensorType {
    TensorType(.f32, [batch, .fixed(channels), .fixed(height), .fixed(width)])
}

private let convolution: Attributes = ["channels": .integer(8), "kernel": .integer(3), "bias": .boolean(false)]
private func convolution(_ others: Attributes) -> Attributes { Attributes(convolution.values.merging(others.values) { $1 }) }
private let weight: TensorType = .f32(8, 3, 3, 3)
private let pool: Attributes = ["kernel": .integer(2)]
private func pool(_ others: Attributes) -> Attributes { Attributes(pool.values.merging(others.values) { $1 }) }
private let labels = TensorType(.i32, [batch])
private let scores = TensorType(.f32, [batch, 10])
private let relu = ScalarFunction("relu", ["x"], .maximum(.argument(0), 0))
private let vectors = [TensorType](repeating: .f32(8), count: 4)

private let volume: TensorType = .f32(2, 3, 4, 5, 6)
private let volumeWeight: TensorType = .f32(5, 3, 3, 3, 3)

/// What slides over volumes.
private let volumeMistakes: [Mistake] = [
    Mistake(.convolution, [volume, volumeWeight, .f32(5)], ["channels": .integer(5), "kernel": .integers([3, 2])]),
    Mistake(.convolution, [volume, volumeWeight, .f32(5)], ["channels": .integer(5), "kernel": .integers([3, 3, 2])]),
    Mistake(.convolution, [volume, volumeWeight, .f32(5)], ["channels": .integer(5), "kernel": .integers([7, 3, 3])]),
    Mistake(.convolution, [volume, .f32(5, 3, 3, 3), .f32(5)], ["channels": .integer(5), "kernel": .integer(3)]),
    Mistake(.convolution, [volume, volumeWeight, .f32(5)], ["channels": .integer(5), "kernel": .integer(3), "pad": .integers([1, 2])]),
    // A weight that is what theirs is turned into.
    Mistake(
        .convolution, [volume, .f32(5, 3, 2, 1)], ["channels": .integer(5), "kernel": .integers([2, 2, 1]), "bias": .boolean(false)]),
    Mistake(
        .convolution, [.f32(1, 18, 8), .f32(18, 1, 1, 3)],
        ["channels": .integer(18), "kernel": .integer(3), "groups": .integer(18), "bias": .boolean(false)]),
    Mistake(
        .convolutionTransposed, [.f32(1, 3, 8), .f32(3, 2, 1, 4)],
        ["channels": .integer(2), "kernel": .integer(4), "bias": .boolean(false)]),
    Mistake(
        .convolution, [.f32(1, 1, 100, 1, 1), .f32(1, 1, 65, 1, 1), .f32(1)],
        ["channels": .integer(1), "kernel": .integers([65, 1, 1])]),
    Mistake(.convolution, [image(3, 8, 8), weight, .f32(8)], ["channels": .integer(8), "kernel": .integers([3, 3, 3])]),
    Mistake(
        .convolutionTransposed, [volume, .f32(3, 2, 2, 2, 2)], ["channels": .integer(2), "kernel": .integer(2), "output_pad": .integer(1)]),
    Mistake(.maxPool, [volume], ["kernel": .integer(2), "stride": .integers([1, 2])]),
    Mistake(.maxPool, [.f32(1, 65_536, 65_536, 1, 1)], ["kernel": .integer(1)]),
    Mistake(
        .convolution, [.f32(2, 3, 6, 2, 6), .f32(4, 3, 3, 3, 1), .f32(4)],
        ["channels": .integer(4), "kernel": .integers([3, 3, 1]), "pad": .text("same"), "dilation": .integers([1, 1_048_576, 1])]),
    Mistake(
        .convolution, [.f32(2, 3, 6, 2, 6), .f32(4, 3, 1, 1, 5), .f32(4)],
        ["channels": .integer(4), "kernel": .integers([1, 1, 5]), "pad": .text("same"), "dilation": .integers([1, 1, 1_048_576])]),
    Mistake(.adaptiveAveragePool, [image(3, 8, 8)], ["size": .integers([2, 2, 2])]),
]

/// Products of activations.
private let productMistakes: [Mistake] = [
    Mistake(.matrixProduct, [.f32(5), .f32(5, 3)]),
    Mistake(.matrixProduct, [.f32(2, 3), TensorType(.i32, [3, 4])]),
    Mistake(.matrixProduct, [.f32(2, 4, 5), .f32(2, 6, 5)]),
    Mistake(.matrixProduct, [.f32(2, 4, 5), .f32(2, 5, 6)], ["transpose_a": .boolean(true)]),
    Mistake(.matrixProduct, [.f32(2, 4, 5), .f32(3, 5, 6)]),
    Mistake(.matrixProduct, [.f32(2, 4, 5), TensorType(.f32, [.symbol("N"), 5, 6])]),
    Mistake(.matrixProduct, [.f32(1_073_741_824, 1), .f32(1, 1_073_741_824)]),
    Mistake(.convolution, [.f32(2, 3, 9), .f32(5, 3, 3), .f32(5)], ["channels": .integer(5), "kernel": .integers([3, 2])]),
    Mistake(
        .convolution, [.f32(2, 3, 9), .f32(5, 3, 3), .f32(5)],
        ["channels": .integer(5), "kernel": .integer(3), "pad": .integers([1, 2, 3, 4])]),
    Mistake(.convolution, [.f32(2, 3, 9), .f32(5, 3, 4), .f32(5)], ["channels": .integer(5), "kernel": .integer(3)]),
    Mistake(.convolution, [.f32(2, 3, 9), .f32(5, 3, 3, 3), .f32(5)], ["channels": .integer(5), "kernel": .integer(3)]),
    Mistake(.maxPool, [.f32(2, 3, 9)], ["kernel": .integer(3), "stride": .integers([1, 2])]),
    Mistake(.maxPool, [.f32(2, 3, 9)], ["kernel": .integer(11)]),
    Mistake(.spatialDropout, [.f32(2, 3)]),
    Mistake(.attention, [.f32(2, 5), .f32(2, 5), .f32(2, 5)]),
    Mistake(.attention, [.f32(2, 3, 5), .f32(2, 4, 6), .f32(2, 4, 5)]),
    Mistake(.attention, [.f32(2, 3, 5), .f32(2, 4, 5), .f32(2, 3, 5)]),
    Mistake(.attention, [.f32(2, 3, 5), .f32(3, 4, 5), .f32(2, 4, 5)]),
    Mistake(.attention, [.f32(2, 3, 5), .f32(2, 4, 5), .f32(2, 2, 4, 5)]),
    Mistake(.attention, [.f32(2, 3, 5), .f32(2, 3, 5), .f32(2, 3, 5)], ["scale": .number(.infinity)]),
    Mistake(.attention, [.f32(2_097_152, 524_288, 1), .f32(2_097_152, 524_288, 1), .f32(2_097_152, 524_288, 1)]),
]

private let mistakes: [Mistake] = [
    Mistake(.map, [image(3, 4, 4), .f32(3)], ["function": .function(relu)]),
    Mistake(.add, [image(64, 28, 28)]),
    Mistake(.add, [image(64, 28, 28), image(32, 28, 28)]),
    Mistake(.add, [image(64, 28, 28), image(64, 26, 28)]),
    Mistake(.add, [image(64, 28, 28), scores]),
    Mistake(.add, [image(64, 28, 28), .f32(32)]),
    Mistake(.add, [image(64, 28, 28), TensorType(.f32, [.symbol("M"), 64, 28, 28])]),
    Mistake(.multiply, [scores, labels]),
    Mistake(.subtract, [.f32(3), .f32(4)]),
    Mistake(.less, [scores, image(3, 4, 4)]),
    Mistake(.choose, [scores, labels, scores]),
    Mistake(.oneHot, [scores], ["classes": .integer(3)]),
    Mistake(.oneHot, [labels], ["classes": .integer(0)]),
    Mistake(.power, [scores, labels]),
    Mistake(.detach, [labels]),
    Mistake(.pad, [scores], ["pad": .integer(1)]),
    Mistake(.pad, [image(3, 4, 4)], ["pad": .integers([1, 1, 1])]),
    Mistake(.pad, [image(3, 4, 4)], ["pad": .integers([-2, 0, -2, 0])]),
    Mistake(.pad, [image(3, 4, 4)], ["pad": .integer(4), "mode": .text("reflect")]),
    Mistake(.pad, [image(3, 4, 4)], ["pad": .integer(1), "mode": .text("mirror")]),
    Mistake(.pad, [image(3, 4, 4)], ["pad": .integer(1), "value": .number(.infinity)]),
    Mistake(.add, [TensorType(.f32, [3, batch]), scores]),
    Mistake(.add, [.f32(0, 3), .f32(0, 3)]),
    Mistake(.add, [.f32(.fixed(.max), .fixed(.max)), .f32()]),
    Mistake(.multiply, [.f32(.fixed(1 << 30), 1), .f32(1, .fixed(1 << 30))]),
    Mistake(.convolution, [image(3, 8, 8), weight], ["channels": .integer(8)]),
    Mistake(.convolution, [image(3, 8, 8), weight], convolution(["size": .integer(2)])),
    Mistake(.convolution, [image(3, 8, 8), weight], convolution(["stride": .text("fast")])),
    Mistake(.convolution, [scores, weight], convolution),
    Mistake(.convolution, [image(3, 8, 8)], convolution),
    Mistake(.convolution, [image(4, 8, 8), weight], convolution),
    Mistake(.convolution, [image(3, 2, 8), weight], convolution),
    Mistake(.convolution, [image(3, 4, 4), weight], convolution(["dilation": .integer(3), "pad": .integer(1)])),
    Mistake(.convolution, [image(3, 8, 8), weight], convolution(["stride": .integer(0)])),
    Mistake(.convolution, [image(3, 8, 8), weight], convolution(["pad": .integer(-1)])),
    Mistake(.convolution, [image(3, 8, 8), weight], convolution(["pad": .integers([1, 1, 1])])),
    Mistake(.convolution, [image(3, 8, 8), weight], convolution(["groups": .integer(2)])),
    Mistake(.convolution, [image(3, 8, 8), weight], convolution(["groups": .integer(3)])),
    Mistake(.convolution, [image(3, 8, 8), weight], convolution(["channels": .integer(.max)])),
    Mistake(.convolution, [image(3, 8, 8), weight, .f32(3)], convolution(["bias": .boolean(true)])),
    Mistake(.convolution, [image(3, 8, 8), weight], convolution(["pad": .text("sme")])),
    Mistake(.convolutionTransposed, [scores, weight], convolution),
    Mistake(.convolutionTransposed, [image(8, 4, 4), .f32(3, 8, 3, 3)], convolution),
    Mistake(.convolutionTransposed, [image(8, 4, 4), weight], convolution(["groups": .integer(3)])),
    Mistake(.convolutionTransposed, [image(8, 4, 4), weight], convolution(["output_pad": .integer(1)])),
    Mistake(.convolutionTransposed, [image(8, 4, 4), weight], convolution(["output_pad": .integer(-1)])),
    Mistake(
        .convolutionTransposed, [image(8, 4, 4), weight],
        convolution(["output_pad": .integer(1), "stride": .integer(2), "pad": .text("same")])),
    Mistake(.convolutionTransposed, [image(8, 4, 4), weight], convolution(["pad": .integer(9)])),
    Mistake(.linear, [image(3, 8, 8), .f32(10, 192), .f32(10)], ["features": .integer(10)]),
    Mistake(.linear, [.f32(5), .f32(10, 5), .f32(10)], ["features": .integer(10)]),
    Mistake(.linear, [scores, .f32(10, 20), .f32(10)], ["features": .integer(10)]),
    Mistake(.linear, [scores, .f32(10, 10), .f32(10)], ["features": .integer(0)]),
    Mistake(.maxPool, [scores], pool),
    Mistake(.maxPool, [image(3, 8, 8)]),
    Mistake(.maxPool, [image(3, 1, 8)], pool),
    Mistake(.maxPool, [image(3, 8, 8)], pool(["pad": .integer(2)])),
    Mistake(.maxPool, [image(3, 8, 8)], pool(["stride": .integers([1, 2, 3])])),
    Mistake(.maxPool, [image(3, 8, 8)], pool(["stride": .integers([1, 0])])),
    Mistake(.averagePool, [image(3, 8, 8)], pool(["kernel": .integers([9, 1])])),
    Mistake(.averagePool, [image(3, 8, 8)], pool(["dilation": .integer(2)])),
    Mistake(.averagePool, [image(3, 8, 8)], pool(["pad": .text("")])),
    Mistake(.averagePool, [image(3, 8, 1)], pool(["ceil": .boolean(true), "stride": .integer(1)])),
    Mistake(.globalAveragePool, [scores]),
    Mistake(.globalMaxPool, [scores]),
    Mistake(.maxPoolPosition, [scores], pool),
    Mistake(.maxUnpool, [image(3, 4, 4), image(3, 4, 3)], pool(["size": .integer(8)])),
    Mistake(.powerPool, [image(3, 8, 8)], pool(["p": .number(-1)])),
    Mistake(.adaptiveMaxPool, [scores], ["size": .integer(6)]),
    Mistake(.uniformNoise, [scores], ["low": .number(1)]),
    Mistake(.uniformNoise, [labels]),
    Mistake(.normalNoise, [scores], ["deviation": .number(-1)]),
    Mistake(.normalNoise, [scores], ["mean": .number(.nan)]),
    Mistake(.embedding, [scores, .f32(3, 4)], ["count": .integer(3), "features": .integer(4)]),
    Mistake(.embedding, [labels, .f32(3, 4)], ["count": .integer(0), "features": .integer(4)]),
    Mistake(.adaptiveAveragePool, [scores], ["size": .integer(6)]),
    Mistake(.adaptiveAveragePool, [image(3, 8, 8)]),
    Mistake(.adaptiveAveragePool, [image(3, 8, 8)], ["size": .integers([6, 0])]),
    Mistake(.adaptiveAveragePool, [image(3, 4096, 8)], ["size": .integer(1024)]),
    Mistake(.upsample, [image(3, 8, 8)], ["scale": .integer(0)]),
    Mistake(.upsample, [image(1, 1 << 20, 8)], ["scale": .integer(1 << 20)]),
    Mistake(.resize, [image(3, 8, 8)]),
    Mistake(.resize, [image(3, 8, 8)], ["size": .integers([1, 2, 3])]),
    Mistake(.resize, [image(3, 8, 8)], ["size": .integer(0)]),
    Mistake(.resize, [scores], ["size": .integer(1)]),
    Mistake(.resize, [image(3, 8, 8)], ["scale": .number(0.1)]),
    Mistake(.resize, [image(3, 8, 8)], ["scale": .number(-2)]),
    Mistake(.resize, [image(3, 8, 8)], ["scale": .number(1.4142135623730951)]),
    Mistake(.resize, [image(3, 2011, 8)], ["size": .integer(2003)]),
    Mistake(.resize, [image(3, 8, 8)], ["size": .integer(4), "mode": .text("bilnear")]),
    Mistake(.resize, [image(3, 8, 8)], ["size": .integer(4), "coordinates": .text("corners")]),
    Mistake(.resize, [image(3, 8, 8)], ["size": .integer(4), "mode": .text("nearest"), "antialias": .boolean(true)]),
    Mistake(.resize, [image(3, 8, 8)], ["size": .integer(4), "antialias": .boolean(true), "coordinates": .text("asymmetric")]),
    Mistake(.unflatten, [scores], ["extents": .integers([2, 4])]),
    Mistake(.unflatten, [scores], ["extents": .integers([])]),
    Mistake(.unflatten, [scores], ["extents": .integers([-2, -5])]),
    Mistake(.unflatten, [labels], ["extents": .integer(1)]),
    Mistake(.unflatten, [scores], ["extents": .integers([-1, -1])]),
    Mistake(.unflatten, [scores], ["extents": .integers([4, -1])]),
    Mistake(.reshape, [.f32()], ["extents": .integers([1])]),
    Mistake(.squeeze, [image(3, 4, 4)], ["axes": .integer(1)]),
    Mistake(.unsqueeze, [scores], ["axis": .integer(5)]),
    Mistake(.stack, [scores, image(3, 4, 4)]),
    Mistake(.permute, [image(3, 4, 4)], ["axes": .integers([1, 2])]),
    Mistake(.transpose, [scores], ["first": .integer(1), "second": .integer(2)]),
    Mistake(.flip, [scores], ["axes": .integer(0)]),
    Mistake(.channelShuffle, [scores], ["groups": .integer(3)]),
    Mistake(.pixelShuffle, [image(6, 4, 4)], ["factor": .integer(2)]),
    Mistake(.pixelShuffle, [image(8, 4, 4)], ["factor": .integer(2), "order": .text("rcd")]),
    Mistake(.pixelUnshuffle, [image(3, 4, 5)], ["factor": .integer(2)]),
    Mistake(.split, [scores], ["sizes": .integers([])]),
    Mistake(.split, [scores], ["sizes": .integers([4, 5])]),
    Mistake(.split, [image(5000, 2, 2)], ["sizes": .integer(1)]),
    Mistake(.chunk, [scores], ["count": .integer(2), "part": .integer(2)]),
    Mistake(.chunk, [scores], ["count": .integer(0)]),
    Mistake(.sum, [scores], ["axes": .integer(2)]),
    Mistake(.sum, [scores], ["axes": .integers([1, -1])]),
    Mistake(.mean, [.f32()]),
    Mistake(.max, [labels], ["axes": .integer(0)]),
    Mistake(.sum, [.f32()], ["axes": .integer(0)]),
    Mistake(.minimumOverAxes, [scores], ["axes": .integer(2)]),
    Mistake(.product, [scores], ["axes": .integer(0)]),
    Mistake(.norm, [scores], ["axes": .integer(1), "p": .number(0)]),
    Mistake(.variance, [image(3, 1, 1)], ["axes": .integers([2, 3])]),
    Mistake(.variance, [scores], ["axes": .integer(0), "correction": .integer(-1)]),
    Mistake(.standardDeviation, [labels], ["axes": .integer(0)]),
    Mistake(.logSumExponential, [labels], ["axes": .integer(0)]),
    Mistake(.argmax, [image(2, 1 << 12, 1 << 12)], ["axes": .integers([1, 2, 3])]),
    Mistake(.argmin, [labels]),
    Mistake(.cumulativeSum, [scores], ["axis": .integer(0)]),
    Mistake(.cumulativeSum, [labels], ["axis": .integer(0)]),
    Mistake(.topK, [scores], ["count": .integer(11)]),
    Mistake(.topK, [scores], ["count": .integer(0)]),
    Mistake(.topK, [scores], ["count": .integer(1), "axis": .integer(0)]),
    Mistake(.topK, [labels], ["count": .integer(1), "axis": .integer(0)]),
    Mistake(.topK, [scores], ["count": .integer(1), "part": .integer(2)]),
    Mistake(.topK, [.f32(33_554_432)], ["count": .integer(1), "axis": .integer(0)]),
    Mistake(.gather, [labels, labels], ["axis": .integer(0)]),
    Mistake(.gather, [scores, scores], ["axis": .integer(0)]),
    Mistake(.gather, [scores, labels]),
    Mistake(.gather, [image(3, 8, 8), image(3, 4, 8)]),
    Mistake(.gather, [.f32(33_554_432), .f32(2)], ["axis": .integer(0)]),
    Mistake(.flatten, [labels]),
    Mistake(.concat, []),
    Mistake(.concat, [image(8, 14, 14), image(8, 12, 12)]),
    Mistake(.concat, [image(8, 14, 14), scores]),
    Mistake(.concat, [scores], ["axis": .integer(7)]),
    Mistake(.slice, [scores], ["start": .integer(8), "count": .integer(3)]),
    Mistake(.slice, [scores], ["start": .integer(.min), "count": .integer(.max)]),
    Mistake(.slice, [scores], ["start": .integer(0), "count": .integer(-1), "step": .integer(0)]),
    Mistake(.slice, [scores], ["start": .integer(2), "count": .integer(3), "step": .integer(-2)]),
    Mistake(.batchNormalization, [labels, .f32(8), .f32(8), .f32(8), .f32(8)]),
    Mistake(.batchNormalization, [image(4, 8, 8)] + vectors),
    Mistake(.batchNormalization, [image(8, 8, 8)] + vectors, ["epsilon": .number(0)]),
    Mistake(.batchNormalization, [image(8, 8, 8)] + vectors, ["momentum": .number(1.5)]),
    Mistake(.layerNormalization, [labels, .f32(8), .f32(8)]),
    Mistake(.layerNormalization, [image(8, 4, 4), .f32(8), .f32(8)]),
    Mistake(.layerNormalization, [image(8, 4, 4), .f32(8), .f32(8)], ["axes": .integers([0, 1])]),
    Mistake(.layerNormalization, [image(8, 4, 4), .f32(8), .f32(8)], ["axes": .integer(4)]),
    Mistake(.layerNormalization, [image(8, 4, 4), .f32(8), .f32(8)], ["axes": .integer(1), "affine": .boolean(false)]),
    Mistake(.groupNormalization, [image(8, 4, 4), .f32(8), .f32(8)]),
    Mistake(.groupNormalization, [image(8, 4, 4), .f32(8), .f32(8)], ["groups": .integer(3)]),
    Mistake(.groupNormalization, [image(8, 4, 4), .f32(8), .f32(8)], ["groups": .integer(2), "epsilon": .number(0)]),
    Mistake(.instanceNormalization, [scores]),
    Mistake(.instanceNormalization, [image(8, 4, 4), .f32(8), .f32(8)]),
    Mistake(.parametricRectifier, [scores, .f32(1)]),
    Mistake(.parametricRectifier, [image(8, 4, 4), .f32(8)], ["shared": .boolean(true)]),
    Mistake(.localResponseNormalization, [labels], ["size": .integer(5)]),
    Mistake(.localResponseNormalization, [image(8, 8, 8)]),
    Mistake(.localResponseNormalization, [image(8, 8, 8)], ["size": .integer(0)]),
    Mistake(.localResponseNormalization, [image(8, 8, 8)], ["size": .integer(5), "k": .number(0)]),
    Mistake(.localResponseNormalization, [image(8, 8, 8)], ["size": .integer(5), "alpha": .number(-1)]),
    Mistake(.localResponseNormalization, [image(8, 8, 8)], ["size": .integer(5), "beta": .number(.infinity)]),
    Mistake(.spatialDropout, [scores]),
    Mistake(.spatialDropout, [image(3, 8, 8)], ["rate": .number(1)]),
    Mistake(.stochasticDepth, [scores], ["rate": .number(1)]),
    Mistake(.stochasticDepth, [scores], ["rate": .number(0.1), "mode": .text("rows")]),
    Mistake(.stochasticDepth, [labels], ["rate": .number(0.1)]),
    Mistake(.stochasticDepth, [.f32()], ["rate": .number(0.1)]),
    Mistake(.expand, [labels], ["extents": .integer(3)]),
    Mistake(.expand, [image(3, 1, 1)], ["extents": .integers([3, 4])]),
    Mistake(.expand, [image(3, 1, 1)], ["extents": .integers([6, 4, 4])]),
    Mistake(.expand, [image(3, 1, 1)], ["extents": .integers([3, 0, 4])]),
    Mistake(.size, [], ["value": .shape(Shape([Dimension(.unbounded)]))]),
    Mistake(.size, [], ["value": .integer(3), "divisor": .integer(0)]),
    Mistake(.dropout, [scores], ["rate": .number(1)]),
    Mistake(.dropout, [scores], ["rate": .number(.nan)]),
    Mistake(.dropout, [labels]),
    Mistake(.softmax, [.f32(10)]),
    Mistake(.softmax, [scores], ["axis": .integer(2)]),
    Mistake(.logSoftmax, [labels]),
    Mistake(.crossEntropy, [image(10, 1, 1), labels]),
    Mistake(.crossEntropy, [scores, .f32(batch)]),
    Mistake(.crossEntropy, [scores, TensorType(.i32, [4])]),
    Mistake(.crossEntropy, [scores, labels], ["smoothing": .number(1)]),
    Mistake(.crossEntropy, [image(10, 4, 4), TensorType(.i32, [batch, 4, 5])]),
    Mistake(.crossEntropy, [scores, labels], ["class_weights": .numbers([1, 2])]),
    Mistake(.crossEntropy, [.f32(batch, 2), labels], ["class_weights": .numbers([1, -0.5])]),
    Mistake(.crossEntropy, [.f32(batch, 2), labels], ["class_weights": .numbers([.nan, 1])]),
    Mistake(.crossEntropy, [scores, labels], ["ignored_label": .integer(-100)]),
    Mistake(.crossEntropy, [scores, scores], ["ignored_label": .integer(3)]),
    Mistake(.crossEntropy, [.f32(10), labels]),
    Mistake(.meanSquaredError, [scores, .f32(10)]),
    Mistake(.meanSquaredError, [.f32(), .f32()]),
    Mistake(.meanAbsoluteError, [scores, labels]),
    Mistake(.huberLoss, [scores, scores], ["delta": .number(0)]),
    Mistake(.binaryCrossEntropy, [scores, scores], ["positive_weight": .number(-1)]),
    Mistake(.focalLoss, [scores, scores], ["alpha": .number(1.5)]),
    Mistake(.focalLoss, [scores, scores], ["gamma": .number(32)]),
    Mistake(.diceLoss, [scores, labels]),
    Mistake(.diceLoss, [image(3, 4, 4), image(1, 4, 4)]),
    Mistake(.diceLoss, [image(3, 4, 4), image(3, 4, 4)], ["smooth": .number(0)]),
    Mistake(.reshape, [.f32(2, 3)], ["shape": .shape([7])]),
    Mistake(.concat, [.f32(.fixed(1 << 39)), .f32(.fixed(1 << 39)), .f32(.fixed(1 << 39))], ["axis": .integer(0)]),
    Mistake(.concat, [.f32(3, .fixed(1 << 31 - 1)), .f32(3, 8)]),
    // Gradients' own operators, which only the text of a later stage can hold.
    Mistake("grouped_conv", [.f32(1, 2, 3, 4, 4), .f32(2, 4, 5, 3, 3)]),
    Mistake("conv_backward_data", [.f32(1, 2, 3, 4, 4), .f32(4, 5, 3, 3)], ["size": .integer(6)]),
    Mistake("conv_backward_data", [.f32(1, 4, 4, 4), .f32(4, 5, 3, 3)], ["size": .integer(6), "groups": .integer(3)]),
    Mistake("conv_backward_weights", [.f32(1, 2, 3, 4, 4), .f32(1, 4, 4, 4)], ["kernel": .integer(3)]),
    Mistake("linear_backward_data", [.f32(3, 5), .f32(4, 20)]),
    Mistake("linear_backward_data", [.f32(5), .f32(5, 20)]),
    Mistake("linear_backward_weights", [.f32(2, 3, 20), .f32(2, 4, 5)]),
    Mistake("linear_backward_weights", [.f32(3, 20), .f32(4, 5)]),
    Mistake("broadcast", [.f32(5)], ["shape": .shape([2, 4, 3, 3])]),
    Mistake("pad_slice", [.f32(2, 5)], ["axis": .integer(1), "start": .integer(3), "size": .integer(7)]),
    Mistake(
        "max_pool_gather", [.f32(1, 3, 4, 4), .f32(1, 3, 2, 2)],
        ["kernel": .integer(2), "size": .integers([5, 5])]),
    Mistake(
        "resample", [image(3, 8, 8)],
        ["axis": .integer(4), "size": .integer(4), "ratio": .integers([1, 2]), "shift": .integers([0, 0]), "filter": .text("linear")]),
    Mistake(
        "resample_backward", [image(3, 8, 8)],
        ["axis": .integer(2), "size": .integer(4), "ratio": .integers([1, 2]), "shift": .integers([0, 0]), "filter": .text("lanczos")]),
    Mistake("embedding_backward", [labels, scores, scores], ["count": .integer(3)]),
    Mistake("embedding_backward", [labels, .f32(3, 4)], ["count": .integer(3)]),
    Mistake("bin_max", [image(3, 8, 8)], ["axis": .integer(1), "bins": .integer(2)]),
    Mistake("bin_match_sum", [image(3, 8, 8), image(3, 8, 8), image(3, 8, 8)], ["axis": .integer(2), "bins": .integer(3)]),
    Mistake("bin_average", [image(3, 8, 8)], ["axis": .integer(1), "bins": .integer(2)]),
    Mistake("channel_window_sum", [image(3, 8, 8)], ["before": .integer(1), "after": .integer(3)]),
]

@Suite struct ShapeErrorTests {
    @Test func mistakesAreExplained() throws {
        let text = (mistakes + productMistakes + volumeMistakes).map(\.text).joined(separator: "\n")
        #expect(!text.contains("ACCEPTED"))
        try Golden.check(text, Golden.folder("Cases/shape-errors.txt", beside: #filePath))
    }

    @Test func everyOperatorOfTheLanguageHasAMistake() {
        let named = Set((mistakes + productMistakes + volumeMistakes).map(\.operation))
        let similar: Set<Operator> = [
            .divide, .maximum, .minimum, .lessOrEqual, .greater, .greaterOrEqual, .equal, .notEqual,
        ]
        for operation in OperatorCatalog.standard.operators where operation.isInLanguage && !similar.contains(operation) {
            #expect(named.contains(operation), "no mistake with '\(operation.name)' is tested")
        }
    }

    /// Hostile sizes are refused or accepted, never trapped on; what is accepted has bounded extents.
    @Test(arguments: 0..<40) func hostileSizesAreRefused(_ seed: Int) throws {
        var random = Random(seed: UInt64(seed))
        let extremes = [Int.min, -1, 0, 1, 2, 3, 1 << 20, 1 << 40, 1 << 62, .max]
        func pick<Element>(_ choices: [Element], _ random: inout Random) -> Element {
            choices[Int(random.uniform() * Double(choices.count))]
        }
        for item in ExampleCase.all {
            var signature = item.signature
            for index in signature.operands.indices where random.uniform() < 0.7 {
                for axis in 0..<signature.operands[index].rank where random.uniform() < 0.4 {
                    let isSymbol = random.uniform() < 0.2
                    signature.operands[index].shape[axis] = isSymbol ? .symbol("N") : .fixed(pick(extremes, &random))
                }
                if random.uniform() < 0.1 { signature.operands[index].shape.dimensions.removeAll() }
                if random.uniform() < 0.1 { signature.operands[index].shape.dimensions.append(3) }
                if random.uniform() < 0.1 { signature.operands[index].element = .i32 }
            }
            if random.uniform() < 0.1 { signature.operands.append(.f32(2)) }
            if random.uniform() < 0.1, !signature.operands.isEmpty { signature.operands.removeLast() }
            for (name, value) in signature.attributes.values where random.uniform() < 0.5 {
                switch value {
                case .integer: signature.attributes[name] = .integer(pick(extremes, &random))
                case .integers(let list):
                    var changed = list.map { _ in pick(extremes, &random) }
                    let kind = item.operation.parameters.first { $0.name == name }?.kind
                    if kind == .integers, random.uniform() < 0.3 { changed.append(1) }
                    signature.attributes[name] = .integers(changed)
                case .numbers(let list):
                    let changed = list.map { _ in pick([-1, 0, 1, .nan, .infinity], &random) }
                    signature.attributes[name] = .numbers(changed + (random.uniform() < 0.3 ? [1] : []))
                case .number: signature.attributes[name] = .number(pick([-1, 0, 1, .nan, .infinity], &random))
                case .shape(let shape):
                    signature.attributes[name] = .shape(Shape(shape.dimensions.map { _ in .fixed(pick(extremes, &random)) }))
                case .boolean, .text, .function: break
                }
            }
            let roles = signature.operands.indices.map(item.role)
            let given = zip(signature.operands, roles).filter { $0.1 == .operand }.map(\.0)
            _ = try? item.operation.weights(Signature(given, signature.attributes))
            guard let symbolic = try? item.operation.inferType(signature) else { continue }
            // What it does is asked once the sizes are numbers, of which 1 would be dropped by `squeeze`: the type is then what its
            // expressions say.
            let sizes = ["N": 2 + Int(random.uniform() * 7)]
            let bound = Signature(
                signature.operands.map { TensorType($0.element, $0.shape.bound(sizes)) }, signature.attributes.bound(sizes))
            guard let type = try? item.operation.inferType(bound) else { continue }
            #expect(type.shape == symbolic.shape.bound(sizes), "\(item.operation.name) of \(signature.operands) at \(sizes)")
            signature = bound
            let count = type.shape.dimensions.compactMap(\.value).reduce((1, false)) {
                ($0.0.multipliedReportingOverflow(by: $1).partialValue, $0.1 || $0.0.multipliedReportingOverflow(by: $1).overflow)
            }
            #expect(!count.1 && count.0 > 0 && count.0 <= 1 << 40, "\(item.operation.name) accepted a result of type \(type)")
            _ = item.operation.lowering(signature)
        }
    }
}
