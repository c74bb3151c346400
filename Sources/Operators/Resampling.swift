import Graph

/// How the positions of an axis are found between those of another: a filter around the place that each has there.
///
/// Position `o` of the result lies at `src(o) = (o + a / 2) step / parts - b / 2` of the source, whose positions `r` count by a filter's value
/// at `src(o) - r`. All these are integers over `2 parts`, so that the first position that counts is an integer division rounded down (a
/// read of a formula, see `AffineIndex.isRounded`), and the filter's argument is exact in f32: no table of weights is kept, and the cost
/// is that of the filter's few taps. The gradient reads the other way: the positions `o` whose filter covers `r` are as few.
struct Resampling: Sendable {
    enum Filter: String, CaseIterable {
        /// The position that `src` is rounded down to.
        case nearest
        /// Between the two neighbours; beyond the ends the last one.
        case linear
        /// Four neighbours by Keys's polynomial with -0.75, as PyTorch has it.
        case cubic
        /// The same two as wide as the step where that shrinks, Keys's with -0.5, as PyTorch and Pillow have it; their weights do not add up
        /// to 1.
        case antialiasedLinear = "antialiased_linear"
        case antialiasedCubic = "antialiased_cubic"

        static let names = allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
    }

    /// The extents of the tensor that is given: the source's, or for the gradient the result's.
    var operand: Shape
    var axis: Int
    var source: Int
    var result: Int
    var step: Int
    var parts: Int
    /// `a` and `b`: 1 and 1 for places between pixel centres.
    var shift: Pair
    var filter: Filter

    var sourceType: TensorType { type(source) }
    var resultType: TensorType { type(result) }

    private func type(_ extent: Int) -> TensorType {
        var shape = operand
        shape[axis] = .fixed(extent)
        return TensorType(.f32, shape)
    }

    /// `2 parts src(0)`.
    private var start: Int { step * shift.vertical - parts * shift.horizontal }
    /// The filter's half width times `parts`.
    private var reach: Int {
        switch filter {
        case .nearest: 0
        case .linear: parts
        case .cubic: 2 * parts
        case .antialiasedLinear: max(step, parts)
        case .antialiasedCubic: 2 * max(step, parts)
        }
    }

    /// How many positions that lie `distance` apart a filter covers, all over `parts`.
    private func taps(every distance: Int) -> Int { ((filter == .nearest ? parts : 2 * reach) + distance - 1) / distance }

    /// No integer that the formulas work out is larger.
    var largestInteger: Int { 2 * step * (result + 1) + 2 * parts * (source + 1) + abs(start) + 4 * reach }

    /// The result from the source.
    var forward: Formula {
        let space = space(result, taps(every: parts))
        let tap = space.number("t")
        let offset = filter == .nearest ? start : start - 2 * reach + 2 * parts
        let place = Scalar.coordinate(axis) * .constant(Double(2 * step)) + .constant(Double(start))
        let first = Scalar.unary(.floor, (place + .constant(0.5 - Double(2 * reach))) / .constant(Double(2 * parts))) + 1
        let body = filter == .nearest ? .argument(0) : .argument(0) * weight(place, first + .coordinate(tap))
        return formula(space, (axis, 2 * step), (tap, 2 * parts), offset: offset, divisor: 2 * parts, body)
    }

    /// The gradient with respect to the source from that with respect to the result.
    var backward: Formula {
        let space = space(source, taps(every: step))
        let tap = space.number("t")
        let before = filter == .nearest ? start + 1 : start + 2 * reach
        let row = Scalar.coordinate(axis)
        let first = Scalar.unary(
            .floor, (row * .constant(Double(2 * parts)) + .constant(0.5 - Double(before))) / .constant(Double(2 * step)))
        let place = (first + 1 + .coordinate(tap)) * .constant(Double(2 * step)) + .constant(Double(start))
        let body: Scalar =
            filter == .nearest
            ? .select(.less, place, (row + 1) * .constant(Double(2 * parts)), then: .argument(0), otherwise: 0)
            : .argument(0) * weight(place, row)
        return formula(space, (axis, 2 * parts), (tap, 2 * step), offset: 2 * step - before, divisor: 2 * step, body)
    }

    private func space(_ extent: Int, _ taps: Int) -> FormulaSpace {
        FormulaSpace(
            operand.axisNames.enumerated().map { ($1, $0 == axis ? .fixed(extent) : operand[$0]) }, reducing: [("t", .fixed(taps))])
    }

    private func formula(
        _ space: FormulaSpace, _ own: (axis: Int, scale: Int), _ tap: (axis: Int, scale: Int), offset: Int, divisor: Int, _ body: Scalar
    ) -> Formula {
        var position = (0..<operand.rank).map { AffineIndex.axis($0) }
        position[axis] = AffineIndex(
            terms: [.init(axis: own.axis, scale: own.scale), .init(axis: tap.axis, scale: tap.scale)], offset: offset, divisor: divisor,
            isRounded: true)
        return space.formula([position], body)
    }

    /// The filter for the place `src`, times `2 parts`, and source position `row`.
    private func weight(_ place: Scalar, _ row: Scalar) -> Scalar {
        let last = Double(2 * parts * (source - 1))
        let kept = filter == .linear ? .minimum(.maximum(place, 0), .constant(last)) : place
        let unit = filter == .antialiasedLinear || filter == .antialiasedCubic ? max(step, parts) : parts
        let distance = Scalar.unary(.absolute, kept - row * .constant(Double(2 * parts))) / .constant(Double(2 * unit))
        switch filter {
        case .nearest: return 1
        case .linear, .antialiasedLinear: return .maximum(1 - distance, 0)
        case .cubic: return Self.keys(distance, -0.75)
        case .antialiasedCubic: return Self.keys(distance, -0.5)
        }
    }

    /// Keys, "Cubic convolution interpolation for digital image processing", 1981.
    private static func keys(_ x: Scalar, _ a: Double) -> Scalar {
        let near = (.constant(a + 2) * x - .constant(a + 3)) * x * x + 1
        let far = (((x - 5) * x + 8) * x - 4) * .constant(a)
        return .select(.less, x, 1, then: near, otherwise: .select(.less, x, 2, then: far, otherwise: 0))
    }
}

extension Operator {
    /// Values between the positions of one axis.
    static let resample: Operator = Operator(
        "resample", "Filters along an axis, at places between its positions.",
        inputs: [OperatorInput("x", "the tensor")],
        parameters: resamplingParameters("the extent of the result along it"), isInLanguage: false,
        geometry: Checker.resampling, type: \.resultType,
        lowering: { resampling, _ in .window(resampling.forward) },
        gradient: .rule { context in
            let axis = context.signature.attributes.integer("axis")
            let size = context.signature.operands[0].shape.number(axis)
            let attributes = context.signature.attributes.with(["size": .integer(size)])
            return [context.builder.apply(resampleBackward, [context.gradient], attributes)]
        },
        examples: resamplingExamples.map { name, source, result, attributes in
            OperatorExample(name, [.f32(2, 5, .fixed(source), 3)], attributes.with(["axis": .integer(2), "size": .integer(result)]))
        })

    static let resampleBackward: Operator = Operator(
        "resample_backward", "Gradient of resample.",
        inputs: [OperatorInput("gradient", "the gradient with respect to the result")],
        parameters: resamplingParameters("the source's extent along it"), isInLanguage: false,
        geometry: Checker.resamplingBackward, type: \.sourceType,
        lowering: { resampling, _ in .window(resampling.backward) },
        gradient: .rule { context in
            let axis = context.signature.attributes.integer("axis")
            let size = context.signature.operands[0].shape.number(axis)
            let attributes = context.signature.attributes.with(["size": .integer(size)])
            return [context.builder.apply(resample, [context.gradient], attributes)]
        },
        examples: resamplingExamples.map { name, source, result, attributes in
            OperatorExample(name, [.f32(2, 5, .fixed(result), 3)], attributes.with(["axis": .integer(2), "size": .integer(source)]))
        })

    private static func resamplingParameters(_ size: String) -> [OperatorParameter] {
        [
            OperatorParameter("axis", .integer, "the axis"), OperatorParameter("size", .integer, size),
            OperatorParameter("ratio", .pair, "how far two results lie from each other in the source, as a fraction"),
            OperatorParameter("shift", .pair, "twice what is added to a result's number, and twice what is taken from its place"),
            OperatorParameter("filter", .text, "one of \(Resampling.Filter.names)"),
        ]
    }

    private static let resamplingExamples: [(String, Int, Int, Attributes)] = [
        ("twice, nearest", 4, 8, ["ratio": .integers([1, 2]), "shift": .integers([0, 0]), "filter": .text("nearest")]),
        ("five of seven, nearest", 7, 5, ["ratio": .integers([7, 5]), "shift": .integers([1, 0]), "filter": .text("nearest")]),
        ("twice, linear", 4, 8, ["ratio": .integers([1, 2]), "shift": .integers([1, 1]), "filter": .text("linear")]),
        ("aligned corners", 5, 9, ["ratio": .integers([1, 2]), "shift": .integers([0, 0]), "filter": .text("linear")]),
        ("five of seven, linear", 7, 5, ["ratio": .integers([7, 5]), "shift": .integers([1, 1]), "filter": .text("linear")]),
        ("cubic", 9, 6, ["ratio": .integers([1, 2]), "shift": .integers([1, -3]), "filter": .text("cubic")]),
        ("linear, antialiased", 8, 3, ["ratio": .integers([8, 3]), "shift": .integers([1, 1]), "filter": .text("antialiased_linear")]),
        ("cubic, antialiased", 6, 3, ["ratio": .integers([2, 1]), "shift": .integers([1, 1]), "filter": .text("antialiased_cubic")]),
    ]
}

extension Checker {
    /// Resampling whose source is the operand.
    fileprivate func resampling() throws(TypeError) -> Resampling { try resampling(isBackward: false) }
    /// Resampling whose result is the operand.
    fileprivate func resamplingBackward() throws(TypeError) -> Resampling { try resampling(isBackward: true) }

    private func resampling(isBackward: Bool) throws(TypeError) -> Resampling {
        let type = signature.operands[0]
        guard type.element == .f32 else { throw error("takes an f32 tensor, not \(type)", operand: 0) }
        let axis = signature.attributes.integer("axis")
        guard (0..<type.rank).contains(axis) else { throw error("has no axis \(axis) to work on", parameter: "axis") }
        let (extent, size) = (try extent(type.shape, axis), try positive("size"))
        let ratio = try pair("ratio", atLeast: 1)
        guard let filter = Resampling.Filter(rawValue: signature.attributes.text("filter")) else {
            throw error("has no filter \(signature.attributes.text("filter").debugDescription)", parameter: "filter")
        }
        let resampling = Resampling(
            operand: type.shape, axis: axis, source: isBackward ? size : extent, result: isBackward ? extent : size,
            step: ratio.vertical, parts: ratio.horizontal, shift: try pair("shift", atLeast: -8), filter: filter)
        try checkExact(resampling)
        return resampling
    }

    /// Bounds extents, so that the arithmetic of `Resampling` is exact in f32.
    func checkExact(_ resampling: Resampling, parameter: String = "size") throws(TypeError) {
        let limit = 1 << 22
        guard resampling.source <= limit, resampling.result <= limit, resampling.step <= limit, resampling.parts <= limit,
            abs(resampling.shift.vertical) <= 8, abs(resampling.shift.horizontal) <= 8, resampling.largestInteger <= limit
        else {
            throw error(
                "cannot make \(resampling.result) positions of \(resampling.source): places between them are fractions too fine for f32",
                repair: "take extents that have a common divisor", parameter: parameter)
        }
    }
}
