import Graph

/// How a window slides, as attributes of ONNX.
struct ExportedWindow {
    let axes: Int
    private let attributes: Attributes

    /// - Parameter axes: those behind the channels.
    init(_ attributes: Attributes, axes: Int) {
        self.attributes = attributes
        self.axes = axes
    }

    /// One number an axis, of a parameter that may be given as one for all.
    func numbers(_ name: String) -> [Int] {
        let given = attributes.integers(name)
        if given.count == axes { return given }
        return [Int](repeating: given.first ?? 1, count: axes)
    }

    var isSame: Bool { if case .text? = attributes["pad"] { true } else { false } }

    /// Those before each axis, then those behind.
    var pads: [Int] {
        if isSame { return [Int](repeating: 0, count: 2 * axes) }
        let given = attributes.integers("pad")
        if given.count == 2 * axes { return given }
        let sides = given.count == axes ? given : [Int](repeating: given.first ?? 0, count: axes)
        return sides + sides
    }

    /// Kernel, strides and pads; dilations where the operator has them.
    func written(stride: [Int]? = nil) -> [WireAttribute] {
        var result: [WireAttribute] = [.integers("kernel_shape", numbers("kernel")), .integers("strides", stride ?? numbers("stride"))]
        result.append(isSame ? .text("auto_pad", "SAME_UPPER") : .integers("pads", pads))
        if attributes["dilation"] != nil { result.append(.integers("dilations", numbers("dilation"))) }
        return result
    }
}
