import Graph

/// The named axes of a formula, so that rules write `space["o"]` instead of axis numbers.
struct FormulaSpace {
    let axes: [Axis]
    let resultRank: Int

    init(_ result: [(String, Dimension)], reducing: [(String, Dimension)] = []) {
        axes = (result + reducing).map { Axis($0.0, $0.1) }
        resultRank = result.count
    }

    /// The number of the axis called `name`.
    func number(_ name: String) -> Int {
        guard let index = axes.firstIndex(where: { $0.name == name }) else { preconditionFailure("a formula has no axis '\(name)'") }
        return index
    }

    /// The coordinate of the axis called `name`.
    subscript(name: String) -> AffineIndex { .axis(number(name)) }

    func formula(_ reads: [[AffineIndex]], _ body: Scalar, _ combination: Combination = .sum) -> Formula {
        Formula(
            axes: axes, resultRank: resultRank, reads: reads.enumerated().map { Read(operand: $0, $1) }, body: body,
            combination: combination)
    }

    /// The sum of products of two operands, each read along the axes named.
    func product(_ reads: [[String]]) -> Formula {
        formula(reads.map { $0.map { self[$0] } }, .argument(0) * .argument(1))
    }
}

/// One spatial axis of a convolution or pooling: how a window slides along it.
struct WindowAxis: Hashable, Sendable {
    var input: Int
    var output: Int
    var kernel: Int
    var stride: Int
    var dilation: Int
    /// Positions of nothing before the first.
    var before: Int

    /// The input position under tap `tap` of the window at output position `output`: `output * stride + tap * dilation - before`.
    func inputPosition(output: Int, tap: Int) -> AffineIndex {
        AffineIndex(terms: [.init(axis: output, scale: stride), .init(axis: tap, scale: dilation)], offset: -before)
    }

    /// The output position whose window has tap `tap` over input position `input`; it exists only where the division is exact.
    func outputPosition(input: Int, tap: Int) -> AffineIndex {
        AffineIndex(
            terms: [.init(axis: input, scale: 1), .init(axis: tap, scale: -dilation)], offset: before, divisor: stride)
    }

    /// The extent of the window with its gaps.
    var reach: Int { (kernel - 1) * dilation + 1 }
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

extension Checker {
    /// The window of a convolution or pooling over an image of `height` x `width`.
    func window(
        height: Int, width: Int, kernel: Pair, stride: Pair, padding: Padding, dilation: Pair, ceiling: Bool = false
    ) throws(TypeError) -> Window {
        let padded = Pair(height + padding.top + padding.bottom, width + padding.left + padding.right)
        func axis(_ input: Int, _ padded: Int, _ kernel: Int, _ stride: Int, _ dilation: Int, _ before: Int) -> WindowAxis {
            var axis = WindowAxis(input: input, output: 0, kernel: kernel, stride: stride, dilation: dilation, before: before)
            let room = padded - axis.reach
            guard room >= 0 else { return axis }
            axis.output = (ceiling ? (room + stride - 1) / stride : room / stride) + 1
            // A last window that would start in the padding behind the image is left out, as PyTorch does.
            if ceiling, (axis.output - 1) * stride >= input + before { axis.output -= 1 }
            return axis
        }
        let window = Window(
            vertical: axis(height, padded.vertical, kernel.vertical, stride.vertical, dilation.vertical, padding.top),
            horizontal: axis(width, padded.horizontal, kernel.horizontal, stride.horizontal, dilation.horizontal, padding.left))
        guard window.vertical.output > 0, window.horizontal.output > 0 else {
            let dilated = dilation == Pair(1, 1) ? "" : " (\(window.vertical.reach)x\(window.horizontal.reach) with its dilation)"
            let isPadded = padded != Pair(height, width)
            let image = isPadded ? "padded image" : "image"
            let unpadded = isPadded ? " (\(height)x\(width) without its pad)" : ""
            let missing = Pair(window.vertical.reach - padded.vertical, window.horizontal.reach - padded.horizontal)
            let isVertical = missing.vertical >= missing.horizontal
            throw error(
                "has a kernel of \(kernel.vertical)x\(kernel.horizontal)\(dilated), larger than the \(image) of "
                    + "\(padded.vertical)x\(padded.horizontal)\(unpadded)",
                repair: "take a smaller kernel, or pad by \((max(missing.vertical, missing.horizontal) + 1) / 2) more on each side",
                parameter: "kernel", axis: isVertical ? 2 : 3)
        }
        return window
    }
}

extension WindowAxis {
    /// The positions of the input behind the last window that no window reads because the stride does not come out even; 0 for windows
    /// with gaps between them, which leave positions out by design.
    var unread: Int {
        guard reach >= stride else { return 0 }
        return Swift.max(0, input + before - ((output - 1) * stride + reach))
    }
}

extension Window {
    /// Says so where a stride leaves an eighth or more of the rows or columns unread. Less is common: a 7x7 kernel of stride 2 on 224
    /// rows loses one, and nobody minds. Rows of padding do not count.
    func doubt(_ name: String, canRoundUp: Bool) -> TypeError? {
        for (axis, noun, number) in [(vertical, "rows", 2), (horizontal, "columns", 3)] where axis.unread * 8 >= axis.input {
            let amount = "\(axis.unread) of \(axis.input) \(noun)"
            return TypeError(
                "'\(name)' leaves the last \(amount) unread: stride \(axis.stride) does not come out even",
                repair: canRoundUp ? "'ceil: true' takes them into a last window, as a larger 'pad' may" : "a larger 'pad' takes them in",
                parameter: "stride", axis: number)
        }
        return nil
    }
}
