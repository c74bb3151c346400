/// How a tensor's elements lie in memory: its axes in order, then blocks split off some of them, innermost last.
///
/// `nChw16c` (channels in blocks of 16) is `blocks: [(axis 1, 16)]`; `OIhw16i16o` is `[(1, 16), (0, 16)]`. An axis that is no
/// multiple of its block is padded in storage, and the padding always holds zeros.
public struct Layout: Hashable, Sendable, CustomStringConvertible {
    public struct Block: Hashable, Sendable {
        public var axis: Int
        public var size: Int
        public init(axis: Int, size: Int) {
            self.axis = axis
            self.size = size
        }
    }

    public var blocks: [Block]

    public init(_ blocks: [Block] = []) { self.blocks = blocks }

    /// Row-major.
    public static let plain = Layout()
    /// The axis of channels: 1 in images `[N, C, H, W]` and rows `[N, C]`, 2 where groups of channels are an axis of their own, the
    /// only one of a vector.
    public static func channelAxis(rank: Int) -> Int { rank == 1 ? 0 : rank == 5 ? 2 : 1 }
    /// Channels in blocks of `lanes`.
    public static func channels(rank: Int, lanes: Int) -> Layout { Layout([Block(axis: channelAxis(rank: rank), size: lanes)]) }

    /// The product of the blocks split off `axis`.
    public func blockSize(of axis: Int) -> Int { blocks.filter { $0.axis == axis }.map(\.size).reduce(1, *) }

    /// The extents in memory, outermost first: one an axis (rounded up to whole blocks), then the blocks.
    public func storedExtents(_ extents: [Int]) -> [Int] {
        extents.indices.map { (extents[$0] + blockSize(of: $0) - 1) / blockSize(of: $0) } + blocks.map(\.size)
    }

    /// The number of stored elements, padding included.
    public func storedCount(_ extents: [Int]) -> Int { storedExtents(extents).reduce(1, *) }

    /// The distance in elements between neighbours along each stored extent.
    package func storedStrides(_ extents: [Int]) -> [Int] { rowMajorStrides(storedExtents(extents)) }

    /// The element offset of a position (which may lie in the padding).
    public func offset(of position: [Int], in extents: [Int]) -> Int {
        var outer = position
        var inner = [Int](repeating: 0, count: blocks.count)
        for (index, block) in blocks.enumerated().reversed() {
            inner[index] = outer[block.axis] % block.size
            outer[block.axis] /= block.size
        }
        return zip(outer + inner, storedExtents(extents)).reduce(0) { $0 * $1.1 + $1.0 }
    }

    /// `plain`, or the blocks in order: `blocked(1:16)`.
    public var description: String {
        blocks.isEmpty ? "plain" : "blocked(" + blocks.map { "\($0.axis):\($0.size)" }.joined(separator: " ") + ")"
    }
}

/// The distance in elements between neighbours along each axis where the last one varies fastest.
package func rowMajorStrides(_ extents: [Int]) -> [Int] {
    var strides = [Int](repeating: 1, count: extents.count)
    for axis in extents.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * extents[axis + 1] }
    return strides
}
