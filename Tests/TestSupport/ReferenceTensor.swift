import Graph

/// A tensor in fp64, row-major.
public struct ReferenceTensor: Hashable, Sendable {
    public var extents: [Int]
    public var elements: [Double]

    public init(_ extents: [Int], _ elements: [Double]) {
        precondition(extents.reduce(1, *) == elements.count, "a tensor \(extents) does not have \(elements.count) elements")
        self.extents = extents
        self.elements = elements
    }

    public init(scalar: Double) { self.init([], [scalar]) }

    /// The largest distance between elements, relative to the largest magnitude in `other` but at least 1.
    public func distance(to other: ReferenceTensor) -> Double {
        guard extents == other.extents else { return .infinity }
        let scale = max(1, other.elements.map(abs).max() ?? 0)
        return zip(elements, other.elements).map { $0 == $1 ? 0 : abs($0 - $1) / scale }.reduce(0) { $1.isNaN ? .infinity : max($0, $1) }
    }
}

/// Calls `body` with every position of a tensor of `extents` in row-major order.
func forEachPosition(_ extents: [Int], _ body: ([Int]) -> Void) {
    guard !extents.contains(0) else { return }
    var position = [Int](repeating: 0, count: extents.count)
    while true {
        body(position)
        var axis = extents.count - 1
        while axis >= 0 {
            position[axis] += 1
            if position[axis] < extents[axis] { break }
            position[axis] = 0
            axis -= 1
        }
        if axis < 0 { return }
    }
}

/// The row-major offset of `position` in a tensor of `extents`.
func rowMajorOffset(_ position: [Int], _ extents: [Int]) -> Int { zip(position, extents).reduce(0) { $0 * $1.1 + $1.0 } }
