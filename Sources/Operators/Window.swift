import Graph

/// What the parameter `pad` asks for: rows and columns of nothing around an image.
enum Padding: Hashable, Sendable {
    /// So many at each side.
    case sides(vertical: Sides, horizontal: Sides)
    /// As many as make the output's extent ceil(input / stride), half of them in front, an odd one behind: TensorFlow's rule, which for
    /// a stride of 1 is PyTorch's too.
    case same

    /// How many lie in front of the image and behind it along one axis.
    struct Sides: Hashable, Sendable {
        var before: Int
        var after: Int
    }

    /// From one number for all sides, (vertical, horizontal), or (top, left, bottom, right).
    init?(_ values: [Int]) {
        switch values.count {
        case 1, 2:
            let (rows, columns) = (values[0], values[values.count - 1])
            self = .sides(vertical: Sides(before: rows, after: rows), horizontal: Sides(before: columns, after: columns))
        case 4:
            self = .sides(
                vertical: Sides(before: values[0], after: values[2]), horizontal: Sides(before: values[1], after: values[3]))
        default: return nil
        }
    }

    var vertical: Sides? { if case .sides(let sides, _) = self { sides } else { nil } }
    var horizontal: Sides? { if case .sides(_, let sides) = self { sides } else { nil } }
}

/// One spatial axis of a convolution or pooling: how a window slides along it.
struct WindowAxis: Hashable, Sendable {
    var input: Dimension
    /// Zero or less where the window does not fit.
    var output: Dimension
    var kernel: Int
    var stride: Int
    var dilation: Int
    /// Positions of nothing before the first and after the last, as given; nil for as many as make `output` ceil(input / stride).
    var padding: Padding.Sides?

    /// - Parameters:
    ///   - padding: nil for as much as makes `output` ceil(input / stride).
    ///   - ceiling: whether a last window that does not fit entirely is kept, as PyTorch's `ceil_mode` does.
    init(input: Dimension, kernel: Int, stride: Int, dilation: Int, padding: Padding.Sides?, ceiling: Bool) {
        (self.input, self.kernel, self.stride, self.dilation, self.padding) = (input, kernel, stride, dilation, padding)
        output = 0
        let extent = input.expression
        guard let padding else {
            output = Dimension(extent.dividedRoundingUp(by: stride))
            return
        }
        let beyond = reach - padding.after
        if ceiling && beyond < stride {
            // A last window that would start in the padding behind the image is left out: there are ceil((input + before) / stride)
            // places to start at before, at each of which a window fits in part.
            output = Dimension((extent + SizeExpression(padding.before)).dividedRoundingUp(by: stride))
        } else {
            let room = extent + SizeExpression(padding.before - beyond + (ceiling ? stride - 1 : 0))
            output = Dimension(room.dividedRoundingDown(by: stride) + SizeExpression(1))
        }
    }

    /// Positions of nothing before the first.
    var before: Int { sides.before }
    /// Positions of nothing after the last.
    var after: Int { sides.after }

    /// The padding at both sides, of an input whose extent is a number.
    private var sides: Padding.Sides {
        if let padding { return padding }
        guard let input = input.value, let output = output.value else {
            preconditionFailure("how an axis of \(self.input) is padded depends on its extent")
        }
        let missing = Swift.max((output - 1) * stride + reach - input, 0)
        return Padding.Sides(before: missing / 2, after: missing - missing / 2)
    }

    /// The input position under tap `tap` of the window at output position `output`: `output * stride + tap * dilation - before`.
    func inputPosition(output: Int, tap: Int) -> AffineIndex {
        AffineIndex(terms: [.init(axis: output, scale: stride), .init(axis: tap, scale: dilation)], offset: -before)
    }

    /// The output position whose window has tap `tap` over input position `input`; it exists only where the division is exact.
    func outputPosition(input: Int, tap: Int) -> AffineIndex {
        AffineIndex(
            terms: [.init(axis: input, scale: 1), .init(axis: tap, scale: -dilation)], offset: before, divisor: stride)
    }

    /// Whether there is place for a window, as far as that is known.
    var fits: Bool { output.value.map { $0 > 0 } ?? true }
    /// How much larger the window is than the padded input; 0 where that is not known.
    var missing: Int { padded.value.map { reach - $0 } ?? 0 }
    /// The extent of the window with its gaps.
    var reach: Int { (kernel - 1) * dilation + 1 }
    /// The extent of the input with its padding, as far as it was given.
    var padded: Dimension { Dimension(input.expression + SizeExpression((padding?.before ?? 0) + (padding?.after ?? 0))) }
    /// The positions of the input behind the last window that no window reads because the stride does not come out even; 0 for windows
    /// with gaps between them, which leave positions out by design.
    var unread: Int {
        guard reach >= stride, let input = input.value, let output = output.value else { return 0 }
        return Swift.max(0, input + before - ((output - 1) * stride + reach))
    }
}

/// Both spatial axes of a sliding window.
struct Window: Hashable, Sendable {
    var vertical: WindowAxis
    var horizontal: WindowAxis

    /// `[y, x]` of the input under tap `(r, s)` of output `(y, x)`.
    func inputPosition(_ space: FormulaSpace) -> [AffineIndex] {
        [
            vertical.inputPosition(output: space.number("y"), tap: space.number("r")),
            horizontal.inputPosition(output: space.number("x"), tap: space.number("s")),
        ]
    }

    /// `[y, x]` of the output that has input `(y, x)` under tap `(r, s)`.
    func outputPosition(_ space: FormulaSpace) -> [AffineIndex] {
        [
            vertical.outputPosition(input: space.number("y"), tap: space.number("r")),
            horizontal.outputPosition(input: space.number("x"), tap: space.number("s")),
        ]
    }
}

extension Operator {
    /// The parameter `pad` of whatever slides a window; `filling` says what lies around the image.
    static func padParameter(_ filling: String) -> OperatorParameter {
        OperatorParameter(
            "pad", .padding, default: .integers([0]),
            "rows and columns of \(filling) around the image: one number, (vertical, horizontal), (top, left, bottom, right), or "
                + "\"same\" for as many as make the output's extents ceil(input / stride), an odd one at the bottom or right")
    }
}

extension Checker {
    /// The parameter `pad`.
    func padding() throws(TypeError) -> Padding {
        guard case .integers(let values)? = signature.attributes["pad"] else { return .same }
        guard let padding = Padding(values) else {
            throw error(
                "cannot use a 'pad' of \(values.count) numbers",
                repair: "give one, two (vertical, horizontal) or four (top, left, bottom, right)", parameter: "pad")
        }
        try check(values, "pad", atLeast: 0)
        return padding
    }

    /// The window of a convolution or pooling over an image of `size`, padded as the parameter `pad` says.
    func window(over size: Area, kernel: Pair, stride: Pair, dilation: Pair, ceiling: Bool = false) throws(TypeError) -> Window {
        let padding = try padding()
        let window = Window(
            vertical: WindowAxis(
                input: size.vertical, kernel: kernel.vertical, stride: stride.vertical, dilation: dilation.vertical,
                padding: padding.vertical, ceiling: ceiling),
            horizontal: WindowAxis(
                input: size.horizontal, kernel: kernel.horizontal, stride: stride.horizontal, dilation: dilation.horizontal,
                padding: padding.horizontal, ceiling: ceiling))
        guard window.vertical.fits, window.horizontal.fits else {
            let padded = Area(window.vertical.padded, window.horizontal.padded)
            let dilated = dilation == Pair(1, 1) ? "" : " (\(window.vertical.reach)x\(window.horizontal.reach) with its dilation)"
            let isPadded = padded != size
            let image = isPadded ? "padded image" : "image"
            let unpadded = isPadded ? " (\(size) without its pad)" : ""
            let missing = Pair(window.vertical.missing, window.horizontal.missing)
            let isVertical = missing.vertical >= missing.horizontal
            throw error(
                "has a kernel of \(kernel.vertical)x\(kernel.horizontal)\(dilated), larger than the \(image) of "
                    + "\(padded)\(unpadded)",
                repair: "take a smaller kernel, or pad by \((max(missing.vertical, missing.horizontal) + 1) / 2) more on each side",
                parameter: "kernel", axis: isVertical ? 2 : 3)
        }
        return window
    }
}

extension Checker {
    /// Says so where a stride leaves an eighth or more of the rows or columns unread. Less is common: a 7x7 kernel of stride 2 on 224
    /// rows loses one, and nobody minds. Rows of padding do not count.
    func unread(by window: Window, canRoundUp: Bool) -> TypeError? {
        let axes = [(window.vertical, "rows", 2), (window.horizontal, "columns", 3)]
        for (axis, noun, number) in axes where axis.unread * 8 >= axis.input.value ?? .max {
            let amount = "\(axis.unread) of \(axis.input) \(noun)"
            return error(
                "leaves the last \(amount) unread: stride \(axis.stride) does not come out even",
                repair: canRoundUp ? "'ceil: true' takes them into a last window, as a larger 'pad' may" : "a larger 'pad' takes them in",
                parameter: "stride", axis: number)
        }
        return nil
    }
}
