import Graph

/// Copies between row-major order and a layout.
///
/// Every block belongs to one axis, so an element's offset is a sum of one number an axis; those are tabulated once.
struct LayoutCopy {
    private let extents: [Int]
    /// What position `p` of axis `a` adds to the offset: `offsets[a][p]`.
    private let offsets: [[Int]]
    private let isPlain: Bool

    init(_ layout: Layout, _ extents: [Int]) {
        self.extents = extents
        isPlain = layout.blocks.isEmpty
        offsets = extents.indices.map { axis in
            (0..<extents[axis]).map { position in
                var point = [Int](repeating: 0, count: extents.count)
                point[axis] = position
                return layout.offset(of: point, in: extents)
            }
        }
    }

    var count: Int { extents.reduce(1, *) }

    /// Calls `body` with the base offset of every row along the last axis, and the row's row-major position.
    private func forEachRow(_ body: (_ base: Int, _ position: Int) -> Void) {
        guard count > 0, let width = extents.last else { return }
        let outer = extents.count - 1
        var point = [Int](repeating: 0, count: outer)
        for row in 0..<count / width {
            body((0..<outer).reduce(0) { $0 + offsets[$1][point[$1]] }, row * width)
            var axis = outer - 1
            while axis >= 0 {
                point[axis] += 1
                if point[axis] < extents[axis] { break }
                point[axis] = 0
                axis -= 1
            }
        }
    }

    /// Stores row-major `values`; the padding keeps what it holds.
    func scatter<Element: TensorElement>(_ values: UnsafeBufferPointer<Element>, to stored: UnsafeMutableBufferPointer<Element>) {
        precondition(values.count == count && stored.count >= count, "as many values as the tensor has")
        if isPlain || extents.isEmpty { return _ = stored.update(fromContentsOf: values) }
        let last = offsets[extents.count - 1]
        forEachRow { base, position in for column in last.indices { stored[base + last[column]] = values[position + column] } }
    }

    /// Reads the values in row-major order.
    func gather<Element: TensorElement>(_ stored: UnsafeMutableBufferPointer<Element>) -> [Element] {
        [Element](unsafeUninitializedCapacity: count) { values, initialized in
            initialized = count
            if isPlain || extents.isEmpty { return _ = values.initialize(fromContentsOf: stored.prefix(count)) }
            let last = offsets[extents.count - 1]
            forEachRow { base, position in for column in last.indices { values[position + column] = stored[base + last[column]] } }
        }
    }
}
