import Graph

/// How an axis of `extent` positions is divided into `count` bins, as PyTorch's adaptive pools divide it: bin `i` is
/// `floor(i extent / count) ..< ceil((i + 1) extent / count)`.
struct PoolingBins {
    /// The operand's shape.
    var image: Shape
    var axis: Int
    var extent: Int
    var count: Int

    var imageType: TensorType { type(extent) }
    var resultType: TensorType { type(count) }

    private func type(_ extent: Int) -> TensorType {
        var shape = image
        shape[axis] = .fixed(extent)
        return TensorType(.f32, shape)
    }

    /// The parameter that rows with bins have.
    static let axis = OperatorParameter("axis", .integer, "the axis, 2 or 3")
}

extension Operator {
    static let adaptiveParameters = [OperatorParameter("size", .pair, "the result's height and width")]

    /// An adaptive pool: the windows of `pool` where they divide the image, else an axis after the other by `row`, for a bin is a rectangle.
    static func adaptive(_ context: Decomposition, by pool: Operator, elsewhere row: Operator) -> Value {
        let extents = context.signature.operands[0].shape.area
        let size = context.signature.attributes.integers("size")
        if extents == size { return context.operands[0] }
        if extents[0] % size[0] == 0, extents[1] % size[1] == 0 {
            return context.builder.apply(
                pool, context.operands[0], attributes: ["kernel": .integers([extents[0] / size[0], extents[1] / size[1]])])
        }
        return (0..<2).filter { extents[$0] != size[$0] }.reduce(context.operands[0]) { value, axis in
            context.builder.apply(row, value, attributes: ["axis": .integer(axis + 2), "bins": .integer(size[axis])])
        }
    }
}

extension Checker {
    func adaptivePool() throws(TypeError) -> TensorType {
        let image = try self.image()
        let size = try positivePair("size")
        if let height = image.height.value { try checkBins(size.vertical, over: height, parameter: "size") }
        if let width = image.width.value { try checkBins(size.horizontal, over: width, parameter: "size") }
        return try result([image.batch, .fixed(image.channels), .fixed(size.vertical), .fixed(size.horizontal)])
    }

    /// Bounds extents, so that arithmetic with positions of bins is exact in fp32.
    func checkBins(_ count: Int, over extent: Int, parameter: String) throws(TypeError) {
        let limit = 1 << 21
        guard extent <= limit, (extent + 2) * count <= limit else {
            throw error("cannot make \(count) bins of \(extent) rows or columns: their product is larger than 2^21", parameter: parameter)
        }
    }

    /// The bins along the parameter `axis`; what is nil is the operand's extent.
    func bins(number: Int?, extent: Int?) throws(TypeError) -> PoolingBins {
        let image = try operand(0, rank: 4, form: "an image f32[N, C, H, W]")
        let axis = signature.attributes.integer("axis")
        guard axis == 2 || axis == 3 else { throw error("takes axis 2 or 3, not \(axis)", parameter: "axis") }
        let length = try self.extent(image, axis)
        let bins = PoolingBins(image: image, axis: axis, extent: extent ?? length, count: number ?? length)
        try checkBins(bins.count, over: bins.extent, parameter: number == nil ? "size" : "bins")
        return bins
    }
}
