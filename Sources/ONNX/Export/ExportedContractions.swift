import Graph
import Operators

extension ExportRule {
    /// Transposed convolutions, layers and products of matrices.
    static let contractions: [ExportRule] = [
        ExportRule(.convolutionTransposed) { (scope, value) throws(ImportFault) in
            let attributes = scope.node(value).attributes
            let window = ExportedWindow(attributes, axes: scope.shape(value).rank - 2)
            let (kernel, strides, dilations) = (window.numbers("kernel"), window.numbers("stride"), window.numbers("dilation"))
            var (pads, outputPads) = (window.pads, window.numbers("output_pad"))
            if window.isSame {
                for axis in 0..<window.axes {
                    let total = (kernel[axis] - 1) * dilations[axis] + 1 - strides[axis]
                    outputPads[axis] = max(0, -total)
                    (pads[axis], pads[window.axes + axis]) = (max(0, total) / 2, max(0, total) - max(0, total) / 2)
                }
            }
            return scope.node(
                "ConvTranspose", scope.operands(value),
                [
                    .integers("kernel_shape", kernel), .integers("strides", strides), .integers("pads", pads),
                    .integers("dilations", dilations),
                    .integers("output_padding", outputPads), .integer("group", attributes.integer("groups")),
                ])
        },
        ExportRule(.linear) { (scope, value) throws(ImportFault) in
            let operands = scope.operands(value)
            if scope.shape(value).rank == 2 { return scope.node("Gemm", operands, [.integer("transB", 1)]) }
            let weight = scope.step("Transpose", [operands[1]], [.integers("perm", [1, 0])])
            if operands.count == 2 { return scope.node("MatMul", [operands[0], weight]) }
            return scope.node("Add", [scope.step("MatMul", [operands[0], weight]), operands[2]])
        },
        ExportRule(.matrixProduct) { (scope, value) throws(ImportFault) in
            let node = scope.node(value)
            let operands = node.operands.enumerated().map { index, operand in
                guard node.attributes.boolean(index == 0 ? "transpose_a" : "transpose_b") else { return scope.name(operand) }
                let rank = scope.shape(operand).rank
                return scope.step("Transpose", [scope.name(operand)], [.integers("perm", Array(0..<rank - 2) + [rank - 1, rank - 2])])
            }
            return scope.node("MatMul", operands)
        },
    ]

    /// Sizes of images.
    static let windows: [ExportRule] = [
        ExportRule(.adaptiveAveragePool, takes: { isSameSize($0) || $0.attributes.integers("size").allSatisfy { $0 == 1 } }) {
            (scope, value) throws(ImportFault) in
            let operand = scope.node(value).operands[0]
            return scope.shape(operand) == scope.shape(value) ? scope.name(operand) : scope.node("GlobalAveragePool", [scope.name(operand)])
        },
        ExportRule(.upsample) { (scope, value) throws(ImportFault) in
            let axes = scope.shape(value).rank - 2
            let scales = ExportedWindow(scope.node(value).attributes, axes: axes).numbers("scale")
            return scope.node(
                "Resize", [scope.operands(value)[0], "", scope.constant(shape: [axes + 2], [1, 1] + scales.map(Float.init))],
                [.text("mode", "nearest"), .text("coordinate_transformation_mode", "asymmetric"), .text("nearest_mode", "floor")])
        },
        ExportRule(.resize, takes: { $0.attributes.text("mode") != "area" }) { (scope, value) throws(ImportFault) in
            try resized(scope, value)
        },
    ]

    private static func isSameSize(_ signature: Signature) -> Bool {
        let spatial = signature.operands[0].shape.dimensions.dropFirst(2).compactMap(\.value)
        let size = signature.attributes.integers("size")
        return spatial.count == signature.operands[0].rank - 2 && (spatial == size || spatial.count == 1 && spatial[0] == size[0])
    }

    private static func resized(_ scope: ExportScope, _ value: Value) throws(ImportFault) -> String {
        let attributes = scope.node(value).attributes
        let result = scope.shape(value)
        guard let height = result[2].value, let width = result[3].value else {
            throw .unsupported("the size \(result) must be numbers")
        }
        var written: [WireAttribute]
        var coordinates = attributes.text("coordinates")
        switch attributes.text("mode") {
        case "nearest":
            coordinates = "asymmetric"
            written = [.text("mode", "nearest"), .text("nearest_mode", "floor")]
        case "nearest_exact": written = [.text("mode", "nearest"), .text("nearest_mode", "round_prefer_ceil")]
        case "bilinear": written = [.text("mode", "linear")]
        default: written = [.text("mode", "cubic"), .number("cubic_coeff_a", attributes.boolean("antialias") ? -0.5 : -0.75)]
        }
        written += [.text("coordinate_transformation_mode", coordinates)]
        if attributes.boolean("antialias") { written += [.boolean("antialias", true), .boolean("exclude_outside", true)] }
        let scale = attributes.number("scale")
        if scale != 0 {
            let scales = scope.constant(shape: [4], [1, 1, Float(scale), Float(scale)])
            return scope.node("Resize", [scope.operands(value)[0], "", scales], written)
        }
        // The batch stays as it is: sizes are those of the axes named.
        return scope.node(
            "Resize", [scope.operands(value)[0], "", "", scope.integers([height, width])], written + [.integers("axes", [2, 3])])
    }
}
