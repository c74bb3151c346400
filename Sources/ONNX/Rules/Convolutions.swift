import Graph
import Interchange
import Operators

extension ImportRule {
    /// What goes back from a convolution's result to its image.
    static let convolutions: [ImportRule] = [
        ImportRule("ConvTranspose") { (scope) throws(ImportFault) in try scope.result(transposed(scope)) }
    ]

    private static func transposed(_ scope: NodeScope) throws(ImportFault) -> Value {
        let weight = try scope.extents(1)
        guard try scope.rank(0) >= 3, weight.count == (try scope.rank(0)) else {
            throw .malformed("a transposed convolution with a kernel \(weight)")
        }
        let kernel = try scope.integers("kernel_shape") ?? Array(weight.dropFirst(2))
        let groups = try scope.integer("group", default: 1)
        let extents = { () throws(ImportFault) in try scope.extents(0, from: 2) }
        var window = try SlidingWindow(scope, kernel: kernel) { () throws(ImportFault) in kernel.map { _ in 1 } }
        var outputPads = try scope.integers("output_padding") ?? kernel.map { _ in 0 }
        guard outputPads.count == kernel.count, kernel.count == weight.count - 2, outputPads.allSatisfy({ 0...(1 << 20) ~= $0 }) else {
            throw .malformed("'output_padding' \(outputPads) and 'kernel_shape' \(kernel) of a kernel \(weight)")
        }
        let automatic = scope.text("auto_pad", default: "NOTSET")
        let isSame = ["SAME_UPPER", "SAME_LOWER"].contains(automatic)
        window.isSame = false
        if isSame || scope.has("output_shape") {
            let extents = try extents()
            let given = try scope.integers("output_shape")?.suffix(kernel.count)
            let wanted = given.map(Array.init) ?? extents.enumerated().map { $1 * window.strides[$0] }
            guard wanted.count == kernel.count, wanted.allSatisfy({ 1...(1 << 30) ~= $0 }) else {
                throw .malformed("'output_shape' has \(wanted.count) numbers")
            }
            window.pads = [Int](repeating: 0, count: 2 * kernel.count)
            for axis in kernel.indices {
                let total = window.strides[axis] * (extents[axis] - 1) + outputPads[axis] + window.reach(axis) - wanted[axis]
                if total < 0 { outputPads[axis] -= total }
                let (small, large) = (max(0, total) / 2, max(0, total) - max(0, total) / 2)
                (window.pads[axis], window.pads[kernel.count + axis]) = automatic == "SAME_UPPER" ? (small, large) : (large, small)
            }
        }
        let label = scope.label()
        var operands = [try scope.value(0), try scope.owned(1, "weight", of: label)]
        if scope.isGiven(2) { operands.append(try scope.owned(2, "bias", of: label)) }
        // What lies behind by a stride and more is padding, zeros with the bias.
        return try scope.apply(
            .convolutionTransposed, operands,
            [
                "channels": .integer(weight[1] * groups), "kernel": SlidingWindow.pair(kernel),
                "stride": SlidingWindow.pair(window.strides),
                "dilation": SlidingWindow.pair(window.dilations), "pad": window.padding, "output_pad": SlidingWindow.pair(outputPads),
                "groups": .integer(groups), "bias": .boolean(scope.isGiven(2)),
            ], label: label)
    }
}
