import Graph

/// The extents of a convolution, from which the formulas of its value and both gradients follow.
///
/// All formulas name their axes alike: `n` image, `g` group, `o` output and `i` input channel, `y`, `x` position, `r`, `s` kernel tap.
struct ConvolutionGeometry: Sendable {
    /// How output channels read input channels.
    enum Connection: Hashable, Sendable {
        /// Every output channel reads every input channel.
        case dense
        /// Output channel `o` reads input channel `o` only; weights are `[O, 1, kh, kw]`.
        case depthwise
        /// Groups are an axis of their own: images `[N, G, C, H, W]`, weights `[G, O, I, kh, kw]`, channel counts per group.
        case grouped(Int)
    }

    var connection: Connection
    var batch: Dimension
    var inputChannels: Int
    var outputChannels: Int
    var window: Window

    private var group: [(String, Dimension)] {
        if case .grouped(let count) = connection { [("g", .fixed(count))] } else { [] }
    }
    private var inputAxis: [(String, Dimension)] { [("i", .fixed(inputChannels))] }
    private var outputAxis: [(String, Dimension)] { [("o", .fixed(outputChannels))] }
    private var taps: [(String, Dimension)] { [("r", .fixed(window.vertical.kernel)), ("s", .fixed(window.horizontal.kernel))] }
    private var inputArea: [(String, Dimension)] { [("y", window.vertical.input), ("x", window.horizontal.input)] }
    private var outputArea: [(String, Dimension)] { [("y", window.vertical.output), ("x", window.horizontal.output)] }
    private static let product: Scalar = .argument(0) * .argument(1)

    /// `y[n, o, y, x] = sum over i, r, s of x[n, i, y * stride + r * dilation - pad, …] * w[o, i, r, s]`.
    var forward: Formula {
        switch connection {
        case .dense, .grouped:
            let space = FormulaSpace([("n", batch)] + group + outputAxis + outputArea, reducing: inputAxis + taps)
            let lead = group.map { space[$0.0] }
            return space.formula(
                [
                    [space["n"]] + lead + [space["i"]] + window.inputPosition(space),
                    lead + [space["o"], space["i"], space["r"], space["s"]],
                ],
                Self.product)
        case .depthwise:
            let space = FormulaSpace([("n", batch)] + outputAxis + outputArea, reducing: taps)
            return space.formula(
                [[space["n"], space["o"]] + window.inputPosition(space), [space["o"], .constant(0), space["r"], space["s"]]],
                Self.product)
        }
    }

    /// `dx[n, i, y, x] = sum over o, r, s of dy[n, o, (y + pad - r * dilation) / stride, …] * w[o, i, r, s]` where the division is exact.
    var backwardData: Formula {
        switch connection {
        case .dense, .grouped:
            let space = FormulaSpace([("n", batch)] + group + inputAxis + inputArea, reducing: outputAxis + taps)
            let lead = group.map { space[$0.0] }
            return space.formula(
                [
                    [space["n"]] + lead + [space["o"]] + window.outputPosition(space),
                    lead + [space["o"], space["i"], space["r"], space["s"]],
                ],
                Self.product)
        case .depthwise:
            let space = FormulaSpace([("n", batch)] + inputAxis + inputArea, reducing: taps)
            return space.formula(
                [[space["n"], space["i"]] + window.outputPosition(space), [space["i"], .constant(0), space["r"], space["s"]]],
                Self.product)
        }
    }

    /// `dw[o, i, r, s] = sum over n, y, x of x[n, i, y * stride + r * dilation - pad, …] * dy[n, o, y, x]`.
    var backwardWeights: Formula {
        switch connection {
        case .dense, .grouped:
            let space = FormulaSpace(group + outputAxis + inputAxis + taps, reducing: [("n", batch)] + outputArea)
            let lead = group.map { space[$0.0] }
            return space.formula(
                [
                    [space["n"]] + lead + [space["i"]] + window.inputPosition(space),
                    [space["n"]] + lead + [space["o"], space["y"], space["x"]],
                ],
                Self.product)
        case .depthwise:
            let space = FormulaSpace(outputAxis + [("i", 1)] + taps, reducing: [("n", batch)] + outputArea)
            return space.formula(
                [[space["n"], space["o"]] + window.inputPosition(space), [space["n"], space["o"], space["y"], space["x"]]],
                Self.product)
        }
    }

    /// The type of the convolution's input, `[N, C, H, W]` or with groups `[N, G, C, H, W]`.
    var inputType: TensorType { type([batch] + group.map(\.1) + [.fixed(inputChannels)] + inputArea.map(\.1)) }
    /// The type of the convolution's result.
    var outputType: TensorType { type([batch] + group.map(\.1) + [.fixed(outputChannels)] + outputArea.map(\.1)) }
    /// The type of its weight.
    var weightType: TensorType {
        type(group.map(\.1) + [.fixed(outputChannels), .fixed(connection == .depthwise ? 1 : inputChannels)] + taps.map(\.1))
    }

    private func type(_ dimensions: [Dimension]) -> TensorType { TensorType(.f32, Shape(dimensions)) }
}

extension Checker {
    /// The geometry of a convolution from an input of shape `[N, …, C, …]` (its area given apart) and a weight; their agreement is
    /// checked by the caller. Operands with groups as an axis of their own have rank 5.
    func convolution(_ input: Shape, area: Area, _ weight: Shape, kernel: Pair, isDepthwise: Bool) throws(TypeError) -> ConvolutionGeometry
    {
        let window = try self.window(over: area, kernel: kernel, stride: positivePair("stride"), dilation: positivePair("dilation"))
        let isGrouped = weight.rank == 5
        let connection: ConvolutionGeometry.Connection = try isGrouped ? .grouped(extent(weight, 0)) : isDepthwise ? .depthwise : .dense
        return try ConvolutionGeometry(
            connection: connection, batch: input[0], inputChannels: extent(weight, isGrouped ? 2 : isDepthwise ? 0 : 1),
            outputChannels: extent(weight, isGrouped ? 1 : 0), window: window)
    }
}

extension Attributes {
    /// The attributes named, of those that are present.
    func only(_ names: String...) -> Attributes { Attributes(values.filter { names.contains($0.key) }) }

    /// The attributes with others added or replaced.
    package func with(_ others: Attributes) -> Attributes { Attributes(values.merging(others.values) { $1 }) }
}
