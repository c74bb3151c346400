import Graph

/// What a pooling operator slides over an image.
struct Pooling: Sendable {
    var batch: Dimension
    var channels: Int
    var window: Window

    /// Axes of the result `[n, c, y, x]`, reducing over the taps `[r, s]`.
    var resultSpace: FormulaSpace { space(window.vertical.output, window.horizontal.output) }
    /// Axes of the image `[n, c, y, x]`, reducing over the taps `[r, s]`.
    var imageSpace: FormulaSpace { space(window.vertical.input, window.horizontal.input) }

    private func space(_ height: Dimension, _ width: Dimension) -> FormulaSpace {
        FormulaSpace(
            [("n", batch), ("c", .fixed(channels)), ("y", height), ("x", width)],
            reducing: [("r", .fixed(window.vertical.kernel)), ("s", .fixed(window.horizontal.kernel))])
    }

    /// `[n, c, y, x]` of the image under a tap of `resultSpace`.
    func imagePosition(_ space: FormulaSpace) -> [AffineIndex] { [space["n"], space["c"]] + window.inputPosition(space) }
    /// `[n, c, y, x]` of the result that has a position of `imageSpace` under a tap.
    func resultPosition(_ space: FormulaSpace) -> [AffineIndex] { [space["n"], space["c"]] + window.outputPosition(space) }

    /// The row-major number of a tap in its window, as `max_pool_position` counts.
    func tapNumber(_ space: FormulaSpace) -> Scalar {
        .coordinate(space.number("r")) * .constant(Double(window.horizontal.kernel)) + .coordinate(space.number("s"))
    }

    var imageType: TensorType {
        TensorType(.f32, Shape([batch, .fixed(channels), window.vertical.input, window.horizontal.input]))
    }
    var resultType: TensorType {
        TensorType(.f32, Shape([batch, .fixed(channels), window.vertical.output, window.horizontal.output]))
    }
}

extension Operator {
    static let poolingParameters: [OperatorParameter] = [
        OperatorParameter("kernel", .pair, "the window's height and width"),
        OperatorParameter("stride", .integers, default: .integers([]), "how far the window moves; the kernel's size if left out"),
        padParameter("nothing"),
        OperatorParameter(
            "ceil", .boolean, default: .boolean(false),
            "whether a last window that does not fit entirely is kept, unless it starts behind the image"),
    ]
    static let sizeParameter = OperatorParameter("size", .pair, "the image's height and width")

    /// The attribute `size` for the gradient of an operator on the image of `signature`.
    static func imageSize(_ signature: Signature) -> Attributes {
        ["size": .integers(signature.operands[0].shape.area)]
    }
}

extension Checker {
    /// The geometry of pooling whose first operand is the image.
    func pooling() throws(TypeError) -> Pooling {
        let image = try self.image()
        return try pooling(batch: image.batch, channels: image.channels, image.area)
    }

    /// The geometry of pooling an image of the size that `size` says, of operands of the result's type.
    func poolingGradient() throws(TypeError) -> Pooling {
        let result = try image()
        let pooling = try pooling(batch: result.batch, channels: result.channels, Area(size()))
        for index in signature.operands.indices { try require(index, is: pooling.resultType, role: "gradient") }
        try checkSound(pooling.imageType.shape, parameter: "size")
        return pooling
    }

    private func pooling(batch: Dimension, channels: Int, _ size: Area) throws(TypeError) -> Pooling {
        let kernel = try positivePair("kernel")
        let dilation = signature.attributes["dilation"] == nil ? Pair(1, 1) : try positivePair("dilation")
        let window = try window(
            over: size, kernel: kernel, stride: poolingStride(kernel), dilation: dilation, ceiling: signature.attributes.boolean("ceil"))
        guard
            [window.vertical, window.horizontal].allSatisfy({
                $0.padding.map { sides in Swift.max(sides.before, sides.after) } ?? 0 < $0.reach
            })
        else {
            throw error(
                "has windows that lie in the padding entirely",
                repair: "take a pad smaller than the kernel", parameter: "pad")
        }
        return Pooling(batch: batch, channels: channels, window: window)
    }

    private func poolingStride(_ kernel: Pair) throws(TypeError) -> Pair {
        let given = signature.attributes.integers("stride")
        switch given.count {
        case 0: return kernel
        case 1, 2:
            for value in given where value < 1 || value > Self.largestParameter {
                let bound = value < 1 ? "at least 1" : "at most \(Self.largestParameter)"
                throw error("needs 'stride' to be \(bound), not \(value)", parameter: "stride")
            }
            return Pair(given[0], given[given.count - 1])
        default:
            throw error("cannot use a 'stride' of \(given.count) numbers", repair: "give one or two", parameter: "stride")
        }
    }
}
