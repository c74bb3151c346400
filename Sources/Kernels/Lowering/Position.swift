import Graph
import LoopNest

/// A position along one axis as `outer * split + inner` with `0 <= inner < split`: so that blocked offsets need no division.
public struct Position: Hashable, Sendable {
    public var outer: Index
    public var inner: Index
    public var split: Int

    public init(outer: Index, inner: Index = 0, split: Int) {
        self.outer = outer
        self.inner = inner
        self.split = split
    }

    public init(_ index: Index) { self.init(outer: index, split: 1) }

    public var index: Index { outer * split + inner }

    /// The number of the block of `size` positions, and the position within it.
    func divided(by size: Int) -> (block: Index, within: Index) {
        if size == split { return (outer, inner) }
        if size == 1 { return (index, 0) }
        return (index / size, index % size)
    }

    /// The position `start` further, whole blocks where it counts in blocks.
    func shifted(by start: Int) -> Position {
        start % split == 0
            ? Position(outer: outer + .constant(start / split), inner: inner, split: split) : Position(index + .constant(start))
    }

    /// The position `count` further; a blocked one stays in its block.
    func advanced(by count: Int) -> Position {
        split > 1
            ? Position(outer: outer, inner: inner + .constant(count), split: split) : Position(outer: outer + .constant(count), split: 1)
    }
}

extension Layout {
    /// The element offset of a position, and the distance from one position along `lane` to the next (nil if `lane` is nil).
    ///
    /// Lanes must not cross a block: along a blocked axis they start at a multiple of their number, which divides the block's size.
    func offset(of position: [Position], extents: [Int], lane: Int?) -> (offset: Index, laneStride: Int?) {
        let strides = storedStrides(extents)
        var offset: Index = 0
        var laneStride: Int?
        for axis in extents.indices {
            var rest = position[axis]
            for (number, block) in blocks.enumerated().reversed() where block.axis == axis {
                let (outer, within) = rest.divided(by: block.size)
                offset = offset + within * strides[extents.count + number]
                if axis == lane && laneStride == nil { laneStride = strides[extents.count + number] }
                rest = Position(outer)
            }
            offset = offset + rest.index * strides[axis]
            if axis == lane && laneStride == nil { laneStride = strides[axis] }
        }
        return (offset, laneStride)
    }
}
