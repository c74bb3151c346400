import Graph
import Interchange
import Operators

/// Integers stand in the graph as whole numbers of f32, whose sums of products are exact up to 2^24.
extension ImportRule {
    /// Numbers as integers with a scale, and products of such.
    static let quantization: [ImportRule] = [
        ImportRule("QuantizeLinear") { (scope) throws(ImportFault) in
            let element =
                try scope.isGiven(2)
                ? scope.element(2) : ElementCode(number: Int32(scope.integer("output_dtype", default: Int(ElementCode.u8.number))))
            let steps = try scope.apply(.divide, [scope.value(0), alongAxis(scope, 1)])
            return [.computed(try rounded(scope, steps, scope.isGiven(2) ? alongAxis(scope, 2) : nil, element), element)]
        },
        ImportRule("DequantizeLinear") { (scope) throws(ImportFault) in
            var x = try scope.value(0)
            if scope.isGiven(2) { x = try scope.apply(.subtract, [x, alongAxis(scope, 2)]) }
            return try scope.result(scope.apply(.multiply, [x, alongAxis(scope, 1)]), scope.element(1))
        },
        ImportRule("DynamicQuantizeLinear") { (scope) throws(ImportFault) in
            let x = try scope.value(0)
            let zero = scope.constant(0)
            let isNumber = try scope.rank(0) == 0
            let largest = try scope.apply(.maximum, [isNumber ? x : scope.apply(.max, [x]), zero])
            let smallest = try scope.apply(.minimum, [isNumber ? x : scope.apply(.minimumOverAxes, [x]), zero])
            let scale = try scope.apply(.divide, [scope.apply(.subtract, [largest, smallest]), scope.constant(255)])
            let start = try scope.apply(
                .divide, [scope.apply(.subtract, [zero, smallest]), scope.apply(.maximum, [scale, scope.constant(1e-37)])])
            let offset = try scope.map(ModelActivations.function("quantized(x, 0, 255)"), [start])
            let steps = try scope.apply(.divide, [x, scope.apply(.maximum, [scale, scope.constant(1e-37)])])
            return [.computed(try rounded(scope, steps, offset, .u8), .u8), .computed(scale, .f32), .computed(offset, .u8)]
        },
        ImportRule("MatMulInteger") { (scope) throws(ImportFault) in
            let operands = [try shifted(scope, 0, zero: 2), try shifted(scope, 1, zero: 3)]
            return try scope.result(product(scope, operands[0], operands[1]), .i32)
        },
        ImportRule("QLinearMatMul") { (scope) throws(ImportFault) in
            let (a, b) = (try shifted(scope, 0, zero: 2), try shifted(scope, 3, zero: 5))
            let inner = NodeScope(
                importer: scope.importer, node: scope.node, inputs: [scope.inputs[0], scope.inputs[3]], set: scope.set, sets: scope.sets)
            let sums = try product(inner, a, b)
            let rank = scope.type(of: sums).rank
            let scaled = try scope.apply(
                .multiply, [scope.apply(.multiply, [sums, scope.aligned(1, rank: rank)]), scope.aligned(4, rank: rank)])
            let element = try scope.element(7)
            let steps = try scope.apply(.divide, [scaled, scope.aligned(6, rank: rank)])
            return [.computed(try rounded(scope, steps, scope.aligned(7, rank: rank), element), element)]
        },
        ImportRule("ConvInteger") { (scope) throws(ImportFault) in
            let weight = try shifted(scope, 1, zero: 3)
            let sums = try scope.read(.convolution, given: [shifted(scope, 0, zero: 2), weight])
            return sums.map { if case .computed(let value, _) = $0 { .computed(value, .i32) } else { $0 } }
        },
    ]

    /// An operand without its zero point.
    private static func shifted(_ scope: NodeScope, _ index: Int, zero: Int) throws(ImportFault) -> Value {
        let element = try scope.element(index)
        guard [ElementCode.u8, .i8].contains(element) else { throw .unsupported("integers of \(element) that are multiplied") }
        guard scope.isGiven(zero) else { return try scope.value(index) }
        let (rank, shape) = (try scope.rank(index), try scope.shape(zero))
        // One a row of the first matrix, or an output of a kernel.
        if shape.rank == 1, shape[0] != 1 {
            let axis = scope.node.opType == "ConvInteger" ? 0 : index == 0 ? rank - 2 : rank - 1
            guard 0..<rank ~= axis else { throw .malformed("\(shape) zero points beside a tensor of rank \(rank)") }
            var extents = [Dimension](repeating: 1, count: rank)
            extents[axis] = shape[0]
            return try scope.apply(.subtract, [scope.value(index), scope.reshape(scope.value(zero), extents)])
        }
        return try scope.apply(.subtract, [scope.value(index), scope.aligned(zero, rank: rank)])
    }

    /// Rounded to the nearest integer, ties to even, shifted by a zero point, and kept within the type.
    private static func rounded(_ scope: NodeScope, _ steps: Value, _ zero: Value?, _ element: ElementCode) throws(ImportFault) -> Value {
        guard let range = element.range, range.upperBound < 131_072 else { throw .unsupported("quantization to \(element)") }
        let (low, high) = (ModelActivations.text(range.lowerBound), ModelActivations.text(range.upperBound))
        guard let zero else { return try scope.map(ModelActivations.function("quantized(x, \(low), \(high))"), [steps]) }
        let whole = try scope.map(ModelActivations.function("round_to_even(x)"), [steps])
        return try scope.map(ModelActivations.function("clip(x, \(low), \(high))"), [scope.apply(.add, [whole, zero])])
    }

    /// A scale or zero point: one for all, one a position of an axis, or one a block of such.
    private static func alongAxis(_ scope: NodeScope, _ index: Int) throws(ImportFault) -> Value {
        let (shape, own) = (try scope.shape(0), try scope.shape(index))
        if own.rank == 0 || own == [1] { return try scope.aligned(index, rank: shape.rank) }
        let axis = try scope.axis(scope.integer("axis", default: 1), rank: shape.rank)
        let block = try scope.integer("block_size", default: 0)
        if own.rank == 1, shape.rank > 1 || block == 0 {
            guard own[0] == shape[axis] else { throw .malformed("\(own) scales along the axis \(axis) of \(shape)") }
            var extents = [Dimension](repeating: 1, count: shape.rank)
            extents[axis] = own[0]
            return try scope.reshape(scope.value(index), extents)
        }
        guard block > 0, own.rank == shape.rank, let count = own[axis].value, let extent = shape[axis].value, (count * block - extent) >= 0,
            count * block - extent < block
        else { throw .malformed("\(own) scales of blocks of \(block) along the axis \(axis) of \(shape)") }
        // A single block may be said to be longer than the axis.
        let length = min(block, extent)
        let value = try scope.reshape(scope.value(index), Array(own.dimensions[...axis]) + [1] + own.dimensions[(axis + 1)...])
        let wide = try repeated(scope, value, Array(own.dimensions[...axis]) + [.fixed(length)] + own.dimensions[(axis + 1)...])
        var extents = own.dimensions
        extents[axis] = .fixed(count * length)
        let whole = try scope.reshape(wide, extents)
        if count * length == extent { return whole }
        return try scope.apply(.slice, [whole], ["axis": .integer(axis), "start": .integer(0), "count": .integer(extent)])
    }
}
