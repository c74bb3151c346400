import Graph

/// Copies between row-major order and a layout.
///
/// Every block belongs to one axis, so an element's offset is a sum of one number an axis. The axes are cut in two: the leading ones number
/// the *rows*, the trailing ones the positions in a row; both are tabulated once. Where rows lie beside each other (blocks of output
/// channels of weights), they are copied together, so that what is written is contiguous.
struct LayoutCopy {
    /// The number of elements.
    let count: Int
    let rowCount: Int
    let rowLength: Int
    /// The offsets of rows, and of the positions in a row; empty where elements are stored in row-major order.
    private let rows: [Int]
    private let positions: [Int]

    var isRowMajor: Bool { positions.isEmpty }

    /// Rows that are copied together at most, and what pieces of a tensor are best a multiple of.
    static let rowsAtOnce = 16
    /// A row's table stays in a cache.
    private static let longestRow = 1 << 16

    init(_ layout: Layout, _ extents: [Int]) {
        count = extents.reduce(1, *)
        // Weights have their output channels first: those make the rows, where the rest is short enough.
        var leading = min(1, max(0, extents.count - 1))
        while leading < extents.count - 1, extents[leading...].reduce(1, *) > Self.longestRow { leading += 1 }
        rowCount = extents[..<leading].reduce(1, *)
        rowLength = extents[leading...].reduce(1, *)
        if layout.blocks.isEmpty || count == 0 {
            (rows, positions) = ([], [])
        } else {
            let offsets = layout.offsetsByAxis(extents)
            func combined(_ axes: Range<Int>) -> [Int] {
                axes.reduce([0]) { table, axis in table.flatMap { base in offsets[axis].map { base + $0 } } }
            }
            (rows, positions) = (combined(0..<leading), combined(leading..<extents.count))
        }
    }

    /// The number of rows from `first` on, before `end`, that lie beside each other.
    private func neighbours(from first: Int, to end: Int) -> Int {
        var count = 1
        while count < Self.rowsAtOnce, first + count < end, rows[first + count] == rows[first] + count { count += 1 }
        return count
    }

    /// Stores some rows; the padding keeps what it holds.
    ///
    /// - Parameters:
    ///   - values: the values of `range`, row after row.
    ///   - stored: the start of the tensor.
    func scatter<Element: BitwiseCopyable>(
        _ values: UnsafePointer<Element>, rows range: Range<Int>, to stored: UnsafeMutablePointer<Element>
    ) {
        if isRowMajor {
            (stored + range.lowerBound * rowLength).update(from: values, count: range.count * rowLength)
            return
        }
        positions.withUnsafeBufferPointer { positions in
            var row = range.lowerBound
            while row < range.upperBound {
                let together = neighbours(from: row, to: range.upperBound)
                let from = values + (row - range.lowerBound) * rowLength
                let to = stored + rows[row]
                if together == Self.rowsAtOnce {
                    for position in positions.indices {
                        let line = to + positions[position]
                        for lane in 0..<Self.rowsAtOnce { line[lane] = from[lane &* rowLength &+ position] }
                    }
                } else {
                    for lane in 0..<together {
                        for position in positions.indices { to[positions[position] + lane] = from[lane * rowLength + position] }
                    }
                }
                row += together
            }
        }
    }

    /// Stores row-major `values`; the padding keeps what it holds.
    func scatter<Element: TensorElement>(_ values: UnsafeBufferPointer<Element>, to stored: UnsafeMutableBufferPointer<Element>) {
        precondition(values.count == count && stored.count >= count, "as many values as the tensor has")
        guard let from = values.baseAddress, let to = stored.baseAddress, count > 0 else { return }
        scatter(from, rows: 0..<rowCount, to: to)
    }

    /// Reads some rows, in row-major order.
    func gather<Element: BitwiseCopyable>(
        _ stored: UnsafePointer<Element>, rows range: Range<Int>, to values: UnsafeMutablePointer<Element>
    ) {
        if isRowMajor {
            values.update(from: stored + range.lowerBound * rowLength, count: range.count * rowLength)
            return
        }
        for (number, row) in range.enumerated() {
            let (from, to) = (stored + rows[row], values + number * rowLength)
            for position in positions.indices { to[position] = from[positions[position]] }
        }
    }

    /// Reads the values in row-major order.
    func gather<Element: TensorElement>(_ stored: UnsafeMutableBufferPointer<Element>) -> [Element] {
        [Element](unsafeUninitializedCapacity: count) { values, initialized in
            initialized = count
            guard count > 0, let from = stored.baseAddress, let to = values.baseAddress else { return }
            gather(UnsafePointer(from), rows: 0..<rowCount, to: to)
        }
    }
}

extension Layout {
    /// What every position of every axis adds to an element's offset.
    func offsetsByAxis(_ extents: [Int]) -> [[Int]] {
        let strides = storedStrides(extents)
        return extents.indices.map { axis in
            let inner = blocks.enumerated().filter { $0.element.axis == axis }.reversed()
                .map { (size: $0.element.size, stride: strides[extents.count + $0.offset]) }
            return (0..<extents[axis]).map { position in
                var (rest, offset) = (position, 0)
                for block in inner {
                    offset += rest % block.size * block.stride
                    rest /= block.size
                }
                return offset + rest * strides[axis]
            }
        }
    }
}
