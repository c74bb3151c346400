import Graph

/// What shape rules verify, so that every operator says the same thing in the same words.
///
/// Bounds every extent and every product of extents, so that no arithmetic on a checked signature can overflow.
struct Checker {
    /// The most elements that one image (or one tensor without a batch) may have: far above any memory, far below overflow.
    static let largestElementCount = 1 << 40
    /// The largest extent, which is that of the graph's text too.
    static let largestExtent = Int(Int32.max)
    /// The largest kernel, stride, padding, dilation or channel count.
    static let largestParameter = 1 << 20

    let name: String
    let signature: Signature

    /// Checks that there is an operand for every input that the parameters call for, and that every shape is sound.
    ///
    /// - Parameter name: the operator's.
    init(_ name: String, _ inputs: [OperatorInput], _ signature: Signature) throws(TypeError) {
        self.name = name
        self.signature = signature
        let count = inputs.count { $0.condition.map(signature.attributes.boolean) ?? true }
        let (isVariadic, given) = (inputs.contains(where: \.isVariadic), signature.operands.count)
        guard isVariadic ? given >= count : given == count else {
            throw TypeError("'\(name)' takes \(isVariadic ? "at least " : "")\(count) \(count == 1 ? "operand" : "operands"), not \(given)")
        }
        for (index, type) in signature.operands.enumerated() { try checkSound(type.shape, operand: index) }
    }

    /// A checker of a signature that was accepted before, perhaps with its symbols bound since: for what is said of such a use.
    init(_ name: String, accepted signature: Signature) {
        self.name = name
        self.signature = signature
    }

    func error(
        _ message: String, repair: String? = nil, operand: Int? = nil, parameter: String? = nil, axis: Int? = nil
    ) -> TypeError {
        TypeError("'\(name)' \(message)", repair: repair, operand: operand, parameter: parameter, axis: axis)
    }

    /// Checks that extents are positive, and bounded as the element count is, the sizes that are no numbers yet apart.
    func checkSound(_ shape: Shape, operand: Int? = nil, parameter: String? = nil) throws(TypeError) {
        let subject = operand.map { _ in "cannot take a tensor" } ?? "cannot make a tensor"
        var count = 1
        for (axis, dimension) in shape.dimensions.enumerated() {
            switch dimension {
            case .size(let expression):
                guard !expression.isUnbounded else {
                    throw error(
                        "\(subject): its extent along axis \(axis) is too long or too large an expression of sizes",
                        repair: "give the sizes as numbers", operand: operand, parameter: parameter)
                }
            case .fixed(let extent):
                guard extent > 0 else {
                    throw error(
                        "\(subject) of shape \(shape): every extent must be at least 1", operand: operand, parameter: parameter)
                }
                let (product, overflow) = count.multipliedReportingOverflow(by: extent)
                guard !overflow, product <= Self.largestElementCount else {
                    throw error(
                        "\(subject) of shape \(shape): it has more than 2^40 elements", operand: operand, parameter: parameter)
                }
                guard extent <= Self.largestExtent else {
                    throw error(
                        "\(subject) of shape \(shape): an extent is larger than \(Self.largestExtent)", operand: operand,
                        parameter: parameter)
                }
                count = product
            }
        }
    }

    /// The result type, once its shape is known to be sound.
    func result(_ dimensions: [Dimension]) throws(TypeError) -> TensorType {
        let shape = Shape(dimensions)
        try checkSound(shape)
        return TensorType(.f32, shape)
    }
}

/// An image operand's extents.
struct ImageShape: Sendable {
    var batch: Dimension
    var channels: Int
    var height: Dimension
    var width: Dimension

    var area: Area { Area(height, width) }
}

/// The extents of an image, or of what slides over it: vertical before horizontal.
struct Area: Hashable, Sendable, CustomStringConvertible {
    var vertical: Dimension
    var horizontal: Dimension

    init(_ vertical: Dimension, _ horizontal: Dimension) {
        self.vertical = vertical
        self.horizontal = horizontal
    }

    init(_ pair: Pair) { self.init(.fixed(pair.vertical), .fixed(pair.horizontal)) }

    var description: String { "\(vertical)x\(horizontal)" }
}

/// Operands.
extension Checker {
    /// Operand `index`, which must hold `f32` of rank `rank`; `form` says in words what it should be.
    func operand(_ index: Int, rank: Int, form: String, repair: String? = nil) throws(TypeError) -> Shape {
        let type = signature.operands[index]
        guard type.element == .f32, type.rank == rank else {
            throw error("takes \(form), but its \(Self.ordinal(index)) operand is \(type)", repair: repair, operand: index)
        }
        return type.shape
    }

    /// Operand `index`, which must be an image `f32[N, C, H, W]`.
    func image(_ index: Int = 0) throws(TypeError) -> ImageShape {
        let shape = try operand(index, rank: 4, form: "an image f32[N, C, H, W]")
        return try ImageShape(batch: shape[0], channels: extent(shape, 1), height: shape[2], width: shape[3])
    }

    /// Operand `index`, which must be an image, a signal or a volume.
    func pixels(_ index: Int = 0) throws(TypeError) -> Shape {
        let type = signature.operands[index]
        guard type.element == .f32, (3...5).contains(type.rank) else {
            throw error(
                "takes an image f32[N, C, H, W], a signal f32[N, C, L] or a volume f32[N, C, D, H, W], "
                    + "but its \(Self.ordinal(index)) operand is \(type)", operand: index)
        }
        return type.shape
    }

    /// The extent along `axis`, which may not be a symbol.
    func extent(_ shape: Shape, _ axis: Int) throws(TypeError) -> Int {
        guard let value = shape[axis].value else {
            throw error(
                "needs a number along axis \(axis) of \(shape), not \(shape[axis]), which is known only when the network runs",
                repair:
                    "give the size as a number, in the type of the input or as '-D \(shape[axis].expression.symbols.map(\.name).min() ?? "H")=224'"
            )
        }
        return value
    }

    /// Whether an axis is the batch, of which a lowering knows no extent; sizes along other axes are numbers by then.
    func isBatch(_ axis: Int, of shape: Shape) -> Bool { axis == 0 && shape[axis].value == nil }

    /// Checks that operand `index`, called `role`, has exactly the type `expected`.
    func require(_ index: Int, is expected: TensorType, role: String) throws(TypeError) {
        let type = signature.operands[index]
        guard type == expected else { throw error("needs a \(role) of type \(expected), not \(type)", operand: index) }
    }

    static func ordinal(_ index: Int) -> String {
        let words = ["first", "second", "third", "fourth", "fifth"]
        return index < words.count ? words[index] : "\(index + 1)th"
    }
}

/// Parameters.
extension Checker {
    /// The integer parameter `name`, at least 1 and of a sane size.
    func positive(_ name: String) throws(TypeError) -> Int {
        let value = signature.attributes.integer(name)
        try check([value], name, atLeast: 1)
        return value
    }

    /// The pair parameter `name`, both at least `minimum`.
    func pair(_ name: String, atLeast minimum: Int) throws(TypeError) -> Pair {
        let values = signature.attributes.integers(name)
        try checkPair(values, name)
        try check(values, name, atLeast: minimum)
        return Pair(values)
    }

    /// The pair parameter `name`, both at least 1.
    func positivePair(_ name: String) throws(TypeError) -> Pair { try pair(name, atLeast: 1) }

    /// The parameter `size`, an image's height and width: as large as an extent can be.
    func size() throws(TypeError) -> Pair {
        let values = signature.attributes.integers("size")
        try checkPair(values, "size")
        try check(values, "size", atLeast: 1, atMost: Self.largestElementCount)
        return Pair(values)
    }

    private func checkPair(_ values: [Int], _ name: String) throws(TypeError) {
        guard values.count == 2 else {
            throw error(
                "cannot use \(values.count) numbers as '\(name)' of an image f32[N, C, H, W]",
                repair: "give one, or two (vertical, horizontal)",
                parameter: name)
        }
    }

    func check(_ values: [Int], _ parameter: String, atLeast minimum: Int, atMost maximum: Int = largestParameter) throws(TypeError) {
        for value in values where value < minimum || value > maximum {
            let bound = value < minimum ? "at least \(minimum)" : "at most \(maximum)"
            throw error("needs '\(parameter)' to be \(bound), not \(value)", parameter: parameter)
        }
    }

    /// The number parameter `name`, in `range`; `words` says the range.
    func number(_ name: String, in range: Range<Double>, _ words: String) throws(TypeError) -> Double {
        let value = signature.attributes.number(name)
        guard range.contains(value) else { throw error("needs '\(name)' to be \(words), not \(value)", parameter: name) }
        return value
    }

    /// The list of axes in parameter `axes` of a tensor of rank `rank`: distinct, in range, returned ascending. Negative ones count
    /// from the last.
    func axes(rank: Int) throws(TypeError) -> [Int] { try distinctAxes(rank: rank).sorted() }

    /// The same in the order in which they are given.
    func distinctAxes(rank: Int) throws(TypeError) -> [Int] {
        let axes = signature.attributes.integers("axes")
        guard !axes.isEmpty else { throw error("needs at least one axis in 'axes'", parameter: "axes") }
        var normal: [Int] = []
        var seen: Set<Int> = []
        for axis in axes {
            normal.append(try self.axis(axis, rank: rank, parameter: "axes"))
            guard seen.insert(normal[normal.count - 1]).inserted else {
                throw error("names axis \(normal[normal.count - 1]) twice in 'axes'", parameter: "axes")
            }
        }
        return normal
    }

    /// `axis` of a tensor of rank `rank`, counted from the front.
    func axis(_ axis: Int, rank: Int, parameter: String = "axis") throws(TypeError) -> Int {
        guard axis >= -rank, axis < rank else {
            let range = rank == 0 ? "a scalar has none" : "they run from 0 to \(rank - 1)"
            throw error("has no axis \(axis) to work on", repair: range, parameter: parameter)
        }
        return axis < 0 ? axis + rank : axis
    }
}

/// Two numbers, vertical before horizontal.
struct Pair: Hashable, Sendable {
    var vertical: Int
    var horizontal: Int

    init(_ vertical: Int, _ horizontal: Int) {
        self.vertical = vertical
        self.horizontal = horizontal
    }

    /// From the two integers of a `pair` parameter.
    init(_ values: [Int]) { self.init(values[0], values[1]) }

    var attribute: Attribute { .integers([vertical, horizontal]) }
}
