import Graph
import Operators

extension ExportRule {
    /// What changes the shape and the order of elements.
    static let views: [ExportRule] =
        [Operator.reshape, .unflatten, .squeeze, .unsqueeze].map { operation in
            ExportRule(operation) { (scope, value) throws(ImportFault) in
                try scope.reshaped(scope.operands(value)[0], to: scope.shape(value))
            }
        }
        + [
            ExportRule(.expand) { (scope, value) throws(ImportFault) in
                let operand = scope.node(value).operands[0]
                return scope.node("Expand", [scope.name(operand), try scope.sizes(scope.shape(value), repeating: operand)])
            },
            ExportRule(.broadcast) { (scope, value) throws(ImportFault) in
                scope.node("Expand", [try scope.aligned(value)[0], try scope.sizes(scope.shape(value))])
            },
            ExportRule(.slice) { (scope, value) throws(ImportFault) in try sliced(scope, value) },
            ExportRule(.flip) { (scope, value) throws(ImportFault) in
                let axes = scope.node(value).attributes.integers("axes")
                let inputs = [axes.map { _ in -1 }, axes.map { _ in Int(Int32.min) }, axes, axes.map { _ in -1 }]
                return scope.node("Slice", [scope.operands(value)[0]] + inputs.map { scope.integers($0) })
            },
            ExportRule(.channelShuffle) { (scope, value) throws(ImportFault) in
                let shape = scope.shape(value)
                let groups = scope.node(value).attributes.integer("groups")
                guard let channels = shape[1].value else { throw .unsupported("channels that are no number") }
                let apart = Shape([shape[0], .fixed(groups), .fixed(channels / groups)] + shape.dimensions.dropFirst(2))
                let dealt = try scope.reshaped(scope.operands(value)[0], to: apart, isLast: false)
                let turned = scope.step("Transpose", [dealt], [.integers("perm", [0, 2, 1] + Array(3..<apart.rank))])
                return try scope.reshaped(turned, to: shape)
            },
            // As pixel_shuffle orders the channels; ONNX has the other order.
            ExportRule(.pixelUnshuffle, takes: { $0.attributes.text("order") == "crd" }) { (scope, value) throws(ImportFault) in
                let factor = scope.node(value).attributes.integers("factor")
                let (source, result) = (scope.shape(scope.node(value).operands[0]), scope.shape(value))
                let apart = Shape([source[0], source[1], result[2], .fixed(factor[0]), result[3], .fixed(factor[1])])
                let parts = try scope.reshaped(scope.operands(value)[0], to: apart, isLast: false)
                return try scope.reshaped(scope.step("Transpose", [parts], [.integers("perm", [0, 1, 3, 5, 2, 4])]), to: result)
            },
            ExportRule(.pad) { (scope, value) throws(ImportFault) in
                let attributes = scope.node(value).attributes
                let rank = scope.shape(value).rank
                let given = attributes.extents("pad").compactMap(\.value)
                let axes = rank - 2
                let sides: [Int] =
                    given.count == 1
                    ? [Int](repeating: given[0], count: 2 * axes)
                    : given.count == axes && axes != 2 * axes ? given + given : given
                guard sides.count == 2 * axes else { throw .unsupported("pads that are no numbers") }
                let modes = ["constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"]
                let pads = [0, 0] + sides[..<axes] + [0, 0] + sides[axes...]
                return scope.node(
                    "Pad", [scope.operands(value)[0], scope.integers(pads), scope.scalar(attributes.number("value"))],
                    [.text("mode", modes[attributes.text("mode")] ?? "constant")])
            },
        ]

    private static func sliced(_ scope: ExportScope, _ value: Value) throws(ImportFault) -> String {
        let operand = scope.node(value).operands[0]
        let attributes = scope.node(value).attributes
        let axis = attributes.integer("axis") < 0 ? attributes.integer("axis") + scope.shape(operand).rank : attributes.integer("axis")
        let first = attributes.extents("start")[0]
        guard let given = first.value else { throw .openBatch(first) }
        guard let count = scope.shape(value)[axis].value else { throw .openBatch(scope.shape(value)[axis]) }
        guard let extent = scope.shape(operand)[axis].value else { throw .openBatch(scope.shape(operand)[axis]) }
        let step = attributes.integer("step")
        let start = given < 0 ? given + extent : given
        let end = start + count * step
        return scope.node(
            "Slice",
            [
                scope.operands(value)[0], scope.integers([start]), scope.integers([end < 0 ? Int(Int32.min) : end]), scope.integers([axis]),
                scope.integers([step]),
            ])
    }
}
